//! Estimators of volatility over a window: from closes, and from open, high, low and close.

use super::FAMILY;
use crate::params::{annualization, bar, period, price, spec, told, value};
use crate::window::{Columns, Derived, LOG_RETURNS, deviation, log_ratio, mean, over_windows};
use quantlake_core::{
    Args, Function, FunctionSpec, ParamKind, ParamSpec, ParamValue, QlError, Stability,
};
use std::borrow::Cow;
use std::f64::consts::LN_2;

/// Weight of the squared move from open to close in Garman's and Klass's estimator.
const OPEN_CLOSE_WEIGHT: f64 = 2.0 * LN_2 - 1.0;

/// The estimators, the simplest first.
pub fn functions() -> Vec<Function> {
    vec![
        historical(),
        parkinson(),
        garman_klass(),
        garman_klass_yang_zhang(),
        yang_zhang(),
    ]
}

fn described(
    name: &str,
    summary: &str,
    series: Vec<ParamSpec>,
    options: Vec<ParamSpec>,
    lookback: &str,
    source: &str,
) -> FunctionSpec {
    let params = [series, options].concat();
    let spec = spec(name, FAMILY, summary, params, value());
    told(spec, lookback, Stability::Exact, source)
}

fn year(args: &Args) -> Result<f64, QlError> {
    args.number("annualization")
}

fn historical() -> Function {
    let ddof = ParamSpec::optional(
        "ddof",
        ParamKind::Integer { min: 0, max: 1 },
        ParamValue::Integer(1),
        "1 divides the squared deviations by n - 1 (sample), 0 by n (population)",
    );
    let spec = described(
        "historical_volatility",
        "Historical volatility: standard deviation of the last `period` logarithmic returns times the root of the periods in a year, as a fraction",
        vec![price()],
        vec![period(2, 20), annualization(), ddof],
        "period",
        "std(ln(x[t] / x[t-1])) * sqrt(annualization); Hull, Options, Futures and Other Derivatives, on estimating volatility from historical data",
    );
    let params = |args: &Args| Ok((year(args)?, args.count("ddof")?));
    over_windows(spec, LOG_RETURNS, params, |[r], (year, ddof)| {
        [deviation(r, *ddof) * year.sqrt()]
    })
}

/// A bar whose prices are positive and in order.
fn is_bar(open: f64, high: f64, low: f64, close: f64) -> bool {
    low > 0.0 && low <= open.min(close) && high >= open.max(close)
}

fn root_of_mean(samples: &[f64], year: f64) -> f64 {
    (mean(samples) * year).sqrt()
}

fn parkinson() -> Function {
    let spec = described(
        "parkinson_volatility",
        "Parkinson's volatility from the ranges of the last `period` bars, as a fraction per year; about five times as efficient as closes, blind to gaps",
        bar(&["high", "low"]),
        vec![period(1, 20), annualization()],
        "period - 1",
        "sqrt(annualization * mean(ln(high / low)^2) / (4 ln 2)); Parkinson, Journal of Business 53, 1980",
    );
    const RANGES: Columns<1> = Columns {
        lag: 0,
        derive: |inputs| match inputs {
            [high, low, ..] => {
                let bars = high.iter().zip(*low);
                Some([bars.map(|(h, l)| parkinson_sample(*h, *l)).collect()])
            }
            _ => None,
        },
    };
    over_windows(spec, RANGES, year, |[s], year| [root_of_mean(s, *year)])
}

fn parkinson_sample(high: f64, low: f64) -> f64 {
    if high >= low {
        log_ratio(high, low).powi(2) / (4.0 * LN_2)
    } else {
        f64::NAN
    }
}

/// The four prices of each row and the close before it, NaN in the first row.
fn bars<'a>(inputs: &'a [&[f64]]) -> Option<impl Iterator<Item = [f64; 5]> + 'a> {
    let [open, high, low, close] = inputs else {
        return None;
    };
    let before = std::iter::once(&f64::NAN).chain(close.iter());
    let rows = open.iter().zip(*high).zip(*low).zip(*close).zip(before);
    Some(rows.map(|((((o, h), l), c), b)| [*o, *h, *l, *c, *b]))
}

