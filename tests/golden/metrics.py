"""Writes tests/golden/metrics/: returns and trades, and what other programs make of them.

Programs: empyrical-reloaded 0.5.9, quantstats 0.0.86, ffn 1.4.1, skfolio 1.12.2, backtesting.py
0.6.6, scipy 1.17.1, and LEAN's definitions, written down in `lean_values` and `trade_values` from
what Common/Statistics of LEAN says. Run from the root of the repository:

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 scipy==1.17.1 quantstats==0.0.86 \
        ffn==1.4.1 skfolio==1.12.2 backtesting==0.6.6
    pip install --no-deps empyrical-reloaded==0.5.9
    pip install pandas-datareader==0.11.1 peewee==4.5.3 bottleneck==1.6.0
    python tests/golden/metrics.py

* returns.csv: daily returns of AAPL, IBM and MSFT (adjusted closes of data/us5_daily.parquet,
  rounded to 8 decimals), their mean as the benchmark, and AAPL with every fifth return set to 0.
* expected.json: one case per call: series, first and last row (Python slice), metric, named
  arguments, program, value. null stands for what the program cannot tell.
* trades.csv, trades.json: random trades and their statistics.
* drawdowns.csv, calendar.csv: drawdown_details of quantstats and ffn, aggregate_returns of
  empyrical.
* The table in docs/metrics.md between `agreement` and `end`.

The first row of a slice is the start: its return is not part of the case, its time is.
"""

import json
import math
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

# empyrical 0.5.9 uses a name that numpy 2 no longer has.
np.NINF = -np.inf
import empyrical as e  # noqa: E402
import ffn  # noqa: E402
import quantstats.stats as qs  # noqa: E402
import skfolio.measures as sk  # noqa: E402
from backtesting._stats import compute_stats  # noqa: E402
from scipy import stats  # noqa: E402

warnings.filterwarnings("ignore")

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "metrics"
SYMBOLS = ["AAPL", "IBM", "MSFT"]
RF = 0.03


def load_returns():
    bars = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    closes = bars.pivot(index="ts", columns="symbol", values="adj_close")[SYMBOLS]
    closes.index = pd.to_datetime(closes.index)
    table = closes.pct_change().dropna().round(8)
    table["BENCH"] = table.mean(axis=1).round(8)
    table["FLAT"] = table["AAPL"].where(np.arange(len(table)) % 5 != 0, 0.0)
    return table


def empyrical_values(r, b, prices):
    """Metric, named arguments and value; the arguments are those of the SQL function."""
    for periods, rf in [(252, 0.0), (52, 0.0001)]:
        args = {"periods": periods}
        yield "sharpe", args | {"risk_free": rf}, e.sharpe_ratio(r, rf, annualization=periods)
        yield "sortino", args | {"required": rf}, e.sortino_ratio(r, rf, annualization=periods)
        yield "downside_risk", args | {"required": rf}, e.downside_risk(r, rf, annualization=periods)
        yield "capm_alpha", args | {"risk_free": rf}, e.alpha(r, b, rf, annualization=periods)
        yield "volatility", args, e.annual_volatility(r, annualization=periods)
        yield "annual_return", args, e.annual_return(r, annualization=periods)
        yield "calmar", args, e.calmar_ratio(r, annualization=periods)
        yield "omega", args | {"required": 0.02, "rate_basis": "annual"}, e.omega_ratio(r, 0.0, 0.02, periods)
    yield "omega", {}, e.omega_ratio(r)
    yield "omega", {"required": 0.001, "risk_free": 0.0002}, e.omega_ratio(r, 0.0002, 0.001, 1)
    yield "total_return", {}, e.cum_returns_final(r)
    yield "max_drawdown", {}, e.max_drawdown(r)
    yield "tail_ratio", {}, e.tail_ratio(r)
    yield "stability", {}, e.stability_of_timeseries(r)
    yield "capm_beta", {}, e.beta(r, b)
    for market, function in [("up", e.up_alpha_beta), ("down", e.down_alpha_beta)]:
        alpha, beta = function(r, b)
        yield "capm_alpha", {"market": market}, alpha
        yield "capm_beta", {"market": market}, beta
    yield "capture_ratio", {}, e.capture(r, b)
    yield "up_capture", {}, e.up_capture(r, b)
    yield "down_capture", {}, e.down_capture(r, b)
    yield "up_down_capture", {}, e.up_down_capture(r, b)
    batting = e.batting_average(r, b)
    for market, value in zip(["all", "up", "down"], batting):
        yield "batting_average", {"market": market}, value
    yield "information_ratio", {"periods": 1}, e.excess_sharpe(r, b)
    yield "beta_fragility", {}, e.beta_fragility_heuristic(r, b)
    for level in (0.95, 0.99):
        yield "var_historical", {"level": level}, e.value_at_risk(r, 1 - level)
        yield "cvar_historical", {"level": level}, e.conditional_value_at_risk(r, 1 - level)


