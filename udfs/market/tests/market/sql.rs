//! Through SQL: examples, and what a wrong call is told.

use datafusion::arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;
use quantlake_core::{Args, Function, Implementation, SqlState};
use quantlake_market::functions;

fn context() -> SessionContext {
    let context = SessionContext::new();
    for function in functions() {
        match &function.implementation {
            Implementation::Window(udwf) => context.register_udwf(udwf.as_ref().clone()),
            Implementation::Scalar(udf) => context.register_udf(udf.as_ref().clone()),
            _ => panic!("{} is of another kind", function.spec.name),
        }
    }
    context
}

#[tokio::test]
async fn every_example_runs_and_shows_a_value() {
    let context = context();
    for function in functions() {
        let (name, sql) = (&function.spec.name, &function.spec.example.sql);
        let frame = context.sql(sql).await;
        let batches = match frame {
            Ok(frame) => frame.collect().await,
            Err(e) => Err(e),
        };
        let batches = batches.unwrap_or_else(|e| panic!("{name}: {e}\n{sql}"));
        let known = |b: &datafusion::arrow::array::RecordBatch| {
            let value = b.column_by_name("value").expect("a value");
            value.len() - value.null_count()
        };
        assert!(
            batches.iter().map(known).sum::<usize>() > 0,
            "{name}: {sql}"
        );
    }
}

fn function(name: &str) -> Function {
    let found = functions().into_iter().find(|f| f.spec.name == name);
    found.expect("a function")
}

#[test]
fn an_unknown_calendar_is_told_which_ones_there_are() {
    let spec = function("session_range").spec;
    let given = [None, None, None, Some(ScalarValue::from("mars"))];
    let error = Args::bind(&spec, &given).expect_err("no such calendar");
    assert_eq!(error.state, SqlState::InvalidParameter);
    assert_eq!(
        error.message,
        "session_range: `calendar` must be one of 'date', 'utc', 'nyse', 'nasdaq', 'us_extended', \
         'tsx', 'lse', 'xetra', 'euronext', 'six', 'tse', 'hkex', 'sse', 'krx', 'nse', 'asx', \
         'cme', 'fx', found 'mars'"
    );
}

#[test]
fn names_are_unique_and_specs_complete() {
    let mut names = std::collections::HashSet::new();
    for function in functions() {
        let spec = &function.spec;
        for name in spec.names() {
            assert!(names.insert(name.to_string()), "{name} twice");
        }
        assert!(
            !spec.summary.is_empty() && !spec.source.is_empty(),
            "{}",
            spec.name
        );
        assert!(!spec.summary.ends_with('.'), "{}", spec.name);
    }
}

#[test]
fn levels_of_a_book_beyond_the_second_may_be_left_out() {
    let spec = function("depth_slope").spec;
    assert!(Args::bind(&spec, &vec![None; 8]).is_ok());
    let error = Args::bind(&spec, &vec![None; 7]).expect_err("one level and a half");
    assert_eq!(error.state, SqlState::UndefinedFunction);
}
