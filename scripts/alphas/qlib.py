"""What the operators of qlib's expressions are in QuantLake.

qlib's windows have values from the first row on (`min_periods=1` of pandas), and its comparisons
are numpy's: what is compared with an unknown value is false, not unknown.
"""

from expression import Call, Name, Number

FIRST_ROW = Number("min_periods => 1")
WINDOWS = {
    "Mean": "ts_mean", "Sum": "ts_sum", "Std": "ts_stddev", "Max": "ts_max", "Min": "ts_min",
    "IdxMax": "ts_argmax", "IdxMin": "ts_argmin", "Rank": "ts_rank", "Quantile": "ts_quantile",
    "Slope": "ts_slope", "Rsquare": "ts_rsquare", "Resi": "ts_residual", "Corr": "ts_corr",
}
OTHERS = {"Ref": "delay", "Abs": "abs", "Log": "log", "Greater": "greater", "Less": "lesser"}


def lower(tree):
    """A parsed expression in QuantLake's functions."""
    if isinstance(tree, Name):
        return Name(tree.text.removeprefix("$"))
    if isinstance(tree, Number):
        return tree
    args = tuple(lower(arg) for arg in tree.args)
    if tree.function in WINDOWS:
        return Call(WINDOWS[tree.function], args + (FIRST_ROW,))
    if tree.function in ("<", ">"):
        return Call("or_false", (Call(tree.function, args),))
    return Call(OTHERS.get(tree.function, tree.function), args)
