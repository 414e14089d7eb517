//! The Kelly fraction of the closed trades so far.

/// When and how Kelly sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kelly {
    /// Closed trades of the symbol before the formula is used.
    pub min_trades: u32,
    /// The fraction before that.
    pub start: f64,
}

impl Default for Kelly {
    fn default() -> Self {
        Self {
            min_trades: 20,
            start: 0.5,
        }
    }
}

/// Running statistics of one symbol's closed trades.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KellyRecord {
    n_wins: u32,
    n_others: u32,
    gains: f64,
    losses: f64,
}

impl KellyRecord {
    /// Counts a closed trade by its profit after costs.
    pub fn push(&mut self, pnl: f64) {
        if pnl > 0.0 {
            self.n_wins += 1;
            self.gains += pnl;
        } else {
            self.n_others += 1;
            self.losses -= pnl;
        }
    }

    /// Closed trades so far.
    pub fn n_trades(&self) -> u32 {
        self.n_wins + self.n_others
    }

    /// `W − (1 − W)/R` with W the share of trades with a profit and R their mean profit over the
    /// mean loss of the others; W alone where the others lost nothing, 0 without a winner.
    /// Kelly, Bell System Technical Journal 35, 1956.
    pub fn fraction(&self) -> f64 {
        if self.n_wins == 0 {
            return 0.0;
        }
        let (wins, others) = (f64::from(self.n_wins), f64::from(self.n_others));
        let win_rate = wins / (wins + others);
        if self.losses == 0.0 {
            return win_rate;
        }
        let payoff = (self.gains / wins) / (self.losses / others);
        win_rate - (1.0 - win_rate) / payoff
    }

    /// What Kelly stakes now, as a fraction; negative where there is no edge, which stakes nothing.
    pub fn stake(&self, kelly: &Kelly) -> f64 {
        if self.n_trades() < kelly.min_trades {
            kelly.start
        } else {
            self.fraction()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(profits: &[f64]) -> KellyRecord {
        let mut record = KellyRecord::default();
        profits.iter().for_each(|pnl| record.push(*pnl));
        record
    }

    #[test]
    fn the_fraction_is_kellys() {
        // W = 0.6, R = 2 / 1.
        let found = record(&[2.0, 2.0, 2.0, -1.0, -1.0]).fraction();
        assert!((found - 0.4).abs() < 1e-12, "{found}");
        assert!(record(&[1.0, -3.0, -3.0]).fraction() < 0.0);
    }

    #[test]
    fn without_losses_it_is_the_share_of_winners_and_without_winners_nothing() {
        assert_eq!(record(&[1.0, 0.0]).fraction(), 0.5);
        assert_eq!(record(&[1.0]).fraction(), 1.0);
        assert_eq!(record(&[-1.0]).fraction(), 0.0);
        assert_eq!(KellyRecord::default().fraction(), 0.0);
    }

    #[test]
    fn before_enough_trades_it_starts_with_a_given_fraction() {
        let kelly = Kelly {
            min_trades: 2,
            start: 0.25,
        };
        assert_eq!(record(&[1.0]).stake(&kelly), 0.25);
        assert_eq!(record(&[1.0, 1.0]).stake(&kelly), 1.0);
    }
}
