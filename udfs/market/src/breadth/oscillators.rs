//! Smoothed breadth: the McClellan oscillator, its sum, the breadth thrust, the Hindenburg omen.

use super::{ADVANCES, DECLINES, HIGHS, LOWS, ratio, ratio_adjusted, window};
use crate::binding::{Memory, running};
use crate::describe::{series, with_example};
use quantlake_core::{
    Args, Function, FunctionSpec, Output, OutputType, ParamKind, ParamSpec, ParamValue, QlError,
    Stability,
};
use quantlake_indicators::machine::{number, period};
use std::collections::VecDeque;

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        mcclellan_oscillator(),
        mcclellan_summation_index(),
        breadth_thrust(),
        hindenburg_omen(),
    ]
}

/// The difference of a fast and a slow exponential mean, each begun with the first value.
#[derive(Debug, Clone)]
struct McClellan {
    fast_weight: f64,
    slow_weight: f64,
    is_ratio_adjusted: bool,
    means: Option<(f64, f64)>,
    sum: f64,
}

impl Memory for McClellan {}

impl McClellan {
    fn new(fast: usize, slow: usize, is_ratio_adjusted: bool) -> Self {
        let weight = |rows: usize| 2.0 / (rows as f64 + 1.0);
        Self {
            fast_weight: weight(fast),
            slow_weight: weight(slow),
            is_ratio_adjusted,
            means: None,
            sum: 0.0,
        }
    }

    fn of(args: &Args) -> Result<Self, QlError> {
        let is_ratio_adjusted = args.flag("ratio_adjusted")?;
        Ok(Self::new(
            args.count("fast")?,
            args.count("slow")?,
            is_ratio_adjusted,
        ))
    }

    /// The oscillator, or `None` on a row on which nothing moved.
    fn next(&mut self, advances: f64, declines: f64) -> Option<f64> {
        let adjusted = ratio_adjusted(advances, declines);
        let net = match self.is_ratio_adjusted {
            true => adjusted,
            false => advances - declines,
        };
        if !(adjusted.is_finite() && net.is_finite()) {
            return None;
        }
        let (fast, slow) = self.means.unwrap_or((net, net));
        let fast = fast + self.fast_weight * (net - fast);
        let slow = slow + self.slow_weight * (net - slow);
        self.means = Some((fast, slow));
        self.sum += fast - slow;
        Some(fast - slow)
    }
}

fn mcclellan_params() -> Vec<ParamSpec> {
    let mut params = series(&[ADVANCES, DECLINES]);
    params.push(period(
        "fast",
        19,
        "Rows of the fast mean: its weight is 2 / (rows + 1)",
    ));
    params.push(period("slow", 39, "Rows of the slow mean"));
    params.push(ParamSpec::optional(
        "ratio_adjusted",
        ParamKind::Flag,
        ParamValue::Flag(true),
        "Whether net advances are taken per thousand issues that moved",
    ));
    params
}

fn mcclellan(spec: FunctionSpec, value: fn(&McClellan, f64) -> f64) -> Function {
    let spec = spec.with_params(mcclellan_params());
    running(
        with_example(spec, 8, &[]),
        McClellan::of,
        move |state, row, out| {
            if let ([advances, declines, ..], [slot, ..]) = (row, out)
                && let Some(oscillator) = state.next(*advances, *declines)
            {
                *slot = value(state, oscillator);
            }
        },
    )
}

fn mcclellan_oscillator() -> Function {
    let spec = window(
        "mcclellan_oscillator",
        "Fast less slow exponential mean of net advances, in issues per thousand or in issues",
    )
    .with_stability(Stability::Converging)
    .with_source(
        "ema(net, 19) - ema(net, 39), S. and M. McClellan (1970), Patterns for Profit; both means \
         begin with the first row, a row on which nothing moved is NULL and changes nothing",
    );
    mcclellan(spec, |_, oscillator| oscillator)
}

fn mcclellan_summation_index() -> Function {
    let spec = window(
        "mcclellan_summation_index",
        "McClellan oscillator summed since the first row",
    )
    .with_stability(Stability::PathDependent)
    .with_source(
        "sum(mcclellan_oscillator), begun at 0, S. and M. McClellan (1970), Patterns for Profit; \
         charts that begin at 1000 differ by that constant",
    );
    mcclellan(spec, |state, _| state.sum)
}

/// The mean of the share of advances, simple or exponential.
#[derive(Debug, Clone)]
struct Thrust {
    period: usize,
    is_simple: bool,
    shares: VecDeque<f64>,
    mean: Option<f64>,
}

impl Memory for Thrust {
    fn held(&self) -> usize {
        size_of::<f64>() * self.shares.capacity()
    }
}

