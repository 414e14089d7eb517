//! Every function of the registry that can go on row by row does so with the bits of a run over
//! everything.

use crate::Random;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::scalar::ScalarValue;
use quantlake::engine::functions::registry;
use quantlake_core::series::SeriesFunction;
use quantlake_core::window::call::SeriesCall;
use quantlake_core::window::state::CallState;
use quantlake_core::{Function, Implementation, ParamKind};
use quantlake_models::ModelStore;
use std::collections::BTreeMap;
use std::sync::Arc;

const N_ROWS: usize = 700;

/// A call with the constants' defaults; 5 and 0.5 where there is none.
fn call(function: &Function) -> Option<SeriesCall> {
    let Implementation::Window(udf) = &function.implementation else {
        return None;
    };
    let series = udf.inner().downcast_ref::<SeriesFunction>()?;
    let args = function.spec.params.iter().enumerate().map(|(i, param)| {
        let expr: Arc<dyn PhysicalExpr> = match (&param.kind, &param.default) {
            (kind, _) if !kind.is_option() => Arc::new(Column::new(&param.name, i)),
            (_, Some(default)) => Arc::new(Literal::new(default.to_scalar())),
            (ParamKind::Integer { .. }, None) => Arc::new(Literal::new(ScalarValue::from(5i64))),
            (ParamKind::Number { .. }, None) => Arc::new(Literal::new(ScalarValue::from(0.5))),
            _ => return None,
        };
        Some(expr)
    });
    let bound = series.bind(&args.collect::<Option<Vec<_>>>()?).ok()?;
    Some(SeriesCall::alone(bound, &function.spec))
}

/// Bars by the minute, with sums that are not exact.
fn bars() -> [Vec<f64>; 6] {
    let mut random = Random(11);
    let mut unit = move || random.below(1 << 40) as f64 / (1u64 << 40) as f64;
    let mut columns: [Vec<f64>; 6] = Default::default();
    let mut close = 100.0;
    for row in 0..N_ROWS {
        let open = close;
        close *= 1.0 + 0.03 * (unit() - 0.5);
        let bar = [
            open,
            open.max(close) * (1.0 + 0.01 * unit()),
            open.min(close) * (1.0 - 0.01 * unit()),
            close,
            1e5 * unit(),
            1.4e15 + 6e7 * row as f64,
        ];
        columns.iter_mut().zip(bar).for_each(|(c, v)| c.push(v));
    }
    columns
}

fn inputs<'a>(function: &Function, bars: &'a [Vec<f64>; 6]) -> Vec<&'a [f64]> {
    let series = function.spec.params.iter().filter(|p| !p.kind.is_option());
    let column = |(i, name): (usize, &str)| match name {
        "open" => 0,
        "high" => 1,
        "low" => 2,
        "close" => 3,
        "volume" => 4,
        "ts" => 5,
        _ => [3, 0, 4][i % 3],
    };
    let names = series.map(|p| p.name.as_str()).enumerate();
    names.map(|i| bars[column(i)].as_slice()).collect()
}

/// The first row at which a state opened over `n_first` rows has other bits.
fn difference(call: &SeriesCall, inputs: &[&[f64]], n_first: usize) -> Option<usize> {
    let mut whole = vec![vec![f64::NAN; N_ROWS]; call.n_outputs()];
    let mut slots: Vec<&mut [f64]> = whole.iter_mut().map(Vec::as_mut_slice).collect();
    call.kernel.run(inputs, &mut slots).expect("a run");
    let first: Vec<&[f64]> = inputs.iter().map(|c| &c[..n_first]).collect();
    let mut state = CallState::after(call, &first).expect("a state");
    (n_first..N_ROWS).find(|row| {
        let bar: Vec<f64> = inputs.iter().map(|c| c[*row]).collect();
        let mut out = vec![f64::NAN; whole.len()];
        let pushed = state.push(call.kernel.as_ref(), &bar, &mut out);
        pushed.expect("a step");
        let same = |(a, b): (&f64, &Vec<f64>)| {
            a.to_bits() == b[*row].to_bits() || (!a.is_finite() && !b[*row].is_finite())
        };
        !out.iter().zip(&whole).all(same)
    })
}

#[test]
fn every_function_with_a_state_goes_on_with_the_same_bits() {
    let registry = registry(&Arc::new(ModelStore::new())).expect("a registry");
    let bars = bars();
    let mut n_by_family: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    let mut different = Vec::new();
    for function in registry.iter() {
        let Some(call) = call(function) else {
            continue;
        };
        let has_state = CallState::exists(&call);
        let family = function.spec.family.as_str();
        *n_by_family.entry((family, has_state)).or_default() += 1;
        let inputs = inputs(function, &bars);
        if !has_state {
            continue;
        }
        for n_first in [0, 137, 401] {
            if let Some(row) = difference(&call, &inputs, n_first) {
                different.push(format!("{} at {row} of {n_first}", function.spec.name));
            }
        }
    }
    assert!(different.is_empty(), "{different:?}");
    let with_state = n_by_family.iter().filter(|((_, has_state), _)| *has_state);
    let n_with_state: usize = with_state.map(|(_, n)| n).sum();
    assert!(n_with_state > 450, "{n_by_family:?}");
}
