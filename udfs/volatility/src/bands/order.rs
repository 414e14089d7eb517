//! Bands from order statistics, which single spikes do not move.

use super::FAMILY;
use crate::params::{band, multiplier, period, price, spec, told};
use quantlake_core::{Args, Function, Output, ParamSpec, Stability};
use quantlake_indicators::machine::wickra_core::{BomarBands, MedianChannel, QuartileBands};
use quantlake_indicators::machine::{fields, number, over_values};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![quartile_bands(), median_channel(), bomar_bands()]
}

fn described(
    name: &str,
    summary: &str,
    options: Vec<ParamSpec>,
    output: Output,
    source: &str,
) -> quantlake_core::FunctionSpec {
    let params = [vec![price()], options].concat();
    let spec = spec(name, FAMILY, summary, params, output);
    told(spec, "period - 1", Stability::Exact, source)
}

fn quartile_bands() -> Function {
    let spec = described(
        "quartile_bands",
        "Quartile bands: first quartile, median and third quartile of the last `period` rows, in units of x",
        vec![period(1, 20)],
        band("third quartile", "median", "first quartile"),
        "quantiles linear between neighbours (R's type 7, numpy's default)",
    );
    over_values(
        spec,
        |a| Ok(QuartileBands::new(a.count("period")?)),
        |o, out| fields([o.upper, o.middle, o.lower], out),
    )
}

fn median_channel() -> Function {
    let spec = described(
        "median_channel",
        "Median channel: the median of the last `period` rows with lines some median absolute deviations above and below it, in units of x",
        vec![
            period(1, 20),
            multiplier(
                2.0,
                "median absolute deviations between the middle and a line",
            ),
        ],
        band(
            "median plus `multiplier` median absolute deviations",
            "median of the last `period` rows",
            "median minus `multiplier` median absolute deviations",
        ),
        "median(x) +- multiplier * median(|x - median(x)|), without the factor 1.4826 of a normal distribution; Hampel, Journal of the American Statistical Association 69, 1974",
    );
    let make = |a: &Args| {
        Ok(MedianChannel::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_values(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

fn bomar_bands() -> Function {
    let spec = described(
        "bomar_bands",
        "Bomar bands: a simple average with lines at the percentage that encloses a share of the last `period` rows, in units of x",
        vec![
            period(1, 21),
            number(
                "coverage",
                0.85,
                0.01,
                1.0,
                "share of the rows between the lines",
            ),
        ],
        band(
            "average plus the percentage",
            "simple average of the last `period` rows",
            "average minus the percentage",
        ),
        "m = sma(x), m +- |m| * quantile(|x / m - 1|, coverage), quantile linear between neighbours; after Bomar in Bollinger on Bollinger Bands, 2001, who used the last 250 days and 85 %",
    );
    let make = |a: &Args| Ok(BomarBands::new(a.count("period")?, a.number("coverage")?));
    over_values(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}
