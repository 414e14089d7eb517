"""Writes tests/golden/portfolio/: returns, and the portfolios that independent programs make of them.

Programs: PyPortfolioOpt 1.6.0, skfolio 1.12.2, riskfolio-lib 7.4.0, scipy 1.17.1, numpy 2.4.6. Run
from the root of the repository:

    pip install numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 scikit-learn==1.9.1 pyarrow==26.0.1 \
        pyportfolioopt==1.6.0 skfolio==1.12.2 riskfolio-lib==7.4.0
    python tests/golden/portfolio.py

* returns.csv: universe, row, symbol, return. `us5`: daily returns of the five stocks in
  data/us5_daily.parquet; `factors`: twelve made-up symbols on three factors (numpy, seed 7);
  `wide`: the first five rows of those twelve, fewer rows than symbols. Rounded to 8 decimals; the
  rounded numbers are the input of every program.
* weights.json: one case per portfolio: universe, named arguments, extra columns per symbol, rows of
  views (view, symbol, weight, return, confidence), program, what it found by output column, and how near a right answer has to come: `relative` for closed
  forms, `absolute` for what an iteration ends with, together with its objective.
* rolling.json: portfolios of `factors` over time with a turnover limit: PyPortfolioOpt makes each
  one, skfolio says what returns make of it until the next (`ending_weights` with `weight_drift`).
* discrete.json: whole units; greedy ones up to ten symbols, because PyPortfolioOpt gives up once ten
  symbols are too dear, with cash left for the next. sizing.json: position sizes.

The quadratic programs of five symbols are also solved without any iteration: `enumerated` tries
every set of binding bounds and solves the linear equations of each.
"""

import itertools
import json
import math
import warnings
from importlib.metadata import version
from pathlib import Path

import cvxpy as cp
import numpy as np
import pandas as pd
import riskfolio as rp
import scipy.optimize as so
import sklearn.covariance as skc
from pypfopt import (
    BlackLittermanModel,
    DiscreteAllocation,
    EfficientCDaR,
    EfficientCVaR,
    EfficientFrontier,
    HRPOpt,
    black_litterman,
    expected_returns,
)
from skfolio import RiskMeasure
from skfolio.cluster import HierarchicalClustering, LinkageMethod
from skfolio.optimization import (
    EqualWeighted,
    HierarchicalEqualRiskContribution,
    HierarchicalRiskParity,
    InverseVolatility,
    MaximumDiversification,
    MeanRisk,
    ObjectiveFunction,
    RiskBudgeting,
)
from skfolio.portfolio import Portfolio
from skfolio.seriation import HierarchicalSeriation

warnings.filterwarnings("ignore")

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "portfolio"
YEAR = 252
TIGHT = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}
CLARABEL = {"solver": "CLARABEL", "solver_options": TIGHT}
HIGHS = {"solver": "HIGHS"}


def stocks():
    bars = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    prices = bars.pivot(index="ts", columns="symbol", values="adj_close").sort_index()
    return prices.pct_change().dropna().iloc[-500:].round(8).reset_index(drop=True)


def factors():
    rng = np.random.default_rng(7)
    n_rows, n = 300, 12
    loadings = rng.normal(0.6, 0.5, (n, 3))
    common = rng.standard_t(5, (n_rows, 3)) * [0.008, 0.005, 0.004]
    own = rng.standard_t(4, (n_rows, n)) * rng.uniform(0.003, 0.012, n)
    drift = rng.normal(0.0004, 0.0006, n)
    names = [f"S{i:02d}" for i in range(1, n + 1)]
    return pd.DataFrame(common @ loadings.T + own + drift, columns=names).round(8)


UNIVERSES = {"us5": stocks(), "factors": factors()}
UNIVERSES["wide"] = UNIVERSES["factors"].iloc[:5]
CASES = []


def moments(universe):
    r = UNIVERSES[universe]
    return r.mean() * YEAR, r.cov() * YEAR


def case(program, universe, args, found, tolerance, columns=None, objective=None, views=None):
    """`found`: values by output column, each by symbol."""
    symbols = list(UNIVERSES[universe].columns)
    values = {k: [float(v[s]) for s in symbols] for k, v in found.items()}
    CASES.append(
        {
            "universe": universe,
            "args": args,
            "columns": {k: [v[s] for s in symbols] for k, v in (columns or {}).items()},
            "views": views,
            "program": program,
            "found": values,
            "tolerance": tolerance,
            "objective": None if objective is None else float(objective),
        }
    )


