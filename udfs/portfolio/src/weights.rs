//! `portfolio_weights`: the weights of one portfolio from all rows of a query.

use crate::FAMILY;
use crate::construct::{Construction, Portfolio};
use crate::kernel::matrix::{deviations, dot};
use crate::kernel::method::marginal_risk;
use crate::options::{method_params, params};
use crate::panel::{Facts, Panel, Sample, columns};
use crate::settings::Settings;
use crate::views::{self, Opinion};
use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use quantlake_core::relation::{Grouping, RelationFactory, RelationFunction, RelationKernel, Rows};
use quantlake_core::{
    Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, QlError,
};
use std::sync::Arc;

const NAME: &str = "portfolio_weights";

pub(crate) const SOURCE: &str = "Markowitz 1952 (mean and variance), Spinu 2013 (risk parity), Lopez de Prado 2016 (hrp), \
    Raffinot 2018 (herc), Choueifaty and Coignard 2008 (diversification), Rockafellar and Uryasev 2000 (cvar), \
    Chekhlov, Uryasev and Zabarankin 2005 (cdar), Black and Litterman 1992; conventions of PyPortfolioOpt and skfolio";

pub(crate) fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

pub(crate) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        FAMILY,
        Kind::Relation,
        "Weights of a portfolio of the query's symbols by the method asked for, with each symbol's share of the risk.",
    )
    .with_params(params(method_params()))
    .with_output(Output::Rows(vec![
        OutputField::new("symbol", OutputType::Text, "symbol"),
        float("weight", "share of the portfolio's value, negative for a short position"),
        float("expected_return", "expected return of the symbol per year"),
        float("volatility", "volatility of the symbol per year"),
        float("marginal_risk", "change of the portfolio's volatility per year with the weight; the sum of weight times marginal_risk is the volatility"),
        float("risk_contribution", "share of the portfolio's variance, with sum 1"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_lookback("all rows")
    .with_source(SOURCE)
    .with_example(
        "SELECT symbol, round(weight, 6) AS weight, round(risk_contribution, 6) AS risk FROM portfolio_weights((SELECT \
         to_timestamp(1704067200 + 86400 * t) AS ts, symbol, CASE symbol WHEN 'A' THEN 0.01 * sin(t) \
         WHEN 'B' THEN 0.02 * cos(t) ELSE 0.01 * sin(t) + 0.03 * cos(3.0 * t) END AS ret \
         FROM generate_series(1, 60) AS g(t) CROSS JOIN (VALUES ('A'), ('B'), ('C')) AS s(symbol)), \
         method => 'risk_parity') ORDER BY symbol",
        "A,0.524979,0.333333\nB,0.302737,0.333333\nC,0.172284,0.333333",
    );
    over_returns(
        spec,
        Arc::new(|args| {
            let settings = Settings::with_method(NAME, args)?;
            Ok(Box::new(Weights { settings }))
        }),
    )
}

/// A function over the returns of all symbols, with views.
pub(crate) fn over_returns(spec: FunctionSpec, factory: RelationFactory) -> Function {
    RelationFunction {
        spec: Arc::new(spec),
        columns: columns(),
        grouping: Grouping::Whole,
        order: vec!["ts".into(), "symbol".into()],
        queries: vec![views::query()],
        part_rows: None,
        factory,
    }
    .into_function()
}

struct Weights {
    settings: Settings,
}

impl RelationKernel for Weights {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        over_all_rows(&self.settings, rows, |construction| {
            let portfolio = construction.build()?;
            let members = construction.sample.members.iter();
            let symbols = members.map(|m| Some(construction.panel.symbols[*m]));
            let mut columns: Vec<ArrayRef> = vec![Arc::new(symbols.collect::<StringArray>())];
            columns.extend(numbers(&portfolio));
            Ok(columns)
        })
    }
}

/// The result of a function that takes all rows as one sample; nothing comes out of nothing.
pub(crate) fn over_all_rows(
    settings: &Settings,
    rows: &Rows,
    columns: impl FnOnce(&Construction<'_>) -> Result<Vec<ArrayRef>, QlError>,
) -> Result<RecordBatch, QlError> {
    if rows.is_empty() {
        return Ok(RecordBatch::new_empty(rows.output_schema()));
    }
    let name = settings.function.as_str();
    let panel = Panel::try_new(name, rows)?;
    let whole = Whole::new(&panel);
    let opinions = views::read(name, rows)?;
    let opinions = views::current(&opinions, i64::MAX);
    let columns = columns(&whole.construction(settings, &panel, &opinions)?)?;
    RecordBatch::try_new(rows.output_schema(), columns)
        .map_err(|e| QlError::internal(format!("{name}: {e}")))
}

/// All rows of a panel as one sample of all symbols, with what is known at the end.
struct Whole<'a> {
    sample: Sample,
    facts: Vec<Facts<'a>>,
    previous: Vec<f64>,
}

impl<'a> Whole<'a> {
    fn new(panel: &Panel<'a>) -> Self {
        let mut facts = vec![Facts::default(); panel.symbols.len()];
        (0..panel.n_dates()).for_each(|date| panel.learn(date, &mut facts));
        let previous = facts.iter().map(|f| f.previous_weight).collect();
        Self {
            sample: panel.sample((0..panel.symbols.len()).collect(), 0..panel.n_dates()),
            facts,
            previous,
        }
    }

    /// The one portfolio of these rows; a turnover limit needs to know what was held.
    fn construction<'b>(
        &'b self,
        settings: &'b Settings,
        panel: &'b Panel<'a>,
        opinions: &'b [&'b Opinion],
    ) -> Result<Construction<'b>, QlError>
    where
        'a: 'b,
    {
        let is_unknown = self.previous.iter().any(|w| w.is_nan());
        if let (Some(limit), true) = (settings.max_turnover, is_unknown) {
            let allowed = "left out where a symbol has no `previous_weight` (0 for one not held)";
            return Err(settings.bad("max_turnover", allowed, limit));
        }
        Ok(Construction {
            settings,
            panel,
            facts: &self.facts,
            sample: &self.sample,
            opinions,
            previous: Some(&self.previous),
        })
    }
}

fn numbers(portfolio: &Portfolio) -> Vec<ArrayRef> {
    let Portfolio { weights, moments } = portfolio;
    let marginal = marginal_risk(moments, weights);
    let volatility = dot(&marginal, weights);
    let contributions = weights.iter().zip(&marginal).map(|(w, m)| {
        if volatility > 0.0 {
            w * m / volatility
        } else {
            f64::NAN
        }
    });
    let contributions: Vec<f64> = contributions.collect();
    let volatilities = deviations(&moments.covariance);
    [
        weights,
        &moments.mean,
        &volatilities,
        &marginal,
        &contributions,
    ]
    .into_iter()
    .map(|values| floats(values.iter().copied()))
    .collect()
}

/// A column of doubles; what is not finite is unknown, so NULL.
pub(crate) fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let known = values.into_iter().map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}
