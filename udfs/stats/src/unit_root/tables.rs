//! Published response surfaces of unit-root and cointegration tests.
//!
//! * [`tau`]: MacKinnon, "Approximate asymptotic distribution functions for unit-root and
//!   cointegration tests", Journal of Business and Economic Statistics 12 (1994), pp. 167-176, for
//!   p-values; MacKinnon, "Critical values for cointegration tests", Queen's Economics Department
//!   Working Paper 1227 (2010), for critical values. Entries for one series and for two.
//! * [`rho`]: the normalised-bias form for one series, as simulated for the Python package `arch`.

use super::Trend;

/// The distribution of a test statistic as polynomials.
#[derive(Debug)]
pub(crate) struct Surface {
    /// Below this the p-value is 0.
    pub(crate) min: f64,
    /// Up to this the polynomial for small p-values holds.
    pub(crate) star: f64,
    /// Above this the p-value is 1.
    pub(crate) max: f64,
    /// Coefficients of the normal quantile of small p-values, constant first.
    pub(crate) small: [f64; 4],
    /// Coefficients of the normal quantile of large p-values.
    pub(crate) large: [f64; 4],
    /// Coefficients in 1 / n of the critical values at 1, 5 and 10 %; none where unpublished.
    pub(crate) critical: Option<[[f64; 4]; 3]>,
}

static TAU_NONE_1: Surface = Surface {
    min: -19.04,
    star: -1.04,
    max: f64::INFINITY,
    small: [0.6344, 1.2378, 0.032496, 0.0],
    large: [0.4797, 0.93557, -0.06999, 0.033066],
    critical: Some([
        [-2.56574, -2.2358, -3.627, 0.0],
        [-1.941, -0.2686, -3.365, 31.223],
        [-1.61682, 0.2656, -2.714, 25.364],
    ]),
};

static TAU_CONSTANT_1: Surface = Surface {
    min: -18.83,
    star: -1.61,
    max: 2.74,
    small: [2.1659, 1.4412, 0.038269, 0.0],
    large: [1.7339, 0.93202, -0.12745, -0.010368],
    critical: Some([
        [-3.43035, -6.5393, -16.786, -79.433],
        [-2.86154, -2.8903, -4.234, -40.04],
        [-2.56677, -1.5384, -2.809, 0.0],
    ]),
};

static TAU_LINEAR_1: Surface = Surface {
    min: -16.18,
    star: -2.89,
    max: 0.7,
    small: [3.2512, 1.6047, 0.049588, 0.0],
    large: [2.5261, 0.61654, -0.37956, -0.060285],
    critical: Some([
        [-3.95877, -9.0531, -28.428, -134.155],
        [-3.41049, -4.3904, -9.036, -45.374],
        [-3.12705, -2.5856, -3.925, -22.38],
    ]),
};

static TAU_QUADRATIC_1: Surface = Surface {
    min: -17.17,
    star: -3.21,
    max: 0.54,
    small: [4.0003, 1.658, 0.048288, 0.0],
    large: [3.0778, 0.49529, -0.41477, -0.059359],
    critical: Some([
        [-4.37113, -11.5882, -35.819, -334.047],
        [-3.83239, -5.9057, -12.49, -118.284],
        [-3.55326, -3.6596, -5.293, -63.559],
    ]),
};

static TAU_NONE_2: Surface = Surface {
    min: -19.62,
    star: -1.53,
    max: 1.51,
    small: [1.9129, 1.3857, 0.035322, 0.0],
    large: [1.5578, 0.8558, -0.2083, -0.033549],
    critical: None,
};

static TAU_CONSTANT_2: Surface = Surface {
    min: -18.86,
    star: -2.62,
    max: 0.92,
    small: [2.92, 1.5012, 0.039796, 0.0],
    large: [2.1945, 0.64695, -0.29198, -0.042377],
    critical: Some([
        [-3.89644, -10.9519, -33.527, 0.0],
        [-3.33613, -6.1101, -6.823, 0.0],
        [-3.04445, -4.2412, -2.72, 0.0],
    ]),
};