def closed(program, universe, args, weights, **more):
    case(program, universe, args, {"weight": dict(weights)}, {"relative": 1e-9}, **more)


def iterated(program, universe, args, weights, objective=None, absolute=1e-6, **more):
    found = {"weight": dict(weights)}
    case(program, universe, args, found, {"absolute": absolute}, objective=objective, **more)


def named(universe, weights):
    return dict(zip(UNIVERSES[universe].columns, map(float, weights)))


# ---- closed forms ---------------------------------------------------------------------------


def simple():
    for universe in ("us5", "factors"):
        r = UNIVERSES[universe]
        sk = EqualWeighted().fit(r).weights_
        closed("skfolio", universe, {"method": "equal"}, named(universe, sk))
        sk = InverseVolatility().fit(r).weights_
        closed("skfolio", universe, {"method": "inverse_volatility"}, named(universe, sk))
        inverse = 1 / r.var()
        closed("numpy", universe, {"method": "inverse_variance"}, inverse / inverse.sum())


def spinu(cov, budget):
    """Risk parity as the smallest x'Cx / 2 - b'ln x: BFGS over the logarithms, then Newton."""
    sigma = np.sqrt(np.diag(cov))
    corr = cov / np.outer(sigma, sigma)
    value = lambda y: np.exp(y) @ corr @ np.exp(y) / 2 - budget @ y  # noqa: E731
    slope = lambda y: np.exp(y) * (corr @ np.exp(y)) - budget  # noqa: E731
    solution = np.exp(so.minimize(value, np.log(budget) / 2, jac=slope, method="BFGS", tol=1e-12).x)
    for _ in range(20):
        step = np.linalg.solve(corr + np.diag(budget / solution**2), corr @ solution - budget / solution)
        solution = solution - step
    w = solution / sigma
    return w / w.sum()


def parity():
    for universe in ("us5", "factors"):
        r = UNIVERSES[universe]
        _, cov = moments(universe)
        n = len(cov)
        equal = np.full(n, 1 / n)
        closed("scipy", universe, {"method": "risk_parity"}, named(universe, spinu(cov.values, equal)))
        budget = np.arange(1, n + 1) / (n * (n + 1) / 2)
        closed(
            "scipy",
            universe,
            {"method": "risk_parity"},
            named(universe, spinu(cov.values, budget)),
            columns={"risk_budget": named(universe, np.arange(1, n + 1))},
        )
        sk = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, solver_params=TIGHT).fit(r).weights_
        iterated("skfolio", universe, {"method": "risk_parity"}, named(universe, sk))
        port = rp.Portfolio(returns=r)
        port.assets_stats(method_mu="hist", method_cov="hist")
        port.solvers = ["CLARABEL"]
        port.sol_params = {"CLARABEL": TIGHT}
        w = port.rp_optimization(model="Classic", rm="MV", rf=0, b=None)["weights"]
        iterated("riskfolio-lib", universe, {"method": "risk_parity"}, w, absolute=1e-5)
        shrunk = pd.DataFrame(skc.LedoitWolf().fit(r).covariance_, r.columns, r.columns)
        for name, matrix in [("ledoit_wolf", shrunk), ("oas", skc.OAS().fit(r).covariance_)]:
            w = spinu(np.asarray(matrix), equal)
            closed("scikit-learn and scipy", universe, {"method": "risk_parity", "covariance": name}, named(universe, w))


LINKAGES = ["single", "complete", "average", "ward"]


