//! What does the adapter of window functions cost beside the kernel, and what do missing rows cost?
//!
//! One partition of 100,000 bars per call; the kernel alone is the floor.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use datafusion::arrow::array::{ArrayRef, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::function::PartitionEvaluatorArgs;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::PhysicalExpr;
use quantlake::engine::functions::registry;
use quantlake_core::Implementation;
use quantlake_models::ModelStore;
use std::hint::black_box;
use std::sync::Arc;

const N_ROWS: usize = 100_000;

/// A random walk with a share of missing rows.
fn closes(percent_missing: usize) -> ArrayRef {
    let mut state = 7_u64;
    let mut price = 100.0;
    let values = (0..N_ROWS).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        price *= 1.0 + ((state >> 40) as f64 / (1u64 << 24) as f64 - 0.5) * 0.02;
        ((state >> 20) as usize % 100 >= percent_missing).then_some(price)
    });
    Arc::new(values.collect::<Float64Array>())
}

fn series(criterion: &mut Criterion) {
    let registry = registry(&Arc::new(ModelStore::new())).expect("the functions");
    let mut group = criterion.benchmark_group("series");
    group.throughput(Throughput::Elements(N_ROWS as u64));
    // A recursion, a sliding window, a sort per step, several outputs.
    for name in ["rsi", "sma", "ta_median", "macd"] {
        let function = registry.get(name).expect(name);
        let Implementation::Window(udwf) = &function.implementation else {
            panic!("{name} is no window function")
        };
        for percent_missing in [0, 30, 80] {
            let input = [closes(percent_missing)];
            let exprs: Vec<Arc<dyn PhysicalExpr>> = vec![
                Arc::new(Column::new("x", 0)),
                Arc::new(Literal::new(ScalarValue::Int64(Some(20)))),
            ];
            let fields: Vec<FieldRef> = [DataType::Float64, DataType::Int64]
                .map(|ty| Arc::new(Field::new("x", ty, true)))
                .to_vec();
            group.bench_function(
                BenchmarkId::new(name, format!("{percent_missing} % missing")),
                |b| {
                    b.iter(|| {
                        let args = PartitionEvaluatorArgs::new(&exprs, &fields, false, false);
                        let mut evaluator = udwf
                            .partition_evaluator_factory(args)
                            .expect("arguments in range");
                        black_box(evaluator.evaluate_all(&input, N_ROWS).expect("a result"))
                    });
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, series);
criterion_main!(benches);
