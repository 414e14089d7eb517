"""Writes tests/golden/honest/: what independent programs say about the significance of backtests.

Programs: purgedcv 0.1.11 (probabilistic and deflated Sharpe ratio, record and backtest length, PBO),
quantstats 0.0.86 (probabilistic Sharpe ratio), arch 8.0.0 (stationary bootstrap, SPA, StepM, MCS,
block length), statsmodels 0.15.0 (adjusted p-values), scipy 1.17.1 (distributions), and numpy 2.4.6
for formulas of the papers. Run from the root of the repository:

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 scipy==1.17.1 statsmodels==0.15.0 \
        arch==8.0.0 purgedcv==0.1.11 quantstats==0.0.86 scikit-learn==1.9.1
    python tests/golden/honest.py

* returns.csv: daily returns of the five stocks in data/us5_daily.parquet (adjusted closes), rounded
  to 8 decimals.
* trials.csv: 12 crossings of moving averages on AAPL as trials, 520 days, and the stock's return as
  the benchmark, rounded to 8 decimals.
* indices.json: rows of 200 replications of arch's stationary bootstrap. Both sides resample these
  rows, so that statistics of the bootstrap can be equal to the last digits.
* expected.json: the values. Block lengths with _abs are those of the absolute returns.

Where programs differ:

* arch's SPA multiplies neither the statistic nor its bootstrapped values by the standard errors
  ("studentize" only changes which trials are recentred), and does not cut the statistic at 0. Its
  values are the ones without studentisation here. Hansen (2005, section 3) divides and cuts; those
  values come from numpy, with the variances of arch.
* purgedcv and Bailey et al. count a pick as overfitted below the median; the R package pbo also at
  the median.
* the deviation in the Sharpe ratio has divisor n in purgedcv and n - 1 in quantstats; both correct
  skewness and kurtosis for the size of the sample, which the papers do not. The default here is
  divisor n - 1 with plain moments, from scipy.
"""

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import purgedcv
from arch.bootstrap import MCS, SPA, StationaryBootstrap, StepM, optimal_block_length
from purgedcv import probability_of_backtest_overfitting
from quantstats import stats as qs
from scipy import stats
from statsmodels.stats.multitest import multipletests

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "honest"
SEED = 7
SAMPLES = 200
BLOCK = 8


def bars():
    return pd.read_parquet(ROOT / "data" / "us5_daily.parquet").sort_values(["symbol", "ts"])


def stock_returns():
    table = bars()
    table["ret"] = table.groupby("symbol")["adj_close"].pct_change().round(8)
    return table.dropna(subset="ret")[["symbol", "ret"]]


def trials():
    """Long above a crossing of averages, the position of the day before times the day's return."""
    close = bars().query("symbol == 'AAPL'").set_index("ts")["adj_close"]
    ret = close.pct_change()
    table = pd.DataFrame(index=close.index)
    for fast in (3, 5, 10, 20):
        for slow in (30, 60, 120):
            signal = np.sign(close.rolling(fast).mean() - close.rolling(slow).mean())
            table[f"f{fast:02d}s{slow:03d}"] = (signal.shift(1) * ret).round(8)
    table["benchmark"] = (ret / 4).round(8)
    return table.dropna().tail(520)


def sharpe_cases(returns):
    for symbol, group in returns.groupby("symbol"):
        r = group["ret"].to_numpy()
        for n in (30, 150, len(r)):
            x = r[:n]
            case = {"symbol": symbol, "rows": n}
            psr = purgedcv.probabilistic_sharpe_ratio
            case["probabilistic"] = [[b, psr(x, b)] for b in (0.0, 0.02, -0.05)]
            case["probabilistic_population"] = [[b, probabilistic(x, b)] for b in (0.0, 0.05)]
            case["probabilistic_quantstats"] = float(qs.probabilistic_sharpe_ratio(pd.Series(x), rf=0.0))
            case["deflated"] = [
                [k, v, purgedcv.deflated_sharpe_ratio(x, n_trials=k, var_sharpe=v)]
                for k, v in ((2, 0.001), (50, 0.002), (1000, 0.0005))
            ]
            case["track_record"] = []
            for benchmark, confidence in ((-0.1, 0.95), (-0.2, 0.99)):
                found = track_record(x, benchmark, confidence)
                case["track_record"].append([benchmark, confidence, found])
            yield case


