//! `half_life`: rows until half of a deviation from the mean is gone.
//!
//! The change is regressed on the level before, `x_t - x_(t-1) = a + b x_(t-1) + e`. Method `ou`
//! reads b as the drift of an Ornstein-Uhlenbeck process, `-ln 2 / b`; method `ar1` as that of an
//! autoregression, `-ln 2 / ln(1 + b)`, which agrees for small b. NULL where nothing reverts
//! (b >= 0), and for `ar1` where it overshoots (b <= -1).
//!
//! Source: Chan, Algorithmic Trading (2013), chapter 2, for `ou`.

use crate::center::{Joint, differences, is_rounding};
use crate::params::{choice, x};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::Function;
use quantlake_core::metric::RowOrder;
use std::f64::consts::LN_2;

struct HalfLife {
    is_discrete: bool,
}

impl Statistic for HalfLife {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some((_, before)) = columns.first().and_then(|x| x.split_last()) else {
            return;
        };
        let changes = differences(columns[0]);
        let joint = Joint::of(before, &changes);
        if is_rounding(joint.yy, before) {
            return;
        }
        let drift = joint.slope();
        let rate = if self.is_discrete {
            drift.ln_1p()
        } else {
            drift
        };
        if before.len() > 2 && rate < 0.0 {
            fill(out, [-LN_2 / rate]);
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        series: vec![x("levels, such as a spread")],
        options: vec![choice(
            "method",
            &["ou", "ar1"],
            "continuous reversion (-ln 2 / b) or step by step (-ln 2 / ln(1 + b))",
        )],
        order: RowOrder::Significant,
        min_rows: 4,
        source: "Chan, Algorithmic Trading (2013), chapter 2",
        ..Sample::of_one(
            "half_life",
            "Half-life of a reversion to the mean, in rows; NULL where x does not revert",
            |args| {
                Ok(Box::new(HalfLife {
                    is_discrete: args.integer("method")? == 1,
                }))
            },
        )
    }
    .functions()
}
