//! Bands around an average, as wide as a percentage, a deviation or a range.

use super::FAMILY;
use crate::params::{
    atr_period, band, bar, multiplier, period, positive, price, record, spec, told,
};
use quantlake_core::{Args, Function, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::wickra_core::{
    AtrBands, DoubleBollinger, Error, HurstChannel, Keltner, MaEnvelope, StarcBands,
    VwapStdDevBands,
};
use quantlake_indicators::machine::{fields, over_bars, over_values};

/// What ATR means in these functions: a seed that TA-Lib's `atr` does not have.
const ATR: &str = "ATR is Wilder's average seeded with the mean of the first `period` true ranges, the first being high - low as on TradingView; TA-Lib's `atr` starts one row later";

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        ma_envelope(),
        double_bollinger(),
        keltner_channels(),
        starc_bands(),
        atr_bands(),
        range_channel(),
        vwap_bands(),
    ]
}

fn ma_envelope() -> Function {
    let options = vec![
        period(1, 20),
        positive(
            "percent",
            2.5,
            "distance of the lines from the average, in percent of it",
        ),
    ];
    let params = [vec![price()], options].concat();
    let output = band(
        "average plus `percent`, in units of x",
        "simple average of the last `period` rows",
        "average minus `percent`, in units of x",
    );
    let summary = "Moving average envelope: a simple average with lines a fixed percentage above and below it";
    let spec = told(
        spec("ma_envelope", FAMILY, summary, params, output),
        "period - 1",
        Stability::Exact,
        "sma(x, period) * (1 +- percent / 100); Achelis, Technical Analysis from A to Z, Envelopes",
    );
    let make = |a: &Args| {
        Ok(MaEnvelope::new(
            a.count("period")?,
            a.number("percent")? / 100.0,
        ))
    };
    over_values(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

/// The inner band has to lie inside the outer one.
fn double_bands(args: &Args) -> Result<Result<DoubleBollinger, Error>, QlError> {
    let (inner, outer) = (args.number("inner")?, args.number("outer")?);
    if outer <= inner {
        return Err(QlError::bad_argument(
            "double_bollinger",
            "outer",
            format!("greater than `inner` ({inner})"),
            outer,
        ));
    }
    Ok(DoubleBollinger::new(args.count("period")?, inner, outer))
}

fn double_bollinger() -> Function {
    let params = vec![
        price(),
        period(1, 20),
        positive("inner", 1.0, "standard deviations to the inner lines"),
        positive(
            "outer",
            2.0,
            "standard deviations to the outer lines; greater than `inner`",
        ),
    ];
    let output = record(&[
        (
            "upper_outer",
            "average plus `outer` deviations, in units of x",
        ),
        (
            "upper_inner",
            "average plus `inner` deviations, in units of x",
        ),
        ("middle", "simple average of the last `period` rows"),
        (
            "lower_inner",
            "average minus `inner` deviations, in units of x",
        ),
        (
            "lower_outer",
            "average minus `outer` deviations, in units of x",
        ),
    ]);
    let summary = "Double Bollinger bands: two pairs of lines around a simple average, an inner and an outer number of population standard deviations away";
    let spec = told(
        spec("double_bollinger", FAMILY, summary, params, output),
        "period - 1",
        Stability::Exact,
        "sma(x) +- inner * std(x) and +- outer * std(x), divisor n; Lien, Day Trading and Swing Trading the Currency Market, 2009",
    );
    over_values(spec, double_bands, |o, out| {
        let lines = [
            o.upper_outer,
            o.upper_inner,
            o.middle,
            o.lower_inner,
            o.lower_outer,
        ];
        fields(lines, out);
    })
}

fn high_low_close(options: Vec<ParamSpec>) -> Vec<ParamSpec> {
    [bar(&["high", "low", "close"]), options].concat()
}

fn keltner_channels() -> Function {
    let options = vec![
        period(1, 20),
        atr_period("atr_period", 10),
        multiplier(2.0, "average true ranges between the middle and a line"),
    ];
    let output = band(
        "average plus `multiplier` average true ranges, in units of the price",
        "exponential average of the closes",
        "average minus `multiplier` average true ranges, in units of the price",
    );
    let summary = "Keltner channels of the closes: an exponential average of closes with lines some average true ranges away, where TA-Lib's `kc` averages typical prices";
    let spec = spec(
        "keltner_channels",
        FAMILY,
        summary,
        high_low_close(options),
        output,
    );
    let spec = told(
        spec,
        "max(period, atr_period) - 1",
        Stability::Converging,
        &format!(
            "ema(close, period) +- multiplier * ATR(atr_period), Raschke's form, the average seeded with the mean of the first `period` closes; {ATR}"
        ),
    );
    let make = |a: &Args| {
        let (period, atr) = (a.count("period")?, a.count("atr_period")?);
        Ok(Keltner::new(period, atr, a.number("multiplier")?))
    };
    over_bars(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

fn starc_bands() -> Function {
    let options = vec![
        period(1, 6),
        atr_period("atr_period", 15),
        multiplier(2.0, "average true ranges between the middle and a line"),
    ];
    let output = band(
        "average plus `multiplier` average true ranges, in units of the price",
        "simple average of the last `period` closes",
        "average minus `multiplier` average true ranges, in units of the price",
    );
    let summary = "STARC bands (Stoller average range channel): a short simple average of closes with lines some average true ranges away";
    let spec = told(
        spec(
            "starc_bands",
            FAMILY,
            summary,
            high_low_close(options),
            output,
        ),
        "max(period, atr_period) - 1",
        Stability::Converging,
        &format!(
            "sma(close, period) +- multiplier * ATR(atr_period); Stoller, in Stevens, Essential Technical Analysis, 2002; {ATR}"
        ),
    );
    let make = |a: &Args| {
        let (period, atr) = (a.count("period")?, a.count("atr_period")?);
        Ok(StarcBands::new(period, atr, a.number("multiplier")?))
    };
    over_bars(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

fn atr_bands() -> Function {
    let options = vec![
        atr_period("period", 14),
        multiplier(3.0, "average true ranges between the close and a line"),
    ];
    let output = band(
        "close plus `multiplier` average true ranges: a stop of shorts, a target of longs",
        "the close",
        "close minus `multiplier` average true ranges: a stop of longs (LeBeau's Yo-Yo exit of the next bar)",
    );
    let summary = "ATR bands: lines some average true ranges above and below the close, for stops and targets of a trade that starts here";
    let spec = told(
        spec(
            "atr_bands",
            FAMILY,
            summary,
            high_low_close(options),
            output,
        ),
        "period - 1",
        Stability::Converging,
        &format!(
            "close +- multiplier * ATR(period); LeBeau and Lucas, Computer Analysis of the Futures Market, 1992; {ATR}"
        ),
    );
    let make = |a: &Args| Ok(AtrBands::new(a.count("period")?, a.number("multiplier")?));
    over_bars(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

fn range_channel() -> Function {
    let options = vec![
        period(1, 10),
        multiplier(0.5, "share of the range between the middle and a line"),
    ];
    let output = band(
        "average plus `multiplier` ranges, in units of the price",
        "simple average of the last `period` closes",
        "average minus `multiplier` ranges, in units of the price",
    );
    let summary = "Range channel: a simple average of closes with lines a share of the distance from the lowest low to the highest high of the last `period` bars away";
    let spec = told(
        spec(
            "range_channel",
            FAMILY,
            summary,
            high_low_close(options),
            output,
        ),
        "period - 1",
        Stability::Exact,
        "sma(close, period) +- multiplier * (max(high, period) - min(low, period)); `HurstChannel` of wickra-core",
    );
    let make = |a: &Args| {
        Ok(HurstChannel::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_bars(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

fn vwap_bands() -> Function {
    let params = [
        bar(&["high", "low", "close", "volume"]),
        vec![multiplier(
            2.0,
            "standard deviations between the middle and a line",
        )],
    ]
    .concat();
    let output = record(&[
        (
            "upper",
            "VWAP plus `multiplier` deviations, in units of the price",
        ),
        (
            "middle",
            "volume-weighted average of the typical prices since the first row",
        ),
        (
            "lower",
            "VWAP minus `multiplier` deviations, in units of the price",
        ),
        (
            "deviation",
            "volume-weighted standard deviation of the typical price, in units of the price",
        ),
    ]);
    let summary = "VWAP bands: the volume-weighted average price since the first row of the partition with lines some volume-weighted standard deviations away; partition by session for intraday bars";
    let spec = told(
        spec("vwap_bands", FAMILY, summary, params, output),
        "0",
        Stability::PathDependent,
        "p = (high + low + close) / 3, m = sum(p * volume) / sum(volume), m +- multiplier * sqrt(sum(volume * (p - m)^2) / sum(volume)), as TradingView's VWAP with bands",
    );
    let make = |a: &Args| Ok(VwapStdDevBands::new(a.number("multiplier")?));
    over_bars(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower, o.stddev], out)
    })
}
