//! The rules of the triple barrier.
//!
//! A position is entered at the close of bar t. From bar t + 1 on, the price meets one of
//!
//! * the profit barrier, `close[t] * (1 + profit * volatility[t])`,
//! * the stop barrier, `close[t] * (1 - stop * volatility[t])`,
//! * the vertical barrier, the close of bar t + `horizon`.
//!
//! A barrier is met when a bar touches it; equality counts, also in the last bar before the
//! vertical barrier. One bar can touch both horizontal barriers, and its four prices do not say
//! which came first: [`Tie`] decides. Bars before t never matter, so nothing has to warm up.
//!
//! The label of bar t is unknown when its volatility is missing or not positive, when its close
//! is not positive, or when the data end before any barrier is met. Such a bar still counts in
//! the paths of earlier bars.
//!
//! Source: López de Prado, Advances in Financial Machine Learning (2018), sections 3.3 to 3.5.
//! Differences, on purpose: the path can follow highs and lows and not closes only, both
//! multiples are free, label and touch use the same (simple) return, and ties are ruled.

use crate::price_path::PricePath;

/// Which prices can touch a barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// The range from low to high of each bar.
    HighLow,
    /// The close of each bar.
    Close,
}

/// What a bar that touches both horizontal barriers means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The stop: the cautious reading.
    StopFirst,
    /// The profit.
    ProfitFirst,
    /// Not known: the label and the return stay unknown, the bar and both hits are reported.
    Unknown,
}

/// The label of a position that only time ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vertical {
    /// 0.
    Zero,
    /// The sign of the return up to there.
    Sign,
}

/// The price of an exit when a whole bar lies beyond the barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The barrier, as if the price had passed through it.
    Barrier,
    /// The price of that bar nearest to the barrier, which is one that was traded.
    Traded,
}

/// The parameters of the triple barrier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Barriers {
    /// Distance of the profit barrier in volatilities; 0 means that there is none.
    pub profit: f64,
    /// Distance of the stop barrier in volatilities; 0 means that there is none.
    pub stop: f64,
    /// Bars up to the vertical barrier, at least 1.
    pub horizon: usize,
    /// Which prices touch.
    pub path: Path,
    /// The rule for a bar that touches both.
    pub tie: Tie,
    /// The label at the vertical barrier.
    pub vertical: Vertical,
    /// The price of an exit by a gap.
    pub gap: Gap,
}

/// How a position ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// 1 profit, -1 stop, 0 or the return's sign at the vertical barrier; `None` for an unruled tie.
    pub label: Option<i8>,
    /// Return from the entry's close to the exit's price, as a fraction; `None` for an unruled tie.
    pub ret: Option<f64>,
    /// Bars from entry to exit.
    pub bars: usize,
    /// Whether the exit's bar touched the profit barrier.
    pub hit_profit: bool,
    /// Whether the exit's bar touched the stop barrier.
    pub hit_stop: bool,
}

/// One entry and its levels.
struct Position {
    entry: usize,
    close: f64,
    volatility: f64,
    upper: f64,
    lower: f64,
}

impl Barriers {
    /// Finds the exit of a position entered at the close of bar `entry`.
    ///
    /// `path` holds the prices that touch: highs and lows, or closes twice. `volatility` is the
    /// entry's, as a fraction of the price. `None` when the exit is not known.
    pub fn exit(
        &self,
        close: &[f64],
        path: &PricePath<'_>,
        entry: usize,
        volatility: f64,
    ) -> Option<Exit> {
        let position = self.enter(*close.get(entry)?, entry, volatility)?;
        let vertical = entry.checked_add(self.horizon)?;
        let touch = path.first_touch(
            entry + 1,
            vertical.saturating_add(1),
            position.upper,
            position.lower,
        );
        match touch {
            Some(bar) => self.touched(&position, path, bar),
            None => Some(self.timed_out(&position, *close.get(vertical)?)),
        }
    }

    fn enter(&self, close: f64, entry: usize, volatility: f64) -> Option<Position> {
        // Written so that a NaN volatility is refused too.
        let known = close > 0.0 && volatility > 0.0;
        known.then(|| Position {
            entry,
            close,
            volatility,
            upper: level(close, self.profit, volatility, f64::INFINITY),
            lower: level(close, -self.stop, volatility, f64::NEG_INFINITY),
        })
    }