def hierarchical():
    for universe in ("us5", "factors", "wide"):
        r = UNIVERSES[universe]
        for linkage in LINKAGES:
            args = {"method": "hrp", "linkage": linkage}
            closed("PyPortfolioOpt", universe, args, HRPOpt(r).optimize(linkage_method=linkage))
            clustering = HierarchicalClustering(linkage_method=LinkageMethod[linkage.upper()])
            # Its default turns the branches of the tree so that neighbours are near; that is not in the paper.
            order = HierarchicalSeriation(
                hierarchical_clustering_estimator=clustering, optimal_ordering=False
            )
            sk = HierarchicalRiskParity(seriation_estimator=order).fit(r).weights_
            # skfolio ends with a projection onto bounds by an iteration.
            iterated("skfolio", universe, args, named(universe, sk), absolute=1e-7)
            sk = HierarchicalEqualRiskContribution(hierarchical_clustering_estimator=clustering).fit(r)
            args = {"method": "herc", "linkage": linkage}
            iterated("skfolio", universe, args, named(universe, sk.weights_), absolute=1e-7)
            for k in (2, 3, 4):
                clustering = HierarchicalClustering(
                    linkage_method=LinkageMethod[linkage.upper()], max_clusters=k
                )
                sk = HierarchicalEqualRiskContribution(hierarchical_clustering_estimator=clustering).fit(r)
                args = {"method": "herc", "linkage": linkage, "clusters": k}
                iterated("skfolio", universe, args, named(universe, sk.weights_), absolute=1e-7)
                if universe != "wide":
                    w = rp.HCPortfolio(returns=r).optimization(
                        model="HERC",
                        codependence="pearson",
                        rm="MV",
                        linkage=linkage,
                        k=k,
                        leaf_order=False,
                        method_cov="hist",
                    )
                    closed("riskfolio-lib", universe, args, w["weights"])


# ---- quadratic programs ---------------------------------------------------------------------


def enumerated(cov, mean, lower, upper, tilt, floor=None):
    """The w with the smallest w'Cw/2 - tilt mean'w, sum 1, within bounds, earning at least floor:
    every set of binding bounds, with the floor binding or not, gives linear equations."""
    n = len(mean)
    best = (math.inf, None)
    for states in itertools.product((0, 1, 2), repeat=n):
        for floor_binds in (False, True) if floor is not None else (False,):
            rows, right = [np.ones(n)], [1.0]
            for i, state in enumerate(states):
                if state:
                    rows.append(np.eye(n)[i])
                    right.append(lower[i] if state == 1 else upper[i])
            if floor_binds:
                rows.append(mean)
                right.append(floor)
            a = np.array(rows)
            m = len(a)
            if m > n:
                continue
            system = np.block([[cov, a.T], [a, np.zeros((m, m))]])
            if np.linalg.cond(system) > 1e13:
                continue
            w = np.linalg.solve(system, np.concatenate([tilt * mean, right]))[:n]
            slack = 1e-12
            if (w < lower - slack).any() or (w > upper + slack).any():
                continue
            if floor is not None and mean @ w < floor - slack:
                continue
            value = w @ cov @ w / 2 - tilt * mean @ w
            if value < best[0] - 1e-16:
                best = (value, w)
    return best[1]


BOUNDS = [(0.0, 1.0), (0.0, 0.35), (-0.3, 0.6), (-2.0, 2.0)]


def reachable(mean, cov, lower, upper):
    """A return and a volatility on the frontier, between the safest and the dearest portfolio."""
    ef = EfficientFrontier(mean, cov, (lower, upper), **CLARABEL)
    safest = np.array(list(ef.min_volatility().values()))
    n = len(mean)
    dearest = so.linprog(-mean, A_eq=np.ones((1, n)), b_eq=[1], bounds=[(lower, upper)] * n).x
    low, high = mean @ safest, mean @ dearest
    risks = [math.sqrt(w @ cov.values @ w) for w in (safest, dearest)]
    return round(low + 0.4 * (high - low), 4), round(risks[0] + 0.3 * (risks[1] - risks[0]), 4)


