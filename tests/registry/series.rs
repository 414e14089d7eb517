//! Properties of every window function, through its adapter.

use super::all;
use datafusion::arrow::array::{Array, ArrayRef, Float64Array, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::WindowUDF;
use datafusion::logical_expr::function::{ExpressionArgs, PartitionEvaluatorArgs};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::PhysicalExpr;
use quantlake_core::series::SeriesFunction;
use quantlake_core::spec::default_time_type;
use quantlake_core::{Causality, FunctionSpec, Implementation, ParamKind, ParamSpec};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;

const N_BARS: usize = 260;

/// Random bars as the functions name their inputs.
struct Bars {
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl Bars {
    fn random(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut bars = Self {
            open: vec![],
            high: vec![],
            low: vec![],
            close: vec![],
            volume: vec![],
        };
        let mut price = 100.0;
        for _ in 0..N_BARS {
            let open = price * (1.0 + random.random_range(-0.01..0.01));
            let close = open * (1.0 + random.random_range(-0.03..0.03));
            bars.open.push(open);
            bars.high
                .push(open.max(close) * (1.0 + random.random_range(0.0..0.01)));
            bars.low
                .push(open.min(close) * (1.0 - random.random_range(0.0..0.01)));
            bars.close.push(close);
            bars.volume.push(random.random_range(1e3..1e6));
            price = close;
        }
        bars
    }

    fn series(&self, parameter: &ParamSpec) -> Vec<f64> {
        let rows = 0..N_BARS;
        match parameter.kind {
            // Bars of 40 minutes, so that sessions and days change.
            ParamKind::Times => return rows.map(|i| 1.6e15 + 2.4e9 * i as f64).collect(),
            ParamKind::Groups => return rows.map(|i| (i % 3) as f64).collect(),
            _ => {}
        }
        match parameter.name.as_str() {
            "open" => self.open.clone(),
            "high" => self.high.clone(),
            "low" => self.low.clone(),
            "volume" => self.volume.clone(),
            "volatility" => vec![0.02; N_BARS],
            "periods" => vec![14.0; N_BARS],
            "y" => self.open.clone(),
            _ => self.close.clone(),
        }
    }
}

/// The arguments of a call with its defaults; where these are refused because one of several
/// constants has to be given (`ewm_mean`), the first of them.
fn arguments(udwf: &WindowUDF, spec: &FunctionSpec) -> (Vec<Arc<dyn PhysicalExpr>>, Vec<FieldRef>) {
    let (mut exprs, fields) = default_arguments(spec);
    let function = udwf.inner().downcast_ref::<SeriesFunction>();
    if function.is_some_and(|f| f.bind(&exprs).is_err()) {
        let is_null = |expr: &Arc<dyn PhysicalExpr>| {
            let literal = expr.downcast_ref::<Literal>();
            literal.is_some_and(|l| l.value().is_null())
        };
        if let Some(i) = exprs.iter().position(is_null) {
            exprs[i] = constant(ScalarValue::Float64(Some(10.0))).0;
        }
    }
    (exprs, fields)
}

/// Columns in their order, constants as literals.
fn default_arguments(spec: &FunctionSpec) -> (Vec<Arc<dyn PhysicalExpr>>, Vec<FieldRef>) {
    let mut exprs: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
    let mut fields: Vec<FieldRef> = Vec::new();
    for param in &spec.params {
        let (expr, ty): (Arc<dyn PhysicalExpr>, DataType) = match (&param.kind, &param.default) {
            (ParamKind::Series | ParamKind::Groups, _) => (
                Arc::new(Column::new(&param.name, fields.len())),
                DataType::Float64,
            ),
            (ParamKind::Times, _) => (
                Arc::new(Column::new(&param.name, fields.len())),
                default_time_type(),
            ),
            (_, Some(default)) => constant(default.to_scalar()),
            (kind, None) => constant(smallest(kind)),
        };
        exprs.push(expr);
        fields.push(Arc::new(Field::new(&param.name, ty, true)));
    }
    (exprs, fields)
}

/// Calls a window function with its defaults on the given rows.
fn evaluate(udwf: &WindowUDF, spec: &FunctionSpec, inputs: &[Vec<Option<f64>>]) -> ArrayRef {
    let (exprs, fields) = arguments(udwf, spec);
    let n_series = udwf.expressions(ExpressionArgs::new(&exprs, &fields)).len();
    let args = PartitionEvaluatorArgs::new(&exprs, &fields, false, false);
    let mut evaluator = udwf
        .partition_evaluator_factory(args)
        .unwrap_or_else(|e| panic!("{}: {e}", spec.name));
    let kinds = spec.params.iter().filter(|p| is_series(p));
    let columns: Vec<ArrayRef> = inputs
        .iter()
        .zip(kinds)
        .take(n_series)
        .map(|(cells, param)| column(cells, param))
        .collect();
    let n_rows = inputs.first().map_or(0, Vec::len);
    evaluator
        .evaluate_all(&columns, n_rows)
        .unwrap_or_else(|e| panic!("{}: {e}", spec.name))
}

fn is_series(param: &ParamSpec) -> bool {
    matches!(
        param.kind,
        ParamKind::Series | ParamKind::Groups | ParamKind::Times
    )
}

/// Numbers, or times where a value that is not finite is NULL.
fn column(cells: &[Option<f64>], param: &ParamSpec) -> ArrayRef {
    if param.kind != ParamKind::Times {
        return Arc::new(cells.iter().copied().collect::<Float64Array>());
    }
    let whole = cells
        .iter()
        .map(|c| c.filter(|v| v.is_finite()).map(|v| v as i64));
    Arc::new(whole.collect::<TimestampMicrosecondArray>())
}

fn constant(value: ScalarValue) -> (Arc<dyn PhysicalExpr>, DataType) {
    let ty = value.data_type();
    (Arc::new(Literal::new(value)), ty)
}

fn smallest(kind: &ParamKind) -> ScalarValue {
    match kind {
        ParamKind::Integer { min, .. } => ScalarValue::Int64(Some(*min)),
        ParamKind::Number { min, .. } => ScalarValue::Float64(Some(min.max(1.0))),
        ParamKind::Choice(choices) => {
            ScalarValue::Utf8(choices.first().map(|(name, _)| name.clone()))
        }
        _ => ScalarValue::Null,
    }
}

/// Every window function that needs no model.
fn for_each(mut check: impl FnMut(&WindowUDF, &FunctionSpec, Vec<Vec<Option<f64>>>)) -> usize {
    let registry = all();
    let mut n_checked = 0;
    for function in registry.iter() {
        let Implementation::Window(udwf) = &function.implementation else {
            continue;
        };
        let spec = &function.spec;
        if spec
            .params
            .iter()
            .any(|p| p.kind == ParamKind::Name && p.default.is_none())
        {
            continue;
        }
        let bars = Bars::random(7 + n_checked as u64);
        let inputs = spec
            .params
            .iter()
            .filter(|p| is_series(p))
            .map(|p| bars.series(p).into_iter().map(Some).collect())
            .collect();
        check(udwf, spec, inputs);
        n_checked += 1;
    }
    n_checked
}

fn prefix(inputs: &[Vec<Option<f64>>], n_rows: usize) -> Vec<Vec<Option<f64>>> {
    inputs.iter().map(|c| c[..n_rows].to_vec()).collect()
}

#[test]
fn a_causal_value_never_changes_when_later_rows_arrive() {
    let n_checked = for_each(|udwf, spec, inputs| {
        let full = evaluate(udwf, spec, &inputs);
        for n_rows in [1, 2, 33, 100, 173, N_BARS - 1] {
            let part = evaluate(udwf, spec, &prefix(&inputs, n_rows));
            let n_fixed = match &spec.causality {
                Causality::Causal => n_rows,
                Causality::Forward(rows) => {
                    let horizon = spec
                        .params
                        .iter()
                        .find(|p| p.name == *rows)
                        .and_then(|p| p.default.clone());
                    let horizon = match horizon {
                        Some(quantlake_core::ParamValue::Integer(h)) => h as usize,
                        other => panic!("{}: horizon {other:?}", spec.name),
                    };
                    n_rows.saturating_sub(horizon)
                }
                Causality::WholePartition => 0,
            };
            let same = part.slice(0, n_fixed).to_data() == full.slice(0, n_fixed).to_data();
            assert!(
                same,
                "{} changes an earlier value when row {n_rows} arrives",
                spec.name
            );
        }
    });
    assert!(n_checked >= 231, "{n_checked}");
}

#[test]
fn a_missing_row_is_null_and_leaves_the_others_as_if_it_were_not_there() {
    for_each(|udwf, spec, inputs| {
        if spec.causality != Causality::Causal {
            return;
        }
        let missing = [0, 5, 77, 78, 200];
        let holed: Vec<Vec<Option<f64>>> = inputs
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let hole = |row: usize| missing.contains(&row) && (i == 0 || row.is_multiple_of(2));
                c.iter()
                    .enumerate()
                    .map(|(row, v)| {
                        if hole(row) {
                            [None, Some(f64::NAN), Some(f64::INFINITY)][row % 3]
                        } else {
                            *v
                        }
                    })
                    .collect()
            })
            .collect();
        let dense: Vec<Vec<Option<f64>>> = inputs
            .iter()
            .map(|c| {
                c.iter()
                    .enumerate()
                    .filter(|(row, _)| !missing.contains(row))
                    .map(|(_, v)| *v)
                    .collect()
            })
            .collect();
        let (with_holes, without) = (evaluate(udwf, spec, &holed), evaluate(udwf, spec, &dense));
        let mut dense_row = 0;
        for row in 0..N_BARS {
            if missing.contains(&row) {
                assert!(
                    with_holes.is_null(row),
                    "{}: row {row} is missing and not NULL",
                    spec.name
                );
            } else {
                let same =
                    with_holes.slice(row, 1).to_data() == without.slice(dense_row, 1).to_data();
                assert!(same, "{}: row {row} differs", spec.name);
                dense_row += 1;
            }
        }
    });
}