    fn touched(&self, position: &Position, path: &PricePath<'_>, bar: usize) -> Option<Exit> {
        let (low, high) = path.range(bar)?;
        let hit_profit = high >= position.upper;
        let hit_stop = low <= position.lower;
        let is_profit = match (hit_profit, hit_stop, self.tie) {
            (true, true, Tie::Unknown) => None,
            (true, true, tie) => Some(tie == Tie::ProfitFirst),
            (profit, _, _) => Some(profit),
        };
        let ret = |is_profit: bool| {
            if is_profit {
                self.return_at(
                    position,
                    position.upper,
                    self.profit,
                    low.max(position.upper),
                )
            } else {
                self.return_at(
                    position,
                    position.lower,
                    -self.stop,
                    high.min(position.lower),
                )
            }
        };
        Some(Exit {
            label: is_profit.map(|profit| if profit { 1 } else { -1 }),
            ret: is_profit.map(ret),
            bars: bar - position.entry,
            hit_profit,
            hit_stop,
        })
    }

    /// The return of an exit at a barrier; `traded` is the bar's price nearest to the barrier.
    fn return_at(&self, position: &Position, barrier: f64, multiple: f64, traded: f64) -> f64 {
        // A position that watches closes only can be closed at that close only.
        let at_traded = self.path == Path::Close || self.gap == Gap::Traded;
        if at_traded && traded != barrier {
            traded / position.close - 1.0
        } else {
            multiple * position.volatility
        }
    }

    fn timed_out(&self, position: &Position, close: f64) -> Exit {
        let ret = close / position.close - 1.0;
        let label = match self.vertical {
            Vertical::Zero => 0,
            Vertical::Sign => i8::from(ret > 0.0) - i8::from(ret < 0.0),
        };
        Exit {
            label: Some(label),
            ret: Some(ret),
            bars: self.horizon,
            hit_profit: false,
            hit_stop: false,
        }
    }
}

