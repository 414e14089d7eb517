//! What has to hold for labels on any prices.

use proptest::prelude::*;
use quantlake_labels::barriers::{Barriers, Exit, Gap, Path, Tie, Vertical};
use quantlake_labels::price_path::PricePath;

/// Low, high, close and volatility of consecutive bars.
#[derive(Debug, Clone)]
struct Market {
    low: Vec<f64>,
    high: Vec<f64>,
    close: Vec<f64>,
    volatility: Vec<f64>,
}

impl Market {
    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let apply = |values: &[f64]| values.iter().map(|v| f(*v)).collect();
        Self {
            low: apply(&self.low),
            high: apply(&self.high),
            close: apply(&self.close),
            volatility: self.volatility.clone(),
        }
    }

    fn first(&self, n_rows: usize) -> Self {
        let cut = |values: &[f64]| values[..n_rows].to_vec();
        Self {
            low: cut(&self.low),
            high: cut(&self.high),
            close: cut(&self.close),
            volatility: cut(&self.volatility),
        }
    }

    fn labels(&self, rules: &Barriers) -> Vec<Option<Exit>> {
        let path = match rules.path {
            Path::HighLow => PricePath::new(&self.high, &self.low),
            Path::Close => PricePath::new(&self.close, &self.close),
        };
        (0..self.close.len())
            .map(|row| rules.exit(&self.close, &path, row, self.volatility[row]))
            .collect()
    }
}

fn markets() -> impl Strategy<Value = Market> {
    let bar = (-0.05..0.05_f64, 0.0..0.03_f64, 0.0..0.03_f64);
    let volatility = prop_oneof![8 => 0.001..0.05_f64, 1 => Just(f64::NAN), 1 => Just(0.0)];
    prop::collection::vec((bar, volatility), 0..120).prop_map(|bars| {
        let mut market = Market {
            low: Vec::new(),
            high: Vec::new(),
            close: Vec::new(),
            volatility: Vec::new(),
        };
        let mut close = 100.0;
        for ((ret, up, down), volatility) in bars {
            close *= 1.0 + ret;
            market.close.push(close);
            market.high.push(close * (1.0 + up));
            market.low.push(close * (1.0 - down));
            market.volatility.push(volatility);
        }
        market
    })
}

fn rules() -> impl Strategy<Value = Barriers> {
    let multiple = || prop_oneof![Just(0.0), 0.1..4.0_f64];
    (
        (multiple(), multiple(), 1_usize..50),
        prop_oneof![Just(Path::HighLow), Just(Path::Close)],
        prop_oneof![
            Just(Tie::StopFirst),
            Just(Tie::ProfitFirst),
            Just(Tie::Unknown)
        ],
        prop_oneof![Just(Vertical::Zero), Just(Vertical::Sign)],
        prop_oneof![Just(Gap::Barrier), Just(Gap::Traded)],
    )
        .prop_map(
            |((profit, stop, horizon), path, tie, vertical, gap)| Barriers {
                profit,
                stop,
                horizon,
                path,
                tie,
                vertical,
                gap,
            },
        )
}

fn is_usable(volatility: f64) -> bool {
    volatility > 0.0
}