def probabilistic(x, benchmark):
    """Bailey and Lopez de Prado 2012, equation 11."""
    sharpe = x.mean() / x.std(ddof=1)
    third, fourth = stats.skew(x), stats.kurtosis(x, fisher=False)
    variance = 1 - third * sharpe + (fourth - 1) / 4 * sharpe**2
    return stats.norm.cdf((sharpe - benchmark) * math.sqrt(len(x) - 1) / math.sqrt(variance))


def track_record(x, benchmark, confidence):
    """Bailey and Lopez de Prado 2012, equation 13."""
    sharpe = x.mean() / x.std(ddof=1)
    third, fourth = stats.skew(x), stats.kurtosis(x, fisher=False)
    if sharpe <= benchmark:
        return None
    variance = 1 - third * sharpe + (fourth - 1) / 4 * sharpe**2
    return 1 + variance * (stats.norm.ppf(confidence) / (sharpe - benchmark)) ** 2


def expected_maximum(n):
    e = np.euler_gamma
    return (1 - e) * stats.norm.ppf(1 - 1 / n) + e * stats.norm.ppf(1 - 1 / (n * math.e))


def pbo_cases(table):
    matrix = table.drop(columns="benchmark").to_numpy().T
    metrics = {
        "sharpe": lambda r: r.mean() / r.std(ddof=1),
        "mean": lambda r: r.mean(),
        "sortino": lambda r: r.mean() / np.sqrt((np.minimum(r, 0) ** 2).mean()),
    }
    for splits in (2, 6, 10):
        for name, metric in metrics.items():
            for rows in (520, 515):
                found = probability_of_backtest_overfitting(matrix[:, :rows], splits, metric=metric)
                inside, outside = found.is_oos_performance.T
                yield {
                    "splits": splits,
                    "metric": name,
                    "rows": rows,
                    "pbo": found.pbo,
                    "slope": found.slope,
                    "logits": found.logits.tolist(),
                    "in_sample": inside.tolist(),
                    "out_of_sample": outside.tolist(),
                    "probability_of_loss": float((outside < 0).mean()),
                    "median_logit": float(np.median(found.logits)),
                }


def resamples(n):
    bootstrap = StationaryBootstrap(BLOCK, np.arange(n), seed=SEED)
    return [data[0][0] for data in bootstrap.bootstrap(SAMPLES)]


def spa_arch(table):
    models = -table.drop(columns="benchmark")
    benchmark = -table["benchmark"]
    test = SPA(benchmark, models, block_size=BLOCK, reps=SAMPLES, studentize=True, seed=SEED)
    test.compute()
    return test


def hansen(table, indices, variances):
    """Hansen 2005, with the long-run variances given."""
    d = table.drop(columns="benchmark").to_numpy() - table[["benchmark"]].to_numpy()
    n = len(d)
    means, omega = d.mean(0), np.sqrt(variances)
    statistic = max(0.0, (math.sqrt(n) * means / omega).max())
    bound = -omega / math.sqrt(n) * math.sqrt(2 * math.log(math.log(n)))
    centres = {
        "lower": np.maximum(means, 0),
        "consistent": np.where(means >= bound, means, 0),
        "upper": means,
    }
    found = {"statistic": statistic}
    for name, centre in centres.items():
        stars = [max(0.0, (math.sqrt(n) * (d[i].mean(0) - centre) / omega).max()) for i in indices]
        found[name] = float(np.mean(np.array(stars) > statistic))
    return found


def stepm(table, shift):
    models = -(table.drop(columns="benchmark") + shift)
    test = StepM(-table["benchmark"], models, size=0.1, block_size=BLOCK, reps=SAMPLES, seed=SEED)
    test.compute()
    return list(test.superior_models)


