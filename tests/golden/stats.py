"""Writes tests/golden/stats/: what statsmodels, scipy, arch and others make of prices and returns.

Run from the root of the repository:

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 scipy==1.17.1 scikit-learn==1.9.1 \
        statsmodels==0.15.0 arch==8.0.0
    pip install --no-deps antropy==0.2.3 numba==0.68.1 llvmlite hurst==0.0.5 tsdownsample==0.1.5.1
    python tests/golden/stats.py

* rolling/, garch/: window functions, one column per call.
* series.csv: the input of the aggregates. expected.json: one case per call of an aggregate.
* relations.json: principal components, Johansen's test, points of a chart.

Returns are of AAPL (x) and MSFT (y), levels their logarithms of adjusted closes, rounded to 8
decimals; the rounded numbers are the input of every program. Ties are returns rounded to 2
decimals.
"""

import json
import math
import warnings
from importlib.metadata import version
from pathlib import Path

import antropy
import hurst
import numpy as np
import pandas as pd
from arch import arch_model
from arch.unitroot import PhillipsPerron, VarianceRatio
from scipy import special, stats
from sklearn.decomposition import PCA
from sklearn.metrics import mutual_info_score
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.diagnostic import acorr_ljungbox, breaks_cusumolsresid
from statsmodels.stats.dist_dependence_measures import distance_statistics
from statsmodels.tools import add_constant
from statsmodels.tsa.stattools import acf, adfuller, coint, kpss, pacf
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter
from statsmodels.tsa.vector_ar.vecm import coint_johansen
from tsdownsample import LTTBDownsampler

warnings.simplefilter("ignore")
ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "stats"
PROGRAMS = [
    "numpy", "pandas", "scipy", "scikit-learn", "statsmodels", "arch", "antropy", "hurst",
    "tsdownsample",
]
COMMAND = "python tests/golden/stats.py"


def regression(y, x):
    fit = OLS(y, add_constant(x)).fit()
    return {
        "slope": fit.params[1], "intercept": fit.params[0], "r2": fit.rsquared,
        "residual": fit.resid[-1], "stderr": fit.bse[1], "tstat": fit.tvalues[1],
    }


def mutual_information(x, y, bins=10):
    counts = np.histogram2d(x, y, bins=bins)[0]
    return mutual_info_score(None, None, contingency=counts)


def shannon_entropy(x, bins=10, unit="nats"):
    return stats.entropy(np.histogram(x, bins=bins)[0], base=2 if unit == "bits" else None)


def jarque_bera(x):
    found = stats.jarque_bera(x)
    return {
        "statistic": found.statistic, "p_value": found.pvalue, "skewness": stats.skew(x),
        "kurtosis": stats.kurtosis(x),
    }


def partial_autocorrelation(x, lag=1, adjusted=False):
    return pacf(x, nlags=lag, method="yw" if adjusted else "ywm")[lag]


def ljung_box(x, lags=10, model_df=0):
    found = acorr_ljungbox(x, lags=[lags], model_df=model_df).iloc[0]
    return {"statistic": found.lb_stat, "p_value": found.lb_pvalue}


def variance_ratio(x, lags=2, robust=True, debiased=True):
    found = VarianceRatio(x, lags=lags, robust=robust, debiased=debiased)
    return {"ratio": found.vr, "statistic": found.stat, "p_value": found.pvalue}


def hurst_exponent(x, method="diffusion", max_lag=20, min_window=10):
    if method == "rs":
        return hurst.compute_Hc(x, kind="random_walk", min_window=min_window, simplified=False)[0]
    lags = np.arange(2, max_lag + 1)
    spread = [np.std(x[k:] - x[:-k]) for k in lags]
    return np.polyfit(np.log(lags), np.log(spread), 1)[0]


def half_life(x, method="ou"):
    slope = OLS(np.diff(x), add_constant(x[:-1])).fit().params[1]
    if method == "ar1":
        return -math.log(2) / math.log1p(slope) if -1 < slope < 0 else None
    return -math.log(2) / slope if slope < 0 else None


def cusum_test(x):
    rest = x - x.mean()
    statistic, p_value, _ = breaks_cusumolsresid(rest)
    return {
        "statistic": statistic, "p_value": p_value,
        "break_after": int(np.argmax(np.abs(rest.cumsum()))) + 1,
    }


def adf(x, trend="c", lags=None, autolag="aic"):
    found = adfuller(
        x, maxlag=lags, regression=trend, autolag=None if autolag == "none" else autolag,
        result_object=False,
    )
    critical = found[4]
    return {
        "statistic": found[0], "p_value": found[1], "lags": found[2], "n_obs": found[3],
        "crit_1": critical["1%"], "crit_5": critical["5%"], "crit_10": critical["10%"],
    }