def quadratic():
    for universe in ("us5", "factors"):
        mean, cov = moments(universe)
        variance = lambda w: w @ cov.values @ w  # noqa: E731
        for lower, upper in BOUNDS:
            bounds = {"min_weight": lower, "max_weight": upper}
            frontier = lambda: EfficientFrontier(mean, cov, (lower, upper), **CLARABEL)  # noqa: E731
            earned, risk = reachable(mean, cov, lower, upper)
            problems = [
                ({"method": "min_variance"}, lambda ef: ef.min_volatility()),
                ({"method": "mean_variance", "risk_aversion": 2.5}, lambda ef: ef.max_quadratic_utility(2.5)),
                ({"method": "mean_variance", "risk_aversion": 20}, lambda ef: ef.max_quadratic_utility(20)),
                ({"method": "max_sharpe", "risk_free": 0.01}, lambda ef: ef.max_sharpe(0.01)),
                ({"method": "efficient_return", "target_return": earned}, lambda ef: ef.efficient_return(earned)),
                ({"method": "efficient_risk", "target_risk": risk}, lambda ef: ef.efficient_risk(risk)),
            ]
            for args, solve in problems:
                w = solve(frontier())
                x = np.array([w[s] for s in cov.columns])
                bought = 0.0
                if args["method"] == "efficient_risk":
                    # What the solver earns by breaking the limit in the last digits is no gain.
                    more = frontier().efficient_risk(risk * 1.0001)
                    per_risk = (mean.values @ np.array(list(more.values())) - mean.values @ x) / (risk * 0.0001)
                    bought = max(math.sqrt(variance(x)) - risk, 0.0) * per_risk
                objective = {
                    "min_variance": variance(x),
                    "efficient_return": variance(x),
                    "mean_variance": args.get("risk_aversion", 0) / 2 * variance(x) - mean.values @ x,
                    "max_sharpe": -(mean.values @ x - 0.01) / math.sqrt(variance(x)),
                    "efficient_risk": -mean.values @ x + bought,
                }[args["method"]]
                iterated("PyPortfolioOpt", universe, args | bounds, w, objective)
            if universe != "us5":
                continue
            low, high = np.full(5, lower), np.full(5, upper)
            c, m = cov.values, mean.values
            for args, tilt, floor in [
                ({"method": "min_variance"}, 0.0, None),
                ({"method": "mean_variance", "risk_aversion": 2.5}, 1 / 2.5, None),
                ({"method": "mean_variance", "risk_aversion": 20}, 1 / 20, None),
                ({"method": "efficient_return", "target_return": earned}, 0.0, earned),
            ]:
                w = enumerated(c, m, low, high, tilt, floor)
                closed("numpy", universe, args | bounds, named(universe, w))


def ratios():
    for universe in ("us5", "factors"):
        r = UNIVERSES[universe]
        _, cov = moments(universe)
        sigma = np.sqrt(np.diag(cov))
        sk = MaximumDiversification(solver_params=TIGHT).fit(r).weights_
        objective = -(sigma @ sk) / math.sqrt(sk @ cov.values @ sk)
        args = {"method": "max_diversification"}
        iterated("skfolio", universe, args, named(universe, sk), objective, absolute=1e-5)
        # Without bounds the weights are C^-1 sigma.
        w = np.linalg.solve(cov.values, sigma)
        args = {"method": "max_diversification", "min_weight": -10, "max_weight": 10}
        closed("numpy", universe, args, named(universe, w / w.sum()))
        mean, _ = moments(universe)
        w = np.linalg.solve(cov.values, mean.values - 0.02)
        if w.sum() > 0:
            args = {"method": "max_sharpe", "risk_free": 0.02, "min_weight": -20, "max_weight": 20}
            closed("numpy", universe, args, named(universe, w / w.sum()))


SECTORS = {"us5": ["left", "left", "middle", "right", "right"]}
SECTORS["factors"] = ["left", "middle", "right"] * 4


def constrained():
    for universe in ("us5", "factors"):
        mean, cov = moments(universe)
        sectors = named_text(universe, SECTORS[universe])
        before = named(universe, np.full(len(cov), 1 / len(cov)))
        prior = np.array(list(before.values()))
        variance = lambda w: w @ cov.values @ w  # noqa: E731

        def solve(bounds, args, columns, add):
            ef = EfficientFrontier(mean, cov, bounds, **CLARABEL)
            add(ef)
            w = ef.min_volatility()
            x = np.array([w[s] for s in cov.columns])
            args = {"method": "min_variance", "min_weight": bounds[0], "max_weight": bounds[1]} | args
            iterated("PyPortfolioOpt", universe, args, w, variance(x), columns=columns)
            ef = EfficientFrontier(mean, cov, bounds, **CLARABEL)
            add(ef)
            w = ef.max_quadratic_utility(5)
            x = np.array([w[s] for s in cov.columns])
            value = 2.5 * variance(x) - mean.values @ x
            args = args | {"method": "mean_variance", "risk_aversion": 5}
            iterated("PyPortfolioOpt", universe, args, w, value, columns=columns)

        solve(
            (0.0, 1.0),
            {"sector_limits": "left <= 0.3; middle >= 0.25"},
            {"sector": sectors},
            lambda ef: ef.add_sector_constraints(sectors, {"middle": 0.25}, {"left": 0.3}),
        )
        solve(
            (0.0, 1.0),
            {"max_sector": 0.4},
            {"sector": sectors},
            lambda ef: ef.add_sector_constraints(sectors, {}, {s: 0.4 for s in sorted(set(sectors.values()))}),
        )
        solve((-1.0, 1.0), {"max_gross": 1.2}, {}, lambda ef: ef.add_constraint(lambda w: cp.norm1(w) <= 1.2))
        solve(
            (0.0, 1.0),
            {"max_turnover": 0.4},
            {"previous_weight": before},
            lambda ef: ef.add_constraint(lambda w: cp.norm1(w - prior) <= 0.4),
        )


