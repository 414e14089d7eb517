//! The last returns against those of a benchmark in the same rows.

use super::{FAMILY, HALF_A_YEAR};
use crate::params::{annualization, benchmark, period, ret, risk_free, spec, told, value};
use crate::window::{Columns, RAW, RAW_PAIR, deviation, mean, over_windows, ratio};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, QlError, Stability};
use std::borrow::Cow;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rolling_alpha(),
        rolling_treynor(),
        rolling_m2(),
        rolling_information_ratio(),
        rolling_tracking_error(),
    ]
}

/// Returns in excess of the benchmark's.
const ACTIVE: Columns<1> = Columns {
    lag: RAW.lag,
    derive: |inputs| match inputs {
        [ret, benchmark, ..] => {
            let active = ret.iter().zip(*benchmark).map(|(r, b)| r - b);
            Some([Cow::Owned(active.collect())])
        }
        _ => None,
    },
};

fn described(name: &str, summary: &str, options: Vec<ParamSpec>, source: &str) -> FunctionSpec {
    let params = vec![ret(), benchmark(), period(2, HALF_A_YEAR), annualization()];
    let spec = spec(name, FAMILY, summary, [params, options].concat(), value());
    told(spec, "period - 1", Stability::Exact, source)
}

fn year(args: &Args) -> Result<f64, QlError> {
    args.number("annualization")
}

fn year_and_risk_free(args: &Args) -> Result<(f64, f64), QlError> {
    Ok((year(args)?, args.number("risk_free")?))
}

/// Slope of the returns on the benchmark's; NaN where the benchmark does not move.
fn beta(returns: &[f64], benchmark: &[f64]) -> f64 {
    let (mean_r, mean_b) = (mean(returns), mean(benchmark));
    let pairs = returns.iter().zip(benchmark);
    let together: f64 = pairs.map(|(r, b)| (r - mean_r) * (b - mean_b)).sum();
    let alone: f64 = benchmark.iter().map(|b| (b - mean_b).powi(2)).sum();
    ratio(together, alone)
}

fn rolling_alpha() -> Function {
    let spec = described(
        "rolling_alpha",
        "Jensen's alpha of the last `period` returns: mean excess return that the beta to the benchmark does not explain, times the periods in a year, as a fraction; NULL where the benchmark does not move",
        vec![risk_free()],
        "annualization * (mean(ret) - risk_free - beta * (mean(benchmark) - risk_free)), beta = cov / var; Jensen, Journal of Finance 23, 1968",
    );
    over_windows(
        spec,
        RAW_PAIR,
        year_and_risk_free,
        |[r, b], (year, risk_free)| {
            let explained = beta(r, b) * (mean(b) - risk_free);
            [(mean(r) - risk_free - explained) * year]
        },
    )
}

fn rolling_treynor() -> Function {
    let spec = described(
        "rolling_treynor",
        "Treynor ratio of the last `period` returns: mean excess return times the periods in a year, divided by the beta to the benchmark, as a fraction; NULL where the benchmark does not move or beta is 0",
        vec![risk_free()],
        "annualization * (mean(ret) - risk_free) / beta, beta = cov / var; Treynor, Harvard Business Review 43, 1965",
    );
    over_windows(
        spec,
        RAW_PAIR,
        year_and_risk_free,
        |[r, b], (year, risk_free)| [ratio((mean(r) - risk_free) * year, beta(r, b))],
    )
}

fn rolling_m2() -> Function {
    let spec = described(
        "rolling_m2",
        "Modigliani's M2 of the last `period` returns: the mean return at the benchmark's volatility, times the periods in a year, as a fraction; NULL without dispersion",
        vec![risk_free()],
        "annualization * (risk_free + (mean(ret) - risk_free) / std(ret) * std(benchmark)); Modigliani and Modigliani, Journal of Portfolio Management 23, 1997; wickra-core takes a constant for std(benchmark)",
    );
    over_windows(
        spec,
        RAW_PAIR,
        year_and_risk_free,
        |[r, b], (year, risk_free)| {
            let sharpe = ratio(mean(r) - risk_free, deviation(r, 1));
            [(risk_free + sharpe * deviation(b, 1)) * year]
        },
    )
}

fn rolling_information_ratio() -> Function {
    let spec = described(
        "rolling_information_ratio",
        "Information ratio of the last `period` returns: mean return above the benchmark's divided by its sample standard deviation, times the root of the periods in a year; NULL where the difference does not vary",
        vec![],
        "mean(ret - benchmark) / std(ret - benchmark) * sqrt(annualization), std with n - 1; Goodwin, Financial Analysts Journal 54, 1998",
    );
    over_windows(spec, ACTIVE, year, |[active], year| {
        [ratio(mean(active), deviation(active, 1)) * year.sqrt()]
    })
}

fn rolling_tracking_error() -> Function {
    let spec = described(
        "rolling_tracking_error",
        "Tracking error of the last `period` returns: sample standard deviation of the difference to the benchmark's, times the root of the periods in a year, as a fraction",
        vec![],
        "std(ret - benchmark) * sqrt(annualization), std with n - 1; Grinold and Kahn, Active Portfolio Management",
    );
    over_windows(spec, ACTIVE, year, |[active], year| {
        [deviation(active, 1) * year.sqrt()]
    })
}
