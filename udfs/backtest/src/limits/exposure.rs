//! How much of an order's opening part the limits allow.

use super::{Breach, Limits, Rule};

/// The account at an order's turn, before its opening part and costs and after its closing part,
/// in money. Values are at the prices before slippage of the moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// Value of the account.
    pub equity: f64,
    /// Sum of |value| over positions.
    pub gross: f64,
    /// Sum of values, shorts negative.
    pub net: f64,
    /// Sum of |value| over the positions of the symbol's sector.
    pub sector: f64,
    /// Value of the symbol's position: 0, or of the order's side.
    pub position: f64,
    /// Number of other symbols held.
    pub n_others: u32,
    /// Value traded on this calendar date (UTC), the closing part included.
    pub traded_today: f64,
    /// Largest correlation with a position held, NaN for unknown or not asked for.
    pub correlation: f64,
}

/// What is left of an order's opening part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    /// Value that may be opened, at least 0.
    pub value: f64,
    /// The last rule that cut it.
    pub rule: Option<Rule>,
}

/// Up to this fraction of a limit too much is not too much: it is the rounding of the sums.
const SLACK: f64 = 1e-9;

/// What a limit is compared with.
enum Bound {
    /// A limit in multiples of equity, and what of it is used.
    Cut(f64, f64),
    /// A finding that refuses a new position whole.
    Refuse(Option<Breach>),
}

impl Limits {
    /// How much of `value` (above 0) may be opened on this `side` (1 long, -1 short).
    ///
    /// The rules are asked in the order of [`Rule`], each about what those before it left. Each one
    /// that cuts is told to `breach` with the value as it would have been.
    pub fn allowed(
        &self,
        side: f64,
        value: f64,
        account: &Exposure,
        breach: &mut impl FnMut(Breach),
    ) -> Allowed {
        let mut left = Allowed { value, rule: None };
        for (rule, bound) in self.bounds(side, account) {
            if left.value <= 0.0 {
                break;
            }
            let (found, room) = match bound {
                Bound::Cut(limit, used) => cut(rule, limit, used, left.value, account.equity),
                Bound::Refuse(found) => (found, 0.0),
            };
            if let Some(found) = found {
                breach(found);
                left.value = room;
                left.rule = Some(rule);
            }
        }
        left
    }

    fn bounds(&self, side: f64, account: &Exposure) -> [(Rule, Bound); 7] {
        // A net exposure of the other side gives room.
        let net = side * account.net;
        [
            (
                Rule::MaxPosition,
                Bound::Cut(self.max_position, account.position.abs()),
            ),
            (Rule::MaxGross, Bound::Cut(self.max_gross, account.gross)),
            (Rule::MaxNet, Bound::Cut(self.max_net, net)),
            (Rule::MaxSector, Bound::Cut(self.max_sector, account.sector)),
            (Rule::MaxPositions, Bound::Refuse(self.too_many(account))),
            (Rule::MaxCorrelation, Bound::Refuse(self.too_alike(account))),
            (
                Rule::MaxTurnover,
                Bound::Cut(self.max_turnover, account.traded_today),
            ),
        ]
    }

    fn too_many(&self, account: &Exposure) -> Option<Breach> {
        let max = self.max_positions?;
        let is_new = account.position == 0.0;
        (is_new && account.n_others >= max).then_some(Breach {
            rule: Rule::MaxPositions,
            value: f64::from(account.n_others),
            limit: f64::from(max),
        })
    }

    fn too_alike(&self, account: &Exposure) -> Option<Breach> {
        let limit = self.max_correlation?;
        let is_new = account.position == 0.0;
        (is_new && account.correlation > limit).then_some(Breach {
            rule: Rule::MaxCorrelation,
            value: account.correlation,
            limit,
        })
    }
}

