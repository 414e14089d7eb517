"""Writes tests/golden/portfolio_risk/: what independent programs say about the risk of portfolios.

Programs: scikit-learn 1.9.1 (LedoitWolf, OAS), skfolio 1.12.2 (CVaR, drawdown at risk), pandas 3.1.1
(exponential weights), statsmodels 0.15.0 (regression), scipy 1.17.1 (distributions, integrals),
mpmath 1.4.1 (derivatives), and numpy 2.4.6 for formulas of the papers. Run from the root of the
repository:

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 scipy==1.17.1 statsmodels==0.15.0 \
        scikit-learn==1.9.1 skfolio==1.12.2 mpmath==1.4.1
    python tests/golden/portfolio_risk.py

* returns.csv: daily returns of the five stocks in data/us5_daily.parquet (adjusted closes) at
  the 195 days at which all five have one, rounded to 8 decimals.
* expected.json: the values. Weights are long and short: see WEIGHTS.

Where programs differ:

* skfolio's drawdown at risk is an order statistic; here it is the quantile of numpy (linear), as for
  value at risk, over skfolio's drawdowns. Its conditional drawdown at risk is the same as here.
* PyPortfolioOpt's constant_correlation mixes a covariance with divisor n - 1 and moments with divisor
  n; Ledoit and Wolf (2004, appendix B) divide by n throughout, which is written out below.
* Derivatives of risks are central differences in 50 digits by mpmath, not the closed forms of the
  papers, so that they do not repeat what they check.
"""

import json
from importlib.metadata import version
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import skfolio.measures as sk
import statsmodels.api as sm
from scipy import integrate, stats
from sklearn.covariance import OAS, LedoitWolf

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "portfolio_risk"
WEIGHTS = [0.4, -0.2, 0.3, 0.35, 0.15]
ROWS = 195
LEVELS = (0.9, 0.95, 0.99)
mp.mp.dps = 50


def load():
    bars = pd.read_parquet(ROOT / "data" / "us5_daily.parquet").sort_values(["symbol", "ts"])
    wide = bars.pivot(index="ts", columns="symbol", values="adj_close").dropna()
    return wide.pct_change().dropna().round(8).tail(ROWS)


def constant_correlation(x):
    """Ledoit and Wolf, "Honey, I Shrunk the Sample Covariance Matrix" (2004), appendix B."""
    t, n = x.shape
    y = x - x.mean(0)
    s = y.T @ y / t
    sd = np.sqrt(np.diag(s))
    r = s / np.outer(sd, sd)
    mean = (r.sum() - n) / (n * (n - 1))
    f = mean * np.outer(sd, sd)
    np.fill_diagonal(f, np.diag(s))
    pi = sum(((np.outer(row, row) - s) ** 2) for row in y) / t
    rho = np.trace(pi)
    for i in range(n):
        for j in range(n):
            if i != j:
                theta_ii = ((y[:, i] ** 2 - s[i, i]) * (y[:, i] * y[:, j] - s[i, j])).mean()
                theta_jj = ((y[:, j] ** 2 - s[j, j]) * (y[:, i] * y[:, j] - s[i, j])).mean()
                rho += mean / 2 * (sd[j] / sd[i] * theta_ii + sd[i] / sd[j] * theta_jj)
    kappa = (pi.sum() - rho) / ((f - s) ** 2).sum()
    delta = max(0.0, min(kappa / t, 1.0))
    return delta * f + (1 - delta) * s, delta


def ewma(table, decay):
    """Products of returns through pandas' weights, which add up to 1."""
    columns = {}
    for a in table:
        for b in table:
            columns[a, b] = (table[a] * table[b]).ewm(alpha=1 - decay, adjust=True).mean().iloc[-1]
    n = table.shape[1]
    return np.array(list(columns.values())).reshape(n, n)


