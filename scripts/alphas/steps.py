"""Trees become steps: SQL cannot nest window functions, so each one is a column of a step before.

Steps over the history of a symbol and steps over the symbols of one moment take turns, as few turns
as the formulas allow: every turn sorts the rows anew. Equal sub-expressions share one column.
"""

from expression import Call, Name, Number

SERIES = "PARTITION BY symbol ORDER BY ts"
MOMENT = "PARTITION BY ts"


def window_of(tree):
    """The window that a call needs, or None for what is computed row by row."""
    if not isinstance(tree, Call):
        return None
    if tree.function.startswith("cs_"):
        return MOMENT
    is_series = tree.function.startswith("ts_") or tree.function in ("delay", "delta", "decay_linear")
    return SERIES if is_series else None


def nearest(tree):
    """The window calls that a row-wise expression reads, and itself when it is one."""
    if not isinstance(tree, Call):
        return set()
    if window_of(tree):
        return {tree}
    return set().union(*(nearest(arg) for arg in tree.args))


def inputs(call):
    """The window calls that have to be columns before this one can be computed."""
    return set().union(*(nearest(arg) for arg in call.args))


def columns_of(tree, names):
    """The columns that an expression reads once the window calls in `names` are columns."""
    if tree in names:
        return {names[tree]}
    if isinstance(tree, Name):
        return {tree.text}
    if isinstance(tree, Number):
        return set()
    return set().union(*(columns_of(arg, names) for arg in tree.args))


def all_calls(trees):
    """Every window call in the trees, in the order of the formulas, inner ones first."""
    ordered = {}

    def visit(tree):
        if isinstance(tree, Call):
            for arg in tree.args:
                visit(arg)
            if window_of(tree):
                ordered.setdefault(tree)

    for tree in trees:
        visit(tree)
    return list(ordered)


def schedule(trees):
    """[(window, [calls])]: all calls, each after those that it reads."""
    waiting, done, steps, window = all_calls(trees), set(), [], SERIES
    while waiting:
        ready = [c for c in waiting if window_of(c) == window and inputs(c) <= done]
        if ready:
            steps.append((window, ready))
            done.update(ready)
            waiting = [c for c in waiting if c not in done]
        else:
            window = MOMENT if window == SERIES else SERIES
    return steps


def column_names(calls):
    """A name for each call: its arguments where they are plain, otherwise a number."""
    names, counts = {}, {}
    for call in calls:
        if any(isinstance(arg, Call) for arg in call.args):
            counts[call.function] = counts.get(call.function, 0) + 1
            words = ["of", str(counts[call.function])]
        else:
            words = [arg.text for arg in call.args if "=>" not in arg.text]
        names[call] = "_".join([call.function, *words]).replace(".", "")
    return names
