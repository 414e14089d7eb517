//! What a forecast may see, over random prices.

use crate::common::{forecasts, load};
use proptest::prelude::*;
use quantlake_models::Model;
use quantlake_models::forecast_at::ForecastKernel;
use quantlake_models::predict::answer_rows;
use std::sync::{Arc, LazyLock};

static MODEL: LazyLock<Arc<Model>> =
    LazyLock::new(|| Arc::new(load("quantile_returns", &[]).expect("the model loads")));

fn kernel(step: usize) -> ForecastKernel {
    ForecastKernel::of(Arc::clone(&MODEL), step).expect("a forecaster")
}

/// Prices that start at 100 and change by up to 5 % a bar.
fn prices(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-0.05..0.05f64, n).prop_map(|returns| {
        let mut price = 100.0;
        returns
            .into_iter()
            .map(|r| {
                price *= 1.0 + r;
                price
            })
            .collect()
    })
}

/// Equal up to the rounding of float32 sums over batches of another size.
fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-6
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_forecast_knows_past_bars_only(prices in prices(60..200), cut in 0.0..1.0f64) {
        let kernel = kernel(4);
        let whole = forecasts(&kernel, &prices);
        let kept = (prices.len() as f64 * cut) as usize;
        let prefix = forecasts(&kernel, &prices[..kept]);
        // The probability is left out: it magnifies rounding by the distance of the quantiles.
        for (whole, prefix) in whole.iter().zip(&prefix).take(4) {
            prop_assert!(whole.iter().zip(prefix).all(|(a, b)| same(*a, *b)));
        }
    }

    #[test]
    fn a_forecast_knows_its_window_only(prices in prices(150..200), factor in 0.1..10.0f64) {
        let kernel = kernel(1);
        let whole = forecasts(&kernel, &prices);
        let mut changed = prices.clone();
        for price in changed.iter_mut().take(50) {
            *price *= factor;
        }
        let moved = forecasts(&kernel, &changed);
        for (whole, moved) in whole.iter().zip(&moved).take(4) {
            // The first window without the changed bars ends 65 bars after the last of them.
            prop_assert!(whole.iter().zip(moved).skip(50 + 64).all(|(a, b)| same(*a, *b)));
        }
    }

    #[test]
    fn a_forecast_equals_the_prediction_for_its_window(prices in prices(65..120), step in 1usize..13) {
        let found = forecasts(&kernel(step), &prices);
        let last = prices.len() - 1;
        let window: Vec<[f64; 1]> = (last - 63..=last)
            .map(|t| [prices[t].ln() - prices[t - 1].ln()])
            .collect();
        let features: Vec<&[f64]> = window.iter().map(|value| value.as_slice()).collect();
        let answer = answer_rows(&MODEL, "predict", &features, vec![0]).expect("the model runs");
        let quantiles = &answer.values[(step - 1) * 9..step * 9];
        prop_assert!(same(found[0][last], quantiles[4]), "{} {}", found[0][last], quantiles[4]);
        prop_assert!(same(found[1][last], quantiles[0]));
        prop_assert!(same(found[2][last], quantiles[8]));
    }
}

#[test]
fn the_first_forecast_comes_with_the_65th_price() {
    let prices: Vec<f64> = (0..66).map(|i| 100.0 + f64::from(i).sin()).collect();
    let found = forecasts(&kernel(1), &prices);
    assert!(
        found
            .iter()
            .all(|column| column[..64].iter().all(|v| v.is_nan()))
    );
    assert!(
        found
            .iter()
            .all(|column| column[64..].iter().all(|v| v.is_finite()))
    );
    assert!(forecasts(&kernel(1), &[]).iter().all(Vec::is_empty));
    assert!(forecasts(&kernel(1), &[100.0])[0][0].is_nan());
}

#[test]
fn a_price_that_is_not_positive_empties_the_windows_around_it() {
    let mut prices: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i).sin()).collect();
    prices[80] = -1.0;
    let median = forecasts(&kernel(1), &prices).remove(0);
    assert!(median[64..80].iter().all(|v| v.is_finite()));
    // Its own return and the next are unknown; the last window with one of them ends at 81 + 63.
    assert!(median[80..=144].iter().all(|v| v.is_nan()));
    assert!(median[145..].iter().all(|v| v.is_finite()));
}

#[test]
fn constant_prices_have_a_forecast() {
    let found = forecasts(&kernel(12), &[50.0; 70]);
    assert!(
        found
            .iter()
            .all(|column| column[64..].iter().all(|v| v.is_finite()))
    );
}

#[test]
fn a_point_forecaster_of_values_has_median_and_mean_only() {
    let model = Arc::new(load("last_value", &[]).expect("the model loads"));
    let kernel = ForecastKernel::of(model, 2).expect("a forecaster");
    let found = forecasts(&kernel, &[1.0, 2.0, 4.0, 8.0]);
    assert!(found[0][..2].iter().all(|v| v.is_nan()));
    assert_eq!(found[0][2..], [6.0, 12.0]);
    assert_eq!(found[3][2..], [6.0, 12.0]);
    assert!(
        [1, 2, 4]
            .iter()
            .all(|c| found[*c].iter().all(|v| v.is_nan()))
    );
}

#[test]
fn levels_rise_against_the_value_at_the_bar() {
    let options = [("quantiles", "0.25,0.75"), ("horizon", "1")];
    let model = Arc::new(load("last_value", &options).expect("the model loads"));
    let kernel = ForecastKernel::of(model, 1).expect("a forecaster");
    // Quantiles 4 and 6 for the bar at 4: the lower one is no rise, the rest is.
    let found = forecasts(&kernel, &[1.0, 2.0, 4.0]);
    assert_eq!((found[1][2], found[2][2]), (4.0, 6.0));
    assert_eq!(found[4][2], 0.75);
}

#[test]
fn a_step_beyond_the_model_is_refused() {
    let error = ForecastKernel::of(Arc::clone(&MODEL), 13).expect_err("it looks 12 bars ahead");
    assert_eq!(
        error.message,
        "forecast_at: `horizon` must be a whole number between 1 and 12 for model \
         `quantile_returns`, found 13"
    );
}
