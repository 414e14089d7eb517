//! The conventions as arguments of SQL functions: one name, range, default and sentence each.

use super::conventions::{
    AlphaScaling, Annualization, Conventions, Downside, DrawdownBase, Flat, Market, QuantileRule,
    RateBasis, TailMean, VolatilityScaling, YearCount,
};
use crate::wealth::Compounding;
use quantlake_core::{Args, ParamKind, ParamSpec, ParamValue, QlError};

/// A field of [`Conventions`] that a metric lets the caller choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// `periods`.
    Periods,
    /// `risk_free`.
    RiskFree,
    /// `required`.
    Required,
    /// `rate_basis`.
    RateBasis,
    /// `ddof`.
    Ddof,
    /// `method`: simple or logarithmic returns.
    Method,
    /// `compounded`.
    Compounded,
    /// `annualization` of ratios whose default is the arithmetic mean.
    Annualization,
    /// `annualization` of ratios whose default is the total return.
    TotalAnnualization,
    /// `annualization` of ratios whose default is the growth rate.
    GrowthAnnualization,
    /// `scaling` of deviations.
    Scaling,
    /// `downside`.
    Downside,
    /// `base` of drawdowns.
    Base,
    /// `years`.
    Years,
    /// `years` of what counts them by the calendar.
    CalendarYears,
    /// `flat`.
    Flat,
    /// `level`.
    Level,
    /// `quantile` for outliers among gains.
    WinQuantile,
    /// `quantile` for outliers among losses.
    LossQuantile,
    /// `rule` of a quantile.
    QuantileRule,
    /// `method` of a mean over the tail.
    TailMean,
    /// `ddof` of drawdowns.
    UlcerDdof,
    /// `percent`.
    Percent,
    /// `round_up`.
    RoundUp,
    /// `market`.
    Market,
    /// `scaling` of alpha.
    AlphaScaling,
}

/// Names of the values of a choice; the order gives their codes.
struct Choices<T: 'static>(&'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Choices<T> {
    fn param(&self, name: &str, default: T, doc: &str) -> ParamSpec {
        let named = |i: usize, n: &str| (n.to_string(), i64::try_from(i).unwrap_or(i64::MAX));
        let kind = self.0.iter().enumerate();
        let kind = kind.map(|(i, (n, _))| named(i, n)).collect();
        let default = self.0.iter().find(|(_, value)| *value == default);
        let default = default.map_or(String::new(), |(n, _)| (*n).to_string());
        ParamSpec::optional(
            name,
            ParamKind::Choice(kind),
            ParamValue::Text(default),
            doc,
        )
    }

    fn read(&self, args: &Args, name: &str) -> Result<T, QlError> {
        let code = args.count(name)?;
        self.0
            .get(code)
            .map(|(_, value)| *value)
            .ok_or_else(|| QlError::internal(format!("`{name}` has no choice of number {code}")))
    }
}

const RATE_BASES: Choices<RateBasis> =
    Choices(&[("period", RateBasis::Period), ("annual", RateBasis::Annual)]);
const METHODS: Choices<Compounding> =
    Choices(&[("simple", Compounding::Simple), ("log", Compounding::Log)]);
