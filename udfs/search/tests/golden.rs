//! Searches against vectorbt's accounts and skfolio's splits (tests/golden/search.py).

mod common;

use common::{Table, crossing, golden, plain};
use quantlake_search::splits::{Combinatorial, Walk};
use serde_json::Value;
use std::ops::Range;

/// Sums of hundreds of returns in another order: far below what a wrong rule would show.
const TOLERANCE: f64 = 1e-9;

fn expected() -> Value {
    let text = std::fs::read_to_string(golden().join("expected.json")).expect("the values");
    serde_json::from_str(&text).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("a list").iter();
    values.map(|v| v.as_f64().expect("a number")).collect()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a count")).expect("a small count")
}

fn range(value: &Value) -> Range<usize> {
    count(&value[0])..count(&value[1])
}

fn ranges(value: &Value) -> Vec<Range<usize>> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(range)
        .collect()
}

fn assert_close(found: &[f64], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (row, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let allowed = TOLERANCE * wanted.abs().max(1.0);
        assert!(
            (found - wanted).abs() <= allowed,
            "{what}, row {row}: {found} against {wanted}"
        );
    }
}

/// A call over the golden bars with the golden account.
fn call(function: &str, lists: &str, rest: &str) -> String {
    let strategy = crossing();
    format!(
        "SELECT * FROM {function}((SELECT * FROM bars), strategy => {strategy}, {lists},
           sizing => 'units', cash => 100000, commission => 0.001{rest})"
    )
}

const LISTS: &str = "fast => [2, 3, 5, 8, 13], slow => [20, 25, 30, 35, 40, 50, 60, 70, 80, 100]";

#[tokio::test(flavor = "multi_thread")]
async fn a_grid_is_vectorbts_grid() {
    let (session, _) = plain();
    for fill in ["next_open", "same_close"] {
        let rest = format!(", fill => '{fill}'");
        let found = Table::of(&session, &call("backtest_grid", LISTS, &rest)).await;
        let expected = &expected()["grid"][fill];
        assert_eq!(found.len(), 50);
        for (name, values) in expected.as_object().expect("columns") {
            assert_close(
                &found.numbers(name),
                &numbers(values),
                &format!("{fill} {name}"),
            );
        }
    }
}

#[test]
fn splits_and_paths_are_skfolios() {
    let expected = expected();
    for case in expected["splits"].as_array().expect("cases") {
        let get = |name: &str| count(&case[name]);
        let cv = Combinatorial::new(
            get("n"),
            get("groups"),
            get("test_groups"),
            get("purge"),
            get("embargo"),
        );
        let splits = case["splits"].as_array().expect("splits");
        assert_eq!(cv.splits.len(), splits.len());
        for (ours, theirs) in cv.splits.iter().zip(splits) {
            assert_eq!(ours.train, ranges(&theirs["train"]), "{case}");
            let judged = ours.groups.iter().map(|g| cv.groups[*g].clone());
            assert_eq!(
                judged.collect::<Vec<_>>(),
                ranges(&theirs["test"]),
                "{case}"
            );
        }
        let paths: Vec<Vec<usize>> = (case["paths"].as_array().expect("paths").iter())
            .map(|path| path.as_array().expect("a path").iter().map(count).collect())
            .collect();
        assert_eq!(cv.paths(), paths, "{case}");
    }
    for case in expected["uneven"].as_array().expect("cases") {
        let cv = Combinatorial::new(count(&case["n"]), count(&case["groups"]), 1, 0, 0);
        let sizes: Vec<usize> = cv.groups.iter().map(ExactSizeIterator::len).collect();
        let wanted = case["sizes"].as_array().expect("sizes").iter().map(count);
        assert_eq!(sizes, wanted.collect::<Vec<_>>());
    }
}

#[test]
fn walks_are_skfolios() {
    for case in expected()["walks"].as_array().expect("cases") {
        let walk = Walk {
            train: count(&case["train"]),
            test: count(&case["test"]),
            step: count(&case["test"]),
            is_anchored: case["anchored"].as_bool().expect("a flag"),
            purge: count(&case["purge"]),
        };
        let folds = walk.folds(count(&case["n"])).into_iter();
        let found: Vec<_> = folds.map(|f| vec![f.train, f.test]).collect();
        let wanted = case["folds"].as_array().expect("folds").iter().map(ranges);
        assert_eq!(found, wanted.collect::<Vec<_>>(), "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_vectorbts_returns_over_skfolios_splits() {
    let (session, _) = plain();
    let rest =
        ", groups => 6, test_groups => 2, purge => 5, embargo => 7, optimise => 'total_return'";
    let found = Table::of(&session, &call("cpcv", LISTS, rest)).await;
    for (name, values) in expected()["cpcv"]["paths"].as_object().expect("columns") {
        assert_close(&found.numbers(name), &numbers(values), name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_forward_is_vectorbts_account_over_skfolios_folds() {
    let (session, _) = plain();
    let rest = ", train => 150, test => 60, purge => 3, optimise => 'total_return'";
    let found = Table::of(&session, &call("walk_forward", LISTS, rest)).await;
    let expected = &expected()["walk_forward"];
    for (name, values) in expected["folds"].as_object().expect("columns") {
        assert_close(&found.numbers(name), &numbers(values), name);
    }
    let sql = call("walk_forward_equity", LISTS, rest);
    let equity = Table::of(&session, &sql).await.numbers("equity");
    let end = expected["end_equity"].as_f64().expect("a number");
    assert_close(&equity[equity.len() - 1..], &[end], "end equity");
}
