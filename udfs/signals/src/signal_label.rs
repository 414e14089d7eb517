//! `signal_label`: the name of a score.
//!
//! | score | label |
//! |---|---|
//! | >= strong | STRONG_BUY |
//! | >= weak, < strong | BUY |
//! | between -weak and weak, and 0 itself | HOLD |
//! | <= -weak, > -strong | SELL |
//! | <= -strong | STRONG_SELL |
//!
//! A missing score has no label (NULL). Scores beyond [-1, 1] are strong ones.

use crate::columns::{doubles, value_or_nan};
use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamKind, ParamSpec, ParamValue,
    QlError,
};
use std::sync::Arc;

const NAME: &str = "signal_label";

/// What to do, from strongest sale to strongest purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// At or below minus the strong threshold.
    StrongSell,
    /// At or below minus the weak threshold.
    Sell,
    /// Nearer to 0 than the weak threshold.
    Hold,
    /// At or above the weak threshold.
    Buy,
    /// At or above the strong threshold.
    StrongBuy,
}

impl Signal {
    /// The name in SQL results.
    pub fn name(self) -> &'static str {
        match self {
            Self::StrongSell => "STRONG_SELL",
            Self::Sell => "SELL",
            Self::Hold => "HOLD",
            Self::Buy => "BUY",
            Self::StrongBuy => "STRONG_BUY",
        }
    }
}

/// Checked thresholds, used with both signs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    strong: f64,
    weak: f64,
}

impl Thresholds {
    /// Takes the strong and the weak threshold.
    ///
    /// # Errors
    /// 22023 unless `0 <= weak < strong`.
    pub fn try_new(strong: f64, weak: f64) -> Result<Self, QlError> {
        if (0.0..strong).contains(&weak) {
            return Ok(Self { strong, weak });
        }
        Err(QlError::bad_argument(
            NAME,
            "weak",
            format!("at least 0 and less than `strong`, which is {strong}"),
            weak,
        ))
    }

    /// Names a score; `None` for NaN.
    pub fn signal(&self, score: f64) -> Option<Signal> {
        let is_buy = score > 0.0;
        let size = score.abs();
        if score.is_nan() {
            None
        } else if size == 0.0 || size < self.weak {
            // A score of 0 favours neither side, even with a weak threshold of 0.
            Some(Signal::Hold)
        } else if size >= self.strong {
            Some(if is_buy {
                Signal::StrongBuy
            } else {
                Signal::StrongSell
            })
        } else {
            Some(if is_buy { Signal::Buy } else { Signal::Sell })
        }
    }
}

pub(crate) fn function() -> Function {
    let threshold = |name: &str, default: f64, doc: &str| {
        let kind = ParamKind::Number { min: 0.0, max: 1.0 };
        ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
    };
    let spec = FunctionSpec::new(
        NAME,
        "signals",
        Kind::Scalar,
        "STRONG_SELL, SELL, HOLD, BUY or STRONG_BUY for a score, by thresholds that hold with both signs",
    )
    .with_params(vec![
        ParamSpec::series("score", "score from -1 (sell) to 1 (buy)"),
        threshold("strong", 0.6, "STRONG_BUY from this score on, STRONG_SELL from its opposite on"),
        threshold("weak", 0.2, "BUY from this score on, SELL from its opposite on; less than `strong`"),
    ])
    .with_output(Output::Value(OutputType::Text))
    .with_source("thresholds are inclusive: a score of exactly `strong` is STRONG_BUY")
    .with_example(
        "SELECT s, signal_label(s) AS label \
         FROM (VALUES (-0.6), (-0.3), (0.1), (0.2), (0.9)) AS v(s) ORDER BY s",
        "-0.6,STRONG_SELL\n-0.3,SELL\n0.1,HOLD\n0.2,BUY\n0.9,STRONG_BUY",
    );
    scalar_function(spec, Volatility::Immutable, Arc::new(run))
}

fn run(args: &Args, columns: &[ArrayRef], n_rows: usize) -> Result<ArrayRef, QlError> {
    let thresholds = Thresholds::try_new(args.number("strong")?, args.number("weak")?)?;
    let scores = doubles(NAME, columns, 0)?;
    let labels: StringArray = (0..n_rows)
        .map(|row| thresholds.signal(value_or_nan(scores, row)))
        .map(|signal| signal.map(Signal::name))
        .collect();
    Ok(Arc::new(labels))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quantlake_core::SqlState;

    fn name(score: f64) -> Option<&'static str> {
        let thresholds = Thresholds::try_new(0.6, 0.2).unwrap();
        thresholds.signal(score).map(Signal::name)
    }

    #[test]
    fn thresholds_belong_to_the_bolder_label() {
        assert_eq!(name(0.6), Some("STRONG_BUY"));
        assert_eq!(name(0.599), Some("BUY"));
        assert_eq!(name(0.2), Some("BUY"));
        assert_eq!(name(0.199), Some("HOLD"));
        assert_eq!(name(-0.199), Some("HOLD"));
        assert_eq!(name(-0.2), Some("SELL"));
        assert_eq!(name(-0.599), Some("SELL"));
        assert_eq!(name(-0.6), Some("STRONG_SELL"));
        assert_eq!(name(f64::NAN), None);
    }

    #[test]
    fn zero_is_hold_even_without_a_weak_threshold() {
        let thresholds = Thresholds::try_new(0.5, 0.0).unwrap();
        assert_eq!(thresholds.signal(0.0), Some(Signal::Hold));
        assert_eq!(thresholds.signal(-0.0), Some(Signal::Hold));
        assert_eq!(thresholds.signal(1e-9), Some(Signal::Buy));
        assert_eq!(thresholds.signal(-1e-9), Some(Signal::Sell));
    }

    #[test]
    fn weak_must_lie_below_strong() {
        for (strong, weak) in [(0.2, 0.6), (0.5, 0.5), (0.0, 0.0), (0.5, -0.1)] {
            let error = Thresholds::try_new(strong, weak).unwrap_err();
            assert_eq!(error.state, SqlState::InvalidParameter);
            assert_eq!(
                error.message,
                format!(
                    "signal_label: `weak` must be at least 0 and less than `strong`, \
                     which is {strong}, found {weak}"
                )
            );
        }
    }

    proptest! {
        #[test]
        fn a_higher_score_never_has_a_lower_label(
            a in -2.0..2.0f64, b in -2.0..2.0f64, strong in 0.01..1.0f64, part in 0.0..0.99f64,
        ) {
            let thresholds = Thresholds::try_new(strong, strong * part).unwrap();
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(thresholds.signal(low) <= thresholds.signal(high));
        }
    }
}