def quantstats_values(r, b, prices):
    yield "sharpe", {"risk_free": RF, "rate_basis": "annual"}, qs.sharpe(r, RF)
    yield "sharpe", {"periods": 1}, qs.risk_return_ratio(r)
    yield "smart_sharpe", {}, qs.smart_sharpe(r)
    yield "sortino", {"required": RF, "rate_basis": "annual"}, qs.sortino(r, RF)
    yield "smart_sortino", {}, qs.smart_sortino(r)
    yield "adjusted_sortino", {}, qs.adjusted_sortino(r)
    yield "autocorrelation_penalty", {}, qs.autocorr_penalty(r)
    yield "volatility", {}, qs.volatility(r)
    yield "omega", {"required": 0.02, "rate_basis": "annual", "risk_free": RF}, qs.omega(r, RF, 0.02)
    yield "gain_to_pain", {}, qs.gain_to_pain_ratio(r)
    yield "total_return", {}, qs.comp(r)
    yield "annual_return", {}, qs.cagr(r)
    yield "annual_return", {"compounded": False}, qs.cagr(r, compounded=False)
    yield "geometric_mean_return", {}, qs.ghpr(r)
    yield "exposure", {"round_up": True}, qs.exposure(r)
    yield "risk_adjusted_return", {"round_up": True}, qs.rar(r)
    rar = {"round_up": True, "risk_free": RF, "rate_basis": "annual"}
    yield "risk_adjusted_return", rar, qs.rar(r, RF)
    for name, function in [
        ("win_rate", qs.win_rate),
        ("avg_return", qs.avg_return),
        ("avg_loss", qs.avg_loss),
        ("payoff_ratio", qs.payoff_ratio),
        ("cpc_index", qs.cpc_index),
        ("kelly_criterion", qs.kelly_criterion),
        ("risk_of_ruin", qs.risk_of_ruin),
        ("consecutive_losses", qs.consecutive_losses),
    ]:
        yield name, {"flat": "excluded"}, function(r)
    for name, function in [
        ("avg_win", qs.avg_win),
        ("best_return", qs.best),
        ("worst_return", qs.worst),
        ("profit_factor", qs.profit_factor),
        ("profit_ratio", qs.profit_ratio),
        ("common_sense_ratio", qs.common_sense_ratio),
        ("outlier_win_ratio", qs.outlier_win_ratio),
        ("outlier_loss_ratio", qs.outlier_loss_ratio),
        ("consecutive_wins", qs.consecutive_wins),
        ("tail_ratio", qs.tail_ratio),
        ("max_drawdown", qs.max_drawdown),
        ("calmar", qs.calmar),
        ("skewness", qs.skew),
        ("excess_kurtosis", qs.kurtosis),
        ("var_gaussian", qs.value_at_risk),
        ("cvar_gaussian", qs.conditional_value_at_risk),
    ]:
        yield name, {}, function(r)
    yield "tail_ratio", {"level": 0.9}, qs.tail_ratio(r, 0.9)
    yield "ulcer", {"ddof": 1}, qs.ulcer_index(r)
    yield "ulcer_performance_index", {"ddof": 1}, qs.upi(r)
    yield "ulcer_performance_index", {"ddof": 1, "risk_free": RF}, qs.upi(r, RF)
    yield "serenity_index", {"ddof": 1}, qs.serenity_index(r)
    yield "recovery_ratio", {"compounded": False}, math.copysign(qs.recovery_factor(r), r.sum())
    yield "capm_r_squared", {}, qs.r_squared(r, b)
    yield "information_ratio", {"periods": 1}, qs.information_ratio(r, b)
    greeks = qs.greeks(r, b)
    yield "capm_beta", {}, greeks["beta"]
    yield "capm_alpha", {"scaling": "arithmetic"}, greeks["alpha"]
    treynor = {"annualization": "total", "risk_free": RF}
    yield "treynor", treynor, qs.treynor_ratio(r, b, rf=RF)
    # The returns are of whole calendar months only in slices that start at the end of one.
    for name, every in [("month", "eom"), ("quarter", "eoq"), ("year", "eoy")]:
        yield f"best_{name}", {}, qs.best(r, every)
        yield f"worst_{name}", {}, qs.worst(r, every)
        yield f"{name}_win_rate", {}, qs.win_rate(r, every)
        yield f"expected_{name}ly_return", {}, qs.expected_return(r, every)
        yield f"best_{name}", {"compounded": False}, qs.best(r, every, compounded=False)


