//! `quantile`: the value below which a share of the sample lies.
//!
//! The sorted values stand at positions 0 to n - 1 and the quantile at `q * (n - 1)`; the method
//! says what holds between two of them (numbers 7 and relatives of Hyndman and Fan, The American
//! Statistician 50 (1996), pp. 361-365).

use crate::params::choice;
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::{Function, ParamKind, ParamSpec};

const METHODS: [&str; 5] = ["linear", "lower", "higher", "midpoint", "nearest"];

struct Quantile {
    share: f64,
    method: i64,
}

impl Statistic for Quantile {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let Some(values) = columns.first().filter(|x| !x.is_empty()) {
            fill(out, [self.of(values.to_vec())]);
        }
    }
}

impl Quantile {
    /// Only the two values beside the position are looked for; the rest stays unsorted.
    fn of(&self, mut values: Vec<f64>) -> f64 {
        let position = self.share * (values.len() as f64 - 1.0);
        let index = position.floor() as usize;
        let (_, low, above) = values.select_nth_unstable_by(index, f64::total_cmp);
        let low = *low;
        let high = above.iter().copied().reduce(f64::min).unwrap_or(low);
        let part = position - position.floor();
        match self.method {
            0 => low + (high - low) * part,
            _ if part == 0.0 => low,
            1 => low,
            2 => high,
            3 => low + (high - low) / 2.0,
            // Halves go to the even position, as numpy rounds.
            _ if part > 0.5 || (part == 0.5 && index % 2 == 1) => high,
            _ => low,
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let q = ParamSpec::required(
        "q",
        ParamKind::Number { min: 0.0, max: 1.0 },
        "share of the values below the quantile: 0.5 is the median",
    );
    let method = choice(
        "method",
        &METHODS,
        "between two values: interpolate, take the smaller, the larger, their mean, or the nearer",
    );
    Sample {
        options: vec![q, method],
        min_rows: 1,
        example_options: ", 0.25",
        source: "Hyndman and Fan 1996; numpy.quantile",
        ..Sample::of_one(
            "quantile",
            "Value below which the share `q` of the values lies, in units of x",
            |args| {
                Ok(Box::new(Quantile {
                    share: args.number("q")?,
                    method: args.integer("method")?,
                }))
            },
        )
    }
    .functions()
}
