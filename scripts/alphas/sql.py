"""Trees and steps as SQL text. What has no value is NULL there, never an infinity."""

import textwrap

from expression import Call, Name, Number
from steps import column_names, columns_of, schedule

WIDTH = 120
COMPARISONS = {"<": "<", ">": ">", "==": "="}


def expression(tree, names):
    """SQL of a row-wise expression; the window calls in `names` are columns by then."""
    if tree in names:
        return names[tree]
    if isinstance(tree, Name):
        return tree.text
    if isinstance(tree, Number):
        return number(tree.text)
    if tree.function in COMPARISONS or tree.function == "||":
        return f"CAST({truth(tree, names)} AS DOUBLE)"
    if tree.function == "?":
        condition, yes, no = tree.args
        yes, no = expression(yes, names), expression(no, names)
        return f"CASE {truth(condition, names)} WHEN true THEN {yes} WHEN false THEN {no} END"
    return operation(tree, [expression(arg, names) for arg in tree.args])


def number(text):
    """A constant as SQL's double: 2 and .5 are 2.0 and 0.5."""
    text = "0" + text if text.startswith(".") else text
    return text if "." in text or "e" in text else text + ".0"


def truth(tree, names):
    """SQL of a comparison as a condition, which is unknown where a side is."""
    if tree.function == "||":
        return f"({truth(tree.args[0], names)} OR {truth(tree.args[1], names)})"
    left, right = (expression(arg, names) for arg in tree.args)
    return f"({left} {COMPARISONS[tree.function]} {right})"


def operation(tree, args):
    """SQL of an operator or a row-wise function of numbers."""
    match tree.function:
        case "+" | "-" | "*":
            return f"({args[0]} {tree.function} {args[1]})"
        case "/":
            divisor = args[1] if isinstance(tree.args[1], Number) else f"nullif({args[1]}, 0)"
            return f"({args[0]} / {divisor})"
        case "^":
            return f"power({args[0]}, {args[1]})"
        case "greater":
            return f"CASE WHEN {args[0]} > {args[1]} THEN {args[0]} WHEN {args[0]} <= {args[1]} THEN {args[1]} END"
        case "lesser":
            return f"CASE WHEN {args[0]} < {args[1]} THEN {args[0]} WHEN {args[0]} >= {args[1]} THEN {args[1]} END"
        case "or_false":
            return f"coalesce({args[0]}, 0.0)"
        case "log":
            return f"CASE WHEN {args[0]} > 0 THEN ln({args[0]}) END"
        case "sign":
            return f"signum({args[0]})"
        case "negate":
            return f"(-{args[0]})"
        case "round":
            return f"round({args[0]}, {tree.args[1].text})"
        case "abs" | "signed_power":
            return f"{tree.function}({', '.join(args)})"
    raise ValueError(f"{tree.function} is not known")


def window_call(tree, names):
    args = [arg.text if isinstance(arg, Number) else expression(arg, names) for arg in tree.args]
    return f"{tree.function}({', '.join(args)}) OVER w"


def bare(text):
    """Without the parentheses around the whole of an expression."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 and text[0] == "(" else text
    return text


def view(name, source, keys, formulas):
    """CREATE VIEW of [(column, comment, tree)] over the columns of the query `source`."""
    trees = [tree for _, _, tree in formulas]
    steps = schedule(trees)
    names = column_names([call for _, calls in steps for call in calls])
    parts, before = [f"inputs AS (\n{textwrap.indent(source, '    ')}\n)"], "inputs"
    for i, (window, calls) in enumerate(steps):
        later = [arg for _, rest in steps[i + 1:] for call in rest for arg in call.args]
        wanted = set().union(*(columns_of(tree, names) for tree in later + trees))
        made = {names[call] for _, rest in steps[i:] for call in rest}
        kept = keys + sorted(wanted - made - set(keys))
        parts.append(f"step_{i + 1} AS (\n{step(kept, calls, names, before, window)}\n)")
        before = f"step_{i + 1}"
    columns = ",\n".join(f"       -- {comment}\n       {bare(expression(tree, names))} AS {column}"
                         for column, comment, tree in formulas)
    head = f"CREATE OR REPLACE VIEW {name} AS\nWITH " + ",\n".join(parts)
    return f"{head}\nSELECT {', '.join(keys)},\n{columns}\nFROM {before};\n"


def step(kept, calls, names, before, window):
    """The columns that are read later on, and those of the calls."""
    inner = {call: name for call, name in names.items() if call not in calls}
    new = [f"           {window_call(call, inner)} AS {names[call]}" for call in calls]
    first = textwrap.fill(", ".join(kept), WIDTH, initial_indent="    SELECT ", subsequent_indent="           ")
    return ",\n".join([first, *new]) + f"\n    FROM {before}\n    WINDOW w AS ({window})"