def rolling(limit, lookback=60, every=10):
    """Each portfolio from the last returns; what is held before it has drifted since the last one."""
    returns = UNIVERSES["factors"]
    held, since = None, None
    for row in range(lookback - 1, len(returns), every):
        window = returns.iloc[row + 1 - lookback : row + 1]
        ef = EfficientFrontier(None, window.cov() * YEAR, (0.0, 1.0), **CLARABEL)
        before = None
        if held is not None:
            passed = Portfolio(X=returns.iloc[since + 1 : row + 1], weights=held, weight_drift=True)
            before = np.asarray(passed.ending_weights)
            ef.add_constraint(lambda w, before=before: cp.norm1(w - before) <= limit)
        weights = ef.min_volatility()
        held, since = np.array([weights[s] for s in returns.columns]), row
        yield {
            "row": row,
            "held": None if before is None else [float(w) for w in before],
            "weight": [float(w) for w in held],
        }


def turnovers():
    for limit in (0.05, 0.2):
        yield {"universe": "factors", "max_turnover": limit, "portfolios": list(rolling(limit))}


def named_text(universe, texts):
    return dict(zip(UNIVERSES[universe].columns, texts))


# ---- expected returns and Black-Litterman -----------------------------------------------------


def expectations():
    for universe in ("us5", "factors"):
        r = UNIVERSES[universe]
        _, cov = moments(universe)
        volatility = dict(np.sqrt(pd.Series(np.diag(cov), cov.columns)))
        for args, mean in [
            ({}, expected_returns.mean_historical_return(r, returns_data=True, compounding=False)),
            (
                {"expected": "ewma", "mean_lambda": 119 / 121},
                expected_returns.ema_historical_return(r, returns_data=True, compounding=False, span=120),
            ),
            (
                {"expected": "capm", "risk_free": 0.02},
                expected_returns.capm_return(
                    r.copy(), returns_data=True, compounding=False, risk_free_rate=0.02
                ),
            ),
        ]:
            found = {"expected_return": dict(mean), "volatility": volatility}
            case("PyPortfolioOpt", universe, {"method": "equal"} | args, found, {"relative": 1e-9})


def bayesian():
    for universe in ("us5", "factors"):
        r = UNIVERSES[universe]
        _, cov = moments(universe)
        names = list(cov.columns)
        n = len(names)
        caps = named(universe, np.arange(n, 0, -1) ** 2 * 1e9)
        prior = black_litterman.market_implied_prior_returns(caps, 2.5, cov, 0.01)
        p = np.zeros((3, n))
        p[0, 0], p[1, 1], p[1, 2], p[2, 3], p[2, 4], p[2, 0] = 1, 1, -1, 0.5, 0.5, -1
        q = np.array([0.15, 0.04, -0.02])
        base = {"expected": "black_litterman", "risk_free": 0.01, "tau": 0.03}
        legs = [[(0, 1.0)], [(1, 1.0), (2, -1.0)], [(3, 0.5), (4, 0.5), (0, -1.0)]]
        trusts = [0.2, 0.6, 0.9]

        def view_rows(confidences):
            triples = zip("abc", legs, q, confidences)
            return [[v, names[i], w, float(e), c] for v, leg, e, c in triples for i, w in leg]

        for views, more in [
            (view_rows([None] * 3), {}),
            (view_rows(trusts), {"omega": "idzorek", "view_confidences": trusts}),
        ]:
            model = BlackLittermanModel(cov, pi=prior, P=p, Q=q, tau=0.03, risk_aversion=2.5, **more)
            mean, posterior = model.bl_returns(), model.bl_cov()
            found = {
                "expected_return": dict(mean),
                "volatility": dict(np.sqrt(pd.Series(np.diag(posterior), names))),
            }
            columns = {"market_cap": caps}
            args = {"method": "equal"} | base
            case("PyPortfolioOpt", universe, args, found, {"relative": 1e-9}, columns=columns, views=views)
            w = EfficientFrontier(mean, posterior, (0, 1), **CLARABEL).max_quadratic_utility(2.5)
            args = {"method": "black_litterman"} | {k: v for k, v in base.items() if k != "expected"}
            iterated("PyPortfolioOpt", universe, args, w, columns=columns, views=views)
            w = EfficientFrontier(mean, posterior, (0, 1), **CLARABEL).max_sharpe(0.01)
            args = {"method": "max_sharpe"} | base
            iterated("PyPortfolioOpt", universe, args, w, columns=columns, views=views)
        # Without views the market is the answer.
        total = sum(caps.values())
        args = {"method": "black_litterman", "tau": 1e-6, "min_weight": -5, "max_weight": 5}
        market = {k: v / total for k, v in caps.items()}
        # The posterior covariance is 1 + tau times the prior one, which moves weights by tau.
        iterated("reverse optimisation", universe, args, market, absolute=1e-5, columns={"market_cap": caps})


