//! `efficient_frontier`: the best portfolios from the safest to the one that earns most.

use crate::FAMILY;
use crate::construct::Construction;
use crate::kernel::matrix::dot;
use crate::kernel::method::Fault;
use crate::kernel::optimise::{
    Moments, efficient_return, highest_return, max_return, min_variance,
};
use crate::kernel::program::Unsolved;
use crate::options::params;
use crate::settings::Settings;
use crate::weights::{SOURCE, float, floats, over_all_rows, over_returns};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use quantlake_core::relation::{RelationKernel, Rows};
use quantlake_core::{
    Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, QlError,
};
use std::sync::Arc;

const NAME: &str = "efficient_frontier";

pub(crate) fn function() -> Function {
    let points = ParamSpec::optional(
        "points",
        ParamKind::Integer {
            min: 2,
            max: 10_000,
        },
        ParamValue::Integer(20),
        "number of portfolios, at equal steps of expected return",
    );
    let spec = FunctionSpec::new(
        NAME,
        FAMILY,
        Kind::Relation,
        "Portfolios with the smallest variance for their expected return, from the safest one to the one that earns most: one row per point and symbol.",
    )
    .with_params(params([points]))
    .with_output(Output::Rows(vec![
        OutputField::new("point", OutputType::Integer, "number of the portfolio, 1 for the safest"),
        float("expected_return", "expected return of the portfolio per year"),
        float("volatility", "volatility of the portfolio per year"),
        float("sharpe", "expected return over risk_free, divided by the volatility"),
        OutputField::new("symbol", OutputType::Text, "symbol"),
        float("weight", "share of the portfolio's value"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_lookback("all rows")
    .with_source(SOURCE)
    .with_example(
        "SELECT point, round(volatility, 4) AS volatility, symbol, round(weight, 4) AS weight FROM efficient_frontier((SELECT \
         to_timestamp(1704067200 + 86400 * t) AS ts, symbol, CASE symbol WHEN 'A' THEN 0.001 + 0.01 * sin(t) \
         ELSE 0.002 + 0.02 * cos(t) END AS ret FROM generate_series(1, 60) AS g(t) \
         CROSS JOIN (VALUES ('A'), ('B')) AS s(symbol)), points => 3) ORDER BY point, symbol",
        "1,0.1014,A,0.8023\n1,0.1014,B,0.1977\n2,0.1433,A,0.4011\n2,0.1433,B,0.5989\n3,0.2265,A,0.0\n3,0.2265,B,1.0",
    );
    over_returns(
        spec,
        Arc::new(|args| {
            Ok(Box::new(Frontier {
                settings: Settings::without_method(NAME, args)?,
                points: args.count("points")?,
            }))
        }),
    )
}

struct Frontier {
    settings: Settings,
    points: usize,
}

impl Frontier {
    /// The weights of each point.
    fn portfolios(
        &self,
        construction: &Construction<'_>,
        moments: &Moments,
    ) -> Result<Vec<Vec<f64>>, QlError> {
        let limits = construction.limits()?;
        let all = || -> Result<Vec<Vec<f64>>, Unsolved> {
            let safest = min_variance(&moments.covariance, &limits)?;
            let lowest = dot(&safest, &moments.mean);
            let highest = highest_return(moments, &limits)?;
            let mut found = vec![safest];
            for point in 1..self.points - 1 {
                let share = point as f64 / (self.points - 1) as f64;
                let target = lowest + share * (highest - lowest);
                found.push(efficient_return(moments, target, &limits)?);
            }
            found.push(max_return(moments, &limits)?);
            Ok(found)
        };
        all().map_err(|unsolved| construction.explain(Fault::from(unsolved), moments, &limits))
    }

    /// One row per portfolio and symbol.
    fn columns(
        &self,
        construction: &Construction<'_>,
        moments: &Moments,
        portfolios: &[Vec<f64>],
    ) -> Vec<ArrayRef> {
        let members = &construction.sample.members;
        let n = members.len();
        let each = |value: &dyn Fn(&[f64]) -> f64| {
            floats(portfolios.iter().flat_map(|w| vec![value(w); n]))
        };
        let earned = |w: &[f64]| dot(w, &moments.mean);
        let volatility = |w: &[f64]| moments.covariance.quadratic(w).max(0.0).sqrt();
        let risk_free = self.settings.risk_free;
        let points = (1_i64..).take(portfolios.len()).flat_map(|p| vec![p; n]);
        let names = || members.iter().map(|m| construction.panel.symbols[*m]);
        let symbols: StringArray = portfolios.iter().flat_map(|_| names()).map(Some).collect();
        vec![
            Arc::new(Int64Array::from_iter_values(points)),
            each(&earned),
            each(&volatility),
            each(&|w| (earned(w) - risk_free) / volatility(w)),
            Arc::new(symbols),
            floats(portfolios.iter().flatten().copied()),
        ]
    }
}

impl RelationKernel for Frontier {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        over_all_rows(&self.settings, rows, |construction| {
            let moments = construction.moments()?;
            let portfolios = self.portfolios(construction, &moments)?;
            Ok(self.columns(construction, &moments, &portfolios))
        })
    }
}