def kpss_test(x, trend="c", lags=None, rule="auto"):
    found = kpss(x, regression=trend, nlags=rule if lags is None else lags, result_object=False)
    return {
        "statistic": found[0], "p_value": found[1], "lags": found[2], "crit_1": found[3]["1%"],
        "crit_2_5": found[3]["2.5%"], "crit_5": found[3]["5%"], "crit_10": found[3]["10%"],
    }


def phillips_perron(x, trend="c", lags=None, form="tau"):
    found = PhillipsPerron(x, lags=lags, trend=trend, test_type=form)
    critical = found.critical_values
    return {
        "statistic": found.stat, "p_value": found.pvalue, "lags": found.lags, "n_obs": found.nobs,
        "crit_1": critical["1%"], "crit_5": critical["5%"], "crit_10": critical["10%"],
    }


def engle_granger(y, x, trend="c", lags=None, autolag="aic"):
    autolag = None if autolag == "none" else autolag
    found = coint(y, x, trend=trend, maxlag=lags, autolag=autolag)
    n = len(y)
    terms = [np.arange(1, n + 1) ** k for k in range({"n": 0, "c": 1, "ct": 2, "ctt": 3}[trend])]
    fit = OLS(y, np.column_stack([x, *terms])).fit()
    used = adfuller(fit.resid, maxlag=lags, autolag=autolag, regression="n", result_object=False)[2]
    critical = [None if math.isnan(c) else c for c in found[2]]
    return {
        "statistic": found[0], "p_value": found[1], "hedge_ratio": fit.params[0],
        "intercept": fit.params[1] if len(fit.params) > 1 else 0.0, "residual": fit.resid[-1],
        "lags": used, "crit_1": critical[0], "crit_5": critical[1], "crit_10": critical[2],
    }


def garch(x, mean="constant"):
    model = arch_model(100 * x, mean=mean.capitalize(), vol="GARCH", p=1, q=1, rescale=False)
    fit = model.fit(disp="off", tol=1e-12, options={"ftol": 1e-14, "maxiter": 5000})
    p = fit.params
    forecast = math.sqrt(fit.forecast(horizon=1).variance.to_numpy()[-1, 0])
    return {
        "mu": p.get("mu", 0.0) / 100, "omega": p["omega"] / 1e4, "alpha": p["alpha[1]"],
        "beta": p["beta[1]"], "volatility": fit.conditional_volatility[-1] / 100,
        "forecast": forecast / 100, "log_likelihood": fit.loglikelihood + len(x) * math.log(100),
    }


FUNCTIONS = {
    "pearson": lambda x, y: stats.pearsonr(x, y).statistic,
    "spearman": lambda x, y: stats.spearmanr(x, y).statistic,
    "kendall": lambda x, y: stats.kendalltau(x, y).statistic,
    "regression": regression,
    "mutual_information": mutual_information,
    "distance_correlation": lambda x, y: distance_statistics(x, y).distance_correlation,
    "skewness": lambda x, biased=False: stats.skew(x, bias=biased),
    "excess_kurtosis": lambda x, biased=False: stats.kurtosis(x, bias=biased),
    "jarque_bera": jarque_bera,
    "quantile": lambda x, q, method="linear": np.quantile(x, q, method=method),
    "shannon_entropy": shannon_entropy,
    "approximate_entropy": lambda x, m=2, tolerance=0.2: antropy.app_entropy(
        x.copy(), order=m, tolerance=tolerance * x.std()),
    "sample_entropy": lambda x, m=2, tolerance=0.2: antropy.sample_entropy(
        x.copy(), order=m, tolerance=tolerance * x.std()),
    "autocorrelation": lambda x, lag=1, adjusted=False: acf(
        x, nlags=lag, adjusted=adjusted, fft=False)[lag],
    "partial_autocorrelation": partial_autocorrelation,
    "ljung_box": ljung_box,
    "variance_ratio": variance_ratio,
    "hurst": hurst_exponent,
    "half_life": half_life,
    "cusum_test": cusum_test,
    "adf": adf,
    "kpss": kpss_test,
    "phillips_perron": phillips_perron,
    "engle_granger": engle_granger,
    "garch": garch,
}
TWO = ["pearson", "spearman", "kendall", "mutual_information", "distance_correlation"]
Y_FIRST = ["regression", "engle_granger"]