proptest! {
    #[test]
    fn rows_beyond_the_horizon_do_not_change_a_label(
        market in markets(),
        rules in rules(),
        cut in 0.0..1.0_f64,
    ) {
        let n_seen = (market.close.len() as f64 * cut) as usize;
        let all = market.labels(&rules);
        let seen = market.first(n_seen).labels(&rules);
        for (row, label) in seen.iter().enumerate() {
            if label.is_some() || row + rules.horizon < n_seen {
                prop_assert_eq!(label, &all[row], "row {}", row);
            }
        }
    }

    #[test]
    fn a_label_is_known_when_the_horizon_is_there_and_the_volatility_is_positive(
        market in markets(),
        rules in rules(),
    ) {
        let n_rows = market.close.len();
        for (row, label) in market.labels(&rules).iter().enumerate() {
            let volatility = market.volatility[row];
            if !is_usable(volatility) {
                prop_assert_eq!(label, &None);
            } else if row + rules.horizon < n_rows {
                prop_assert!(label.is_some(), "row {}", row);
            }
            if let Some(exit) = label {
                prop_assert!((1..=rules.horizon).contains(&exit.bars));
                prop_assert!(row + exit.bars < n_rows);
                let is_tie = exit.hit_profit && exit.hit_stop && rules.tie == Tie::Unknown;
                prop_assert_eq!(exit.label.is_none(), is_tie);
                prop_assert_eq!(exit.ret.is_none(), is_tie);
            }
        }
    }

    #[test]
    fn a_power_of_two_on_all_prices_changes_no_bit(
        market in markets(),
        rules in rules(),
        exponent in -20_i32..20,
    ) {
        let scaled = market.map(|price| price * 2.0_f64.powi(exponent));
        prop_assert_eq!(market.labels(&rules), scaled.labels(&rules));
    }

    #[test]
    fn a_wider_stop_never_turns_a_profit_into_a_stop(
        market in markets(),
        rules in rules(),
        wider in 1.0..3.0_f64,
    ) {
        let wide = Barriers { stop: rules.stop * wider, ..rules };
        let labels = market.labels(&rules);
        for (narrow, wide) in labels.iter().zip(market.labels(&wide)) {
            if let (Some(narrow), Some(wide)) = (narrow, wide)
                && narrow.label == Some(1)
                && narrow.hit_profit
                && !narrow.hit_stop
            {
                prop_assert!(wide.hit_profit);
                prop_assert_eq!(wide.bars, narrow.bars);
            }
        }
    }

    /// Mirroring prices around each entry swaps the barriers: what was a stop is a profit.
    #[test]
    fn swapping_up_and_down_swaps_profit_and_stop(
        steps in prop::collection::vec((0.0..40.0_f64, 0.0..40.0_f64), 1..40),
        multiples in (1_u8..6, 1_u8..6),
        tie in prop_oneof![Just(Tie::StopFirst), Just(Tie::ProfitFirst), Just(Tie::Unknown)],
    ) {
        // Whole numbers around 64 with volatility 1/16 keep every level exact in both mirrors.
        let whole = |v: f64| v.round();
        let high: Vec<f64> =
            std::iter::once(64.0).chain(steps.iter().map(|s| 64.0 + whole(s.0))).collect();
        let low: Vec<f64> =
            std::iter::once(64.0).chain(steps.iter().map(|s| 64.0 - whole(s.1))).collect();
        let close = vec![64.0; high.len()];
        let mirror = |values: &[f64]| values.iter().map(|v| 128.0 - v).collect::<Vec<f64>>();
        let rules = Barriers {
            profit: f64::from(multiples.0),
            stop: f64::from(multiples.1),
            horizon: steps.len(),
            path: Path::HighLow,
            tie,
            vertical: Vertical::Zero,
            gap: Gap::Barrier,
        };
        let mirrored_rules = Barriers {
            profit: rules.stop,
            stop: rules.profit,
            tie: match tie {
                Tie::StopFirst => Tie::ProfitFirst,
                Tie::ProfitFirst => Tie::StopFirst,
                Tie::Unknown => Tie::Unknown,
            },
            ..rules
        };
        let (up, down) = (mirror(&low), mirror(&high));
        let got = rules.exit(&close, &PricePath::new(&high, &low), 0, 0.0625);
        let mirrored = mirrored_rules.exit(&close, &PricePath::new(&up, &down), 0, 0.0625);
        let swapped = mirrored.map(|exit| Exit {
            label: exit.label.map(|label| -label),
            ret: exit.ret.map(|ret| 0.0 - ret),
            hit_profit: exit.hit_stop,
            hit_stop: exit.hit_profit,
            ..exit
        });
        prop_assert_eq!(got, swapped);
    }
}