def ffn_values(r, b, prices):
    yield "sharpe", {"risk_free": RF, "rate_basis": "annual"}, ffn.calc_sharpe(r, RF, 252)
    yield "sortino", {"required": RF, "rate_basis": "annual"}, ffn.calc_sortino_ratio(r, RF, 252)
    yield "annual_return", {"years": "days_365_25"}, ffn.calc_cagr(prices)
    yield "calendar_cagr", {}, ffn.calc_cagr(prices)
    yield "max_drawdown", {}, ffn.calc_max_drawdown(prices)
    yield "calmar", {"years": "days_365_25"}, ffn.calc_calmar_ratio(prices)
    yield "ulcer", {"ddof": -1, "percent": True}, ffn.to_ulcer_index(prices)
    # Return in percent per ulcer index in percent.
    upi = {"ddof": -1, "annualization": "geometric", "years": "days_365_25"}
    yield "ulcer_performance_index", upi, ffn.to_ulcer_performance_index(prices)
    yield "information_ratio", {"periods": 1}, ffn.calc_information_ratio(r, b)
    details = ffn.core.drawdown_details(ffn.to_drawdown_series(prices))
    if details is not None:
        yield "avg_drawdown", {}, details["drawdown"].mean()
        yield "avg_drawdown_days", {}, details["Length"].mean()
        yield "max_drawdown_days", {}, details["Length"].max()
    found = ffn.PerformanceStats(prices, rf=0.0)
    yield "mtd_return", {}, found.mtd
    yield "ytd_return", {}, found.ytd
    for name in ["three_month", "six_month", "one_year", "three_year", "five_year", "ten_year"]:
        yield f"{name}_return", {}, getattr(found, name)
    yield "twelve_month_win_rate", {}, found.twelve_month_win_perc


def ffn_month_values(r, b, prices):
    """For slices whose first row ends a month: ffn leaves out what comes before."""
    found = ffn.PerformanceStats(prices, rf=0.0)
    yield "best_month", {}, found.best_month
    yield "worst_month", {}, found.worst_month
    yield "month_win_rate", {}, found.pos_month_perc
    yield "avg_up_month", {}, found.avg_up_month
    yield "avg_down_month", {}, found.avg_down_month


