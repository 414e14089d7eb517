//! The example of every function runs and shows a value.

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::prelude::{SessionConfig, SessionContext};
use quantlake_core::Implementation;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future that never waits for anything: one partition in memory.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

async fn run(context: &SessionContext, sql: &str) -> datafusion::error::Result<Vec<RecordBatch>> {
    context.sql(sql).await?.collect().await
}

#[test]
fn every_example_shows_a_value() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    for function in quantlake_volume::functions() {
        let Implementation::Window(udwf) = &function.implementation else {
            panic!("{} is no window function", function.spec.name);
        };
        context.register_udwf(udwf.as_ref().clone());
        let example = &function.spec.example.sql;
        let batches = block_on(run(&context, example));
        let batches = batches.unwrap_or_else(|e| panic!("{example}: {e}"));
        let n_values = batches.iter().map(|batch| {
            let values = batch.column_by_name("value").expect("a column of values");
            values.len() - values.null_count()
        });
        assert!(n_values.sum::<usize>() > 0, "{example}: no value");
    }
}
