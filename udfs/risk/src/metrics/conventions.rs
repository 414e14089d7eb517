//! The conventions in which libraries differ, each with a name and a default.
//!
//! A kernel takes the conventions it needs from one [`Conventions`] value, so that two metrics of
//! one report cannot mean different years or different risk-free rates.

use crate::wealth::Compounding;

/// What a rate given by the user is a rate of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateBasis {
    /// One period: empyrical, vectorbt.
    Period,
    /// One year, brought to a period by `(1 + rate) ^ (1 / periods) - 1`: quantstats, ffn, LEAN.
    Annual,
}

/// How a return per year comes out of returns per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annualization {
    /// `mean * periods`: empyrical, quantstats.
    Arithmetic,
    /// `(1 + mean) ^ periods - 1`: LEAN.
    CompoundMean,
    /// The yearly growth rate of the wealth: backtesting.py, ffn.
    Geometric,
    /// The return over all periods, not brought to a year: quantstats in treynor_ratio and upi.
    Total,
}

/// How the deviation of a period becomes that of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolatilityScaling {
    /// `std * sqrt(periods)`: independent returns that add up.
    Root,
    /// `sqrt((var + g^2)^periods - g^(2 periods))` with g the growth factor of a period:
    /// independent returns that compound, as backtesting.py has it.
    Compounded,
}

/// Which observations the downside deviation is about; s is the shortfall `min(r - required, 0)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downside {
    /// `sqrt(sum(s^2) / n)`: empyrical, quantstats, ffn, backtesting.py, vectorbt.
    All,
    /// `sqrt(sum(s^2) / (n - 1))`: skfolio.
    Sample,
    /// `sqrt(sum(s^2) / number of shortfalls)`.
    Losses,
    /// The sample standard deviation of the shortfalls alone: LEAN.
    LossesDeviation,
}

/// Where the first peak of wealth is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawdownBase {
    /// The wealth before the first return: empyrical, quantstats, skfolio.
    Start,
    /// The wealth after the first return: programs that see the equity of the bars alone.
    FirstPoint,
}

/// How many years the returns span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearCount {
    /// n / periods: empyrical, quantstats.
    Periods,
    /// Calendar days / 365: LEAN.
    Days365,
    /// Calendar days / 365.25: ffn, backtesting.py.
    Days36525,
}

/// What a return of exactly 0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flat {
    /// An observation, neither won nor lost: vectorbt, backtesting.py.
    Counted,
    /// No observation: quantstats.
    Excluded,
    /// A loss: LEAN.
    Lost,
}

/// Which periods of the benchmark count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// All of them.
    All,
    /// Those in which the benchmark gained.
    Up,
    /// Those in which the benchmark lost.
    Down,
}

/// How the alpha of a period becomes that of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlphaScaling {
    /// `(1 + mean) ^ periods - 1` of the residual: empyrical.
    Compound,
    /// `mean * periods` of the residual: quantstats.
    Arithmetic,
    /// The residual of the annual returns `(1 + mean) ^ periods - 1`: LEAN.
    CompoundMean,
}

/// Which quantile of n returns is meant by a share q.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantileRule {
    /// Between the neighbours of position `(n - 1) q`: numpy, empyrical.
    Linear,
    /// The observation number `floor(n q) + 1` from below: skfolio.
    Order,
}

/// Which observations the mean of the worst is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailMean {
    /// The first `floor((n - 1) q) + 1`: empyrical.
    Discrete,
    /// Exactly `n q`, the last one in part: Rockafellar and Uryasev, skfolio.
    Exact,
}

/// One value for every convention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conventions {
    /// Periods in a year.
    pub periods: f64,
    /// Risk-free rate, per period or year as `rate_basis` says.
    pub risk_free: f64,
    /// Return below which an observation is a shortfall, per period or year as `rate_basis` says.
    pub required: f64,
    /// What `risk_free` and `required` are rates of.
    pub rate_basis: RateBasis,
    /// What is taken off n under squared deviations.
    pub ddof: usize,
    /// Simple or logarithmic returns.
    pub method: Compounding,
    /// Whether returns compound (true) or add up.
    pub compounded: bool,
    /// Returns per year.
    pub annualization: Annualization,
    /// Deviations per year.
    pub scaling: VolatilityScaling,
    /// Downside deviation.
    pub downside: Downside,
    /// First peak.
    pub base: DrawdownBase,
    /// Length in years.
    pub years: YearCount,
    /// Returns of 0.
    pub flat: Flat,
    /// Confidence level of tails, from 0.5 to 1.
    pub level: f64,
    /// Quantile for outliers among gains.
    pub win_quantile: f64,
    /// Quantile for outliers among losses.
    pub loss_quantile: f64,
    /// Quantile under historical value at risk.
    pub quantile_rule: QuantileRule,
    /// Mean under historical expected shortfall.
    pub tail_mean: TailMean,
    /// What is taken off n under squared drawdowns: 1, 0, or -1 to count the start as well.
    pub ulcer_ddof: i64,
    /// Whether drawdowns are counted in percent and not as fractions.
    pub percent: bool,
    /// Whether an exposure is rounded up to whole percents.
    pub round_up: bool,
    /// Periods of the benchmark that count.
    pub market: Market,
    /// Alpha per year.
    pub alpha_scaling: AlphaScaling,
}

