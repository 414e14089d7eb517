//! `calendar_returns`: the returns of weeks, months, quarters or years.

use super::frame;
use crate::metrics::arguments::{Convention, conventions};
use crate::metrics::calendar::{Every, calendar_returns};
use crate::metrics::conventions::Conventions;
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{Grouping, RelationKernel, Rows, relation_function, time_column};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, ParamValue, QlError,
};
use std::sync::Arc;

const NAME: &str = "calendar_returns";
const CHOICES: &[Convention] = &[Convention::Method, Convention::Compounded];
const PERIODS: [(&str, Every); 4] = [
    ("week", Every::Week),
    ("month", Every::Month),
    ("quarter", Every::Quarter),
    ("year", Every::Year),
];

struct CalendarReturns {
    every: Every,
    conventions: Conventions,
}

impl RelationKernel for CalendarReturns {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let observations = frame::observations(NAME, rows, &[])?;
        let found = calendar_returns(&observations.series(), self.every, &self.conventions);
        let symbol = frame::symbol_of(rows)?;
        let columns = vec![
            frame::texts(found.iter().map(|_| symbol)),
            time_column(found.iter().map(|p| Some(p.start)).collect()),
            frame::floats(found.iter().map(|p| p.ret)),
            frame::counts(found.iter().map(|p| p.n)),
        ];
        frame::batch(NAME, rows, columns)
    }
}

fn make(args: &Args) -> Result<Box<dyn RelationKernel>, QlError> {
    let code = args.count("every")?;
    let (_, every) = PERIODS
        .get(code)
        .ok_or_else(|| QlError::internal(format!("{NAME}: no period has the code {code}")))?;
    Ok(Box::new(CalendarReturns {
        every: *every,
        conventions: conventions(args, CHOICES)?,
    }))
}

pub(super) fn function() -> Function {
    let names = (0..)
        .zip(PERIODS)
        .map(|(code, (name, _))| (name.to_string(), code));
    let every = ParamSpec::optional(
        "every",
        ParamKind::Choice(names.collect()),
        ParamValue::Text("month".into()),
        "length of the calendar periods, by UTC; weeks start on Monday",
    );
    let mut params = vec![frame::query(), every];
    params.extend(CHOICES.iter().map(|c| c.param()));
    let spec = FunctionSpec::new(
        NAME,
        "risk",
        Kind::Relation,
        "Returns of the calendar weeks, months, quarters or years that have any, as fractions",
    )
    .with_params(params)
    .with_output(Output::Rows(vec![
        frame::symbol_field(),
        OutputField::new("ts", OutputType::Time, "start of the calendar period"),
        OutputField::new("ret", OutputType::Float, "return of the calendar period as a fraction"),
        OutputField::new("n", OutputType::Integer, "returns it is made of"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_source("aggregate_returns of empyrical, monthly_returns of quantstats")
    .with_example(
        "SELECT ts, round(ret, 6) AS ret, n FROM calendar_returns((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-30', 0.1), (TIMESTAMP '2024-01-31', 0.1), (TIMESTAMP '2024-02-01', -0.05)) \
         AS v(ts, ret)), every => 'month')",
        "2024-01-01T00:00:00,0.21,2\n2024-02-01T00:00:00,-0.05,1",
    );
    relation_function(
        spec,
        frame::columns(),
        Grouping::PerKey(frame::SYMBOL.into()),
        &[frame::SYMBOL, "ts"],
        Arc::new(make),
    )
}
