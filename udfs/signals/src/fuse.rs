//! `fuse`: the weighted mean of the scores that are known.
//!
//! `score = sum(w_i * s_i) / sum(w_i)` over the known scores i, each first clamped to [-1, 1].
//! A missing score (NULL, NaN, infinite) is left out and the other weights keep their
//! proportions: a bar without news is judged by what there is, not pulled towards 0. NULL when no
//! score is known, or when all known ones have weight 0.

use crate::columns::{doubles, value_or_nan};
use datafusion::arrow::array::ArrayRef;
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::series::to_array;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamKind, ParamSpec, ParamValue,
    QlError, SqlState,
};
use std::sync::Arc;

const NAME: &str = "fuse";
/// The sources in positional order, each with its default weight and its meaning.
const SOURCES: [(&str, f64, &str); 4] = [
    ("forecast", 0.3, "score of a forecast, -1 (sell) to 1 (buy)"),
    ("pattern", 0.2, "score of a chart pattern, -1 to 1"),
    ("sentiment", 0.2, "score of the news, -1 to 1"),
    ("indicator", 0.3, "score of indicators, -1 to 1"),
];
/// Weights only matter relative to each other; the bound keeps their products finite.
const MAX_WEIGHT: f64 = 1e6;

/// Checked weights of forecast, pattern, sentiment and indicator, in this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights([f64; 4]);

impl Weights {
    /// Takes four weights, of which at least one counts.
    ///
    /// # Errors
    /// 22023 when a weight is negative or not finite, or when all are 0.
    pub fn try_new(weights: [f64; 4]) -> Result<Self, QlError> {
        for ((source, ..), weight) in SOURCES.iter().zip(weights) {
            if !(0.0..=MAX_WEIGHT).contains(&weight) {
                return Err(QlError::bad_argument(
                    NAME,
                    &weight_name(source),
                    format!("a number between 0 and {MAX_WEIGHT}"),
                    weight,
                ));
            }
        }
        if weights.iter().all(|w| *w == 0.0) {
            let names = SOURCES.map(|(source, ..)| format!("`{}`", weight_name(source)));
            return Err(QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "{NAME}: one of {} must be greater than 0, found 0 for all",
                    names.join(", ")
                ),
            ));
        }
        Ok(Self(weights))
    }
}

/// Fuses the scores of one row; NaN stands for missing, in the input and in the result.
pub fn fuse(scores: [f64; 4], weights: &Weights) -> f64 {
    let known = || {
        let pairs = scores.into_iter().zip(weights.0);
        pairs.filter(|(score, _)| !score.is_nan())
    };
    let total: f64 = known().map(|(_, weight)| weight).sum();
    if total == 0.0 {
        return f64::NAN;
    }
    // Shares first, products after: a single known score then comes through unchanged.
    let share_of = |(score, weight): (f64, f64)| weight / total * score.clamp(-1.0, 1.0);
    let fused: f64 = known().map(share_of).sum();
    // Rounding may carry a mean of equal extremes past the end.
    fused.clamp(-1.0, 1.0)
}

fn weight_name(source: &str) -> String {
    format!("{source}_weight")
}

pub(crate) fn function() -> Function {
    let scores = SOURCES.map(|(source, _, doc)| {
        ParamSpec::optional(source, ParamKind::Series, ParamValue::Null, doc)
    });
    let weights = SOURCES.map(|(source, weight, _)| {
        ParamSpec::optional(
            &weight_name(source),
            ParamKind::Number {
                min: 0.0,
                max: MAX_WEIGHT,
            },
            ParamValue::Number(weight),
            &format!("weight of `{source}`, relative to the other weights"),
        )
    });
    let spec = FunctionSpec::new(
        NAME,
        "signals",
        Kind::Scalar,
        "Weighted mean of the known scores, each clamped to [-1, 1]; missing ones are left out and the other weights keep their proportions",
    )
    .with_params(scores.into_iter().chain(weights).collect())
    .with_source("weighted mean over the known scores")
    .with_example(
        "SELECT round(fuse(0.8, 0.5, -0.2, 0.1), 4) AS all_known, \
         round(fuse(0.8, NULL, -0.2, NULL), 4) AS two_known, \
         fuse(NULL, NULL, NULL, NULL) AS none_known",
        "0.33,0.4,",
    );
    scalar_function(spec, Volatility::Immutable, Arc::new(run))
}

