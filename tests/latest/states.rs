//! Every function of the registry that looks at no later row goes on row by row, with the bits of a
//! run over everything.

use crate::Random;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::scalar::ScalarValue;
use quantlake::engine::functions::registry;
use quantlake_core::series::SeriesFunction;
use quantlake_core::window::call::SeriesCall;
use quantlake_core::window::state::CallState;
use quantlake_core::{Causality, Function, Implementation, ParamKind, ParamSpec};
use quantlake_models::ModelStore;
use std::sync::Arc;

const N_ROWS: usize = 700;

/// Functions that look at no later row and yet read the history after each INSERT, and why.
const WITHOUT_STATE: [(&str, &str); 1] = [(
    "drawdown_scale",
    "its kernel has no state yet: the peak of the account would do",
)];

/// Functions without a call that can be made here, and why.
const NOT_CALLED: [(&str, &str); 1] = [("forecast_at", "runs a model, and none is registered")];

fn series(function: &Function) -> Option<&SeriesFunction> {
    match &function.implementation {
        Implementation::Window(udf) => udf.inner().downcast_ref::<SeriesFunction>(),
        _ => None,
    }
}

/// The default of a constant; something in the middle where there is none.
fn constant(param: &ParamSpec) -> Option<ScalarValue> {
    match (param.name.as_str(), &param.kind, &param.default) {
        ("span", ..) => Some(ScalarValue::from(5.0)),
        ("step", ParamKind::Name, _) => Some(ScalarValue::from("(s, x) -> 0.9 * s + sqrt(x)")),
        (_, _, Some(default)) => Some(default.to_scalar()),
        (_, ParamKind::Integer { .. }, None) => Some(ScalarValue::from(5i64)),
        (_, ParamKind::Number { .. }, None) => Some(ScalarValue::from(0.5)),
        _ => None,
    }
}

/// Other values of a constant: every convention, and a short period.
fn others(param: &ParamSpec) -> Vec<ScalarValue> {
    match &param.kind {
        ParamKind::Flag => vec![true.into(), false.into()],
        ParamKind::Choice(names) => names.iter().map(|(n, _)| n.as_str().into()).collect(),
        ParamKind::Integer { min, max } => vec![3.clamp(*min, *max).into()],
        _ => vec![],
    }
}

/// A call with constants in the place of the parameters that take them.
fn call(function: &Function, constants: &[Option<ScalarValue>]) -> Option<SeriesCall> {
    let params = function.spec.params.iter().zip(constants).enumerate();
    let args = params.map(|(i, (param, constant))| {
        let expr: Arc<dyn PhysicalExpr> = match param.kind.is_option() {
            true => Arc::new(Literal::new(constant.clone()?)),
            false => Arc::new(Column::new(&param.name, i)),
        };
        Some(expr)
    });
    let args = args.collect::<Option<Vec<_>>>()?;
    let bound = series(function)?.bind(&args).ok()?;
    Some(SeriesCall::alone(bound, &function.spec))
}

/// The call with the defaults, and those that differ in one constant.
fn calls(function: &Function) -> Vec<(String, SeriesCall)> {
    let params = &function.spec.params;
    let defaults: Vec<_> = params.iter().map(constant).collect();
    let first = call(function, &defaults).map(|c| (function.spec.name.clone(), c));
    let mut calls: Vec<_> = first.into_iter().collect();
    for (i, param) in params.iter().enumerate() {
        for value in others(param) {
            let name = format!("{}({} => {value})", function.spec.name, param.name);
            let mut constants = defaults.clone();
            constants[i] = Some(value);
            calls.extend(call(function, &constants).map(|c| (name, c)));
        }
    }
    calls
}

const N_COLUMNS: usize = 7;

/// Bars of some weeks, with sums that are not exact: open, high, low, close, volume, time, and a
/// number that is mostly 0. Some rows, the first among them, are no bars.
fn bars() -> [Vec<f64>; N_COLUMNS] {
    let mut random = Random(11);
    let mut unit = move || random.below(1 << 40) as f64 / (1u64 << 40) as f64;
    let mut columns: [Vec<f64>; N_COLUMNS] = Default::default();
    let mut close = 100.0;
    for row in 0..N_ROWS {
        let open = close * (1.0 + 0.02 * (unit() - 0.5));
        close *= 1.0 + 0.03 * (unit() - 0.5);
        let top = match row % 53 {
            0 => 0.9,
            _ => 1.0 + 0.01 * unit(),
        };
        let bar = [
            open,
            open.max(close) * top,
            open.min(close) * (1.0 - 0.01 * unit()),
            close,
            1e5 * unit(),
            1.4e15 + 97.0 * 6e7 * row as f64,
            [0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0][row % 7],
        ];
        columns.iter_mut().zip(bar).for_each(|(c, v)| c.push(v));
    }
    columns
}