def skfolio_values(r, b, prices):
    r = r.to_numpy()
    for level in (0.95, 0.9):
        yield "var_historical", {"level": level, "rule": "order"}, -sk.value_at_risk(r, beta=level)
        yield "cvar_historical", {"level": level, "method": "exact"}, -sk.cvar(r, beta=level)
    semi = sk.semi_deviation(r, min_acceptable_return=0.0)
    yield "downside_risk", {"periods": 1, "downside": "sample"}, semi
    for compounded in (False, True):
        path = sk.get_drawdowns(r, compounded=compounded)
        yield "max_drawdown", {"compounded": compounded}, path.min()
        yield "ulcer", {"compounded": compounded}, sk.ulcer_index(path)


def backtesting_values(r, b, prices):
    """compute_stats over an equity without trades."""
    equity = 1e6 * prices.to_numpy() / prices.iloc[0]
    bars = pd.DataFrame({c: equity for c in ["Open", "High", "Low", "Close"]}, index=prices.index)
    found = compute_stats([], equity, bars, None, RF)
    rate = {"risk_free": RF, "rate_basis": "annual", "annualization": "geometric"}
    yield "volatility", {"scaling": "compounded"}, found["Volatility (Ann.) [%]"] / 100
    yield "sharpe", rate | {"scaling": "compounded"}, found["Sharpe Ratio"]
    yield "sortino", rate, found["Sortino Ratio"]
    yield "calmar", {}, found["Calmar Ratio"]
    yield "annual_return", {"years": "days_365_25"}, found["CAGR [%]"] / 100
    yield "max_drawdown", {}, found["Max. Drawdown [%]"] / 100


def lean_values(r, b, prices):
    """PortfolioStatistics of LEAN: annual figures compound the mean, downside is of losses."""
    n, days = 252, (prices.index[-1] - prices.index[0]).days
    annual, benchmark = (1 + r.mean()) ** n - 1, (1 + b.mean()) ** n - 1
    variance = r.var(ddof=1) * n
    downside = math.sqrt(r[r < 0].var(ddof=1) * n)
    beta = np.cov(r, b, ddof=1)[0, 1] / b.var(ddof=1)
    error = math.sqrt((r - b).var(ddof=1) * n)
    rate = {"risk_free": RF, "rate_basis": "annual"}
    compound = {"annualization": "compound_mean"}
    growth = prices.iloc[-1] / prices.iloc[0]
    annual_growth = growth ** (1 / (days / 365)) - 1
    yield "annual_return", {"years": "days_365"}, annual_growth
    yield "calendar_cagr", {"years": "days_365"}, annual_growth
    yield "annual_variance", {}, variance
    yield "sharpe", rate | compound, (annual - RF) / math.sqrt(variance)
    yield "sortino", rate | compound | {"downside": "losses_deviation"}, (annual - RF) / downside
    yield "capm_beta", {}, beta
    alpha = annual - (RF + beta * (benchmark - RF))
    yield "capm_alpha", rate | {"scaling": "compound_mean"}, alpha
    yield "tracking_error", {}, error
    yield "information_ratio", compound, (annual - benchmark) / error
    yield "treynor", rate | compound, (annual - RF) / beta
    yield "var_gaussian", {"level": 0.99}, stats.norm.ppf(0.01, r.mean(), r.std(ddof=1))
    yield "win_rate", {"flat": "lost"}, (r > 0).mean()
    yield "loss_rate", {"flat": "lost"}, (r <= 0).mean()
    win, loss = r[r > 0].mean(), r[r <= 0].mean()
    yield "avg_loss", {"flat": "lost"}, loss
    expected = (r > 0).mean() * win / abs(loss) - (r <= 0).mean()
    yield "expectancy_ratio", {"flat": "lost"}, expected
    yield "drawdown_recovery_days", {}, recovery_days(prices)


def recovery_days(prices):
    """Most days from a peak to the day that is back at it."""
    longest, high, since, below = math.nan, prices.iloc[0], prices.index[0], False
    for day, price in prices.items():
        # Prices are products of factors: the same height differs in its last digits.
        if price >= high * (1 - 1e-13):
            if below:
                longest = np.fmax(longest, (day - since).days)
            high, since, below = price, day, False
        else:
            below = True
    return longest


