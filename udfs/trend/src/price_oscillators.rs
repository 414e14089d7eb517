//! Price against its averages and forecasts.
//!
//! Left to TA-Lib, which computes the same: PPO line, APO, DPO, Coppock, accelerator (`ac`),
//! balance of power (`bop`), Schaff trend cycle (`stc`), the MACD histogram (`macd`'s `hist`).
//!
//! Written out here: the two forecast oscillators, NULL at a price of 0 (the library repeats the
//! value before), and Elder's impulse on the MACD as TA-Lib starts it.

use crate::describe::{Describe, spec};
use crate::steps::{Step, increasing, or_unknown, over_steps, wickra_core};
use quantlake_core::{Function, ParamSpec, Stability};
use quantlake_indicators::machine::{fields, one, over_bars, over_values, period, period_from};
use wickra_core::{
    AwesomeOscillatorHistogram, Ema, Indicator, LinearRegression, Ppo, Tsf, ZeroLagMacd,
};

const FAMILY: &str = "momentum";

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        cfo(),
        tsf_oscillator(),
        ao_change(),
        zero_lag_macd(),
        elder_impulse(),
        ppo_lines(),
    ]
}

fn fast_slow_signal(fast: i64, slow: i64, signal: i64) -> Vec<ParamSpec> {
    vec![
        period("fast", fast, "length of the fast average, in rows"),
        period(
            "slow",
            slow,
            "length of the slow average, in rows, more than `fast`",
        ),
        period("signal", signal, "length of the signal line, in rows"),
    ]
}

fn cfo() -> Function {
    let summary = "Chande forecast oscillator: distance of the price from the end of its regression \
                   line, in percent of the price";
    let constants = vec![period_from("period", 2, 14, "rows of the regression")];
    let spec = spec("cfo", FAMILY, summary, &["x"], constants).known(
        "period - 1",
        Stability::Exact,
        "Tushar Chande and Stanley Kroll, The New Technical Trader (1994): 100 (x - f) / x, f the \
         regression's value at this row; `fosc` takes the forecast made a row before",
    );
    over_steps(spec, |args| {
        Ok(LinearRegression::new(args.count("period")?).map(distance_from))
    })
}

fn tsf_oscillator() -> Function {
    let summary = "Time series forecast oscillator: distance of the price from its forecast for the \
                   next row, in percent of the price";
    let constants = vec![period_from("period", 2, 14, "rows of the regression")];
    let spec = spec("tsf_oscillator", FAMILY, summary, &["x"], constants).known(
        "period - 1",
        Stability::Exact,
        "100 (x - f) / x, f the regression's value one row ahead (`tsf`); pandas-ta calls this CFO",
    );
    over_steps(spec, |args| {
        Ok(Tsf::new(args.count("period")?).map(distance_from))
    })
}

fn distance_from<T>(mut forecast: T) -> impl Step<1, 1>
where
    T: Indicator<Input = f64, Output = f64> + Clone + Send + Sync + 'static,
{
    move |[x]: [f64; 1]| Some([100.0 * (x - forecast.update(x)?) / x])
}

fn ao_change() -> Function {
    let constants = vec![
        period("fast", 5, "length of the fast average, in rows"),
        period(
            "slow",
            34,
            "length of the slow average, in rows, more than `fast`",
        ),
        period("period", 1, "rows between the two values"),
    ];
    let summary = "Change of the awesome oscillator, in prices; its sign colours the histogram";
    let spec = spec("ao_change", FAMILY, summary, &["high", "low"], constants).known(
        "slow + period - 1",
        Stability::Exact,
        "Bill Williams, New Trading Dimensions (1998): ao - ao[period rows ago], ao the difference \
         of two simple averages of (high + low) / 2",
    );
    over_bars(
        spec,
        |args| {
            let [fast, slow] = increasing("ao_change", args, ["fast", "slow"])?;
            Ok(AwesomeOscillatorHistogram::new(
                fast,
                slow,
                args.count("period")?,
            ))
        },
        one,
    )
}