# ---- tails ------------------------------------------------------------------------------------


def cvar(r, w, level=0.95):
    losses = np.sort(-(r.values @ w))[::-1]
    k = (1 - level) * len(losses)
    whole = int(math.floor(k + 1e-12))
    part = k - whole
    tail = losses[:whole].sum() + (part * losses[whole] if part > 1e-12 else 0.0)
    return tail / k


def cdar(r, w, level=0.95):
    curve = np.concatenate([[0.0], np.cumsum(r.values @ w)])
    drawdown = (np.maximum.accumulate(curve) - curve)[1:]
    return cvar(pd.DataFrame(-drawdown), np.ones(1), level)


def tails():
    for universe in ("us5", "factors"):
        r = UNIVERSES[universe]
        mean, _ = moments(universe)
        for level in (0.95, 0.9):
            for method, cls, measure, tail in [
                ("cvar", EfficientCVaR, RiskMeasure.CVAR, cvar),
                ("cdar", EfficientCDaR, RiskMeasure.CDAR, cdar),
            ]:
                args = {"method": method, "level": level}
                solver = cls(mean, r, beta=level, **HIGHS)
                w = solver.min_cvar() if method == "cvar" else solver.min_cdar()
                x = np.array([w[s] for s in r.columns])
                iterated("PyPortfolioOpt", universe, args, w, tail(r, x, level))
                sk = MeanRisk(
                    objective_function=ObjectiveFunction.MINIMIZE_RISK,
                    risk_measure=measure,
                    cvar_beta=level,
                    cdar_beta=level,
                    solver_params=TIGHT,
                ).fit(r)
                iterated("skfolio", universe, args, named(universe, sk.weights_), tail(r, sk.weights_, level))
                args = args | {"min_weight": -0.2, "max_weight": 0.4}
                solver = cls(mean, r, beta=level, weight_bounds=(-0.2, 0.4), **HIGHS)
                w = solver.min_cvar() if method == "cvar" else solver.min_cdar()
                x = np.array([w[s] for s in r.columns])
                iterated("PyPortfolioOpt", universe, args, w, tail(r, x, level))


# ---- whole units --------------------------------------------------------------------------------


def milp(values, prices):
    """The smallest sum of distances and leftover by HiGHS."""
    n = len(values)
    budget = sum(values)
    cost = np.concatenate([-prices, np.ones(n)])  # leftover + distances, up to the budget
    eye = np.eye(n)
    a = np.block([[np.diag(prices), -eye], [-np.diag(prices), -eye], [prices.reshape(1, -1), np.zeros((1, n))]])
    upper = np.concatenate([values, -values, [budget]])
    result = so.milp(
        cost,
        constraints=so.LinearConstraint(a, -np.inf, upper),
        integrality=np.concatenate([np.ones(n), np.zeros(n)]),
        bounds=so.Bounds(0, np.inf),
        options={"mip_rel_gap": 0.0},
    )
    units = np.round(result.x[:n])
    return units, float(np.abs(values - units * prices).sum() + budget - units @ prices)