def numpy_values(r, b, prices):
    x = r.to_numpy()
    yield "sqn", {}, math.sqrt(len(x)) * x.mean() / x.std(ddof=1)
    losses = x[x < 0]
    yield "downside_risk", {"periods": 1, "downside": "losses"}, math.sqrt((losses**2).mean())
    wealth = np.cumprod(1 + x)
    yield "max_drawdown", {"base": "first_point"}, (wealth / np.maximum.accumulate(wealth) - 1).min()
    logs = np.exp(np.cumsum(x))
    peak = np.maximum(np.maximum.accumulate(logs), 1)
    yield "max_drawdown", {"method": "log"}, (logs / peak - 1).min()
    yield "total_return", {"method": "log"}, np.expm1(x.sum())
    below, length, longest = wealth / np.maximum(np.maximum.accumulate(wealth), 1) < 1 - 1e-13, 0, 0
    for under in below:
        length = length + 1 if under else 0
        longest = max(longest, length)
    yield "max_drawdown_duration", {}, longest
    fit = stats.linregress(np.arange(len(x)), np.cumsum(np.log1p(x)))
    yield "stability", {}, fit.rvalue**2
    line = stats.linregress(b, r)
    yield "capm_beta", {}, line.slope
    yield "treynor", {}, r.mean() * 252 / line.slope


PROGRAMS = [
    ("empyrical-reloaded", empyrical_values),
    ("quantstats", quantstats_values),
    ("ffn", ffn_values),
    ("skfolio", skfolio_values),
    ("backtesting", backtesting_values),
    ("LEAN's definitions", lean_values),
    ("numpy and scipy", numpy_values),
]


def slices(table):
    """First row (the start) and the row after the last one, with whether it starts at a month end."""
    n = len(table)
    months = table.index.to_period("M")
    ends = [i for i in range(n - 1) if months[i] != months[i + 1]]
    yield from [(0, n, False), (20, 83, False), (100, 121, False), (50, 62, False), (10, 32, False)]
    yield ends[2], ends[40] + 1, True
    yield ends[60], n, True


def cases(table):
    for symbol in [*SYMBOLS, "FLAT"]:
        for first, last, starts_at_month_end in slices(table):
            part = table.iloc[first:last]
            r, b = part[symbol].iloc[1:], part["BENCH"].iloc[1:]
            wealth = np.concatenate([[1.0], np.cumprod(1 + r.to_numpy())])
            prices = pd.Series(100 * wealth, index=part.index, name=symbol)
            programs = PROGRAMS + ([("ffn", ffn_month_values)] if starts_at_month_end else [])
            for program, values in programs:
                for metric, args, value in values(r, b, prices):
                    value = float(value)
                    yield {
                        "series": symbol,
                        "from": first,
                        "to": last,
                        "metric": metric,
                        "args": args,
                        "program": program,
                        "value": value if math.isfinite(value) else None,
                    }


def gpd_cases(table):
    for symbol in SYMBOLS:
        for probability in (0.01, 0.05):
            r = table[symbol].iloc[1:]
            found = e.gpd_risk_estimates_aligned(r.to_numpy(), probability)
            yield {"series": symbol, "probability": probability, "value": [float(v) for v in found]}


def random_trades(seed=7, n=60):
    rng = np.random.default_rng(seed)
    entry = pd.Timestamp("2024-01-02") + pd.to_timedelta(np.sort(rng.integers(0, 900, n)), unit="h")
    hours = rng.integers(1, 300, n)
    pnl = np.round(rng.normal(20, 300, n), 2)
    pnl[::13] = 0.0
    trades = pd.DataFrame(
        {
            "entry_ts": entry,
            "exit_ts": entry + pd.to_timedelta(hours, unit="h"),
            "pnl": pnl,
            "ret": np.round(pnl / 10_000, 8),
            "costs": np.round(rng.uniform(1, 5, n), 2),
            "bars": hours,
            "mae": np.round(np.minimum(pnl, 0) - rng.uniform(0, 100, n), 2),
            "mfe": np.round(np.maximum(pnl, 0) + rng.uniform(0, 100, n), 2),
        }
    )
    return trades.sort_values("exit_ts", kind="stable").reset_index(drop=True)