const ANNUALIZATIONS: Choices<Annualization> = Choices(&[
    ("arithmetic", Annualization::Arithmetic),
    ("compound_mean", Annualization::CompoundMean),
    ("geometric", Annualization::Geometric),
    ("total", Annualization::Total),
]);
const SCALINGS: Choices<VolatilityScaling> = Choices(&[
    ("root", VolatilityScaling::Root),
    ("compounded", VolatilityScaling::Compounded),
]);
const DOWNSIDES: Choices<Downside> = Choices(&[
    ("all", Downside::All),
    ("sample", Downside::Sample),
    ("losses", Downside::Losses),
    ("losses_deviation", Downside::LossesDeviation),
]);
const BASES: Choices<DrawdownBase> = Choices(&[
    ("start", DrawdownBase::Start),
    ("first_point", DrawdownBase::FirstPoint),
]);
const YEARS: Choices<YearCount> = Choices(&[
    ("periods", YearCount::Periods),
    ("days_365", YearCount::Days365),
    ("days_365_25", YearCount::Days36525),
]);
const CALENDAR_YEARS: Choices<YearCount> = Choices(&[
    ("days_365", YearCount::Days365),
    ("days_365_25", YearCount::Days36525),
]);
const FLATS: Choices<Flat> = Choices(&[
    ("counted", Flat::Counted),
    ("excluded", Flat::Excluded),
    ("lost", Flat::Lost),
]);
const QUANTILE_RULES: Choices<QuantileRule> = Choices(&[
    ("linear", QuantileRule::Linear),
    ("order", QuantileRule::Order),
]);
const TAIL_MEANS: Choices<TailMean> =
    Choices(&[("discrete", TailMean::Discrete), ("exact", TailMean::Exact)]);
const MARKETS: Choices<Market> = Choices(&[
    ("all", Market::All),
    ("up", Market::Up),
    ("down", Market::Down),
]);
const ALPHA_SCALINGS: Choices<AlphaScaling> = Choices(&[
    ("compound", AlphaScaling::Compound),
    ("arithmetic", AlphaScaling::Arithmetic),
    ("compound_mean", AlphaScaling::CompoundMean),
]);

/// A bar a century at the least, a bar every 30 microseconds at the most.
const PERIODS: ParamKind = ParamKind::Number {
    min: 0.01,
    max: 1e12,
};
const RATE: ParamKind = ParamKind::Number {
    min: -1.0,
    max: 1.0,
};
/// A level below 0.5 is the share of the tail, given by mistake.
const LEVEL: ParamKind = ParamKind::Number { min: 0.5, max: 1.0 };
const QUANTILE: ParamKind = ParamKind::Number { min: 0.0, max: 1.0 };

fn number(name: &str, kind: ParamKind, default: f64, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

fn flag(name: &str, default: bool, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Flag, ParamValue::Flag(default), doc)
}

fn degrees(min: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max: 1 };
    ParamSpec::optional("ddof", kind, ParamValue::Integer(default), doc)
}

/// The default of `annualization` in ratios over a total return.
const TOTAL: Conventions = Conventions {
    annualization: Annualization::Total,
    ..Conventions::EMPYRICAL
};
/// The default of `annualization` in ratios over a growth rate.
const GROWTH: Conventions = Conventions {
    annualization: Annualization::Geometric,
    ..Conventions::EMPYRICAL
};

impl Convention {
    /// The SQL parameter.
    pub fn param(self) -> ParamSpec {
        let c = Conventions::EMPYRICAL;
        match self {
            Self::Periods | Self::RiskFree | Self::Required | Self::RateBasis => self.rate_param(&c),
            Self::Annualization | Self::TotalAnnualization | Self::GrowthAnnualization => {
                let doc = "return per year: mean * periods (empyrical, quantstats), (1 + mean)^periods - 1 (LEAN), growth rate (backtesting.py), or the total return as it is";
                ANNUALIZATIONS.param("annualization", self.base_conventions().annualization, doc)
            }
            Self::Level | Self::WinQuantile | Self::LossQuantile | Self::QuantileRule | Self::TailMean => self.tail_param(&c),
            Self::Base | Self::UlcerDdof | Self::Percent | Self::Compounded | Self::Method | Self::Years | Self::CalendarYears => self.wealth_param(&c),
            Self::Ddof => degrees(0, 1, "1 divides the squared deviations by n - 1 (sample), 0 by n (population)"),
            Self::Scaling => SCALINGS.param("scaling", c.scaling, "deviation per year: root multiplies by sqrt(periods), compounded lets the returns compound (backtesting.py)"),
            Self::Downside => DOWNSIDES.param("downside", c.downside, "squared shortfalls over all n (empyrical, quantstats), over n - 1 (skfolio), over their own number, or the sample deviation of the shortfalls (LEAN)"),
            Self::Flat => FLATS.param("flat", c.flat, "a value of exactly 0 is counted as an observation that is neither won nor lost, excluded (quantstats), or lost (LEAN)"),
            Self::RoundUp => flag("round_up", c.round_up, "whether the exposure is rounded up to whole percents (quantstats)"),
            Self::Market => MARKETS.param("market", c.market, "periods that count: all, those in which the benchmark gained (up), or lost (down)"),
            Self::AlphaScaling => ALPHA_SCALINGS.param("scaling", c.alpha_scaling, "alpha per year: (1 + residual)^periods - 1 (empyrical), residual * periods (quantstats), or the residual of the annual returns (LEAN)"),
        }
    }