RETURNS_CALLS = [
    ("pearson", 20, {}), ("spearman", 20, {}), ("kendall", 20, {}), ("regression", 20, {}),
    ("mutual_information", 40, {"bins": 4}), ("distance_correlation", 20, {}),
    ("skewness", 20, {}), ("skewness", 20, {"biased": True}), ("excess_kurtosis", 20, {}),
    ("excess_kurtosis", 20, {"biased": True}), ("jarque_bera", 30, {}),
    ("quantile", 20, {"q": 0.25}), ("quantile", 21, {"q": 0.5}),
    ("quantile", 20, {"q": 0.3, "method": "nearest"}), ("shannon_entropy", 30, {}),
    ("shannon_entropy", 30, {"bins": 5, "unit": "bits"}), ("approximate_entropy", 40, {}),
    ("sample_entropy", 40, {"tolerance": 0.5}), ("autocorrelation", 30, {"lag": 2}),
    ("partial_autocorrelation", 30, {"lag": 3}), ("ljung_box", 40, {"lags": 5}),
    ("cusum_test", 30, {}),
]
LEVELS_CALLS = [
    ("variance_ratio", 40, {"lags": 4}), ("hurst", 60, {"max_lag": 10}),
    ("hurst", 100, {"method": "rs"}), ("half_life", 40, {}), ("half_life", 40, {"method": "ar1"}),
    ("adf", 60, {}), ("adf", 50, {"trend": "ct", "lags": 2, "autolag": "none"}),
    ("kpss", 60, {}), ("phillips_perron", 60, {}), ("engle_granger", 60, {}),
]


def call(name, columns, options):
    x, y = columns
    given = [x, y] if name in TWO else [y, x] if name in Y_FIRST else [x]
    try:
        found = FUNCTIONS[name](*given, **options)
    except (ValueError, ZeroDivisionError):
        return None
    if isinstance(found, dict):
        return {k: clean(v) for k, v in found.items()}
    return clean(found)


def clean(value):
    return float(value) if value is not None and math.isfinite(value) else None


def title(name, options):
    text = ";".join(f"{k}={str(v).lower()}" for k, v in options.items())
    return f"{name}({text})" if text else name


def rolling(columns, name, period, options):
    """Columns of one call: a list per field."""
    x, y = columns
    rows = [None] * (period - 1)
    rows += [call(name, (x[i - period : i], y[i - period : i]), options)
             for i in range(period, len(x) + 1)]
    head = title(f"rolling_{name}", {"period": period, **options})
    return split(head, rows)


def split(head, rows):
    fields = next((list(r) for r in rows if isinstance(r, dict)), None)
    if fields is None:
        return {head: rows}
    return {f"{head}.{f}": [r and r[f] for r in rows] for f in fields}


def frac_diff(x, d, width):
    """Weights as binomial coefficients, instead of the recursion."""
    weights = [(-1) ** k * special.binom(d, k) for k in range(width)]
    return np.array([np.dot(weights[: t + 1], x[t::-1][:width]) for t in range(len(x))])


def filters(x, y):
    columns = {}
    d = 0.4
    width = next(k for k in range(1, 10000) if abs(special.binom(d, k)) < 0.01)
    fixed = frac_diff(x, d, width)
    columns[f"frac_diff(d={d};threshold=0.01)"] = [None] * (width - 1) + list(fixed[width - 1 :])
    columns[f"frac_diff_expanding(d={d})"] = list(frac_diff(x, d, len(x)))
    columns.update(hampel(x, 11, 2.0))
    columns.update(kalman(y, x, {}))
    columns.update(kalman(y, x, {"delta": 0.01, "observation_variance": 0.5,
                                 "initial_variance": 10}))
    columns.update(cusum(x))
    return columns


def hampel(x, period, n_sigmas):
    rows = [None] * (period - 1)
    for i in range(period, len(x) + 1):
        window = x[i - period : i]
        center = np.median(window)
        sigma = stats.median_abs_deviation(window, scale="normal")
        far = abs(x[i - 1] - center) > n_sigmas * sigma
        rows.append({
            "median": center, "sigma": sigma, "z": clean((x[i - 1] - center) / sigma),
            "is_outlier": int(far), "filtered": center if far else x[i - 1],
        })
    return split(title("hampel", {"period": period, "n_sigmas": n_sigmas}), rows)


