//! Drawdowns of the summed profits of trades, in money, as LEAN measures them.
//!
//! The sum starts at 0, which is its first peak. Between its trades an account may have been
//! lower: only exits, and the extremes inside trades, are looked at.

use super::calendar::NANOSECONDS_IN_A_DAY;
use super::trades::Trades;

/// The deepest fall of the summed profits below their peak, 0 or negative.
pub(super) fn closed_trades(pnl: &[f64]) -> f64 {
    let (mut sum, mut peak, mut deepest) = (0.0_f64, 0.0_f64, 0.0_f64);
    for profit in pnl {
        sum += profit;
        peak = peak.max(sum);
        deepest = deepest.min(sum - peak);
    }
    deepest
}

/// The deepest fall with the best and the worst profit during each trade; the best one is taken
/// to come first. NaN without these columns.
pub(super) fn within_trades(trades: &Trades<'_>) -> f64 {
    if trades.mae.len() < trades.pnl.len() || trades.mfe.len() < trades.pnl.len() {
        return f64::NAN;
    }
    let (mut sum, mut peak, mut deepest) = (0.0_f64, 0.0_f64, 0.0_f64);
    let rows = trades.pnl.iter().zip(trades.mae).zip(trades.mfe);
    for ((profit, worst), best) in rows {
        peak = peak.max(sum + best);
        deepest = deepest.min(sum + worst - peak);
        sum += profit;
    }
    deepest
}

/// The most days between two peaks of the summed profits with a losing trade between them; 0
/// without such. NaN without times.
pub(super) fn longest_days(trades: &Trades<'_>) -> f64 {
    let Some(first) = trades.entry.first() else {
        return f64::NAN;
    };
    let (mut sum, mut peak, mut longest) = (0.0, 0.0, 0_i64);
    let (mut peak_time, mut is_below) = (*first, false);
    for (profit, exit) in trades.pnl.iter().zip(trades.exit) {
        sum += profit;
        if *profit <= 0.0 {
            is_below = true;
        } else if sum > peak {
            if is_below {
                longest = longest.max(exit.saturating_sub(peak_time));
            }
            (peak, peak_time, is_below) = (sum, *exit, false);
        }
    }
    longest as f64 / NANOSECONDS_IN_A_DAY as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_the_account_is_a_peak() {
        assert_eq!(closed_trades(&[-3.0, 1.0, 5.0, -4.0]), -4.0);
        assert_eq!(closed_trades(&[-5.0, 1.0]), -5.0);
        assert_eq!(closed_trades(&[2.0]), 0.0);
    }

    #[test]
    fn a_trade_falls_from_its_best_to_its_worst() {
        let trades = Trades {
            pnl: &[1.0, -1.0],
            mae: &[-2.0, -3.0],
            mfe: &[4.0, 1.0],
            ..Default::default()
        };
        assert_eq!(within_trades(&trades), -6.0);
    }
}