def trade_values(t, capital):
    """TradeStatistics and the trade part of PortfolioStatistics of LEAN; 0 is a loss."""
    won, lost = t[t.pnl > 0], t[t.pnl <= 0]
    days = (t.exit_ts - t.entry_ts) / pd.Timedelta(days=1)
    equity = np.concatenate([[0.0], t.pnl.cumsum()])
    peaks = np.maximum.accumulate(equity)
    closed = (equity - peaks).min()
    before = equity[:-1]
    best = np.maximum(0, np.maximum.accumulate(before + t.mfe.to_numpy()))
    fractions = t.pnl / (capital + before)
    win, loss = fractions[t.pnl > 0].mean(), fractions[t.pnl <= 0].mean()
    payoff = win / abs(loss)
    return {
        "n_trades": len(t),
        "n_winning_trades": len(won),
        "n_losing_trades": len(lost),
        "total_pnl": t.pnl.sum(),
        "gross_profit": won.pnl.sum(),
        "gross_loss": lost.pnl.sum(),
        "total_costs": t.costs.sum(),
        "win_rate": len(won) / len(t),
        "loss_rate": len(lost) / len(t),
        "expectancy": t.pnl.mean(),
        "expectancy_on_capital": len(won) / len(t) * payoff - len(lost) / len(t),
        "avg_win": won.pnl.mean(),
        "avg_loss": lost.pnl.mean(),
        "avg_win_on_capital": win,
        "avg_loss_on_capital": loss,
        "payoff_on_capital": payoff,
        "largest_win": won.pnl.max(),
        "largest_loss": lost.pnl.min(),
        "payoff_ratio": won.pnl.mean() / abs(lost.pnl.mean()),
        "win_loss_ratio": len(won) / len(lost),
        "profit_factor": won.pnl.sum() / abs(lost.pnl.sum()),
        "pnl_deviation": t.pnl.std(ddof=1),
        "pnl_downside_deviation": lost.pnl.std(ddof=1),
        "trade_sharpe": t.pnl.mean() / t.pnl.std(ddof=1),
        "trade_sortino": t.pnl.mean() / lost.pnl.std(ddof=1),
        "sqn": math.sqrt(len(t)) * t.pnl.mean() / t.pnl.std(ddof=1),
        "consecutive_wins": longest_run(t.pnl > 0),
        "consecutive_losses": longest_run(t.pnl <= 0),
        "avg_trade_return": t.ret.mean(),
        "geometric_trade_return": stats.gmean(1 + t.ret) - 1,
        "best_trade": t.ret.max(),
        "worst_trade": t.ret.min(),
        "avg_win_return": t.ret[t.ret > 0].mean(),
        "avg_trade_bars": t.bars.mean(),
        "avg_win_bars": won.bars.mean(),
        "avg_loss_bars": lost.bars.mean(),
        "avg_trade_days": days.mean(),
        "avg_win_days": days[t.pnl > 0].mean(),
        "avg_loss_days": days[t.pnl <= 0].mean(),
        "median_trade_days": days.median(),
        "max_trade_days": days.max(),
        "avg_mae": t.mae.mean(),
        "avg_mfe": t.mfe.mean(),
        "largest_mae": t.mae.min(),
        "largest_mfe": t.mfe.max(),
        "avg_giveback": t.pnl.mean() - t.mfe.mean(),
        "max_closed_trade_drawdown": closed,
        "max_intra_trade_drawdown": min(0, (before + t.mae.to_numpy() - best).min()),
        "profit_to_max_drawdown": t.pnl.sum() / abs(closed),
        "max_trade_drawdown_days": peak_days(t),
    }


def longest_run(flags):
    return max(len(run) for run in "".join("x" if f else " " for f in flags).split(" "))