fn run(args: &Args, columns: &[ArrayRef], n_rows: usize) -> Result<ArrayRef, QlError> {
    let mut weights = [0.0; 4];
    for (weight, (source, ..)) in weights.iter_mut().zip(SOURCES) {
        *weight = args.number(&weight_name(source))?;
    }
    let weights = Weights::try_new(weights)?;
    let [forecast, pattern, sentiment, indicator] = [
        doubles(NAME, columns, 0)?,
        doubles(NAME, columns, 1)?,
        doubles(NAME, columns, 2)?,
        doubles(NAME, columns, 3)?,
    ];
    let fused = (0..n_rows)
        .map(|row| {
            let scores = [forecast, pattern, sentiment, indicator].map(|c| value_or_nan(c, row));
            fuse(scores, &weights)
        })
        .collect();
    Ok(to_array(&Output::Value(OutputType::Float), vec![fused]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MISSING: f64 = f64::NAN;

    fn weights(of: [f64; 4]) -> Weights {
        Weights::try_new(of).unwrap()
    }

    #[test]
    fn known_scores_are_averaged_by_weight() {
        let w = weights([3.0, 2.0, 2.0, 3.0]);
        assert_eq!(fuse([1.0, 1.0, -1.0, 0.0], &w), 0.3);
    }

    #[test]
    fn a_missing_score_does_not_pull_towards_zero() {
        let w = weights([0.3, 0.2, 0.2, 0.3]);
        assert_eq!(fuse([0.5, MISSING, 0.5, MISSING], &w), 0.5);
    }

    #[test]
    fn nothing_known_gives_nothing() {
        let w = weights([1.0, 0.0, 1.0, 1.0]);
        assert!(fuse([MISSING; 4], &w).is_nan());
        assert!(fuse([MISSING, 0.7, MISSING, MISSING], &w).is_nan());
    }

    #[test]
    fn scores_outside_the_range_are_clamped_before_they_are_weighed() {
        let w = weights([1.0, 1.0, 0.0, 0.0]);
        assert_eq!(fuse([50.0, -1.0, 0.0, 0.0], &w), 0.0);
    }

    #[test]
    fn weights_must_be_positive_somewhere_and_negative_nowhere() {
        let none = Weights::try_new([0.0; 4]).unwrap_err();
        assert_eq!(none.state, SqlState::InvalidParameter);
        assert_eq!(
            none.message,
            "fuse: one of `forecast_weight`, `pattern_weight`, `sentiment_weight`, \
             `indicator_weight` must be greater than 0, found 0 for all"
        );
        let negative = Weights::try_new([1.0, -0.5, 0.0, 0.0]).unwrap_err();
        assert_eq!(
            negative.message,
            "fuse: `pattern_weight` must be a number between 0 and 1000000, found -0.5"
        );
        assert!(Weights::try_new([MISSING, 1.0, 1.0, 1.0]).is_err());
    }

    fn any_score() -> impl Strategy<Value = f64> {
        prop_oneof![Just(MISSING), -3.0..3.0f64, Just(f64::MAX), Just(-1.0)]
    }

    proptest! {
        #[test]
        fn the_result_lies_between_the_known_scores(
            scores in prop::array::uniform4(any_score()),
            raw in prop::array::uniform4(1e-3..1e3f64),
        ) {
            let fused = fuse(scores, &weights(raw));
            let known: Vec<f64> =
                scores.iter().filter(|s| !s.is_nan()).map(|s| s.clamp(-1.0, 1.0)).collect();
            if known.is_empty() {
                prop_assert!(fused.is_nan());
            } else {
                let low = known.iter().copied().fold(1.0, f64::min);
                let high = known.iter().copied().fold(-1.0, f64::max);
                prop_assert!(low - 1e-12 <= fused && fused <= high + 1e-12);
                prop_assert!((-1.0..=1.0).contains(&fused));
            }
        }

        #[test]
        fn opposite_scores_give_the_opposite_signal(
            scores in prop::array::uniform4(any_score()),
            raw in prop::array::uniform4(1e-3..1e3f64),
        ) {
            let w = weights(raw);
            let (there, back) = (fuse(scores, &w), fuse(scores.map(|s| -s), &w));
            prop_assert!(there == -back || (there.is_nan() && back.is_nan()));
        }
    }
}
