//! `approximate_entropy` and `sample_entropy`: how often patterns that are alike go on alike.
//!
//! Two patterns of m successive values are alike when no value differs by more than
//! `r = tolerance * deviation` (divisor n). Approximate entropy is `phi(m) - phi(m + 1)` with phi
//! the mean logarithm of the share of patterns alike to each one, itself included. Sample entropy
//! is `-ln(A / B)`: A pairs of patterns of m + 1 values and B pairs of m values are alike, among the
//! first n - m starts, a pattern not counted with itself. The cost grows with the square of the
//! rows.
//!
//! Sources: Pincus, PNAS 88 (1991), pp. 2297-2301; Richman and Moorman, American Journal of
//! Physiology 278 (2000), pp. H2039-H2049.

use crate::center::{is_constant, population_deviation};
use crate::params::number;
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Args, Function, ParamKind, ParamSpec, ParamValue, QlError};

#[derive(Clone, Copy)]
struct Patterns {
    length: usize,
    tolerance: f64,
}

impl Patterns {
    fn from(args: &Args) -> Result<Self, QlError> {
        Ok(Self {
            length: args.count("m")?,
            tolerance: args.number("tolerance")?,
        })
    }

    /// The largest difference between values that are alike; `None` where nothing differs.
    fn reach(&self, values: &[f64]) -> Option<f64> {
        (!is_constant(values)).then(|| self.tolerance * population_deviation(values))
    }
}

fn are_alike(a: &[f64], b: &[f64], reach: f64) -> bool {
    a.iter().zip(b).all(|(x, y)| (x - y).abs() <= reach)
}

/// The mean logarithm of the share of patterns that are alike to each one.
fn phi(values: &[f64], length: usize, reach: f64) -> f64 {
    let patterns: Vec<&[f64]> = values.windows(length).collect();
    let n = patterns.len() as f64;
    let share = |a: &&[f64]| {
        let alike = patterns.iter().filter(|b| are_alike(a, b, reach)).count();
        (alike as f64 / n).ln()
    };
    patterns.iter().map(share).sum::<f64>() / n
}

struct ApproximateEntropy(Patterns);

impl Statistic for ApproximateEntropy {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(values) = columns.first().filter(|x| x.len() > self.0.length) else {
            return;
        };
        if let Some(reach) = self.0.reach(values) {
            let length = self.0.length;
            fill(
                out,
                [phi(values, length, reach) - phi(values, length + 1, reach)],
            );
        }
    }
}

struct SampleEntropy(Patterns);

impl Statistic for SampleEntropy {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(values) = columns.first() else {
            return;
        };
        let Some(reach) = self.0.reach(values) else {
            return;
        };
        let longer: Vec<&[f64]> = values.windows(self.0.length + 1).collect();
        let (mut alike, mut still_alike) = (0_u64, 0_u64);
        for (i, a) in longer.iter().enumerate() {
            for b in &longer[..i] {
                if are_alike(&a[..self.0.length], &b[..self.0.length], reach) {
                    alike += 1;
                    still_alike += u64::from(are_alike(a, b, reach));
                }
            }
        }
        // Without any pair that goes on alike the entropy is beyond all bounds: unknown.
        fill(out, [(alike as f64 / still_alike as f64).ln()]);
    }
}

fn options() -> Vec<ParamSpec> {
    let m = ParamSpec::optional(
        "m",
        ParamKind::Integer { min: 1, max: 100 },
        ParamValue::Integer(2),
        "values in a pattern",
    );
    let tolerance = number(
        "tolerance",
        0.0,
        100.0,
        0.2,
        "largest difference between values that are alike, in standard deviations of the sample",
    );
    vec![m, tolerance]
}

pub(crate) fn approximate() -> Vec<Function> {
    Sample {
        options: options(),
        order: RowOrder::Significant,
        min_rows: 3,
        example_rows: 30,
        source: "Pincus 1991; antropy.app_entropy",
        ..Sample::of_one(
            "approximate_entropy",
            "Approximate entropy in nats: 0 for a series whose patterns always go on the same way; NULL without dispersion",
            |args| Ok(Box::new(ApproximateEntropy(Patterns::from(args)?))),
        )
    }
    .functions()
}

pub(crate) fn sample() -> Vec<Function> {
    Sample {
        options: options(),
        order: RowOrder::Significant,
        min_rows: 4,
        example_rows: 30,
        example_options: ", 1, 0.5",
        source: "Richman and Moorman 2000; antropy.sample_entropy",
        ..Sample::of_one(
            "sample_entropy",
            "Sample entropy in nats: minus the logarithm of the share of like patterns that go on alike; NULL where none does or without dispersion",
            |args| Ok(Box::new(SampleEntropy(Patterns::from(args)?))),
        )
    }
    .functions()
}