    fn rate_param(self, c: &Conventions) -> ParamSpec {
        match self {
            Self::Periods => number("periods", PERIODS, c.periods, "periods in a year, for annualisation: 252 for daily bars of stocks, 365 for daily bars of crypto, 52, 12; 1 for no annualisation"),
            Self::RiskFree => number("risk_free", RATE, c.risk_free, "risk-free return per period, or per year with rate_basis => 'annual'"),
            Self::Required => number("required", RATE, c.required, "return below which an observation counts as downside, per period, or per year with rate_basis => 'annual'"),
            _ => RATE_BASES.param("rate_basis", c.rate_basis, "whether rates are per period (empyrical) or annual, brought to a period by (1 + rate)^(1 / periods) - 1 (quantstats, ffn, LEAN)"),
        }
    }

    fn tail_param(self, c: &Conventions) -> ParamSpec {
        match self {
            Self::WinQuantile => number("quantile", QUANTILE, c.win_quantile, "quantile of the returns that is held against the mean"),
            Self::LossQuantile => number("quantile", QUANTILE, c.loss_quantile, "quantile of the returns that is held against the mean"),
            Self::QuantileRule => QUANTILE_RULES.param("rule", c.quantile_rule, "linear between the neighbours (empyrical, numpy), or the observation number floor(n * share) + 1 (skfolio)"),
            Self::TailMean => TAIL_MEANS.param("method", c.tail_mean, "discrete averages whole observations (empyrical), exact counts the last one in part (Rockafellar-Uryasev)"),
            _ => number("level", LEVEL, c.level, "confidence level: 0.95 looks at the worst 5 % of the returns"),
        }
    }

    fn wealth_param(self, c: &Conventions) -> ParamSpec {
        match self {
            Self::Base => BASES.param("base", c.base, "the first peak is the wealth before the first return (empyrical, quantstats, skfolio) or after it"),
            Self::UlcerDdof => degrees(-1, c.ulcer_ddof, "squared drawdowns are divided by n (Martin), n - 1 (1, quantstats) or n + 1 (-1, ffn: the start counts)"),
            Self::Percent => flag("percent", c.percent, "whether the result is in percent (ffn) and not a fraction"),
            Self::Compounded => flag("compounded", c.compounded, "whether returns compound (true) or add up (skfolio's default for drawdowns)"),
            Self::Years => YEARS.param("years", c.years, "years are n / periods (empyrical, quantstats), calendar days / 365 (LEAN) or / 365.25 (ffn, backtesting.py)"),
            Self::CalendarYears => CALENDAR_YEARS.param("years", Conventions::BY_CALENDAR.years, "years are calendar days / 365 (LEAN) or / 365.25 (ffn, backtesting.py)"),
            _ => METHODS.param("method", c.method, "whether `ret` holds simple returns (p1 / p0 - 1) or logarithmic ones (ln(p1 / p0))"),
        }
    }

