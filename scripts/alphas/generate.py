#!/usr/bin/env python3
"""Prints sql/alpha101.sql, sql/alpha101_industry.sql and sql/alpha158.sql from the formulas beside this file.

    python3 scripts/alphas/generate.py          # writes the files
    python3 scripts/alphas/generate.py --check  # fails when one of them is not what would be written
"""

import sys
from pathlib import Path

import paper
import qlib
from expression import Call, Name, parse, read_formulas
from sql import view

HERE = Path(__file__).resolve().parent
SQL = HERE.parents[1] / "sql"
KEYS = ["symbol", "ts"]

BARS = """\
-- Change this step, and nothing else, to read other tables or columns. Without a vwap in the bars
-- the typical price stands for it.
SELECT symbol, ts, CAST(open AS DOUBLE) AS open, CAST(high AS DOUBLE) AS high, CAST(low AS DOUBLE) AS low,
       CAST(close AS DOUBLE) AS close, CAST(volume AS DOUBLE) AS volume,
       (high + low + close) / 3.0 AS vwap{more}
FROM bars"""
DOLLARS = """,
       (high + low + close) / 3.0 * volume AS dollar_volume"""
GROUPS = DOLLARS + """,
       sector, industry, subindustry, close * shares AS cap"""

ALPHA101 = """\
-- The 101 Formulaic Alphas of Kakushadze (2015), arXiv:1601.00991, {which}.
--
-- Expects {tables}
-- Use: quantlake sql --data DIR -f sql/{name}.sql, then SELECT symbol, ts, {column} FROM {name}.
-- Only the columns that a query names are computed.
--
-- Choices that the paper leaves open, and made here as most implementations make them:
--   rank, ts_rank        average rank over the number of rows, in (0, 1]; equal values share a rank
--   ts_argmax, ts_argmin 1 for the oldest row of the window; of equal rows the oldest
--   stddev, covariance   ddof 1
--   decay_linear         the newest row weighs most
--   x ^ y                the power; signedpower keeps the sign
--   adv{{d}}               mean of price times volume over d days: dollars, as the paper says, also
--                        where a formula compares it with shares (7, 17, 21, 39, 43, 47, 100)
--   windows              full ones; a length such as 8.93345 is cut to 8, as the paper says
--   min(x, 5), max       over 5 days; with an expression as second argument the smaller of the two
--   conditions           1 and 0; NULL where a side is not known
-- A division by 0, a correlation with a constant and the logarithm of 0 are NULL, and rows that are
-- NULL do not count in windows or ranks. What is made of ranks and correlations is rounded at the
-- 12th decimal before it is ranked or compared: it often ties, and rounding errors must not decide.
-- All values at ts use bars up to ts. Numbers 42, 48, 53 and 54 are meant for trading at that close.
--
-- Written by scripts/alphas/generate.py.
"""

ALPHA158 = """\
-- The 158 features of qlib's Alpha158 (qlib 0.9.7, default configuration).
--
-- Expects a table bars(symbol, ts, open, high, low, close, volume), one row a symbol and time.
-- Use: quantlake sql --data DIR -f sql/alpha158.sql, then SELECT symbol, ts, kmid, roc5 FROM alpha158.
-- Only the columns that a query names are computed.
--
-- Windows have values from the first row on, as in qlib (min_periods=1), and a comparison with an
-- unknown value is false. Values differ from qlib's where a bar is missing or odd: a day without a
-- row does not count in windows, a division by 0 is NULL and not an infinity, and RSQR and CORR are
-- NULL where a series does not move at all, not below qlib's absolute deviation of 2e-5.
-- All values at ts use bars up to ts.
--
-- Written by scripts/alphas/generate.py.
"""


def names_in(tree):
    if isinstance(tree, Name):
        return {tree.text}
    return set().union(*map(names_in, tree.args)) if isinstance(tree, Call) else set()


def alpha101():
    """{file name: text} of the formulas that bars suffice for, and of the others."""
    formulas = [(name, f"#{int(name[5:])}: {text}", paper.lower(parse(text)))
                for name, text in read_formulas(HERE / "alpha101.txt")]
    grouped = [f for f in formulas if names_in(f[2]) & {"sector", "industry", "subindustry", "cap"}]
    plain = [f for f in formulas if f not in grouped]
    bars = "a table bars(symbol, ts, open, high, low, close, volume), one row a symbol and time."
    head = ALPHA101.format(which="without those that need industries", name="alpha101", column="alpha001",
                           tables=bars)
    industries = (f"{bars[:-1]}, and a table\n-- industries(symbol, sector, industry, subindustry, shares): the "
                  "groups of the symbol and its shares\n-- outstanding; the capitalisation is close times shares.")
    head_grouped = ALPHA101.format(which="those that need industries\n-- or the market capitalisation",
                                   name="alpha101_industry", column="alpha048", tables=industries)
    joined = BARS.format(more=GROUPS) + "\nJOIN industries USING (symbol)"
    return {
        "alpha101.sql": head + view("alpha101", BARS.format(more=DOLLARS), KEYS, plain),
        "alpha101_industry.sql": head_grouped + view("alpha101_industry", joined, KEYS, grouped),
    }


def alpha158():
    formulas = [(name.lower(), text, qlib.lower(parse(text))) for name, text in read_formulas(HERE / "alpha158.txt")]
    return {"alpha158.sql": ALPHA158 + view("alpha158", BARS.format(more=""), KEYS, formulas)}


def main():
    stale = []
    for name, text in (alpha101() | alpha158()).items():
        path = SQL / name
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(f"sql/{name}")
    if stale:
        sys.exit(f"{', '.join(stale)}: not what scripts/alphas/generate.py writes")


if __name__ == "__main__":
    main()