static TAU_LINEAR_2: Surface = Surface {
    min: -21.15,
    star: -3.19,
    max: 0.63,
    small: [3.6646, 1.5419, 0.036448, 0.0],
    large: [2.85, 0.5272, -0.36622, -0.051695],
    critical: Some([
        [-4.32762, -15.4387, -35.679, 0.0],
        [-3.78057, -9.5106, -12.074, 0.0],
        [-3.49631, -7.0815, -7.538, 21.892],
    ]),
};

static TAU_QUADRATIC_2: Surface = Surface {
    min: -21.1,
    star: -3.51,
    max: 0.79,
    small: [4.3534, 1.6016, 0.037947, 0.0],
    large: [3.4713, 0.5967, -0.32507, -0.042286],
    critical: Some([
        [-4.69276, -20.2284, -64.919, 88.884],
        [-4.15387, -13.3114, -28.402, 72.741],
        [-3.87346, -10.4637, -17.408, 66.313],
    ]),
};

static RHO_NONE: Surface = Surface {
    min: f64::NEG_INFINITY,
    star: -1.79146,
    max: f64::INFINITY,
    small: [0.05872, -0.69633, 0.02471, -0.04283],
    large: [0.56681, 0.67544, 0.06881, 0.00235],
    critical: Some([
        [-13.30499, 331.55385, -8807.11008, 88544.76648],
        [-7.82957, 222.75548, -5863.14998, 58024.48295],
        [-5.57486, 170.79065, -4422.48027, 43264.68244],
    ]),
};

static RHO_CONSTANT: Surface = Surface {
    min: f64::NEG_INFINITY,
    star: -5.04709,
    max: f64::INFINITY,
    small: [1.94205, -1.47677, 0.21163, -0.06288],
    large: [1.70059, 0.49465, 0.02636, 0.00055],
    critical: Some([
        [-20.6258, 119.28619, -442.99517, 1082.9222],
        [-14.09457, 58.46106, -164.08684, 479.02908],
        [-11.25118, 38.48786, -87.62853, 246.93531],
    ]),
};

static RHO_LINEAR: Surface = Surface {
    min: f64::NEG_INFINITY,
    star: -9.22766,
    max: f64::INFINITY,
    small: [4.05596, -2.34128, 0.41403, -0.08312],
    large: [2.60323, 0.39217, 0.01321, 0.00019],
    critical: Some([
        [-29.3568, 232.33249, -1171.21447, 3166.83631],
        [-21.71085, 130.15894, -504.95264, 1170.38109],
        [-18.24475, 93.25896, -305.14509, 581.02963],
    ]),
};

/// The t statistic of one series, or of the residuals of a regression between two.
pub(crate) fn tau(trend: Trend, is_pair: bool) -> &'static Surface {
    match (trend, is_pair) {
        (Trend::None, false) => &TAU_NONE_1,
        (Trend::Constant, false) => &TAU_CONSTANT_1,
        (Trend::Linear, false) => &TAU_LINEAR_1,
        (Trend::Quadratic, false) => &TAU_QUADRATIC_1,
        (Trend::None, true) => &TAU_NONE_2,
        (Trend::Constant, true) => &TAU_CONSTANT_2,
        (Trend::Linear, true) => &TAU_LINEAR_2,
        (Trend::Quadratic, true) => &TAU_QUADRATIC_2,
    }
}

/// The normalised bias `n (rho - 1)` of one series; not published with a quadratic trend.
pub(crate) fn rho(trend: Trend) -> Option<&'static Surface> {
    match trend {
        Trend::None => Some(&RHO_NONE),
        Trend::Constant => Some(&RHO_CONSTANT),
        Trend::Linear => Some(&RHO_LINEAR),
        Trend::Quadratic => None,
    }
}
