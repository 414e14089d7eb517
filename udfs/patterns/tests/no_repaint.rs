//! Nothing repaints: what was decided on part of the data stays as it was, field by field.

mod support;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Float64Type, TimestampNanosecondType};
use datafusion::common::ScalarValue;
use proptest::prelude::*;
use support::{Market, n_decided_until, run, session};

/// Small patterns, so that short random walks have some.
fn small_patterns() -> Vec<(&'static str, ScalarValue)> {
    let bars = |n: i64| ScalarValue::from(n);
    vec![
        ("pivot_bars", bars(1)),
        ("min_bars", bars(2)),
        ("max_bars", bars(15)),
        ("trend_bars", bars(15)),
        ("confirm_within", bars(8)),
        ("tolerance", ScalarValue::from(0.05)),
        ("min_depth", ScalarValue::from(0.005)),
        ("min_trend", ScalarValue::from(0.5)),
    ]
}

fn walks() -> impl Strategy<Value = Market> {
    let bar = (
        -0.03..0.03_f64,
        0.0..0.01_f64,
        0.0..0.01_f64,
        0.0..1000.0_f64,
    );
    prop::collection::vec(bar, 0..150).prop_map(|bars| {
        let mut market = Market::default();
        let mut close = 100.0;
        for (ts, (ret, up, down, volume)) in (1..).zip(bars) {
            close *= 1.0 + ret;
            market.ts.push(ts);
            market.high.push(close * (1.0 + up));
            market.low.push(close * (1.0 - down));
            market.close.push(close);
            market.volume.push(volume);
        }
        market
    })
}

/// Fails at the first prefix whose events differ from those of all bars.
fn check_prefixes(market: &Market, options: &[(&str, ScalarValue)], step: usize) -> usize {
    let all = run(market, options).expect("events");
    for n_seen in (0..=market.ts.len()).step_by(step) {
        let seen = run(&market.first(n_seen), options).expect("events");
        let now = n_seen
            .checked_sub(1)
            .map_or(i64::MIN, |last| market.ts[last]);
        let known = all.slice(0, n_decided_until(&all, now));
        assert_eq!(seen, known, "after {n_seen} bars");
    }
    all.num_rows()
}

proptest! {
    #[test]
    fn events_of_a_random_walk_do_not_change_when_bars_follow(market in walks()) {
        check_prefixes(&market, &small_patterns(), 1);
    }

    #[test]
    fn a_power_of_two_on_all_prices_changes_no_decision(
        market in walks(),
        exponent in -10_i32..10,
    ) {
        let factor = 2.0_f64.powi(exponent);
        let scale = |values: &[f64]| values.iter().map(|v| v * factor).collect();
        let scaled = Market {
            high: scale(&market.high),
            low: scale(&market.low),
            close: scale(&market.close),
            ..market.clone()
        };
        let (plain, scaled) = (
            run(&market, &small_patterns()).expect("events"),
            run(&scaled, &small_patterns()).expect("events"),
        );
        prop_assert_eq!(plain.num_rows(), scaled.num_rows());
        for column in ["pattern", "first_ts", "middle_ts", "second_ts", "event_ts", "status", "score"] {
            prop_assert_eq!(plain.column_by_name(column), scaled.column_by_name(column));
        }
    }

    #[test]
    fn rows_without_a_price_change_nothing(
        market in walks(),
        holes in prop::collection::vec((0_usize..200, 0_usize..3), 0..20),
    ) {
        let mut with_holes = Market::default();
        for row in 0..market.ts.len() {
            for (_, kind) in holes.iter().filter(|(at, _)| *at == row) {
                let missing = |is_missing| if is_missing { f64::NAN } else { 50.0 };
                with_holes.ts.push(10 * market.ts[row] - 5 + i64::try_from(*kind).unwrap_or(0));
                with_holes.high.push(missing(*kind == 0));
                with_holes.low.push(missing(*kind == 1));
                with_holes.close.push(missing(*kind == 2));
                with_holes.volume.push(1.0);
            }
            with_holes.ts.push(10 * market.ts[row]);
            with_holes.high.push(market.high[row]);
            with_holes.low.push(market.low[row]);
            with_holes.close.push(market.close[row]);
            with_holes.volume.push(market.volume[row]);
        }
        let distinct = with_holes.ts.windows(2).all(|pair| pair[0] < pair[1]);
        prop_assume!(distinct);
        let plain = Market {
            ts: market.ts.iter().map(|ts| 10 * ts).collect(),
            ..market
        };
        prop_assert_eq!(
            run(&plain, &small_patterns()).expect("events"),
            run(&with_holes, &small_patterns()).expect("events")
        );
    }
}

#[test]
fn random_walks_have_events_to_check() {
    // A control: the properties above would also hold for a detector that finds nothing.
    let mut close = 100.0_f64;
    let mut state = 1_u64;
    let mut market = Market::default();
    for ts in 1..2000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        close *= 1.0 + ((state >> 40) as f64 / f64::from(1_u32 << 24) - 0.5) * 0.06;
        market.ts.push(ts);
        market.high.push(close * 1.005);
        market.low.push(close * 0.995);
        market.close.push(close);
        market.volume.push(1.0);
    }
    assert!(check_prefixes(&market, &small_patterns(), 50) > 50);
}

async fn real_market(symbol: &str) -> Market {
    let sql = format!(
        "SELECT arrow_cast(ts, 'Timestamp(Nanosecond, None)'), high, low, close, \
         CAST(volume AS DOUBLE) FROM us5 WHERE symbol = '{symbol}' ORDER BY ts"
    );
    let frame = session().await.sql(&sql).await.expect("a plan");
    let mut market = Market::default();
    for batch in frame.collect().await.expect("rows") {
        let numbers = |c: usize| {
            batch
                .column(c)
                .as_primitive::<Float64Type>()
                .values()
                .to_vec()
        };
        let ts = batch.column(0).as_primitive::<TimestampNanosecondType>();
        market.ts.extend(ts.values());
        market.high.extend(numbers(1));
        market.low.extend(numbers(2));
        market.close.extend(numbers(3));
        market.volume.extend(numbers(4));
    }
    market
}

#[tokio::test]
async fn events_of_real_bars_do_not_change_when_bars_follow() {
    for symbol in ["AAPL", "FB", "GOOG", "IBM", "MSFT"] {
        let market = real_market(symbol).await;
        check_prefixes(&market, &[], 1);
    }
}
