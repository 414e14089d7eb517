//! What every function looks like from SQL.

use crate::support::{FUNCTIONS, function};
use datafusion::prelude::SessionContext;
use quantlake_core::{Causality, Implementation, Kind, ParamKind, Registry};
use std::collections::HashSet;
use ta_lib::abstract_api::{FUNCS, FuncId, Group, funcs_in_group};

/// The web site of TA-Lib says 231 for 0.8.3 and the constant of the crate 237. The table has 237
/// different functions, 61 of them candle patterns, and every one belongs to exactly one group.
#[test]
fn the_library_has_237_functions_and_all_are_bound() {
    assert_eq!(FuncId::COUNT, 237);
    assert_eq!(FUNCS.len(), 237);
    assert_eq!(FUNCTIONS.len(), 237);
    let names: HashSet<&str> = FUNCS.iter().map(|f| f.name).collect();
    assert_eq!(names.len(), 237);
    let by_group = Group::ALL.iter().map(|g| funcs_in_group(*g).count());
    assert_eq!(by_group.sum::<usize>(), 237);
    assert_eq!(funcs_in_group(Group::PatternRecognition).count(), 61);
}

#[test]
fn no_two_functions_share_a_name_or_alias() {
    let registry = Registry::try_new(FUNCTIONS.iter().cloned());
    assert!(registry.is_ok(), "{:?}", registry.err());
}

#[test]
fn every_function_answers_to_its_name_with_the_prefix() {
    for (function, library) in FUNCTIONS.iter().zip(FUNCS) {
        let prefixed = format!("ta_{}", library.name.to_ascii_lowercase());
        assert!(
            function.spec.names().any(|n| n == prefixed),
            "{} has no name {prefixed}",
            function.spec.name
        );
    }
}

#[tokio::test]
async fn no_function_hides_a_built_in_of_the_engine() {
    let context = SessionContext::new();
    let state = context.state();
    for name in FUNCTIONS.iter().flat_map(|f| f.spec.names()) {
        let is_taken = state.scalar_functions().contains_key(name)
            || state.aggregate_functions().contains_key(name)
            || state.window_functions().contains_key(name)
            || state.table_functions().contains_key(name);
        assert!(!is_taken, "{name} is a built-in");
    }
}

/// The list is here to be read: these are the names that a user has to write with the prefix.
#[test]
fn names_that_sql_has_exist_only_with_the_prefix() {
    let only_prefixed: Vec<&str> = FUNCTIONS
        .iter()
        .map(|f| f.spec.name.as_str())
        .filter(|name| name.starts_with("ta_"))
        .collect();
    assert_eq!(
        only_prefixed,
        [
            "ta_acos",
            "ta_asin",
            "ta_atan",
            "ta_ceil",
            "ta_cos",
            "ta_cosh",
            "ta_div",
            "ta_exp",
            "ta_floor",
            "ta_ln",
            "ta_log10",
            "ta_max",
            "ta_median",
            "ta_min",
            "ta_sin",
            "ta_sinh",
            "ta_sqrt",
            "ta_stddev",
            "ta_sum",
            "ta_tan",
            "ta_tanh",
            "ta_var"
        ]
    );
}

#[test]
fn every_function_says_what_it_takes_and_gives() {
    for function in FUNCTIONS.iter() {
        let spec = &function.spec;
        assert!(matches!(function.implementation, Implementation::Window(_)));
        assert_eq!(spec.kind, Kind::Window);
        assert_eq!(spec.causality, Causality::Causal);
        assert!(
            spec.params.iter().any(|p| p.kind == ParamKind::Series),
            "{}",
            spec.name
        );
        for text in [&spec.family, &spec.summary, &spec.source, &spec.lookback] {
            assert!(!text.is_empty(), "{}", spec.name);
        }
        assert!(
            spec.params
                .iter()
                .all(|p| !p.doc.is_empty() && !p.doc.contains("optIn")),
            "{}",
            spec.name
        );
        assert!(
            spec.output.fields().iter().all(|f| !f.doc.is_empty()),
            "{}",
            spec.name
        );
    }
}

#[test]
fn parameters_and_fields_have_names_that_are_unique_and_need_no_quotes() {
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !name.contains("__")
    };
    for function in FUNCTIONS.iter() {
        let spec = &function.spec;
        let params: Vec<&str> = spec.params.iter().map(|p| p.name.as_str()).collect();
        let fields: Vec<&str> = spec
            .output
            .fields()
            .iter()
            .map(|f| f.name.as_str())
            .collect();
        for names in [params, fields] {
            let unique: HashSet<&&str> = names.iter().collect();
            assert_eq!(unique.len(), names.len(), "{}: {names:?}", spec.name);
            assert!(
                names.iter().all(|n| is_plain(n)),
                "{}: {names:?}",
                spec.name
            );
        }
    }
}

#[test]
fn signatures_read_as_the_field_writes_them() {
    for (name, signature) in [
        ("rsi", "rsi(x, period => 14, flat => 50)"),
        (
            "macd",
            "macd(x, fast => 12, slow => 26, signal => 9, seed => 'sma')",
        ),
        (
            "bbands",
            "bbands(x, period => 20, dev_up => 2, dev_dn => 2, ma => 'sma', ddof => 0)",
        ),
        (
            "stoch",
            "stoch(high, low, close, fastk => 5, slowk => 3, slowk_ma => 'sma', slowd => 3, \
             slowd_ma => 'sma')",
        ),
        ("obv", "obv(x, volume)"),
        (
            "ultosc",
            "ultosc(high, low, close, period1 => 7, period2 => 14, period3 => 28)",
        ),
        ("beta", "beta(x, y, period => 5)"),
        (
            "mavp",
            "mavp(x, periods, min_period => 2, max_period => 30, ma => 'sma')",
        ),
        ("t3", "t3(x, period => 5, v_factor => 0.7, seed => 'sma')"),
        ("ta_max", "ta_max(x, period => 30)"),
    ] {
        assert_eq!(function(name).spec.signature(), signature);
    }
}

#[test]
fn summaries_say_what_the_number_alone_does_not() {
    for (name, part) in [
        ("maxindex", "position among the rows that are not missing"),
        ("cdlengulfing", "100 bullish, -100 bearish"),
        ("cdldoji", "100 with it"),
        ("dpo", "charts draw it 11 rows earlier"),
        ("ta_ln", "NULL where the result is not finite"),
    ] {
        let summary = &function(name).spec.summary;
        assert!(summary.contains(part), "{name}: {summary}");
    }
    let spans = function("ichimoku").spec.output.fields();
    assert!(spans.iter().any(|f| f.doc.contains("26 rows later")));
}

#[tokio::test]
async fn every_example_runs_and_gives_one_row_with_a_value() {
    let context = SessionContext::new();
    for function in FUNCTIONS.iter() {
        if let Implementation::Window(udf) = &function.implementation {
            context.register_udwf(udf.as_ref().clone());
        }
    }
    for function in FUNCTIONS.iter() {
        let sql = &function.spec.example.sql;
        let result = context
            .sql(sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        let batches = result
            .collect()
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        let rows: usize = batches.iter().map(|b| b.num_rows()).sum();
        let nulls: usize = batches.iter().map(|b| b.column(1).null_count()).sum();
        assert_eq!((rows, nulls), (1, 0), "{sql}");
    }
}