    /// The conventions whose values are the defaults of this parameter.
    fn base_conventions(self) -> Conventions {
        match self {
            Self::TotalAnnualization => TOTAL,
            Self::GrowthAnnualization => GROWTH,
            _ => Conventions::EMPYRICAL,
        }
    }

    fn read(self, args: &Args, c: &mut Conventions) -> Result<(), QlError> {
        match self {
            Self::Periods => c.periods = args.number("periods")?,
            Self::RiskFree => c.risk_free = args.number("risk_free")?,
            Self::Required => c.required = args.number("required")?,
            Self::RateBasis => c.rate_basis = RATE_BASES.read(args, "rate_basis")?,
            Self::Ddof => c.ddof = args.count("ddof")?,
            Self::Method => c.method = METHODS.read(args, "method")?,
            Self::Compounded => c.compounded = args.flag("compounded")?,
            Self::Annualization | Self::TotalAnnualization | Self::GrowthAnnualization => {
                c.annualization = ANNUALIZATIONS.read(args, "annualization")?;
            }
            Self::Scaling => c.scaling = SCALINGS.read(args, "scaling")?,
            Self::Downside => c.downside = DOWNSIDES.read(args, "downside")?,
            Self::Base => c.base = BASES.read(args, "base")?,
            Self::Years => c.years = YEARS.read(args, "years")?,
            Self::CalendarYears => c.years = CALENDAR_YEARS.read(args, "years")?,
            Self::Flat => c.flat = FLATS.read(args, "flat")?,
            Self::Level => c.level = args.number("level")?,
            Self::WinQuantile => c.win_quantile = args.number("quantile")?,
            Self::LossQuantile => c.loss_quantile = args.number("quantile")?,
            Self::QuantileRule => c.quantile_rule = QUANTILE_RULES.read(args, "rule")?,
            Self::TailMean => c.tail_mean = TAIL_MEANS.read(args, "method")?,
            Self::UlcerDdof => c.ulcer_ddof = args.integer("ddof")?,
            Self::Percent => c.percent = args.flag("percent")?,
            Self::RoundUp => c.round_up = args.flag("round_up")?,
            Self::Market => c.market = MARKETS.read(args, "market")?,
            Self::AlphaScaling => c.alpha_scaling = ALPHA_SCALINGS.read(args, "scaling")?,
        }
        Ok(())
    }
}

/// The conventions of a call: what it lets the caller choose, and the defaults for the rest.
///
/// # Errors
/// XX000 when the call's spec lacks one of the parameters, which is our mistake.
pub fn conventions(args: &Args, chosen: &[Convention]) -> Result<Conventions, QlError> {
    let mut conventions = Conventions::default();
    for convention in chosen {
        convention.read(args, &mut conventions)?;
    }
    Ok(conventions)
}

/// Refuses a risk-free rate where the numerator does not look at it: a Sortino ratio of arithmetic
/// means is over the required return.
///
/// # Errors
/// 22023 for such a rate.
pub(crate) fn check_risk_free(
    function: &str,
    chosen: &[Convention],
    c: &Conventions,
) -> Result<(), QlError> {
    let is_sortino =
        chosen.contains(&Convention::Downside) && chosen.contains(&Convention::RiskFree);
    if is_sortino && c.annualization == Annualization::Arithmetic && c.risk_free != 0.0 {
        let allowed =
            "left out with annualization => 'arithmetic', which measures against `required`";
        return Err(QlError::bad_argument(
            function,
            "risk_free",
            allowed,
            c.risk_free,
        ));
    }
    Ok(())
}

/// Lets a call decide a convention otherwise than `c` does; NULL leaves it.
///
/// # Errors
/// XX000 when the call's spec lacks the parameter, which is our mistake.
pub(crate) fn optional_choice(
    args: &Args,
    convention: Convention,
    c: &mut Conventions,
) -> Result<(), QlError> {
    match args.get(&convention.param().name)? {
        ParamValue::Null => Ok(()),
        _ => convention.read(args, c),
    }
}