def discrete():
    rng = np.random.default_rng(11)
    cases = []
    for n, cash in [(3, 1000), (5, 10_000), (8, 25_000), (10, 3_000), (20, 100_000)]:
        for _ in range(4):
            weights = np.round(rng.dirichlet(np.ones(n)), 6)
            weights[0] += 1 - weights.sum()
            prices = np.round(rng.uniform(4, 700, n), 2)
            names = [f"S{i:02d}" for i in range(n)]
            w, p = dict(zip(names, map(float, weights))), pd.Series(prices, names)
            greedy, left = DiscreteAllocation(w, p, total_portfolio_value=cash).greedy_portfolio()
            _, best = milp(weights * cash, prices)
            cases.append(
                {
                    "cash": cash,
                    "weights": list(map(float, weights)),
                    "prices": list(map(float, prices)),
                    "greedy": [int(greedy.get(s, 0)) for s in names] if n <= 10 else None,
                    "leftover": float(left),
                    "best_cost": best,
                }
            )
    return cases


# ---- sizes ----------------------------------------------------------------------------------------


def growth_root(x):
    slope = lambda f: np.sum(x / (1 + f * x))  # noqa: E731
    inside = 1 - 1e-12
    return so.brentq(slope, -inside / x.max(), -inside / x.min(), xtol=1e-15, rtol=1e-15, maxiter=1000)


def jones(profit, delta, start):
    """Contracts by walking the levels."""
    contracts = start
    while profit >= contracts * delta:
        profit -= contracts * delta
        contracts += 1
    while profit < 0 and contracts > 1:
        contracts -= 1
        profit += contracts * delta
    return contracts


def sizes():
    rng = np.random.default_rng(3)
    kelly, vince, ratio = [], [], []
    for n in (5, 30, 250):
        for drift in (0.02, 0.0, -0.01):
            r = np.round(rng.normal(drift, 0.1, n).clip(-0.6, 0.8), 8)
            for rf in (0.0, 0.001):
                scaled = (r - rf) / (1 + rf)
                kelly.append(
                    {
                        "returns": r.tolist(),
                        "risk_free": rf,
                        "growth": float(growth_root(scaled)),
                        "moments": float((r.mean() - rf) / r.var(ddof=1)),
                    }
                )
            trades = np.round(r * 10_000, 2)
            worst = -trades.min()
            x = trades / worst
            f = max(float(growth_root(x)), 0.0)
            vince.append(
                {
                    "trades": trades.tolist(),
                    "f": f,
                    "geometric_mean": float(np.exp(np.mean(np.log1p(f * x)))),
                    "per_unit": float(worst / f) if f > 0 else None,
                }
            )
    for start in (1, 3, 10):
        for profit in range(-200_000, 400_001, 3_700):
            ratio.append({"profit": profit, "start": start, "contracts": jones(profit, 5000, start)})
    return {"kelly": kelly, "optimal_f": vince, "fixed_ratio": ratio}


PROGRAMS = ["pyportfolioopt", "skfolio", "riskfolio-lib", "scipy", "scikit-learn", "cvxpy", "numpy", "pandas"]


def write(name, key, rows):
    programs = json.dumps({n: version(n) for n in PROGRAMS})
    lines = ",\n".join(json.dumps(row) for row in rows)
    (OUT / name).write_text(
        f'{{"programs": {programs},\n"command": "python tests/golden/portfolio.py",\n"{key}": [\n{lines}\n]}}\n'
    )


def main():
    OUT.mkdir(exist_ok=True)
    with open(OUT / "returns.csv", "w") as f:
        f.write("# python tests/golden/portfolio.py\nuniverse,row,symbol,ret\n")
        for universe, returns in UNIVERSES.items():
            for row, values in returns.iterrows():
                f.writelines(f"{universe},{row},{s},{v:.8f}\n" for s, v in values.items())
    for part in (simple, parity, hierarchical, quadratic, ratios, constrained, expectations, bayesian, tails):
        part()
    write("weights.json", "cases", CASES)
    write("rolling.json", "cases", turnovers())
    write("discrete.json", "cases", discrete())
    found = sizes()
    rows = [{"function": k} | row for k, rows in found.items() for row in rows]
    write("sizing.json", "cases", rows)
    print(f"{len(CASES)} portfolios, {len(rows)} sizes")


if __name__ == "__main__":
    main()