def covariances(table):
    for rows in (4, 30, ROWS):
        part = table.tail(rows)
        x = part.to_numpy()
        lw, oas = LedoitWolf().fit(x), OAS().fit(x)
        honey, delta = constant_correlation(x)
        yield {
            "rows": rows,
            "sample": np.cov(x.T).ravel().tolist(),
            "population": np.cov(x.T, ddof=0).ravel().tolist(),
            "ewma": ewma(part, 0.94).ravel().tolist(),
            "ledoit_wolf": lw.covariance_.ravel().tolist(),
            "ledoit_wolf_intensity": lw.shrinkage_,
            "oas": oas.covariance_.ravel().tolist(),
            "oas_intensity": oas.shrinkage_,
            "constant_correlation": honey.ravel().tolist(),
            "constant_correlation_intensity": delta,
        }


def cornish_fisher(z, skew, excess):
    return z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36


def below(quantile, share):
    """The mean of a quantile function over the worst share, by integration."""
    found, _ = integrate.quad(quantile, 0, share, epsabs=0, epsrel=1e-12, limit=500)
    return found / share


def filtered(r, decay):
    variances = [np.mean(r**2)]
    for x in r:
        variances.append(decay * variances[-1] + (1 - decay) * x * x)
    sigma = np.sqrt(variances)
    return r / sigma[:-1] * sigma[-1]


def tails(table):
    for symbol in table:
        r = table[symbol].to_numpy()
        mean, sd = r.mean(), r.std(ddof=1)
        skew, excess = stats.skew(r), stats.kurtosis(r)
        fitted = 4 + 6 / excess if excess > 0 else None
        last = np.sqrt(ewma(table[[symbol]], 0.94)[0, 0])
        scaled = filtered(r, 0.94)
        for level in LEVELS:
            share = 1 - level
            z = stats.norm.ppf(share)
            mills = -stats.norm.pdf(z) / share
            bent = lambda x: cornish_fisher(x, skew, excess)  # noqa: E731
            bent_mean = integrate.quad(
                lambda x: bent(x) * stats.norm.pdf(x), -40, z, epsabs=0, epsrel=1e-13, limit=500
            )[0]
            methods = {
                "historical": [np.quantile(r, share), -sk.cvar(r, beta=level)],
                "gaussian": [mean + sd * z, mean + sd * mills],
                "cornish_fisher": [mean + sd * bent(z), mean + sd * bent_mean / share],
                "ewma": [last * z, last * mills],
                "filtered_historical": [np.quantile(scaled, share), -sk.cvar(scaled, beta=level)],
            }
            for name, degrees in (("student_t", fitted), ("student_5", 5.0)):
                if degrees is None:
                    continue
                unit = sd * np.sqrt((degrees - 2) / degrees)
                t = stats.t.ppf(share, degrees)
                expected = stats.t.expect(
                    lambda x: x, args=(degrees,), ub=t, epsabs=0, epsrel=1e-12, limit=500
                )
                methods[name] = [mean + unit * t, mean + unit * expected / share]
            for name, (var, cvar) in methods.items():
                yield {"symbol": symbol, "level": level, "method": name, "var": var, "cvar": cvar}


def drawdowns(table):
    for symbol in table:
        r = table[symbol].to_numpy()
        for compounded in (True, False):
            path = sk.get_drawdowns(r, compounded=compounded)
            for level in LEVELS:
                yield {
                    "symbol": symbol,
                    "level": level,
                    "compounded": compounded,
                    "dar": np.quantile(path, 1 - level),
                    "cdar": -sk.cdar(path, beta=level),
                }


def parametric(x, weights, level, is_bent):
    """Value at risk and shortfall of a portfolio in 50 digits."""
    p = [mp.fsum(w * v for w, v in zip(weights, row)) for row in x]
    n = len(p)
    mean = mp.fsum(p) / n
    m2, m3, m4 = (mp.fsum((v - mean) ** k for v in p) / n for k in (2, 3, 4))
    sd = mp.sqrt(m2 * n / (n - 1))
    skew, excess = (m3 / m2 ** mp.mpf("1.5"), m4 / m2**2 - 3) if is_bent else (0, 0)
    share = 1 - mp.mpf(str(level))
    z = mp.sqrt(2) * mp.erfinv(2 * share - 1)
    density = mp.npdf(z) / share
    # Integrals of Hermite polynomials against the density, up to z.
    shortfall = -density * (
        1 + z * skew / 6 + (z**2 - 1) * excess / 24 - (2 * z**2 - 1) * skew**2 / 36
    )
    return [mean + sd * cornish_fisher(z, skew, excess), mean + sd * shortfall]


