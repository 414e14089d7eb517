"""What the functions of "101 Formulaic Alphas" are in QuantLake, with the choices the paper leaves."""

import math

from expression import Call, Name, Number

WINDOWS = {
    "sum": "ts_sum", "product": "ts_product", "stddev": "ts_stddev", "correlation": "ts_corr",
    "covariance": "ts_cov", "ts_rank": "ts_rank", "ts_min": "ts_min", "ts_max": "ts_max",
    "ts_argmin": "ts_argmin", "ts_argmax": "ts_argmax", "decay_linear": "decay_linear",
    "delay": "delay", "delta": "delta",
}
ROW_WISE = {"abs": "abs", "log": "log", "sign": "sign", "signedpower": "signed_power"}
ARITHMETIC = {"+", "-", "*", "/", "^"}
# Functions that put rows in order: rounding alone must not decide what they are given, and what they
# give is the same bits however it is computed.
ORDERING = {"cs_rank", "ts_rank", "ts_argmin", "ts_argmax", "<", ">", "=="}
# Functions of one value that add nothing up, so that equal values stay equal.
PRESERVING = ARITHMETIC | {"abs", "log", "sign", "negate", "ts_min", "ts_max", "delay"}
# Functions that keep what their first argument is: a price stays one, a mixture of ranks too.
KEEPING = {
    "ts_sum", "ts_product", "ts_stddev", "ts_min", "ts_max", "decay_linear", "delay", "delta",
    "cs_scale", "abs", "log", "sign", "negate", "ts_cov",
}


def lower(tree):
    """A parsed formula in QuantLake's functions."""
    if isinstance(tree, Name):
        return lower_name(tree.text)
    if isinstance(tree, Number):
        return tree
    args = tuple(lower(arg) for arg in tree.args)
    function = lower_function(tree.function.lower(), args)
    if function in WINDOWS.values():
        args = args[:-1] + (days(args[-1]),)
    if function in ORDERING:
        args = tuple(rounded(arg) for arg in args)
    return Call(function, args)


def lower_name(name):
    if name == "returns":
        return Call("ts_return", (Name("close"), Number("1")))
    if name.startswith("adv"):
        return Call("ts_mean", (Name("dollar_volume"), Number(name.removeprefix("adv"))))
    return Name(name.removeprefix("IndClass."))


def lower_function(name, args):
    if name in ("min", "max"):
        # min(x, d) of a number of days is the smallest of d days, of an expression the smaller one.
        return f"ts_{name}" if isinstance(args[1], Number) else {"min": "lesser", "max": "greater"}[name]
    known = WINDOWS | ROW_WISE | {"rank": "cs_rank", "scale": "cs_scale", "indneutralize": "cs_neutralize"}
    return known.get(name, name)


def days(number):
    """A number of days that is not whole is cut, as the paper says."""
    return Number(str(math.floor(float(number.text))))


def rounded(tree):
    """Ranks, correlations and what is made of them tie often, and rounding would break the ties."""
    if is_fraction(tree) and not is_exact(tree):
        return Call("round", (tree, Number("12")))
    return tree


def is_fraction(tree):
    """Whether a value is made of ranks, correlations, positions and conditions alone."""
    if not isinstance(tree, Call):
        return False
    if tree.function in ORDERING or tree.function == "ts_corr":
        return True
    if tree.function in ARITHMETIC | {"lesser", "greater"}:
        parts = [arg for arg in tree.args if not isinstance(arg, Number)]
        return bool(parts) and all(is_fraction(part) for part in parts)
    return tree.function in KEEPING and is_fraction(tree.args[0])


def is_exact(tree):
    """Whether equal inputs give equal bits: a function of one exact value and constants."""
    if not isinstance(tree, Call) or tree.function in ORDERING:
        return True
    parts = [arg for arg in tree.args if not isinstance(arg, Number)]
    is_one_row = tree.function in ("ts_sum", "ts_product") and tree.args[-1] == Number("1")
    return (is_one_row or tree.function in PRESERVING) and len(parts) == 1 and is_exact(parts[0])