def mcs(table, method):
    losses = -table.drop(columns="benchmark")
    test = MCS(losses, size=0.1, reps=SAMPLES, block_size=BLOCK, method=method, seed=SEED)
    test.compute()
    return [[name, float(p)] for name, p in test.pvalues["Pvalue"].items()]


def haircuts(table):
    """Harvey and Liu 2015, with the p-values of the trials."""
    models = table.drop(columns="benchmark")
    n = len(models)
    sharpe = models.mean() / models.std(ddof=1)
    p = 2 * stats.t.sf(np.abs(sharpe) * math.sqrt(n), n - 1)
    found = {"sharpe": sharpe.tolist(), "p": p.tolist()}
    for name, method in (("bonferroni", "bonferroni"), ("holm", "holm"), ("bhy", "fdr_by")):
        adjusted = multipletests(p, method=method)[1]
        t = stats.t.isf(adjusted / 2, n - 1)
        found[name] = [adjusted.tolist(), (np.sign(sharpe) * t / math.sqrt(n)).tolist()]
    return found


def adjusted_p_values():
    p = [0.01, 0.04, 0.03, 0.2, 0.0001, 0.04, 0.9, 0.5, 0.013]
    methods = {
        "bonferroni": "bonferroni",
        "holm": "holm",
        "hochberg": "simes-hochberg",
        "bh": "fdr_bh",
        "bhy": "fdr_by",
    }
    return {"p": p} | {k: multipletests(p, method=m)[1].tolist() for k, m in methods.items()}


def student():
    cases = []
    for degrees in (1.0, 2.5, 4.0, 7.3, 30.0, 519.0, 5000.0):
        for p in (1e-12, 1e-5, 0.01, 0.05, 0.4, 0.7, 0.975):
            t = stats.t.ppf(p, degrees)
            cases.append([degrees, p, t, stats.t.pdf(t, degrees), 2 * stats.t.sf(abs(t), degrees)])
    return cases


def main():
    OUT.mkdir(exist_ok=True)
    returns, table = stock_returns(), trials()
    returns.to_csv(OUT / "returns.csv", index=False)
    table.to_csv(OUT / "trials.csv", index=False)
    indices = resamples(len(table))
    (OUT / "indices.json").write_text(json.dumps([i.tolist() for i in indices]))
    spa = spa_arch(table)
    models = table.drop(columns="benchmark")
    doubled = pd.concat([models, models.abs().add_suffix("_abs")], axis=1)
    names = ["numpy", "pandas", "scipy", "statsmodels", "arch", "purgedcv", "quantstats"]
    values = {
        "programs": {n: version(n) for n in names},
        "command": "python tests/golden/honest.py",
        "sharpe": list(sharpe_cases(returns)),
        "expected_maximum": [[n, expected_maximum(n)] for n in (2, 5, 45, 1000, 1e6)],
        "backtest_length": [
            [n, s, purgedcv.minimum_backtest_length(n, s)] for n, s in ((5, 1.0), (45, 1.0), (100, 2.0))
        ],
        "pbo": list(pbo_cases(table)),
        "block": BLOCK,
        "block_lengths": {
            name: float(row["stationary"])
            for name, row in optimal_block_length(doubled).iterrows()
        },
        "long_run_variances": spa._loss_diff_var.tolist(),
        "spa_arch": {k: float(v) for k, v in spa.pvalues.items()},
        "spa_hansen": hansen(table, indices, spa._loss_diff_var),
        "stepm": [[s, stepm(table, s)] for s in (0.0, 0.001, 0.0015, 0.003)],
        "mcs": {m: mcs(table, m) for m in ("R", "max")},
        "haircuts": haircuts(table),
        "adjusted": adjusted_p_values(),
        "student": student(),
    }
    (OUT / "expected.json").write_text(json.dumps(values, indent=1))


if __name__ == "__main__":
    main()
