//! Costs and correlations against zipline and the page's formulas, and their properties.

mod rules_golden;

use proptest::prelude::*;
use quantlake_backtest::costs::commission::{Charge, Commission, Tier};
use quantlake_backtest::costs::slippage::{Impact, Quote, Slippage};
use quantlake_backtest::costs::{Liquidity, MonthVolume, largest_within, tick};
use quantlake_backtest::limits::{Correlations, Exposure, Limits};
use rules_golden::{assert_close, list, load, number, pair, text};
use serde_json::Value;

fn slippage_of(case: &Value) -> Slippage {
    match text(case, "model") {
        "bps" => Slippage {
            fraction: number(&case["bps"]) / 1e4,
            ..Slippage::default()
        },
        model => {
            assert_eq!(model, "volume_share");
            Slippage {
                impact: Impact::VolumeShare,
                impact_coefficient: number(&case["coefficient"]),
                volume_limit: number(&case["limit"]),
                ..Slippage::default()
            }
        }
    }
}

#[test]
fn prices_after_slippage_are_those_of_zipline() {
    let golden = load("zipline");
    for case in list(&golden["slippage"]) {
        let mut quote = Quote::of_price(number(&case["price"]));
        quote.volume = case["volume"].as_f64().unwrap_or(f64::NAN);
        let (side, units) = (number(&case["side"]), number(&case["units"]));
        let found = slippage_of(case).price(&quote, side, units);
        assert_close(found, number(&case["expected"]), &case.to_string());
    }
}

fn commission_of(case: &Value) -> Commission {
    let (a, b) = (number(&case["a"]), number(&case["b"]));
    let none = Commission::default();
    match text(case, "model") {
        "per_share" => Commission {
            per_unit: a,
            ..none
        },
        "per_share_min" => Commission {
            per_unit: a,
            min: b,
            ..none
        },
        "per_contract" => Commission {
            per_unit: 100.0 * a,
            fixed: b,
            ..none
        },
        "per_trade" => Commission { fixed: b, ..none },
        model => {
            assert_eq!(model, "per_dollar");
            Commission {
                rate: a / 10.0,
                ..none
            }
        }
    }
}

#[test]
fn commissions_over_the_fills_of_an_order_are_those_of_zipline() {
    let golden = load("zipline");
    for case in list(&golden["commissions"]) {
        let commission = commission_of(case);
        for (place, fill) in list(&case["fills"]).iter().enumerate() {
            let (units, price) = pair(fill);
            let found = commission.charge(&Charge {
                units,
                value: units * price,
                is_first: place == 0,
                liquidity: Liquidity::Taker,
                month_value: 0.0,
            });
            assert_close(found, number(&fill[2]), &case.to_string());
        }
    }
}

#[test]
fn tiers_follow_the_value_traded_in_the_calendar_month() {
    let golden = load("formulas");
    for case in list(&golden["commissions"]) {
        let tiers = list(&case["tiers"]).iter().map(pair);
        let commission = Commission {
            tiers: tiers.map(|(from, rate)| Tier { from, rate }).collect(),
            per_unit: number(&case["per_unit"]),
            fixed: number(&case["fixed"]),
            min: case["min"].as_f64().unwrap_or(f64::NEG_INFINITY),
            max: case["max"].as_f64().unwrap_or(f64::INFINITY),
            ..Commission::default()
        };
        let mut traded = MonthVolume::default();
        for fill in list(&case["fills"]) {
            let ts = fill[0].as_i64().expect("a time");
            let (units, price) = (number(&fill[1]), number(&fill[2]));
            let found = commission.charge(&Charge {
                units,
                value: units * price,
                is_first: fill[3] == true,
                liquidity: Liquidity::Taker,
                month_value: traded.at(ts),
            });
            traded.add(ts, units * price);
            assert_close(found, number(&fill[4]), &fill.to_string());
        }
    }
}

#[test]
fn correlations_over_the_last_common_bars_are_those_of_numpy() {
    let golden = load("formulas");
    let mut n_known = 0;
    for case in list(&golden["correlations"]) {
        let n_bars = number(&case["n_bars"]) as usize;
        let mut correlations = Correlations::new(2, n_bars);
        for bar in list(&case["bars"]) {
            let (symbol, ts) = (number(&bar[0]) as usize, number(&bar[1]) as i64);
            correlations.push(symbol, ts, number(&bar[2]));
            let found = correlations.between(0, 1);
            match bar[3].as_f64() {
                Some(expected) => assert_close(found, expected, &bar.to_string()),
                None => assert!(found.is_nan(), "{bar}: {found}"),
            }
            n_known += usize::from(found.is_finite());
        }
    }
    assert!(n_known > 100, "{n_known} correlations are hardly a test");
}