def marginals(x, level, is_bent):
    step = mp.mpf(10) ** -15
    table = [[mp.mpf(float(v)) for v in row] for row in x]
    base = [mp.mpf(str(w)) for w in WEIGHTS]
    found = []
    for i in range(len(base)):
        moved = [
            parametric(table, [w + (d if j == i else 0) for j, w in enumerate(base)], level, is_bent)
            for d in (step, -step)
        ]
        found.append([float((up - down) / (2 * step)) for up, down in zip(*moved)])
    total = [float(v) for v in parametric(table, base, level, is_bent)]
    return {"total": total, "marginal": found}


def historical(x, level):
    """Positions in the scenarios that make up the portfolio's risk."""
    p = x @ np.array(WEIGHTS)
    order = np.argsort(p)
    position = (len(p) - 1) * (1 - level)
    low = int(position)
    part = position - low
    covered = len(p) * (1 - level)
    share = np.clip(covered - np.arange(len(p)), 0, 1) / covered
    var = (1 - part) * x[order[low]] + part * x[order[low + 1]]
    total = [np.quantile(p, 1 - level), -sk.cvar(p, beta=level)]
    return {"total": total, "marginal": np.column_stack([var, share @ x[order]]).tolist()}


def regressions(table):
    """Each of the first stocks on the last two as factors."""
    factors = table.iloc[:, -2:]
    for symbol in table.columns[:-2]:
        fit = sm.OLS(table[symbol], sm.add_constant(factors)).fit()
        yield {
            "symbol": symbol,
            "alpha": fit.params.iloc[0],
            "exposures": fit.params.iloc[1:].tolist(),
            "standard_errors": fit.bse.iloc[1:].tolist(),
            "r_squared": fit.rsquared,
        }


def stress(table):
    x = table.to_numpy()
    w = np.array(WEIGHTS)
    share = 0.05
    z = stats.norm.ppf(share)
    covariance = np.cov(x.T)
    sd, sigma = np.sqrt(np.diag(covariance)), np.sqrt(w @ covariance @ w)
    benchmark = x.mean(1)
    beta = [np.polyfit(benchmark, column, 1)[0] for column in x.T]
    perfect = np.ones((5, 5)) * np.outer(sd, sd)
    return {
        "history": (w * (np.prod(1 + x[100:160], axis=0) - 1)).tolist(),
        "factor": (w * np.array(beta) * -0.15).tolist(),
        # Component value at risk with all variances times nine.
        "volatility": (w * (x.mean(0) + 3 * z * covariance @ w / sigma)).tolist(),
        "correlation_one_total": float(z * np.sqrt(w @ perfect @ w)),
        "deviations": sd.tolist(),
    }


def main():
    OUT.mkdir(exist_ok=True)
    table = load()
    table.to_csv(OUT / "returns.csv", index=False)
    x = table.to_numpy()
    names = ["numpy", "pandas", "scipy", "statsmodels", "scikit-learn", "skfolio", "mpmath"]
    values = {
        "programs": {n: version(n) for n in names},
        "command": "python tests/golden/portfolio_risk.py",
        "weights": WEIGHTS,
        "covariances": list(covariances(table)),
        "tails": list(tails(table)),
        "drawdowns": list(drawdowns(table)),
        "contributions": [
            {"level": level, "method": name} | found
            for level in (0.9, 0.975)
            for name, found in (
                ("historical", historical(x, level)),
                ("gaussian", marginals(x, level, False)),
                ("cornish_fisher", marginals(x, level, True)),
            )
        ],
        "regressions": list(regressions(table)),
        "stress": stress(table),
    }
    (OUT / "expected.json").write_text(json.dumps(values, indent=1, default=float))


if __name__ == "__main__":
    main()