/// What the function's series are; where a row may lack a value, some do.
fn inputs(function: &Function, call: &SeriesCall, bars: &[Vec<f64>; N_COLUMNS]) -> Vec<Vec<f64>> {
    let params = function.spec.params.iter().filter(|p| !p.kind.is_option());
    let column = |i: usize, param: &ParamSpec| match (param.name.as_str(), &param.kind) {
        (_, ParamKind::Times) => 5,
        ("open", _) => 0,
        ("high", _) => 1,
        ("low", _) => 2,
        ("close", _) => 3,
        ("volume", _) => 4,
        ("anchor" | "condition" | "side", _) => 6,
        _ => [3, 0, 4][i % 3],
    };
    let values = params.enumerate().map(|(i, param)| {
        let mut values = bars[column(i, param)].clone();
        if !call.kernel.needs(i) {
            values
                .iter_mut()
                .step_by(5)
                .for_each(|value| *value = f64::NAN);
        }
        values
    });
    values.collect()
}

/// The first row at which a state opened over so many rows has other bits.
fn difference(call: &SeriesCall, inputs: &[Vec<f64>], n_first: &[usize]) -> Option<usize> {
    let columns: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let mut whole = vec![vec![f64::NAN; N_ROWS]; call.n_outputs()];
    let mut slots: Vec<&mut [f64]> = whole.iter_mut().map(Vec::as_mut_slice).collect();
    call.kernel.run(&columns, &mut slots).expect("a run");
    let different = |n_first: &usize| {
        let first: Vec<&[f64]> = columns.iter().map(|c| &c[..*n_first]).collect();
        let mut state = CallState::after(call, &first).expect("a state");
        // One goes on in a copy, as a query does.
        state = state.fork();
        (*n_first..N_ROWS).find(|row| {
            let bar: Vec<f64> = columns.iter().map(|c| c[*row]).collect();
            let mut out = vec![f64::NAN; whole.len()];
            let pushed = state.push(call.kernel.as_ref(), &bar, &mut out);
            pushed.expect("a step");
            let same = |(a, b): (&f64, &Vec<f64>)| {
                a.to_bits() == b[*row].to_bits() || (!a.is_finite() && !b[*row].is_finite())
            };
            !out.iter().zip(&whole).all(same)
        })
    };
    n_first.iter().find_map(different)
}

#[test]
fn every_causal_function_goes_on_with_the_bits_of_the_full_query() {
    let registry = registry(&Arc::new(ModelStore::new())).expect("a registry");
    let bars = bars();
    let (mut n_calls, mut n_with_state) = (0, 0);
    let mut different = Vec::new();
    let mut without_state = Vec::new();
    let mut not_called = Vec::new();
    for function in registry.iter().filter(|f| series(f).is_some()) {
        let is_causal = function.spec.causality == Causality::Causal;
        let calls = calls(function);
        let Some((name, default)) = calls.first() else {
            not_called.push(function.spec.name.as_str());
            continue;
        };
        let has_state = CallState::exists(default);
        assert!(
            is_causal || !has_state,
            "{name}: later rows change its values"
        );
        match has_state {
            true => n_with_state += 1,
            false if is_causal => without_state.push(function.spec.name.as_str()),
            false => {}
        }
        for (name, call) in calls.iter().filter(|(_, call)| CallState::exists(call)) {
            n_calls += 1;
            let inputs = inputs(function, call, &bars);
            if let Some(row) = difference(call, &inputs, &[0, 137, 401]) {
                different.push(format!("{name} at {row}"));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
    let names = |list: &[(&'static str, &str)]| list.iter().map(|(n, _)| *n).collect::<Vec<_>>();
    assert_eq!(without_state, names(&WITHOUT_STATE));
    assert_eq!(not_called, names(&NOT_CALLED));
    assert!(
        n_with_state >= 590 && n_calls >= 2000,
        "{n_with_state} {n_calls}"
    );
}
