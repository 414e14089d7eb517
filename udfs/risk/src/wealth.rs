//! Compounding of returns, as a sum of logarithms.
//!
//! The wealth after returns r1..rn is (1 + r1) ... (1 + rn) times the wealth at the start. The sum
//! of ln(1 + r) says the same and neither overflows nor sinks to 0 over many short periods.
//!
//! A simple return of -1 or less loses everything: the wealth is 0 from there on. Compounding has
//! no meaning below 0, where another loss would count as a gain.

/// What a return means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compounding {
    /// Simple returns, p1 / p0 - 1.
    Simple,
    /// Logarithmic returns, ln(p1 / p0).
    Log,
}

impl Compounding {
    /// The logarithm of the factor by which a return changes the wealth; minus infinity when
    /// everything is lost.
    pub fn log_growth(self, ret: f64) -> f64 {
        match self {
            Self::Simple => ret.max(-1.0).ln_1p(),
            Self::Log => ret,
        }
    }
}

/// The growth of wealth over the returns so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wealth {
    compounding: Compounding,
    n: usize,
    log_growth: f64,
}

impl Wealth {
    pub(crate) fn new(compounding: Compounding) -> Self {
        Self {
            compounding,
            n: 0,
            log_growth: 0.0,
        }
    }

    pub(crate) fn push(&mut self, ret: f64) {
        self.n += 1;
        self.log_growth += self.compounding.log_growth(ret);
    }

    /// The return from start to end; NaN without returns.
    pub(crate) fn total_return(&self) -> f64 {
        self.return_over(self.n as f64)
    }

    /// The return that `n_periods` of average growth give; NaN without returns.
    pub(crate) fn return_over(&self, n_periods: f64) -> f64 {
        if self.n == 0 {
            return f64::NAN;
        }
        (self.log_growth * (n_periods / self.n as f64)).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(compounding: Compounding, returns: &[f64]) -> Wealth {
        let mut wealth = Wealth::new(compounding);
        returns.iter().for_each(|r| wealth.push(*r));
        wealth
    }

    #[test]
    fn half_lost_and_doubled_is_where_it_began() {
        assert_eq!(over(Compounding::Simple, &[-0.5, 1.0]).total_return(), 0.0);
    }

    #[test]
    fn a_loss_beyond_everything_ends_in_nothing_and_stays_there() {
        for returns in [[-1.0, 5.0], [-1.5, -1.5], [9.0, -2.0]] {
            assert_eq!(over(Compounding::Simple, &returns).total_return(), -1.0);
        }
    }

    #[test]
    fn many_short_periods_do_not_sink_to_zero() {
        let wealth = over(Compounding::Log, &[-0.001; 2_000_000]);
        assert!((wealth.return_over(252.0) - (-0.252_f64).exp_m1()).abs() < 1e-9);
    }

    #[test]
    fn no_returns_give_nothing() {
        assert!(over(Compounding::Log, &[]).total_return().is_nan());
    }
}