def kalman(y, x, options):
    delta = options.get("delta", 1e-4)
    noise = options.get("observation_variance", 1e-3)
    filt = KalmanFilter(k_endog=1, k_states=2, tolerance=0)
    filt.bind(y.copy())
    filt["design"] = np.stack([x, np.ones(len(x))])[None, :, :]
    filt["obs_cov"] = np.array([[noise]])
    filt["transition"] = np.eye(2)
    filt["selection"] = np.eye(2)
    filt["state_cov"] = delta / (1 - delta) * np.eye(2)
    filt.initialize_known(np.zeros(2), options.get("initial_variance", 0.0) * np.eye(2))
    found = filt.filter()
    error, deviation = found.forecasts_error[0], np.sqrt(found.forecasts_error_cov[0, 0])
    rows = [
        {"beta": b, "intercept": a, "residual": e, "residual_std": s, "z": e / s}
        for b, a, e, s in zip(*found.filtered_state, error, deviation, strict=True)
    ]
    return split(title("kalman_hedge", options), rows)


def cusum(x):
    threshold, up, down, rows = 0.03, 0.0, 0.0, [None]
    for change in np.diff(x):
        up, down, event = max(0.0, up + change), min(0.0, down + change), 0
        row = {"up": up, "down": down}
        if down < -threshold:
            down, event = 0.0, -1
        elif up > threshold:
            up, event = 0.0, 1
        rows.append({"event": event, **row})
    return split("cusum_filter", rows)


def write_csv(name, inputs, columns):
    with open(OUT / name, "w") as f:
        programs = ", ".join(f"{n} {version(n)}" for n in PROGRAMS)
        f.write(f"# {programs}; {COMMAND}\n")
        table = {f"in:{k}": v for k, v in inputs.items()} | columns
        f.write(",".join(table) + "\n")
        for row in zip(*table.values(), strict=True):
            f.write(",".join("" if v is None else repr(float(v)) for v in row) + "\n")


def load():
    bars = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    return bars.pivot(index="ts", columns="symbol", values="adj_close")


CASES = [
    *[("returns", 0, 700, name, {}) for name in [
        "pearson", "spearman", "kendall", "regression", "mutual_information",
        "distance_correlation", "skewness", "excess_kurtosis", "jarque_bera", "shannon_entropy",
        "approximate_entropy", "sample_entropy", "autocorrelation", "partial_autocorrelation",
        "ljung_box", "cusum_test"]],
    *[("ties", a, b, name, {}) for a, b in [(0, 300), (0, 7), (5, 8)] for name in [
        "pearson", "spearman", "kendall", "mutual_information", "distance_correlation",
        "shannon_entropy", "quantile_half", "regression", "approximate_entropy"]],
    *[("returns", 0, 101, "quantile", {"q": q, "method": m}) for q in [0.0, 0.123, 0.5, 0.995, 1.0]
      for m in ["linear", "lower", "higher", "midpoint", "nearest"]],
    *[("returns", 0, 300, "approximate_entropy", {"m": m, "tolerance": t})
      for m, t in [(1, 0.2), (3, 0.5)]],
    *[("returns", 0, 300, "sample_entropy", {"m": m, "tolerance": t})
      for m, t in [(1, 0.2), (3, 0.5)]],
    *[("returns", 0, 200, name, {"lag": lag, "adjusted": a})
      for name in ["autocorrelation", "partial_autocorrelation"]
      for lag, a in [(1, False), (5, True), (20, False), (20, True)]],
    *[("returns", 0, 500, "ljung_box", {"lags": k, "model_df": d})
      for k, d in [(1, 0), (20, 0), (21, 2)]],
    *[("levels", 0, 400, "variance_ratio", {"lags": k, "robust": r, "debiased": d})
      for k, r, d in [(2, True, True), (5, False, True), (16, True, False)]],
    *[("levels", 0, n, "hurst", o) for n in [120, 700] for o in [
        {}, {"max_lag": 50}, {"method": "rs"}, {"method": "rs", "min_window": 20}]],
    *[("levels", a, b, "half_life", {"method": m}) for a, b in [(0, 60), (100, 400)]
      for m in ["ou", "ar1"]],
    *[("levels", a, b, "adf", {"trend": t, "autolag": g}) for a, b in [(0, 700), (200, 260)]
      for t in ["c", "ct", "ctt", "n"] for g in ["aic", "bic", "t-stat", "none"]],
    *[("returns", 0, 300, "adf", {"trend": t}) for t in ["c", "ct", "ctt", "n"]],
    ("levels", 0, 100, "adf", {"lags": 0, "autolag": "none"}),
    ("levels", 0, 100, "adf", {"lags": 7, "autolag": "none"}),
    *[(s, 0, b, "kpss", {"trend": t, "rule": r}) for s in ["levels", "returns"]
      for b in [60, 700] for t in ["c", "ct"] for r in ["auto", "legacy"]],
    ("levels", 0, 200, "kpss", {"lags": 5}),
    *[(s, 0, b, "phillips_perron", {"trend": t, "form": f}) for s in ["levels", "returns"]
      for b in [80, 700] for t in ["c", "ct", "n"] for f in ["tau", "rho"]],
    ("levels", 0, 200, "phillips_perron", {"lags": 3}),
    *[("levels", a, b, "engle_granger", {"trend": t, "autolag": g})
      for a, b in [(0, 700), (300, 380)] for t in ["c", "ct", "ctt", "n"]
      for g in ["aic", "t-stat"]],
    *[("returns", a, b, "garch", {"mean": m}) for a, b in [(0, 700), (100, 500)]
      for m in ["constant", "zero"]],
]


