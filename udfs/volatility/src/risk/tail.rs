//! The worst and the best of the last returns.

use super::of_returns;
use super::trades::Tally;
use crate::params::{level, value};
use crate::window::{RAW, mean, over_windows, quantile, ratio, sorted};
use quantlake_core::{Args, Function, QlError};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rolling_value_at_risk(),
        rolling_expected_shortfall(),
        rolling_tail_ratio(),
        rolling_common_sense_ratio(),
    ]
}

/// The share of the worst returns for a confidence level, rounded to twelve decimals because
/// `1 - 0.9` is a little less than 0.1 in binary.
fn tail_share(args: &Args) -> Result<f64, QlError> {
    const DECIMALS: f64 = 1e12;
    Ok(((1.0 - args.number("level")?) * DECIMALS).round() / DECIMALS)
}

fn rolling_value_at_risk() -> Function {
    let spec = of_returns(
        "rolling_value_at_risk",
        "Historical value at risk of the last `period` returns: their (1 - level) quantile, linear between neighbours, as a fraction per period; a loss is negative",
        1,
        vec![level()],
        value(),
        "numpy.percentile(ret, 100 * (1 - level)), as `var_historical`; wickra-core turns the sign and cuts at 0",
    );
    over_windows(spec, RAW, tail_share, |[r], share| {
        [quantile(&sorted(r), *share)]
    })
}

/// Mean of the worst returns, as many as empyrical takes: those up to the position of the quantile.
fn expected_shortfall(returns: &[f64], share: f64) -> f64 {
    let ascending = sorted(returns);
    let last = (ascending.len().saturating_sub(1) as f64 * share) as usize;
    ascending.get(..=last).map_or(f64::NAN, mean)
}

fn rolling_expected_shortfall() -> Function {
    let spec = of_returns(
        "rolling_expected_shortfall",
        "Expected shortfall (conditional value at risk) of the last `period` returns: the mean of the worst (1 - level) share of them, whole observations, as a fraction per period; a loss is negative",
        1,
        vec![level()],
        value(),
        "mean of the floor((period - 1) * (1 - level)) + 1 worst, as conditional_value_at_risk of empyrical and `cvar_historical`; wickra-core takes floor(period * (1 - level)) and turns the sign",
    );
    over_windows(spec, RAW, tail_share, |[r], share| {
        [expected_shortfall(r, *share)]
    })
}

fn tail_ratio(returns: &[f64]) -> f64 {
    let ascending = sorted(returns);
    ratio(
        quantile(&ascending, 0.95).abs(),
        quantile(&ascending, 0.05).abs(),
    )
}

fn rolling_tail_ratio() -> Function {
    let spec = of_returns(
        "rolling_tail_ratio",
        "Tail ratio of the last `period` returns: size of their 95 % quantile divided by the size of their 5 % quantile; a plain quotient, NULL where the latter is 0",
        2,
        vec![],
        value(),
        "abs(quantile(ret, 0.95)) / abs(quantile(ret, 0.05)), linear between neighbours, as tail_ratio of empyrical",
    );
    over_windows(spec, RAW, |_| Ok(()), |[r], ()| [tail_ratio(r)])
}

fn rolling_common_sense_ratio() -> Function {
    let spec = of_returns(
        "rolling_common_sense_ratio",
        "Common sense ratio of the last `period` returns: profit factor times tail ratio; a plain number, NULL without a loss",
        2,
        vec![],
        value(),
        "rolling_profit_factor * rolling_tail_ratio, as common_sense_ratio of quantstats; after Kaufman",
    );
    over_windows(
        spec,
        RAW,
        |_| Ok(()),
        |[r], ()| [Tally::of(r).profit_factor() * tail_ratio(r)],
    )
}
