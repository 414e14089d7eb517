use super::*;

fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&dir.path().join("ledger.duckdb")).unwrap();
    (dir, ledger)
}

fn trial(fingerprint: &str, sharpe: Option<f64>) -> NewTrial {
    NewTrial {
        source: "run".into(),
        label: "{}".into(),
        fingerprint: fingerprint.into(),
        n_returns: 3,
        sharpe,
    }
}

fn run_of(fingerprint: &str, columns: Vec<(String, Values)>) -> NewRun {
    NewRun {
        header: RunHeader {
            strategy: "s".into(),
            family: "f".into(),
            first_ts: Some(1_704_067_200_000_001),
            ..RunHeader::default()
        },
        metrics: vec![MetricEntry {
            metric: "sharpe".into(),
            value: Some(0.1 + 0.2),
            benchmark: None,
        }],
        tables: vec![ResultTable {
            name: "equity".into(),
            columns,
        }],
        trial: trial(fingerprint, Some(0.5)),
    }
}

fn numbers(name: &str, values: &[f64]) -> (String, Values) {
    let values = values.iter().map(|v| Some(*v)).collect();
    (name.into(), Values::Numbers(values))
}

fn no_judgement(_: &NewRun, _: FamilyTrials) -> Vec<MetricEntry> {
    Vec::new()
}

#[test]
fn every_value_comes_back_to_the_last_bit() {
    let (_dir, ledger) = ledger();
    let columns = vec![
        (
            "ts".into(),
            Values::Times(vec![Some(1_704_067_200_123_457), None]),
        ),
        numbers("equity", &[0.1 + 0.2, -0.0]),
        (
            "side \"x\"".into(),
            Values::Texts(vec![Some("it's".into()), None]),
        ),
        ("open".into(), Values::Flags(vec![Some(true), None])),
        ("n".into(), Values::Integers(vec![Some(i64::MAX), None])),
    ];
    let run = run_of("a", columns.clone());
    ledger.record_runs(&[run], &no_judgement).unwrap();
    let found = ledger.run_results("equity", Some(1)).unwrap().unwrap();
    assert_eq!(found.columns[1..], columns);
    let Some(Values::Numbers(equity)) = found.column("equity") else {
        panic!("numbers");
    };
    assert_eq!(equity[1].map(f64::to_bits), Some((-0.0_f64).to_bits()));
    let stored = ledger.run(1).unwrap().unwrap();
    assert_eq!(stored.header.first_ts, Some(1_704_067_200_000_001));
}

#[test]
fn a_column_that_is_new_is_null_for_earlier_runs() {
    let (_dir, ledger) = ledger();
    let first = run_of("a", vec![numbers("equity", &[1.0])]);
    ledger.record_runs(&[first], &no_judgement).unwrap();
    let second = run_of(
        "b",
        vec![numbers("cash", &[2.0]), numbers("equity", &[3.0])],
    );
    ledger.record_runs(&[second], &no_judgement).unwrap();
    let found = ledger.run_results("equity", None).unwrap().unwrap();
    assert_eq!(
        found.column("run_id"),
        Some(&Values::Integers(vec![Some(1), Some(2)]))
    );
    assert_eq!(
        found.column("cash"),
        Some(&Values::Numbers(vec![None, Some(2.0)]))
    );
    assert_eq!(found.numbers("equity"), [1.0, 3.0]);
}

#[test]
fn runs_that_cannot_all_be_written_are_none() {
    let (_dir, ledger) = ledger();
    let good = run_of("a", vec![numbers("equity", &[1.0])]);
    // A second column of one name cannot be appended to.
    let bad = run_of(
        "b",
        vec![numbers("equity", &[1.0]), numbers("equity", &[1.0])],
    );
    ledger.record_runs(&[good, bad], &no_judgement).unwrap_err();
    assert_eq!(ledger.runs().unwrap(), []);
    assert_eq!(ledger.trials().unwrap(), []);
    assert_eq!(ledger.run_metrics(None).unwrap(), []);
    assert_eq!(
        ledger
            .run_results("equity", None)
            .unwrap()
            .unwrap()
            .n_rows(),
        0
    );
}

#[test]
fn a_variant_tried_again_is_one_variant_with_its_newest_ratio() {
    let (_dir, ledger) = ledger();
    let trials = [
        trial("a", Some(0.9)),
        trial("b", Some(0.3)),
        trial("a", Some(0.1)),
        trial("c", None),
    ];
    let counted = ledger.add_trials("f", "ada", trials.clone()).unwrap();
    ledger.add_trials("g", "ada", trials[..1].to_vec()).unwrap();
    let family = ledger.family_trials("f").unwrap();
    assert_eq!(counted, family);
    assert_eq!(family.n_trials, 3);
    assert!((family.variance.unwrap() - 0.02).abs() < 1e-15);
    assert_eq!(ledger.family_trials("g").unwrap().variance, None);
    let counting: Vec<bool> = ledger.trials().unwrap().iter().map(|t| t.counts).collect();
    assert_eq!(counting, [false, true, true, true, true]);
}

#[test]
fn a_sweep_that_gives_the_same_again_writes_nothing() {
    let (_dir, ledger) = ledger();
    let sweep = [
        trial("a", Some(0.1)),
        trial("b", Some(0.3)),
        trial("c", None),
    ];
    let first = ledger.add_trials("f", "ada", sweep.clone()).unwrap();
    assert_eq!(ledger.add_trials("f", "bob", sweep).unwrap(), first);
    assert_eq!(ledger.trials().unwrap().len(), 3);
    // Another figure of one variant takes the place of the old one in the count.
    let other = [trial("a", Some(0.5)), trial("b", Some(0.3))];
    let counted = ledger.add_trials("f", "bob", other).unwrap();
    assert_eq!(counted.n_trials, 3);
    assert!((counted.variance.unwrap() - 0.02).abs() < 1e-15);
    let users: Vec<String> = ledger
        .trials()
        .unwrap()
        .into_iter()
        .map(|t| t.user)
        .collect();
    assert_eq!(users, ["ada", "ada", "ada", "bob"]);
}

#[test]
fn trials_outlive_their_run_and_versions_their_strategy() {
    let (_dir, ledger) = ledger();
    assert_eq!(ledger.save_strategy("s", "", "SELECT 1", "ada").unwrap(), 1);
    assert_eq!(ledger.save_strategy("s", "", "SELECT 2", "ada").unwrap(), 2);
    let mut run = run_of("a", vec![numbers("equity", &[1.0])]);
    run.header.strategy_version = 2;
    ledger.record_runs(&[run], &no_judgement).unwrap();
    assert!(ledger.delete_run(1).unwrap());
    assert!(!ledger.delete_run(1).unwrap());
    assert_eq!(ledger.trials().unwrap().len(), 1);
    assert_eq!(
        ledger
            .run_results("equity", None)
            .unwrap()
            .unwrap()
            .n_rows(),
        0
    );
    assert!(ledger.delete_strategy("s").unwrap());
    assert_eq!(ledger.strategies().unwrap(), []);
}
