"""Writes tests/golden/risk/: return series and what empyrical, quantstats and skfolio make of them.

Programs: empyrical-reloaded 0.5.9, quantstats 0.0.86, skfolio 1.12.2. Run from the root of the
repository:

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 quantstats==0.0.86 skfolio==1.12.2
    pip install --no-deps empyrical-reloaded==0.5.9
    pip install pandas-datareader==0.11.1 peewee==4.5.3 bottleneck==1.6.0
    python tests/golden/risk.py

* returns.csv: daily returns of the five stocks in data/us5_daily.parquet (adjusted closes),
  rounded to 8 decimals; the rounded numbers are the input of every program.
* expected.json: one case per call: series, first and last row (Python slice), function, constant
  arguments in positional order, program, value. null stands for what the program cannot tell.

Left out, because the definitions differ: quantstats' VaR and CVaR (Gaussian), its max_drawdown
base (guessed from the first price), skfolio's VaR (order statistic).
"""

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

# empyrical 0.5.9 uses a name that numpy 2 no longer has.
np.NINF = -np.inf
import empyrical  # noqa: E402
import quantstats.stats as qs  # noqa: E402
from skfolio.measures import cvar as skfolio_cvar  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "risk"


def load_returns():
    bars = pd.read_parquet(ROOT / "data" / "us5_daily.parquet").sort_values(["symbol", "ts"])
    bars["ret"] = bars.groupby("symbol")["adj_close"].pct_change().round(8)
    return {s: g["ret"].dropna().reset_index(drop=True) for s, g in bars.groupby("symbol")}


def empyrical_values(r):
    """Triples of function, constants and value; the constants are those of the SQL function."""
    e = empyrical
    for periods, rf, ddof in [(252, 0.0, 1), (52, 0.0001, 1)]:
        yield "sharpe", [periods, rf, ddof], e.sharpe_ratio(r, rf, annualization=periods)
        yield "sortino", [periods, rf], e.sortino_ratio(r, rf, annualization=periods)
    for periods in (252, 12, 1):
        yield "volatility", [periods, 1], e.annual_volatility(r, annualization=periods)
        yield "annual_return", [periods], e.annual_return(r, annualization=periods)
        yield "calmar", [periods], e.calmar_ratio(r, annualization=periods)
    yield "max_drawdown", [], e.max_drawdown(r)
    yield "total_return", [], e.cum_returns_final(r)
    # The same wealth out of logarithmic returns.
    simple = np.expm1(r)
    yield "max_drawdown", ["log"], e.max_drawdown(simple)
    yield "total_return", ["log"], e.cum_returns_final(simple)
    yield "annual_return", [252, "log"], e.annual_return(simple, annualization=252)
    yield "calmar", [252, "log"], e.calmar_ratio(simple, annualization=252)
    for level, cutoff in [(0.95, 0.05), (0.99, 0.01), (0.9, 0.1), (0.75, 0.25), (0.5, 0.5)]:
        yield "var_historical", [level], e.value_at_risk(r, cutoff)
        yield "cvar_historical", [level], e.conditional_value_at_risk(r, cutoff)


def numpy_values(r):
    """Population deviations, which empyrical does not offer."""
    sigma = np.std(r.to_numpy(), ddof=0)
    yield "volatility", [252, 0], sigma * math.sqrt(252)
    yield "sharpe", [252, 0.0, 0], np.mean(r.to_numpy()) / sigma * math.sqrt(252)


def quantstats_values(r):
    r = r.copy()
    r.index = pd.bdate_range("2000-01-03", periods=len(r))
    yield "sharpe", [252, 0.0, 1], qs.sharpe(r)
    yield "sortino", [252, 0.0], qs.sortino(r)
    yield "volatility", [252, 1], qs.volatility(r)
    yield "total_return", [], qs.comp(r)
    yield "annual_return", [252], qs.cagr(r)


def skfolio_values(r):
    for level in (0.95, 0.99, 0.9, 0.75):
        yield "cvar_historical", [level, "exact"], -skfolio_cvar(r.to_numpy(), beta=level)


def cases(series):
    programs = [
        ("empyrical-reloaded", empyrical_values),
        ("numpy", numpy_values),
        ("quantstats", quantstats_values),
        ("skfolio", skfolio_values),
    ]
    for symbol, returns in series.items():
        n = len(returns)
        # The whole series, a quarter, a month, and lengths where (n - 1) * tail is whole.
        for start, stop in [(0, n), (20, 83), (100, 121), (50, 61), (10, 31), (7, 9)]:
            part = returns.iloc[start:stop].reset_index(drop=True)
            for program, values in programs:
                for function, args, value in values(part):
                    value = float(value)
                    yield {
                        "series": symbol,
                        "from": start,
                        "to": stop,
                        "function": function,
                        "args": args,
                        "program": program,
                        "value": value if math.isfinite(value) else None,
                    }


def main():
    series = load_returns()
    OUT.mkdir(exist_ok=True)
    with open(OUT / "returns.csv", "w") as f:
        f.write("# data/us5_daily.parquet, python tests/golden/risk.py\nsymbol,ret\n")
        for symbol, returns in series.items():
            f.writelines(f"{symbol},{r:.8f}\n" for r in returns)
    names = ["empyrical-reloaded", "quantstats", "skfolio", "numpy", "pandas"]
    found = list(cases(series))
    lines = ",\n".join(json.dumps(c) for c in found)
    programs = json.dumps({n: version(n) for n in names})
    (OUT / "expected.json").write_text(
        f'{{"programs": {programs},\n"command": "python tests/golden/risk.py",\n"cases": [\n{lines}\n]}}\n'
    )
    print(f"{sum(map(len, series.values()))} returns, {len(found)} cases")


if __name__ == "__main__":
    main()
