//! The account over time, and what charts derive from it.

use crate::lake::ledger::ResultTable;
use chrono::{DateTime, Datelike};
use std::collections::BTreeMap;

/// The account over time; sub-accounts are summed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Microseconds since 1970, UTC, rising.
    pub times: Vec<i64>,
    /// Value of the account.
    pub equity: Vec<f64>,
    /// What the cash would have become in the benchmark; NaN where unknown.
    pub benchmark: Vec<f64>,
    /// Simple return since the time before.
    pub returns: Vec<f64>,
    /// Value of all positions, shorts positive, as a fraction of equity.
    pub gross: Vec<f64>,
    /// Value of all positions, shorts negative, as a fraction of equity.
    pub net: Vec<f64>,
    /// Costs so far, in money.
    pub costs: Vec<f64>,
}

/// One timestamp's sums.
#[derive(Default, Clone, Copy)]
struct Sums {
    equity: f64,
    before: f64,
    benchmark: f64,
    gross: f64,
    net: f64,
    costs: f64,
}

impl Curve {
    /// The curve of an equity table; empty without one.
    pub fn of(table: Option<&ResultTable>) -> Self {
        let Some(table) = table else {
            return Self::default();
        };
        let equity = table.numbers("equity");
        let [ret, benchmark, gross, net, costs] = [
            "ret",
            "benchmark",
            "gross_exposure",
            "net_exposure",
            "costs",
        ]
        .map(|name| table.numbers(name));
        let at = |values: &[f64], row: usize, absent: f64| match values.get(row) {
            Some(value) if value.is_finite() => *value,
            _ => absent,
        };
        let mut sums: BTreeMap<i64, Sums> = BTreeMap::new();
        for (row, (time, value)) in table.times("ts").iter().zip(&equity).enumerate() {
            let (Some(time), true) = (time, value.is_finite()) else {
                continue;
            };
            let sum = sums.entry(*time).or_default();
            sum.equity += value;
            sum.before += value / (1.0 + at(&ret, row, 0.0));
            // The benchmark is of the whole account, on each row of a timestamp the same.
            sum.benchmark = at(&benchmark, row, f64::NAN);
            sum.gross += value * at(&gross, row, 0.0);
            sum.net += value * at(&net, row, 0.0);
            sum.costs += at(&costs, row, 0.0);
        }
        Self::from_sums(&sums)
    }

    fn from_sums(sums: &BTreeMap<i64, Sums>) -> Self {
        let mut curve = Self::default();
        let mut costs = 0.0;
        for (time, sum) in sums {
            costs += sum.costs;
            curve.times.push(*time);
            curve.equity.push(sum.equity);
            curve.benchmark.push(sum.benchmark);
            curve.returns.push(sum.equity / sum.before - 1.0);
            curve.gross.push(sum.gross / sum.equity);
            curve.net.push(sum.net / sum.equity);
            curve.costs.push(costs);
        }
        curve
    }

    /// The value before the first bar.
    pub fn start(&self) -> f64 {
        match (self.equity.first(), self.returns.first()) {
            (Some(equity), Some(ret)) => equity / (1.0 + ret),
            _ => f64::NAN,
        }
    }

    /// Each value over the highest one so far, start included, minus 1.
    pub fn drawdown(&self, values: &[f64]) -> Vec<f64> {
        let mut peak = self.start();
        let below = |value: &f64| {
            peak = peak.max(*value);
            value / peak - 1.0
        };
        values.iter().map(below).collect()
    }

    /// Annualised Sharpe ratio of the last `window` returns; NaN before there are as many.
    pub fn rolling_sharpe(&self, window: usize, periods: f64) -> Vec<f64> {
        let n = window as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        let mut rolling = Vec::with_capacity(self.returns.len());
        for (row, ret) in self.returns.iter().enumerate() {
            sum += ret;
            squares += ret * ret;
            if let Some(left) = row.checked_sub(window).and_then(|i| self.returns.get(i)) {
                sum -= left;
                squares -= left * left;
            }
            let mean = sum / n;
            let variance = (squares - sum * mean) / (n - 1.0);
            let is_known = row + 1 >= window && variance > 1e-18;
            let sharpe = mean / variance.sqrt() * periods.sqrt();
            rolling.push(if is_known { sharpe } else { f64::NAN });
        }
        rolling
    }

    /// The return of each calendar month (UTC) by year and month.
    pub fn monthly(&self) -> BTreeMap<(i32, u32), f64> {
        let mut grown: BTreeMap<(i32, u32), f64> = BTreeMap::new();
        for (time, ret) in self.times.iter().zip(&self.returns) {
            let Some(at) = DateTime::from_timestamp_micros(*time) else {
                continue;
            };
            if ret.is_finite() {
                *grown.entry((at.year(), at.month())).or_insert(1.0) *= 1.0 + ret;
            }
        }
        grown
            .into_iter()
            .map(|(month, growth)| (month, growth - 1.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::ledger::Values;

    const DAY: i64 = 86_400_000_000;

    fn curve(equity: &[f64]) -> Curve {
        let mut before = 100.0;
        let ret = equity.iter().map(|e| {
            let ret = e / before - 1.0;
            before = *e;
            Some(ret)
        });
        let table = ResultTable {
            name: "equity".into(),
            columns: vec![
                ("ret".into(), Values::Numbers(ret.collect())),
                (
                    "ts".into(),
                    Values::Times(
                        (0..equity.len() as i64)
                            .map(|i| Some(i * 20 * DAY))
                            .collect(),
                    ),
                ),
                (
                    "equity".into(),
                    Values::Numbers(equity.iter().map(|e| Some(*e)).collect()),
                ),
            ],
        };
        Curve::of(Some(&table))
    }

    #[test]
    fn drawdown_counts_from_the_starting_cash() {
        let curve = curve(&[90.0, 120.0, 60.0]);
        let found = curve.drawdown(&curve.equity);
        assert!((found[0] + 0.1).abs() < 1e-12);
        assert_eq!(found[1], 0.0);
        assert!((found[2] + 0.5).abs() < 1e-12);
    }

    #[test]
    fn months_compound_to_the_total() {
        let curve = curve(&[110.0, 121.0, 60.5, 133.1]);
        let total: f64 = curve.monthly().values().map(|r| 1.0 + r).product();
        assert!((total - 1.331).abs() < 1e-12, "{total}");
        assert_eq!(curve.monthly().len(), 3);
    }

    #[test]
    fn rolling_sharpe_is_that_of_its_window_alone() {
        let curve = curve(&[500.0, 101.0, 103.0, 102.0, 106.0]);
        let rolling = curve.rolling_sharpe(3, 252.0);
        let window = &curve.returns[2..5];
        let mean = window.iter().sum::<f64>() / 3.0;
        let variance = window.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 2.0;
        assert!((rolling[4] - mean / variance.sqrt() * 252_f64.sqrt()).abs() < 1e-6);
        assert!(rolling[1].is_nan());
    }
}