def cases(series):
    for kind, start, stop, name, options in CASES:
        if name == "quantile_half":
            name, options = "quantile", {"q": 0.5}
        x, y = (c[start:stop] for c in series[kind])
        value = call(name, (x, y), options)
        case = {"series": kind, "from": start, "to": stop, "function": name, "options": options}
        if value is not None:
            yield {**case, "value": value}


def relations(closes):
    returns = closes.pct_change().dropna().round(8)
    levels = np.log(closes).round(8)
    found = {"symbols": list(closes.columns), "pca": [], "johansen": [], "lttb": []}
    n_rows = 190
    found["returns"] = returns.to_numpy()[:n_rows].tolist()
    found["levels"] = levels.to_numpy()[:n_rows].tolist()
    for scale in [False, True]:
        data = returns.to_numpy()[:n_rows]
        data = data / data.std(axis=0, ddof=1) if scale else data
        fit = PCA().fit(data)
        found["pca"].append({
            "scale": scale, "loadings": fit.components_.tolist(),
            "variance": fit.explained_variance_.tolist(),
            "ratio": fit.explained_variance_ratio_.tolist(),
            "factors": (data @ fit.components_.T)[:5].tolist(),
        })
    for n_symbols, order, lags in [(2, 0, 1), (5, 0, 1), (5, 1, 3), (3, -1, 0), (5, 0, 0)]:
        fit = coint_johansen(levels.to_numpy()[:n_rows, :n_symbols], order, lags)
        found["johansen"].append({
            "n_symbols": n_symbols, "trend": {0: "c", 1: "ct", -1: "n"}[order], "lags": lags,
            "eigenvalue": fit.eig.tolist(), "trace": fit.trace_stat.tolist(),
            "trace_critical": fit.trace_stat_crit_vals.tolist(),
            "max_eigen": fit.max_eig_stat.tolist(),
            "max_critical": fit.max_eig_stat_crit_vals.tolist(),
            "weights": fit.evec.T.tolist(),
        })
    y = levels.to_numpy()[:n_rows, 0].copy()
    for points in [3, 10, 100, 189]:
        kept = LTTBDownsampler().downsample(np.arange(n_rows, dtype=float), y, n_out=points)
        found["lttb"].append({"points": points, "kept": kept.tolist()})
    return found


def main():
    closes = load()
    pair = closes[["AAPL", "MSFT"]].dropna().iloc[:701]
    returns = pair.pct_change().dropna().round(8).to_numpy().T
    levels = np.log(pair).round(8).to_numpy().T[:, :700]
    series = {"returns": returns, "levels": levels, "ties": returns.round(2)}
    for folder in ["rolling", "garch"]:
        (OUT / folder).mkdir(parents=True, exist_ok=True)
    x, y = returns[:, :130]
    columns = {}
    for name, period, options in RETURNS_CALLS:
        columns.update(rolling((x, y), name, period, options))
    write_csv("rolling/returns.csv", {"x": x, "y": y}, columns)
    x, y = levels[:, :130]
    columns = filters(x, y)
    for name, period, options in LEVELS_CALLS:
        columns.update(rolling((x, y), name, period, options))
    inputs = {"x": x, "y": y, "threshold": np.full(130, 0.03)}
    write_csv("rolling/levels.csv", inputs, columns)
    x, y = returns[:, :104]
    write_csv("garch/returns.csv", {"x": x}, rolling((x, y), "garch", 100, {}))
    names = [f"{kind}_{n}" for kind in series for n in "xy"]
    rows = np.vstack(list(series.values())).T
    pd.DataFrame(rows, columns=names).to_csv(OUT / "series.csv", index=False)
    programs = {n: version(n) for n in PROGRAMS}
    lines = ",\n".join(json.dumps(c) for c in cases(series))
    (OUT / "expected.json").write_text(
        f'{{"programs": {json.dumps(programs)},\n"command": "{COMMAND}",\n"cases": [\n{lines}\n]}}\n')
    found = {"programs": programs, "command": COMMAND, **relations(closes.dropna())}
    (OUT / "relations.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