#[test]
fn short_and_odd_inputs_give_null_or_a_value_and_never_a_panic() {
    for_each(|udwf, spec, inputs| {
        for n_rows in [0, 1, 2] {
            assert_eq!(
                evaluate(udwf, spec, &prefix(&inputs, n_rows)).len(),
                n_rows,
                "{}",
                spec.name
            );
        }
        for odd in [0.0, -1.0, 1e300, f64::MIN_POSITIVE] {
            let constant: Vec<Vec<Option<f64>>> =
                inputs.iter().map(|c| vec![Some(odd); c.len()]).collect();
            assert_eq!(
                evaluate(udwf, spec, &constant).len(),
                N_BARS,
                "{} on {odd}",
                spec.name
            );
        }
        let nothing: Vec<Vec<Option<f64>>> = inputs.iter().map(|c| vec![None; c.len()]).collect();
        assert_eq!(
            evaluate(udwf, spec, &nothing).null_count(),
            N_BARS,
            "{} of NULLs",
            spec.name
        );
    });
}

/// Rows before a row that its value depends on to the last bit, as the kernel promises it.
fn history(udwf: &WindowUDF, spec: &FunctionSpec) -> Option<usize> {
    let function = udwf.inner().downcast_ref::<SeriesFunction>()?;
    let bound = function.bind(&arguments(udwf, spec).0);
    bound
        .unwrap_or_else(|e| panic!("{}: {e}", spec.name))
        .kernel
        .history()
}

#[test]
fn a_promised_history_is_all_that_a_value_depends_on() {
    let mut n_promised = 0;
    for_each(|udwf, spec, inputs| {
        let Some(history) = history(udwf, spec) else {
            return;
        };
        n_promised += 1;
        let full = evaluate(udwf, spec, &inputs);
        for row in (history..N_BARS).step_by(7) {
            let end: Vec<Vec<Option<f64>>> = inputs
                .iter()
                .map(|c| c[row - history..=row].to_vec())
                .collect();
            let part = evaluate(udwf, spec, &end);
            assert!(
                part.slice(history, 1).to_data() == full.slice(row, 1).to_data(),
                "{}: row {row} differs when it starts {history} rows before",
                spec.name
            );
        }
    });
    assert!(n_promised >= 50, "{n_promised}");
}
