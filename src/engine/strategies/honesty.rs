//! How much of a run's Sharpe ratio may be luck, given how many variants were tried.
//!
//! All ratios here are per period. The formulas are those of `quantlake_risk::honest`; number and
//! variance of the trials are the ledger's, this run's included.

use crate::lake::ledger::{FamilyTrials, MetricEntry, ResultTable};
use quantlake_risk::honest::{
    FourMoments, MomentRule, SharpeEstimate, deflated_sharpe, expected_maximum_sharpe,
    min_track_record_length, probabilistic_sharpe,
};
use std::collections::{BTreeMap, BTreeSet};

/// The confidence at which the length of a track record is judged.
pub const CONFIDENCE: f64 = 0.95;

/// The Sharpe ratio of an equity table and what its precision depends on.
pub fn estimate(equity: &ResultTable) -> SharpeEstimate {
    FourMoments::of(&returns(equity)).estimate(1, MomentRule::Population)
}

/// The returns of an equity table, those that are known. Sub-accounts count as one account.
pub fn returns(equity: &ResultTable) -> Vec<f64> {
    let ret = if n_accounts(equity) > 1 {
        joint_returns(equity)
    } else {
        equity.numbers("ret")
    };
    ret.into_iter().filter(|r| r.is_finite()).collect()
}

/// How many accounts a table has rows of; rows without a name are of one account.
pub fn n_accounts(table: &ResultTable) -> usize {
    let accounts: BTreeSet<_> = table.texts("account").iter().collect();
    accounts.len().max(1)
}

/// Returns of the sum of all sub-accounts; the first against the sum of what they began with.
pub fn joint_returns(equity: &ResultTable) -> Vec<f64> {
    let mut sums: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let (values, ret) = (equity.numbers("equity"), equity.numbers("ret"));
    for ((time, value), ret) in equity.times("ts").iter().zip(values).zip(ret) {
        let sum = sums.entry(time.unwrap_or_default()).or_default();
        sum.0 += value;
        sum.1 += value / (1.0 + ret);
    }
    sums.values()
        .map(|(now, before)| now / before - 1.0)
        .collect()
}

/// The statistics that judge a run among the trials of its family.
pub fn metrics(estimate: &SharpeEstimate, trials: FamilyTrials) -> Vec<MetricEntry> {
    let n = trials.n_trials as f64;
    let luck = match trials.variance {
        Some(variance) => expected_maximum_sharpe(n, variance),
        None => 0.0,
    };
    let values = [
        ("n_returns", estimate.n),
        ("sharpe_per_period", estimate.sharpe),
        ("return_skewness", estimate.skewness),
        ("return_kurtosis", estimate.kurtosis),
        ("probabilistic_sharpe", probabilistic_sharpe(estimate, 0.0)),
        ("trials", n),
        ("trials_variance", trials.variance.unwrap_or(f64::NAN)),
        ("expected_max_sharpe", luck),
        (
            "deflated_sharpe",
            deflated_sharpe(estimate, n, trials.variance),
        ),
        (
            "min_track_record_length",
            min_track_record_length(estimate, 0.0, CONFIDENCE),
        ),
    ];
    let entry = |(name, value): (&str, f64)| MetricEntry {
        metric: name.to_string(),
        value: Some(value).filter(|v| v.is_finite()),
        benchmark: None,
    };
    values.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::ledger::Values;

    fn known(metrics: &[MetricEntry], name: &str) -> Option<f64> {
        metrics
            .iter()
            .find(|m| m.metric == name)
            .and_then(|m| m.value)
    }

    #[test]
    fn one_trial_deflates_nothing_and_more_trials_deflate_more() {
        let returns: Vec<f64> = (0..250).map(|i| f64::from(i % 7) * 1e-3 - 2.5e-3).collect();
        let estimate = FourMoments::of(&returns).estimate(1, MomentRule::Population);
        let with = |n_trials, variance| {
            known(
                &metrics(&estimate, FamilyTrials { n_trials, variance }),
                "deflated_sharpe",
            )
        };
        let alone = with(1, None);
        let psr = known(
            &metrics(&estimate, FamilyTrials::default()),
            "probabilistic_sharpe",
        );
        assert_eq!(alone, psr);
        assert!(with(10, Some(0.01)) < alone);
        assert!(with(100, Some(0.01)) < with(10, Some(0.01)));
        assert!(with(10, Some(0.02)) < with(10, Some(0.01)));
    }

    #[test]
    fn sub_accounts_are_judged_as_one() {
        let equity = ResultTable {
            name: "equity".into(),
            columns: vec![
                (
                    "account".into(),
                    Values::Texts(vec![Some("a".into()), Some("b".into())]),
                ),
                ("ts".into(), Values::Times(vec![Some(1), Some(1)])),
                (
                    "equity".into(),
                    Values::Numbers(vec![Some(110.0), Some(300.0)]),
                ),
                ("ret".into(), Values::Numbers(vec![Some(0.1), Some(0.0)])),
            ],
        };
        let found = returns(&equity);
        assert!((found[0] - 0.025).abs() < 1e-12, "{found:?}");
    }
}
