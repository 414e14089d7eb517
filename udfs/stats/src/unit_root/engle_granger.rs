//! `engle_granger`: are two series tied together in the long run?
//!
//! y is regressed on x and a trend; the residuals, the spread, are tested for a unit root with the
//! distribution for a spread that was fitted. Series that are the same up to scale have no spread
//! to test and give NULL.
//!
//! Source: Engle and Granger, Econometrica 55 (1987), pp. 251-276; MacKinnon (1994, 2010).

use super::dickey_fuller::{Lags, dickey_fuller};
use super::{Trend, adf, tables};
use crate::center::{dot, is_constant, squares};
use crate::linear::least_squares::{Reduced, residuals};
use crate::params::{float, integer, x, y};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Function, Output};

/// Unexplained share of the variance below which two series are taken for one; the limit of
/// statsmodels.
const SAME: f64 = 1.4901161193847656e-6;

struct EngleGranger {
    trend: Trend,
    lags: Lags,
}

impl Statistic for EngleGranger {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let [y, x] = columns {
            self.test(y, x, out);
        }
    }
}

impl EngleGranger {
    fn test(&self, y: &[f64], x: &[f64], out: &mut [f64]) -> Option<()> {
        if is_constant(y) {
            return None;
        }
        let mut design = vec![x.to_vec()];
        design.extend(self.trend.columns(y.len()));
        let coefficients = Reduced::new(design.clone(), y.to_vec()).coefficients(design.len())?;
        let spread = residuals(&design, y)?;
        let variation = match self.trend {
            Trend::None => dot(y, y),
            _ => squares(y),
        };
        let is_same = dot(&spread, &spread) <= SAME * variation;
        let fit = dickey_fuller(&spread, Trend::None, self.lags).filter(|_| !is_same)?;
        let surface = tables::tau(self.trend, true);
        let [one, five, ten] = surface.critical_values(y.len() - 1);
        let mut coefficients = coefficients.into_iter();
        fill(
            out,
            [
                fit.statistic,
                surface.p_value(fit.statistic),
                coefficients.next()?,
                coefficients.next().unwrap_or(0.0),
                spread.last().copied()?,
                fit.lags as f64,
                one,
                five,
                ten,
            ],
        );
        Some(())
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let mut fields = vec![
        float(
            "statistic",
            "t value of the spread's level in the regression of its change",
        ),
        float(
            "p_value",
            "probability of a statistic at most this without cointegration",
        ),
        float(
            "hedge_ratio",
            "coefficient of x: units of x against one unit of y",
        ),
        float("intercept", "constant of the regression, 0 without one"),
        float("residual", "the spread at the last row, in units of y"),
        integer("lags", "earlier changes of the spread in the test"),
    ];
    fields.extend(adf::critical_fields());
    let mut options = vec![Trend::param(&adf::TRENDS)];
    options.extend(Lags::params());
    Sample {
        series: vec![
            y("levels of the series that is explained"),
            x("levels of the series that explains"),
        ],
        options,
        output: Output::Struct(fields),
        order: RowOrder::Significant,
        min_rows: 6,
        example_rows: 30,
        source: "Engle and Granger 1987, MacKinnon 1994 and 2010; statsmodels coint",
        ..Sample::of_two(
            "engle_granger",
            "Engle-Granger test: a small p_value speaks for cointegration of y and x; NULL where they are the same up to scale or y is constant",
            |args| {
                Ok(Box::new(EngleGranger {
                    trend: Trend::of(args, &adf::TRENDS)?,
                    lags: Lags::of(args)?,
                }))
            },
        )
    }
    .functions()
}
