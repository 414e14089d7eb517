//! A run over bars that come in parts gives the same rows as a run over all of them.

use datafusion::arrow::array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::compute::concat_batches;
use datafusion::scalar::ScalarValue;
use proptest::prelude::*;
use quantlake_backtest::functions;
use quantlake_core::relation::{RelationFunction, RelationKernel, Rows};
use quantlake_core::{Args, Implementation};
use std::sync::Arc;

/// `backtest`, which is the view that takes parts.
fn backtest() -> Arc<RelationFunction> {
    let functions = functions();
    let function = functions.iter().find(|f| f.spec.name == "backtest");
    match &function.expect("a function of this name").implementation {
        Implementation::Relation(function) => Arc::clone(function),
        _ => panic!("backtest is a relation function"),
    }
}

fn kernel(function: &RelationFunction, given: &[(&str, ScalarValue)]) -> Box<dyn RelationKernel> {
    let given: Vec<_> = given
        .iter()
        .map(|(n, v)| (n.to_string(), v.clone()))
        .collect();
    let args = Args::bind_named(&function.spec, &given).expect("good arguments");
    (function.factory)(&args).expect("a kernel")
}

/// Account, time, symbol, open, close, target.
type Bar = (u8, i64, u8, f64, f64, Option<f64>);

fn batch(function: &RelationFunction, bars: &[Bar]) -> RecordBatch {
    let schema = Arc::new(function.input_schema());
    let numbers = |value: fn(&Bar) -> Option<f64>| -> ArrayRef {
        Arc::new(bars.iter().map(value).collect::<Float64Array>())
    };
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "ts" => {
                let times = bars.iter().map(|b| b.1 * 86_400_000_000_000);
                Arc::new(TimestampNanosecondArray::from_iter_values(times))
            }
            "account" => Arc::new(StringArray::from_iter_values(
                bars.iter().map(|b| b.0.to_string()),
            )),
            "symbol" => Arc::new(StringArray::from_iter_values(
                bars.iter().map(|b| b.2.to_string()),
            )),
            "open" => numbers(|b| Some(b.3)),
            "close" => numbers(|b| Some(b.4)),
            "target" => numbers(|b| b.5),
            "volume" => numbers(|b| Some(10.0 * b.3)),
            "volatility" => numbers(|b| Some(b.4 / 1e4)),
            _ => datafusion::arrow::array::new_null_array(field.data_type(), bars.len()),
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).expect("columns of one length")
}

fn bars() -> impl Strategy<Value = Vec<Bar>> {
    let cell = (
        prop::bool::weighted(0.8),
        20.0..200.0,
        20.0..200.0,
        prop::option::of(-1.0..1.0),
    );
    let times = prop::collection::vec([cell.clone(), cell.clone(), cell], 1..12);
    prop::collection::vec(times, 1..4).prop_map(|accounts| {
        let mut bars = Vec::new();
        for (account, times) in (0..).zip(accounts) {
            for (time, cells) in (0..).zip(times) {
                for (symbol, cell) in (0..).zip(cells).filter(|(_, c)| c.0) {
                    bars.push((account, time, symbol, cell.1, cell.2, cell.3));
                }
            }
        }
        bars
    })
}

proptest! {
    #[test]
    fn parts_of_any_size_give_the_rows_of_the_whole(
        bars in bars(),
        part in 1_usize..7,
        close_at_end in any::<bool>(),
        next_close in any::<bool>(),
        impact in prop::sample::select(vec!["none", "sqrt", "volume_share"]),
    ) {
        let function = backtest();
        let fill = if next_close { "next_close" } else { "next_open" };
        let given = [
            ("cash", ScalarValue::from(1000.0)),
            ("commission", ScalarValue::from(0.001)),
            ("fill", ScalarValue::from(fill)),
            ("stop_loss", ScalarValue::from(0.1)),
            // The end of the data fills in a bar whose part is gone.
            ("impact", ScalarValue::from(impact)),
            ("slippage_volatility", ScalarValue::from(0.1)),
            ("close_at_end", ScalarValue::from(close_at_end)),
        ];
        let rows = |bars: &[Bar]| Rows::new(batch(&function, bars), function.kernel_schema());
        let whole = kernel(&function, &given).run(&rows(&bars)).expect("a run");
        let mut kernel = kernel(&function, &given);
        let mut parts: Vec<RecordBatch> = Vec::new();
        for part in bars.chunks(part) {
            parts.push(kernel.push(&rows(part)).expect("a part"));
        }
        parts.push(kernel.finish(&rows(&[])).expect("an end"));
        let parts = concat_batches(&function.kernel_schema(), &parts).expect("one schema");
        prop_assert_eq!(whole, parts);
    }
}