def peak_days(t):
    """Most days between new highs of the summed profits with a losing trade between them."""
    highs = [(0.0, t.entry_ts.iloc[0])]
    longest, lost, total = 0.0, False, 0.0
    for row in t.itertuples():
        total += row.pnl
        lost = lost or row.pnl <= 0
        if row.pnl > 0 and total > highs[-1][0]:
            if lost:
                longest = max(longest, (row.exit_ts - highs[-1][1]) / pd.Timedelta(days=1))
            highs.append((total, row.exit_ts))
            lost = False
    return longest


def write_trades():
    trades = random_trades()
    shown = trades.copy()
    for column in ("entry_ts", "exit_ts"):
        shown[column] = shown[column].astype("datetime64[ns]").astype("int64")
    shown.to_csv(OUT / "trades.csv", index=False)
    capital = 10_000
    found = {k: float(v) for k, v in trade_values(trades, capital).items()}
    (OUT / "trades.json").write_text(json.dumps({"capital": capital, "flat": "lost", "value": found}, indent=1) + "\n")


def write_tables(table):
    """drawdown_details as rows, and returns by calendar."""
    part = table["IBM"].iloc[20:1500]
    r = part.iloc[1:]
    details = qs.drawdown_details(qs.to_drawdown_series(r))
    wealth = pd.Series(np.concatenate([[1.0], np.cumprod(1 + r.to_numpy())]), index=part.index)
    ends = ffn.core.drawdown_details(ffn.to_drawdown_series(wealth))
    details["recovery"] = [str(d.date()) for d in ends["End"]]
    details.to_csv(OUT / "drawdowns.csv", index=False, float_format="%.17g")
    rows = []
    for every in ("monthly", "quarterly", "yearly"):
        rows += [f"{every},{v:.17g}\n" for v in e.aggregate_returns(r, every)]
    (OUT / "calendar.csv").write_text("every,ret\n" + "".join(rows))


def agreement(found):
    """For docs/metrics.md: each metric, its arguments, and the programs whose value it is."""
    lines = {}
    for case in found:
        args = ", ".join(f"{k} => {json.dumps(v)}".replace('"', "'") for k, v in case["args"].items())
        programs = lines.setdefault((case["metric"], args), {})
        programs.setdefault(case["program"], True)
    rows = sorted(lines.items())
    return "".join(f"| `{m}` | {f'`{a}`' if a else ''} | {', '.join(p)} |\n" for (m, a), p in rows)


def write_agreement(found):
    page = ROOT / "docs" / "metrics.md"
    head, _, rest = page.read_text().partition("<!-- agreement -->\n")
    _, _, tail = rest.partition("<!-- end -->\n")
    table = "| metric | arguments | agrees with |\n|---|---|---|\n" + agreement(found)
    page.write_text(f"{head}<!-- agreement -->\n{table}<!-- end -->\n{tail}")


def main():
    OUT.mkdir(exist_ok=True)
    table = load_returns()
    shown = table.copy()
    shown.insert(0, "ts", shown.index.astype("datetime64[ns]").astype("int64"))
    shown.to_csv(OUT / "returns.csv", index=False, float_format="%.8f")
    found = list(cases(table))
    lines = ",\n".join(json.dumps(c) for c in found)
    gpd = ",\n".join(json.dumps(c) for c in gpd_cases(table))
    names = ["empyrical-reloaded", "quantstats", "ffn", "skfolio", "backtesting", "scipy", "numpy", "pandas"]
    programs = json.dumps({n: version(n) for n in names})
    (OUT / "expected.json").write_text(
        f'{{"programs": {programs},\n"command": "python tests/golden/metrics.py",\n'
        f'"gpd": [\n{gpd}\n],\n"cases": [\n{lines}\n]}}\n'
    )
    write_agreement(found)
    write_trades()
    write_tables(table)
    print(f"{len(table)} rows, {len(found)} cases")


if __name__ == "__main__":
    main()