/// What is left of `value` under a limit in multiples of equity, and the breach if it is less.
fn cut(rule: Rule, limit: f64, used: f64, value: f64, equity: f64) -> (Option<Breach>, f64) {
    // An infinite limit times an equity of 0 would be unknown.
    if limit.is_infinite() {
        return (None, value);
    }
    let most = limit * equity;
    let would = used + value;
    if would - most <= SLACK * most.abs() {
        return (None, value);
    }
    let found = Breach {
        rule,
        value: would / equity,
        limit,
    };
    (Some(found), (most - used).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Exposure = Exposure {
        equity: 1000.0,
        gross: 600.0,
        net: 200.0,
        sector: 300.0,
        position: 0.0,
        n_others: 3,
        traded_today: 100.0,
        correlation: 0.8,
    };

    fn allowed(limits: Limits, side: f64, value: f64) -> (f64, Vec<Breach>) {
        let mut breaches = Vec::new();
        let allowed = limits.allowed(side, value, &ACCOUNT, &mut |b| breaches.push(b));
        assert_eq!(allowed.rule, breaches.last().map(|b| b.rule));
        (allowed.value, breaches)
    }

    #[test]
    fn without_limits_everything_is_allowed() {
        assert_eq!(allowed(Limits::default(), 1.0, 1e9), (1e9, vec![]));
    }

    #[test]
    fn each_limit_cuts_to_its_room() {
        let none = Limits::default();
        let value = |limits, side| allowed(limits, side, 900.0).0;
        assert_eq!(
            value(
                Limits {
                    max_position: 0.25,
                    ..none
                },
                1.0
            ),
            250.0
        );
        assert_eq!(
            value(
                Limits {
                    max_gross: 1.0,
                    ..none
                },
                1.0
            ),
            400.0
        );
        assert_eq!(
            value(
                Limits {
                    max_net: 0.5,
                    ..none
                },
                1.0
            ),
            300.0
        );
        assert_eq!(
            value(
                Limits {
                    max_net: 0.5,
                    ..none
                },
                -1.0
            ),
            700.0
        );
        assert_eq!(
            value(
                Limits {
                    max_sector: 0.4,
                    ..none
                },
                1.0
            ),
            100.0
        );
        assert_eq!(
            value(
                Limits {
                    max_turnover: 0.3,
                    ..none
                },
                1.0
            ),
            200.0
        );
        assert_eq!(
            value(
                Limits {
                    max_gross: 0.5,
                    ..none
                },
                1.0
            ),
            0.0
        );
    }

    #[test]
    fn each_breach_says_what_would_have_been() {
        let limits = Limits {
            max_position: 0.5,
            max_gross: 1.0,
            ..Limits::default()
        };
        let (value, breaches) = allowed(limits, 1.0, 900.0);
        assert_eq!(value, 400.0);
        let position = Breach {
            rule: Rule::MaxPosition,
            value: 0.9,
            limit: 0.5,
        };
        let gross = Breach {
            rule: Rule::MaxGross,
            value: 1.1,
            limit: 1.0,
        };
        assert_eq!(breaches, [position, gross]);
    }

    #[test]
    fn count_and_correlation_refuse_a_new_position_and_pass_an_old_one() {
        let limits = Limits {
            max_positions: Some(3),
            ..Limits::default()
        };
        assert_eq!(allowed(limits, 1.0, 10.0).0, 0.0);
        let limits = Limits {
            max_correlation: Some(0.7),
            max_positions: Some(4),
            ..Limits::default()
        };
        assert_eq!(allowed(limits, 1.0, 10.0).1[0].rule, Rule::MaxCorrelation);
        let held = Exposure {
            position: 5.0,
            ..ACCOUNT
        };
        let limits = Limits {
            max_positions: Some(1),
            ..limits
        };
        let allowed = limits.allowed(1.0, 10.0, &held, &mut |b| panic!("{b:?}"));
        assert_eq!(allowed.value, 10.0);
    }

    #[test]
    fn an_account_worth_nothing_opens_nothing_under_a_limit() {
        let ruined = Exposure {
            equity: -5.0,
            ..ACCOUNT
        };
        let limits = Limits {
            max_gross: 2.0,
            ..Limits::default()
        };
        assert_eq!(limits.allowed(1.0, 10.0, &ruined, &mut |_| ()).value, 0.0);
    }

    #[test]
    fn the_rounding_of_a_sum_is_no_breach() {
        let limits = Limits {
            max_gross: 1.0,
            ..Limits::default()
        };
        assert_eq!(allowed(limits, 1.0, 400.0 * (1.0 + 1e-12)).1, []);
    }
}