fn garman_klass_sample(open: f64, high: f64, low: f64, close: f64) -> f64 {
    if !is_bar(open, high, low, close) {
        return f64::NAN;
    }
    0.5 * log_ratio(high, low).powi(2) - OPEN_CLOSE_WEIGHT * log_ratio(close, open).powi(2)
}

fn garman_klass() -> Function {
    let spec = described(
        "garman_klass_volatility",
        "Garman's and Klass's volatility from the last `period` bars, as a fraction per year; about seven times as efficient as closes, blind to gaps",
        bar(&["open", "high", "low", "close"]),
        vec![period(1, 20), annualization()],
        "period - 1",
        "sqrt(annualization * mean(ln(high / low)^2 / 2 - (2 ln 2 - 1) * ln(close / open)^2)); Garman and Klass, Journal of Business 53, 1980",
    );
    const SAMPLES: Columns<1> = Columns {
        lag: 0,
        derive: |inputs| {
            let samples = bars(inputs)?.map(|[o, h, l, c, _]| garman_klass_sample(o, h, l, c));
            Some([samples.collect()])
        },
    };
    over_windows(spec, SAMPLES, year, |[s], year| [root_of_mean(s, *year)])
}

fn garman_klass_yang_zhang() -> Function {
    let spec = described(
        "garman_klass_yang_zhang_volatility",
        "Garman's and Klass's volatility with Yang's and Zhang's term for the gap at the open, over the last `period` bars, as a fraction per year",
        bar(&["open", "high", "low", "close"]),
        vec![period(1, 20), annualization()],
        "period",
        "sqrt(annualization * mean(ln(open / close[t-1])^2 + ln(high / low)^2 / 2 - (2 ln 2 - 1) * ln(close / open)^2)); GKYZ in Sinclair, Volatility Trading, and in the R package TTR",
    );
    const SAMPLES: Columns<1> = Columns {
        lag: 1,
        derive: |inputs| {
            let sample = |[o, h, l, c, before]: [f64; 5]| {
                log_ratio(o, before).powi(2) + garman_klass_sample(o, h, l, c)
            };
            Some([bars(inputs)?.map(sample).collect()])
        },
    };
    over_windows(spec, SAMPLES, year, |[s], year| [root_of_mean(s, *year)])
}

/// Returns over night, returns from open to close, and Rogers's and Satchell's samples.
fn yang_zhang_columns<'a>(inputs: &[&'a [f64]]) -> Option<Derived<'a, 3>> {
    let mut columns: [Vec<f64>; 3] = Default::default();
    for [open, high, low, close, before] in bars(inputs)? {
        let [overnight, day, range] = &mut columns;
        let drift_free = if is_bar(open, high, low, close) {
            log_ratio(high, close) * log_ratio(high, open)
                + log_ratio(low, close) * log_ratio(low, open)
        } else {
            f64::NAN
        };
        overnight.push(log_ratio(open, before));
        day.push(log_ratio(close, open));
        range.push(drift_free);
    }
    Some(columns.map(Cow::Owned))
}

fn yang_zhang() -> Function {
    let spec = described(
        "yang_zhang_volatility",
        "Yang's and Zhang's volatility from the last `period` bars, as a fraction per year: the estimator of least variance that neither gaps nor drift bias",
        bar(&["open", "high", "low", "close"]),
        vec![period(2, 20), annualization()],
        "period",
        "sqrt(annualization * (var(overnight) + k var(open to close) + (1 - k) rogers_satchell)), k = 0.34 / (1.34 + (n + 1) / (n - 1)), variances with n - 1; Yang and Zhang, Journal of Business 73, 2000",
    );
    const SAMPLES: Columns<3> = Columns {
        lag: 1,
        derive: yang_zhang_columns,
    };
    over_windows(spec, SAMPLES, year, |[overnight, day, range], year| {
        let n = range.len() as f64;
        let k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
        let variance = deviation(overnight, 1).powi(2)
            + k * deviation(day, 1).powi(2)
            + (1.0 - k) * mean(range);
        [(variance * year).sqrt()]
    })
}