/// The price `multiple` volatilities away from the close, or `none` when there is no barrier.
fn level(close: f64, multiple: f64, volatility: f64, none: f64) -> f64 {
    if multiple == 0.0 {
        none
    } else {
        close * (1.0 + multiple * volatility)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Barriers = Barriers {
        profit: 2.0,
        stop: 1.0,
        horizon: 3,
        path: Path::HighLow,
        tie: Tie::StopFirst,
        vertical: Vertical::Zero,
        gap: Gap::Barrier,
    };

    /// The exit of a position entered at 100 with volatility 1 %, over bars (low, high, close).
    fn exit(rules: Barriers, bars: &[(f64, f64, f64)]) -> Option<Exit> {
        let mut all = vec![(100.0, 100.0, 100.0)];
        all.extend_from_slice(bars);
        let low: Vec<f64> = all.iter().map(|b| b.0).collect();
        let high: Vec<f64> = all.iter().map(|b| b.1).collect();
        let close: Vec<f64> = all.iter().map(|b| b.2).collect();
        let path = match rules.path {
            Path::HighLow => PricePath::new(&high, &low),
            Path::Close => PricePath::new(&close, &close),
        };
        rules.exit(&close, &path, 0, 0.01)
    }

    fn labelled(label: i8, ret: f64, bars: usize) -> Exit {
        Exit {
            label: Some(label),
            ret: Some(ret),
            bars,
            hit_profit: label > 0,
            hit_stop: label < 0,
        }
    }

    const QUIET: (f64, f64, f64) = (99.5, 100.5, 100.25);

    #[test]
    fn a_high_that_equals_the_profit_barrier_touches_it() {
        let got = exit(RULES, &[QUIET, (99.5, 102.0, 101.0)]);
        assert_eq!(got, Some(labelled(1, 0.02, 2)));
    }

    #[test]
    fn a_low_that_equals_the_stop_barrier_touches_it() {
        let got = exit(RULES, &[(99.0, 100.5, 100.0)]);
        assert_eq!(got, Some(labelled(-1, -0.01, 1)));
    }

    #[test]
    fn closes_only_ignore_what_happened_inside_the_bar() {
        let rules = Barriers {
            path: Path::Close,
            ..RULES
        };
        let got = exit(rules, &[(98.0, 103.0, 100.0), (100.0, 104.0, 103.0)]);
        let expected = labelled(1, 103.0 / 100.0 - 1.0, 2);
        assert_eq!(got, Some(expected));
    }

    #[test]
    fn time_ends_what_nothing_touches() {
        let got = exit(RULES, &[QUIET, QUIET, QUIET]);
        let expected = Exit {
            hit_stop: false,
            ..labelled(0, 100.25 / 100.0 - 1.0, 3)
        };
        assert_eq!(got, Some(expected));
    }

    #[test]
    fn the_vertical_label_can_be_the_sign_of_the_return() {
        let rules = Barriers {
            vertical: Vertical::Sign,
            ..RULES
        };
        let label =
            |close| exit(rules, &[QUIET, QUIET, (99.5, 100.5, close)]).and_then(|e| e.label);
        assert_eq!(label(100.25), Some(1));
        assert_eq!(label(99.75), Some(-1));
        assert_eq!(label(100.0), Some(0));
    }

    #[test]
    fn a_touch_in_the_bar_of_the_vertical_barrier_comes_before_it() {
        let got = exit(RULES, &[QUIET, QUIET, (98.0, 100.5, 100.0)]);
        assert_eq!(got, Some(labelled(-1, -0.01, 3)));
    }

    #[test]
    fn a_bar_that_touches_both_is_ruled_by_the_tie() {
        let both = [(98.0, 103.0, 100.0)];
        let got = |tie| exit(Barriers { tie, ..RULES }, &both);
        let hits = |e: Exit| Exit {
            hit_profit: true,
            hit_stop: true,
            ..e
        };
        assert_eq!(got(Tie::StopFirst), Some(hits(labelled(-1, -0.01, 1))));
        assert_eq!(got(Tie::ProfitFirst), Some(hits(labelled(1, 0.02, 1))));
        let unknown = Exit {
            label: None,
            ret: None,
            ..hits(labelled(0, 0.0, 1))
        };
        assert_eq!(got(Tie::Unknown), Some(unknown));
    }

    #[test]
    fn a_barrier_of_multiple_zero_is_not_there() {
        let wild = [(50.0, 150.0, 100.0); 3];
        let label = |profit, stop| {
            exit(
                Barriers {
                    profit,
                    stop,
                    ..RULES
                },
                &wild,
            )
            .and_then(|e| e.label)
        };
        assert_eq!(label(0.0, 1.0), Some(-1));
        assert_eq!(label(1.0, 0.0), Some(1));
        assert_eq!(label(0.0, 0.0), Some(0));
    }

    #[test]
    fn a_gap_beyond_the_stop_exits_where_the_bar_traded_if_told_so() {
        let gapped = [(94.0, 96.0, 95.0)];
        let ret = |gap| exit(Barriers { gap, ..RULES }, &gapped).and_then(|e| e.ret);
        assert_eq!(ret(Gap::Barrier), Some(-0.01));
        assert_eq!(ret(Gap::Traded), Some(96.0 / 100.0 - 1.0));
        let passed = [(94.0, 100.0, 95.0)];
        let rules = Barriers {
            gap: Gap::Traded,
            ..RULES
        };
        assert_eq!(exit(rules, &passed).and_then(|e| e.ret), Some(-0.01));
    }

    #[test]
    fn an_end_before_any_barrier_is_unknown_and_a_touch_before_it_is_known() {
        assert_eq!(exit(RULES, &[QUIET, QUIET]), None);
        assert!(exit(RULES, &[QUIET, (98.0, 100.0, 99.0)]).is_some());
        assert_eq!(exit(RULES, &[]), None);
    }

    #[test]
    fn an_entry_without_a_positive_close_and_volatility_has_no_label() {
        let close = [100.0, 200.0];
        let path = PricePath::new(&close, &close);
        for volatility in [f64::NAN, 0.0, -0.01] {
            assert_eq!(RULES.exit(&close, &path, 0, volatility), None);
        }
        let below = [-100.0, 200.0];
        let path = PricePath::new(&below, &below);
        assert_eq!(RULES.exit(&below, &path, 0, 0.01), None);
    }
}