fn slippages() -> impl Strategy<Value = Slippage> {
    let impacts = prop_oneof![
        Just(Impact::None),
        Just(Impact::Linear),
        Just(Impact::Sqrt),
        Just(Impact::VolumeShare)
    ];
    let parts = (0.0..0.01, 0.0..3.0, 0.0..1.0, 0.0..0.5, 0.0..2.0);
    (
        impacts,
        parts,
        prop_oneof![Just(0.0), Just(0.05)],
        any::<bool>(),
    )
        .prop_map(
            |(
                impact,
                (fraction, ticks, spread_share, impact_coefficient, volatility_share),
                tick,
                clip_to_bar,
            )| {
                Slippage {
                    fraction,
                    ticks,
                    tick,
                    spread_share,
                    impact,
                    impact_coefficient,
                    volatility_share,
                    clip_to_bar,
                    ..Slippage::default()
                }
            },
        )
}

const QUOTE: Quote = Quote {
    price: 100.0,
    low: 98.0,
    high: 103.0,
    spread: 0.1,
    volume: 5_000.0,
    volatility: 0.01,
};

proptest! {
    #[test]
    fn slippage_is_against_the_order_and_grows_with_it(
        slippage in slippages(),
        units in 1.0..1_000.0_f64,
        more in 1.0..1_000.0_f64,
    ) {
        for side in [1.0, -1.0] {
            let paid = slippage.price(&QUOTE, side, units);
            let paid_more = slippage.price(&QUOTE, side, units + more);
            prop_assert!((paid - QUOTE.price) * side >= 0.0, "{paid}");
            prop_assert!((paid_more - paid) * side >= 0.0, "{paid} then {paid_more}");
            if slippage.clip_to_bar {
                prop_assert!((QUOTE.low..=QUOTE.high).contains(&paid), "{paid}");
            }
        }
    }

    #[test]
    fn a_price_rounded_to_the_tick_is_a_multiple_within_one_tick(
        price in 0.01..10_000.0_f64,
        tick_size in prop_oneof![Just(0.01), Just(0.05), Just(0.25), Just(1.0)],
        is_buy: bool,
    ) {
        let side = if is_buy { 1.0 } else { -1.0 };
        let rounded = tick::round_against(price, side, tick_size);
        let ticks = rounded / tick_size;
        prop_assert!((ticks - ticks.round()).abs() < 1e-6, "{rounded}");
        let away = (rounded - price) * side;
        prop_assert!(away > -1e-8 * price && away < tick_size, "{price} became {rounded}");
    }

    #[test]
    fn what_is_affordable_is_the_most_that_is(
        rate in 0.0..0.05_f64,
        fixed in 0.0..20.0_f64,
        impact in 0.0..0.2_f64,
        wanted in 1.0..1_000.0_f64,
    ) {
        let equity = 10_000.0;
        let spare = |q: f64| equity - fixed - q * 50.0 * (1.0 + rate + impact * (q / 1e4).sqrt());
        let most = largest_within(wanted, spare);
        prop_assert!(most <= wanted && spare(most) >= 0.0);
        prop_assert!(most == wanted || spare(most * (1.0 + 1e-12)) < 1e-6, "{most} of {wanted}");
    }

    #[test]
    fn no_limit_is_broken_by_what_is_allowed(
        bounds in prop::array::uniform5(0.1..2.0_f64),
        gross in 0.0..1_500.0_f64,
        net in -500.0..500.0_f64,
        position in prop_oneof![Just(0.0), 0.0..400.0_f64],
        value in 1.0..2_000.0_f64,
        is_long: bool,
    ) {
        let limits = Limits {
            max_position: bounds[0],
            max_gross: bounds[1],
            max_net: bounds[2],
            max_sector: bounds[3],
            max_turnover: bounds[4],
            ..Limits::default()
        };
        let side = if is_long { 1.0 } else { -1.0 };
        let account = Exposure {
            equity: 1_000.0,
            gross,
            net,
            sector: gross / 2.0,
            position: side * position,
            n_others: 0,
            traded_today: 100.0,
            correlation: f64::NAN,
        };
        let mut n_breaches = 0;
        let allowed = limits.allowed(side, value, &account, &mut |_| n_breaches += 1);
        prop_assert!((0.0..=value).contains(&allowed.value));
        prop_assert_eq!(allowed.value < value, n_breaches > 0);
        if allowed.value > 0.0 {
            let slack = 1e-6;
            prop_assert!(position + allowed.value <= bounds[0] * 1_000.0 + slack);
            prop_assert!(gross + allowed.value <= bounds[1] * 1_000.0 + slack);
            prop_assert!(side * net + allowed.value <= bounds[2] * 1_000.0 + slack);
            prop_assert!(gross / 2.0 + allowed.value <= bounds[3] * 1_000.0 + slack);
            prop_assert!(100.0 + allowed.value <= bounds[4] * 1_000.0 + slack);
        }
    }
}
