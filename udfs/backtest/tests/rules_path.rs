//! The path inside a bar against NautilusTrader.

mod rules_golden;

use quantlake_backtest::settings::Intrabar;
use quantlake_backtest::trades::visited::is_high_first;
use rules_golden::{list, load, number};

#[test]
fn the_extreme_nearer_to_the_open_comes_first_as_in_nautilus_trader() {
    let golden = load("nautilus");
    let (mut n_high, mut n_ties) = (0, 0);
    for bar in list(&golden["bars"]) {
        let [open, high, low] = [0, 1, 2].map(|place| number(&bar[place]));
        // That program counts in ticks and goes to the low at a tie; the difference of two doubles
        // that stand for decimals is no tie, but a little more or less.
        if ((high - open) - (open - low)).abs() < 1e-9 {
            assert_eq!(bar[4], "low", "{bar}");
            n_ties += 1;
            continue;
        }
        let found = is_high_first(Intrabar::Adaptive, 0.0, open, high, low);
        assert_eq!(found, bar[4] == "high", "{bar}");
        n_high += usize::from(found);
    }
    assert!(
        n_high > 20 && n_ties < 20,
        "{n_high} bars go up first, {n_ties} are ties"
    );
}
