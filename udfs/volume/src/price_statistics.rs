//! Price statistics: of one series, of two series, and of the shape of one bar.
//!
//! * [`dispersion`]: spread, trend fit and position of the last value in one series,
//! * [`returns`]: log returns and realised volatility,
//! * [`bar_shape`]: proportions of one bar,
//! * [`pairs`]: how two series move together,
//! * [`spreads`]: the spread of two series as a trade,
//! * [`lead_lag`]: which of two series moves first.
//!
//! TA-Lib has, and so not bound again: typical, median, weighted and average price (`typprice`,
//! `medprice`, `wclprice`, `avgprice`), `midprice`, `midpoint`, the regression line, its slope,
//! angle, intercept and forecast (`linearreg`, `linearreg_slope`, `linearreg_angle`,
//! `linearreg_intercept`, `tsf`), variance (`ta_var`), Pearson's correlation of levels (`correl`)
//! and beta of simple returns (`beta`). Skewness, kurtosis, quantiles, rank correlations, entropy,
//! autocorrelation, Hurst exponents, normality, variance-ratio and unit-root tests, cointegration,
//! half-lives and the Kalman hedge ratio are the business of the statistics family, the rolling
//! z-score that of the alpha building blocks. The Hurst exponent of a spread is the Hurst exponent
//! of `a - b`.

pub mod bar_shape;
pub mod dispersion;
pub mod lead_lag;
pub mod pairs;
pub mod returns;
pub mod spreads;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        dispersion::functions(),
        returns::functions(),
        bar_shape::functions(),
        pairs::functions(),
        spreads::functions(),
        lead_lag::functions(),
    ]
    .concat()
}