fn zero_lag_macd() -> Function {
    let summary = "MACD on zero-lag exponential averages, in prices";
    let spec = spec(
        "zero_lag_macd",
        FAMILY,
        summary,
        &["x"],
        fast_slow_signal(12, 26, 9),
    )
    .gives(&[
        ("macd", "fast average minus slow average"),
        ("signal", "zero-lag average of the line"),
        ("hist", "line minus signal"),
    ])
    .known(
        "slow + signal - 2 + (slow - 1) / 2 + (signal - 1) / 2, halves rounded down",
        Stability::Converging,
        "Appel's MACD with the averages of Ehlers and Way, ZLEMA(x) = EMA(2 x - x[(period - 1) \
             / 2 rows ago])",
    );
    over_values(
        spec,
        |args| {
            let [fast, slow] = increasing("zero_lag_macd", args, ["fast", "slow"])?;
            Ok(ZeroLagMacd::new(fast, slow, args.count("signal")?))
        },
        |lines, out| fields([lines.macd, lines.signal, lines.histogram], out),
    )
}

fn elder_impulse() -> Function {
    let mut constants = vec![period(
        "period",
        13,
        "length of the trend's average, in rows",
    )];
    constants.extend(fast_slow_signal(12, 26, 9));
    let summary = "Elder's impulse: 1 where both the average and the MACD histogram rise, -1 where \
                   both fall, else 0";
    let spec = spec("elder_impulse", FAMILY, summary, &["x"], constants)
        .gives_integer()
        .known(
            "max(period, slow + signal - 1)",
            Stability::Converging,
            "Alexander Elder, Come Into My Trading Room (2002), on TA-Lib's EMA and MACD",
        );
    over_steps(spec, |args| {
        let [fast, slow] = increasing("elder_impulse", args, ["fast", "slow"])?;
        Ok(impulse_step(
            args.count("period")?,
            [fast, slow, args.count("signal")?],
        ))
    })
}

fn impulse_step(
    period: usize,
    [fast, slow, signal]: [usize; 3],
) -> wickra_core::Result<impl Step<1, 1>> {
    let mut trend = Ema::new(period)?;
    let mut histogram = histogram_step([fast, slow, signal])?;
    let mut previous = None;
    Ok(move |[x]: [f64; 1]| {
        let (average, [hist]) = (trend.update(x), histogram([x])?);
        let now = (average?, hist);
        let (average, hist) = previous.replace(now)?;
        let is_up = now.0 > average && now.1 > hist;
        let is_down = now.0 < average && now.1 < hist;
        Some([f64::from(i8::from(is_up) - i8::from(is_down))])
    })
}

/// The MACD histogram. As in TA-Lib both averages start on the same row: the fast one at the mean
/// of the last `fast` values up to there.
fn histogram_step([fast, slow, signal]: [usize; 3]) -> wickra_core::Result<impl Step<1, 1>> {
    let mut n_to_skip = slow.saturating_sub(fast);
    let (mut fast, mut slow) = (Ema::new(fast)?, Ema::new(slow)?);
    let mut signal = Ema::new(signal)?;
    Ok(move |[x]: [f64; 1]| {
        let slow = slow.update(x);
        if n_to_skip > 0 {
            n_to_skip -= 1;
            return None;
        }
        let macd = fast.update(x)? - slow?;
        Some([macd - signal.update(macd)?])
    })
}

fn ppo_lines() -> Function {
    let summary = "Percentage price oscillator with its signal line and histogram, in percent";
    let spec = spec(
        "ppo_lines",
        FAMILY,
        summary,
        &["x"],
        fast_slow_signal(12, 26, 9),
    )
    .gives(&[
        ("ppo", "distance of the averages in percent of the slow one"),
        ("signal", "exponential average of the line"),
        ("hist", "line minus signal"),
    ])
    .known(
        "slow - 1; signal and hist: slow + signal - 2",
        Stability::Converging,
        "Gerald Appel's MACD in percent: 100 (EMA(fast) - EMA(slow)) / EMA(slow), as TA-Lib's \
             `ppo`",
    );
    over_steps(spec, |args| {
        let [fast, slow] = increasing("ppo_lines", args, ["fast", "slow"])?;
        Ok(ppo_step([fast, slow], args.count("signal")?))
    })
}

fn ppo_step([fast, slow]: [usize; 2], signal: usize) -> wickra_core::Result<impl Step<1, 3>> {
    let mut line = Ppo::new(fast, slow)?;
    let mut average = Ema::new(signal)?;
    Ok(move |[x]: [f64; 1]| {
        let ppo = line.update(x)?;
        let signal = or_unknown(average.update(ppo));
        Some([ppo, signal, ppo - signal])
    })
}
