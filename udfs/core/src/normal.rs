//! The normal distribution: density, distribution function and its inverse.
//!
//! Two families need it and families do not depend on each other, so it is here.
//!
//! The inverse is algorithm AS 241 (PPND16) of Wichura, Applied Statistics 37 (1988), pp. 477-484:
//! rational approximations with a relative error of about 1e-16.

use std::f64::consts::{PI, SQRT_2};

/// The density at z.
pub fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// The probability of a value of at most z.
pub fn probability(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The probability of a value farther from 0 than z: the p-value of a two-sided test.
pub fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// The value that is not exceeded with probability p; NaN unless 0 < p < 1.
pub fn quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE, r) / polynomial(&CENTRE_BELOW, r);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let size = if r <= 5.0 {
        polynomial(&TAIL, r - 1.6) / polynomial(&TAIL_BELOW, r - 1.6)
    } else {
        polynomial(&FAR, r - 5.0) / polynomial(&FAR_BELOW, r - 5.0)
    };
    size.copysign(q)
}

fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE: [f64; 8] = [
    3.387_132_872_796_366_5,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_3e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_BELOW: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_7e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const TAIL: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const TAIL_BELOW: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_7e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_agrees_with_scipy() {
        // scipy.stats.norm.ppf of scipy 1.17.1.
        let known = [
            (0.05, -1.6448536269514729),
            (0.01, -2.3263478740408408),
            (0.5, 0.0),
            (0.975, 1.959963984540054),
            (1e-12, -7.034483825301131),
        ];
        for (p, z) in known {
            let found: f64 = quantile(p);
            assert!((found - z).abs() <= 2e-15 * z.abs(), "{p}: {found} {z}");
        }
    }

    #[test]
    fn probabilities_agree_with_scipy() {
        // scipy.stats.norm.cdf of scipy 1.17.1.
        let (found, expected) = (probability(-3.5), 0.00023262907903552504);
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn outside_of_probabilities_there_is_nothing() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert!(quantile(p).is_nan());
        }
    }

    #[test]
    fn the_inverse_undoes_the_distribution_function() {
        let near_0 = (1..=90).map(|i| 10.0_f64.powf(-0.1 * f64::from(i)));
        let between = (1..1000).map(|i| f64::from(i) / 1000.0);
        for p in near_0.chain(between) {
            let back = probability(quantile(p));
            assert!((back - p).abs() <= 1e-13 * p.max(1e-3), "{p} {back}");
        }
    }

    #[test]
    fn both_tails_are_twice_one() {
        for z in [-4.0, -1.5, 0.0, 0.3, 2.5] {
            let one: f64 = probability(-f64::abs(z));
            assert!((two_sided(z) - 2.0 * one).abs() <= 1e-15, "{z}");
        }
    }
}
