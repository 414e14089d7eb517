//! `adf`: the augmented Dickey-Fuller test.
//!
//! Source: Said and Dickey, Biometrika 71 (1984), pp. 599-607; p-values and critical values of
//! MacKinnon (1994, 2010).

use super::dickey_fuller::{Lags, dickey_fuller};
use super::{Trend, tables};
use crate::params::{float, integer, x};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Function, Output, OutputField};

pub(super) const TRENDS: [&str; 4] = ["c", "ct", "ctt", "n"];

struct AugmentedDickeyFuller {
    trend: Trend,
    lags: Lags,
}

impl Statistic for AugmentedDickeyFuller {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let fit = columns
            .first()
            .and_then(|x| dickey_fuller(x, self.trend, self.lags));
        let Some(fit) = fit.filter(|f| f.statistic.is_finite()) else {
            return;
        };
        let surface = tables::tau(self.trend, false);
        let [one, five, ten] = surface.critical_values(fit.n_obs);
        let p_value = surface.p_value(fit.statistic);
        let (lags, n_obs) = (fit.lags as f64, fit.n_obs as f64);
        fill(out, [fit.statistic, p_value, lags, n_obs, one, five, ten]);
    }
}

/// The critical values of a test that rejects small statistics.
pub(super) fn critical_fields() -> [OutputField; 3] {
    [
        float(
            "crit_1",
            "critical value at 1 %: a statistic below it rejects",
        ),
        float("crit_5", "critical value at 5 %"),
        float("crit_10", "critical value at 10 %"),
    ]
}

pub(crate) fn functions() -> Vec<Function> {
    let mut fields = vec![
        float(
            "statistic",
            "t value of the level in the regression of the change",
        ),
        float(
            "p_value",
            "probability of a statistic at most this under a unit root",
        ),
        integer("lags", "earlier changes in the regression"),
        integer("n_obs", "rows in the regression"),
    ];
    fields.extend(critical_fields());
    let mut options = vec![Trend::param(&TRENDS)];
    options.extend(Lags::params());
    Sample {
        series: vec![x("levels")],
        options,
        output: Output::Struct(fields),
        order: RowOrder::Significant,
        min_rows: 6,
        example_rows: 30,
        source: "Said and Dickey 1984, MacKinnon 1994 and 2010; statsmodels adfuller",
        ..Sample::of_one(
            "adf",
            "Augmented Dickey-Fuller test: a small p_value speaks against a unit root in x; NULL where x is constant",
            |args| {
                Ok(Box::new(AugmentedDickeyFuller {
                    trend: Trend::of(args, &TRENDS)?,
                    lags: Lags::of(args)?,
                }))
            },
        )
    }
    .functions()
}