impl Thrust {
    fn next(&mut self, share: f64) -> Option<f64> {
        if let (Some(mean), false) = (self.mean, self.is_simple) {
            let weight = 2.0 / (self.period as f64 + 1.0);
            self.mean = Some(mean + weight * (share - mean));
            return self.mean;
        }
        if self.shares.len() == self.period {
            self.shares.pop_front();
        }
        self.shares.push_back(share);
        let n = self.shares.len();
        let mean = self.shares.iter().sum::<f64>() / n as f64;
        self.mean = (n == self.period).then_some(mean);
        self.mean
    }
}

/// How a mean is taken.
fn mean_kind() -> ParamSpec {
    ParamSpec::optional(
        "ma",
        ParamKind::Choice(vec![("sma".into(), 0), ("ema".into(), 1)]),
        ParamValue::Text("ema".into()),
        "`ema` with the first `period` rows' mean as its seed, or `sma`",
    )
}

fn breadth_thrust() -> Function {
    let mut params = series(&[ADVANCES, DECLINES]);
    params.push(period("period", 10, "Rows of the mean"));
    params.push(mean_kind());
    let spec = window(
        "breadth_thrust",
        "Mean share of advances among the issues that moved, from 0 to 1; a thrust is a rise from \
         below 0.40 to above 0.615 within ten rows",
    )
    .with_params(params)
    .with_lookback("period - 1")
    .with_stability(Stability::Converging)
    .with_source(
        "Mean of A / (A + D), Zweig (1986), Winning on Wall Street; a row on which nothing moved \
         is NULL and changes nothing",
    );
    running(
        with_example(spec, 8, &[("period", "4")]),
        |args| {
            Ok(Thrust {
                period: args.count("period")?,
                is_simple: args.integer("ma")? == 0,
                shares: VecDeque::new(),
                mean: None,
            })
        },
        |state: &mut Thrust, row, out| {
            if let ([advances, declines, ..], [slot, ..]) = (row, out) {
                let share = ratio(*advances, advances + declines);
                let mean = (!share.is_nan()).then(|| state.next(share)).flatten();
                *slot = mean.unwrap_or(f64::NAN);
            }
        },
    )
}

/// What the omen remembers: the oscillator, and the index of the last rows.
#[derive(Debug, Clone)]
struct Omen {
    share: f64,
    period: usize,
    oscillator: McClellan,
    closes: VecDeque<f64>,
}

impl Memory for Omen {
    fn held(&self) -> usize {
        size_of::<f64>() * self.closes.capacity()
    }
}

impl Omen {
    /// Whether the conditions hold; `None` while one of them is unknown.
    fn next(&mut self, row: &[f64]) -> Option<bool> {
        let [advances, declines, highs, lows, total, close, ..] = row else {
            return None;
        };
        let oscillator = self.oscillator.next(*advances, *declines);
        self.closes.push_back(*close);
        if self.closes.len() <= self.period {
            return None;
        }
        let is_rising = *close > self.closes.pop_front()?;
        let is_split = highs.min(*lows) >= self.share / 100.0 * total;
        Some(is_rising && is_split && *highs <= 2.0 * lows && oscillator? < 0.0)
    }
}

fn hindenburg_omen() -> Function {
    let mut params = series(&[
        ADVANCES,
        DECLINES,
        HIGHS,
        LOWS,
        ("total", "All issues"),
        ("close", "Index of the market"),
    ]);
    params.push(number(
        "share",
        2.2,
        0.0,
        100.0,
        "Smallest share of both new highs and new lows in all issues, in percent",
    ));
    params.push(period(
        "period",
        50,
        "Rows over which the index has to have risen",
    ));
    let spec = window(
        "hindenburg_omen",
        "Whether many issues make new highs and many make new lows while the index rises and \
         breadth falls",
    )
    .with_params(params)
    .with_output(Output::Value(OutputType::Flag))
    .with_lookback("period")
    .with_stability(Stability::Converging)
    .with_source(
        "J. Miekka: new highs and new lows both at least `share` percent of all issues, new highs \
         at most twice the new lows, index above its value `period` rows before, ratio-adjusted \
         McClellan oscillator (19, 39) below 0; other versions take 2.8 percent",
    );
    running(
        with_example(spec, 8, &[("period", "3")]),
        |args| {
            Ok(Omen {
                share: args.number("share")?,
                period: args.count("period")?,
                oscillator: McClellan::new(19, 39, true),
                closes: VecDeque::new(),
            })
        },
        |omen: &mut Omen, row, out| {
            if let ([slot, ..], Some(holds)) = (out, omen.next(row)) {
                *slot = f64::from(u8::from(holds));
            }
        },
    )
}