impl Default for Conventions {
    /// empyrical's, where it has the metric.
    fn default() -> Self {
        Self::EMPYRICAL
    }
}

impl Conventions {
    /// The conventions of empyrical-reloaded, and the plainest ones where it has no metric.
    pub const EMPYRICAL: Self = Self {
        periods: 252.0,
        risk_free: 0.0,
        required: 0.0,
        rate_basis: RateBasis::Period,
        ddof: 1,
        method: Compounding::Simple,
        compounded: true,
        annualization: Annualization::Arithmetic,
        scaling: VolatilityScaling::Root,
        downside: Downside::All,
        base: DrawdownBase::Start,
        years: YearCount::Periods,
        flat: Flat::Counted,
        level: 0.95,
        win_quantile: 0.99,
        loss_quantile: 0.01,
        quantile_rule: QuantileRule::Linear,
        tail_mean: TailMean::Discrete,
        ulcer_ddof: 0,
        percent: false,
        round_up: false,
        market: Market::All,
        alpha_scaling: AlphaScaling::Compound,
    };

    /// The conventions of quantstats 0.0.86.
    pub const QUANTSTATS: Self = Self {
        rate_basis: RateBasis::Annual,
        flat: Flat::Excluded,
        ulcer_ddof: 1,
        round_up: true,
        alpha_scaling: AlphaScaling::Arithmetic,
        ..Self::EMPYRICAL
    };

    /// The conventions of LEAN's PortfolioStatistics.
    pub const LEAN: Self = Self {
        rate_basis: RateBasis::Annual,
        annualization: Annualization::CompoundMean,
        downside: Downside::LossesDeviation,
        years: YearCount::Days365,
        flat: Flat::Lost,
        alpha_scaling: AlphaScaling::CompoundMean,
        ..Self::EMPYRICAL
    };

    /// What counts years by the calendar counts them as ffn and backtesting.py do.
    pub(super) const BY_CALENDAR: Self = Self {
        years: YearCount::Days36525,
        ..Self::EMPYRICAL
    };

    /// The risk-free rate of one period.
    pub fn risk_free_per_period(&self) -> f64 {
        self.per_period(self.risk_free)
    }

    /// The risk-free rate of one year.
    pub fn risk_free_per_year(&self) -> f64 {
        match self.rate_basis {
            RateBasis::Annual => self.risk_free,
            RateBasis::Period => (1.0 + self.risk_free).powf(self.periods) - 1.0,
        }
    }

    /// The required return of one period.
    pub fn required_per_period(&self) -> f64 {
        self.per_period(self.required)
    }

    /// Gives a library's conventions what is the same in all of them: periods, rates, the level of
    /// tails and the kind of the returns.
    pub(crate) fn copy_common_to(&self, library: &mut Self) {
        *library = Self {
            periods: self.periods,
            risk_free: self.risk_free,
            required: self.required,
            level: self.level,
            method: self.method,
            ..*library
        };
    }

    fn per_period(&self, rate: f64) -> f64 {
        match self.rate_basis {
            RateBasis::Period => rate,
            RateBasis::Annual => (1.0 + rate).powf(1.0 / self.periods) - 1.0,
        }
    }

    /// The share of the worst returns.
    ///
    /// `1 - 0.9` is 0.09999999999999998 in binary, which would cost an observation wherever the
    /// share falls on a whole one; twelve decimals give back the number that was meant.
    pub fn tail_share(&self) -> f64 {
        const DECIMALS: f64 = 1e12;
        ((1.0 - self.level) * DECIMALS).round() / DECIMALS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_the_tail_is_the_number_that_was_meant() {
        let share = |level| {
            Conventions {
                level,
                ..Default::default()
            }
            .tail_share()
        };
        assert_eq!(share(0.9), 0.1);
        assert_eq!(share(0.95), 0.05);
        assert_eq!(share(1.0), 0.0);
    }

    #[test]
    fn a_rate_per_year_and_its_rate_per_period_mean_the_same() {
        let annual = Conventions {
            risk_free: 0.05,
            rate_basis: RateBasis::Annual,
            ..Default::default()
        };
        let period = Conventions {
            risk_free: annual.risk_free_per_period(),
            ..Default::default()
        };
        assert!((period.risk_free_per_year() - 0.05).abs() < 1e-13);
        assert_eq!(annual.risk_free_per_year(), 0.05);
    }
}
