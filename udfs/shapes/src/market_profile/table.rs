//! The profile of a whole query as a table: one row for each symbol and price step.

use super::histogram::{Histogram, Ranges, Weight};
use super::{FAMILY, SOURCE, bins, share};
use crate::alt_bars::columns::{self, symbol_of};
use datafusion::arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch};
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function,
};
use quantlake_core::{
    Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, QlError,
};
use std::sync::Arc;

const NAME: &str = "volume_profile";

struct VolumeProfile {
    n_steps: usize,
    share: f64,
    weight: Weight,
}

/// The bars of one symbol that have all that the profile needs.
#[derive(Default)]
struct Table {
    high: Vec<f64>,
    low: Vec<f64>,
    volume: Vec<f64>,
}

impl Table {
    fn of(rows: &Rows) -> Result<Self, QlError> {
        let columns = [
            rows.values("high")?,
            rows.values("low")?,
            rows.values("volume")?,
        ];
        let [highs, lows, volumes] = &columns;
        let mut table = Self::default();
        for ((high, low), volume) in highs.iter().zip(lows).zip(volumes) {
            let is_bar = high.is_finite() && low.is_finite() && high >= low;
            if is_bar && volume.is_finite() && *volume >= 0.0 {
                table.high.push(*high);
                table.low.push(*low);
                table.volume.push(*volume);
            }
        }
        Ok(table)
    }

    fn ranges(&self) -> Ranges<'_> {
        Ranges {
            high: &self.high,
            low: &self.low,
            volume: &self.volume,
        }
    }

    fn histogram(&self, n_steps: usize, weight: Weight) -> Option<Histogram> {
        match self.high.is_empty() {
            true => None,
            false => Histogram::of(self.ranges(), 0..self.high.len(), n_steps, weight),
        }
    }
}

impl RelationKernel for VolumeProfile {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let table = Table::of(rows)?;
        let profile = table.histogram(self.n_steps, self.weight);
        let volumes = table.histogram(self.n_steps, Weight::Volume);
        let marks = table.histogram(self.n_steps, Weight::Time);
        let n = profile.as_ref().map_or(0, |p| p.steps.len());
        let weights = |h: &Option<Histogram>| h.as_ref().map_or(vec![0.0; n], |h| h.steps.clone());
        let (volumes, marks) = (weights(&volumes), weights(&marks));
        let (first, last) = profile
            .as_ref()
            .map_or((0, 0), |p| p.value_area(self.share));
        let control = profile.as_ref().map_or(0, Histogram::point_of_control);
        let edge = |step: usize| profile.as_ref().map_or(f64::NAN, |p| p.edge(step));
        let symbol = symbol_of(rows)?;
        let arrays: Vec<ArrayRef> = vec![
            columns::repeat(symbol.as_deref(), n),
            Arc::new(Int64Array::from_iter_values((1..).take(n))),
            Arc::new(Float64Array::from_iter_values((0..n).map(edge))),
            Arc::new(Float64Array::from_iter_values((1..=n).map(edge))),
            Arc::new(Float64Array::from_iter_values(volumes.into_iter().take(n))),
            Arc::new(Int64Array::from_iter_values(
                marks.into_iter().take(n).map(|m| m as i64),
            )),
            Arc::new(
                (0..n)
                    .map(|step| Some(step == control))
                    .collect::<BooleanArray>(),
            ),
            Arc::new(
                (0..n)
                    .map(|step| Some(step >= first && step <= last))
                    .collect::<BooleanArray>(),
            ),
        ];
        RecordBatch::try_new(rows.output_schema(), arrays)
            .map_err(|e| QlError::internal(format!("{NAME}: {e}")))
    }
}

fn output() -> Vec<OutputField> {
    use OutputType::{Flag, Float, Integer, Text};
    vec![
        OutputField::new("symbol", Text, "symbol"),
        OutputField::new(
            "step",
            Integer,
            "number of the price step, 1 at the lowest price",
        ),
        OutputField::new("price_low", Float, "lower edge of the step"),
        OutputField::new("price_high", Float, "upper edge of the step"),
        OutputField::new(
            "volume",
            Float,
            "volume: that of each bar spread evenly over the steps from its low to its high",
        ),
        OutputField::new(
            "bars",
            Integer,
            "how many bars touched the step (time-price opportunities)",
        ),
        OutputField::new("is_poc", Flag, "whether it is the point of control"),
        OutputField::new(
            "in_value_area",
            Flag,
            "whether it belongs to the value area",
        ),
    ]
}

/// `volume_profile((query), bins => 50, share => 0.7, by => 'volume')`.
pub(super) fn volume_profile() -> Function {
    let choices = vec![("volume".to_string(), 0), ("time".to_string(), 1)];
    let spec = FunctionSpec::new(NAME, FAMILY, Kind::Relation, "Volume and time by price of all bars of a symbol, one row for each price step, with point of control and value area.")
        .with_params(vec![
            ParamSpec::required("bars", ParamKind::Query, "bars with symbol, ts, high, low and volume; bars that lack one are skipped"),
            bins(1),
            share(),
            ParamSpec::optional("by", ParamKind::Choice(choices), ParamValue::Text("volume".into()), "what point of control and value area are measured by"),
        ])
        .with_output(Output::Rows(output()))
        .with_causality(Causality::WholePartition)
        .with_source(SOURCE)
        .with_example(
            "SELECT step, price_low, price_high, volume, bars, is_poc, in_value_area FROM volume_profile((SELECT * FROM (VALUES \
             ('X', TIMESTAMP '2024-01-02', 12.0, 10.0, 300.0), ('X', TIMESTAMP '2024-01-03', 13.0, 11.0, 200.0), \
             ('X', TIMESTAMP '2024-01-04', 14.0, 12.0, 100.0)) AS v(symbol, ts, high, low, volume)), bins => 4)",
            "",
        );
    let columns = vec![
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("high", InputType::Number),
        InputColumn::required("low", InputType::Number),
        InputColumn::required("volume", InputType::Number),
    ];
    relation_function(
        spec,
        columns,
        Grouping::PerKey("symbol".into()),
        &["symbol", "ts"],
        Arc::new(|args| {
            Ok(Box::new(VolumeProfile {
                n_steps: args.count("bins")?,
                share: args.number("share")?,
                weight: if args.integer("by")? == 1 {
                    Weight::Time
                } else {
                    Weight::Volume
                },
            }))
        }),
    )
}
