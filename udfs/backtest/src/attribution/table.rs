//! Trades and interest grouped.

use super::sum::Sum;
use crate::trades::{Parts, Trade};
use std::collections::BTreeMap;

/// What a row of the attribution is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Everything.
    Total,
    /// One symbol.
    Symbol,
    /// Long (group 0) or short (group 1).
    Side,
    /// One sector.
    Sector,
    /// One source of signals.
    Source,
    /// One kind of gain or cost, an index of [`Row::KINDS`].
    Kind,
}

impl Dimension {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Symbol => "symbol",
            Self::Side => "side",
            Self::Sector => "sector",
            Self::Source => "source",
            Self::Kind => "cost",
        }
    }

    /// The dimensions that cut trades into groups.
    const OF_TRADES: [Self; 5] = [
        Self::Total,
        Self::Symbol,
        Self::Side,
        Self::Sector,
        Self::Source,
    ];

    fn group(self, trade: &Trade, sectors: &[u32]) -> Option<u32> {
        match self {
            Self::Total | Self::Kind => Some(0),
            Self::Symbol => Some(trade.symbol),
            Self::Side => Some(u32::from(trade.units < 0.0)),
            Self::Sector => sectors.get(trade.symbol as usize).copied(),
            Self::Source => Some(trade.source),
        }
    }
}

/// The profit of one group, in the account's currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// What the group is one of.
    pub dimension: Dimension,
    /// The group's number; `None` for what belongs to no group (interest on cash, symbols without
    /// a sector).
    pub group: Option<u32>,
    /// Trades in the group, open ones included.
    pub n_trades: u64,
    /// Where the profit is from. In the dimension [`Dimension::Kind`] all but one are 0.
    pub parts: Parts,
    /// Interest on cash.
    pub interest: f64,
    /// The sum of all parts.
    pub total: f64,
}

impl Row {
    /// The kinds of [`Dimension::Kind`], by group number.
    pub const KINDS: [&'static str; 7] = [
        "price",
        "slippage",
        "commission",
        "dividends",
        "borrow",
        "funding",
        "interest",
    ];
}

/// The attribution of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attribution {
    /// By dimension, then group; what belongs to no group first.
    pub rows: Vec<Row>,
}

/// Groups the trades of a run, open ones included, and the interest of its cash.
///
/// `sectors` is the sector's number of each symbol, shorter or empty where there is none.
pub fn attribute(trades: &[Trade], sectors: &[u32], interest: f64) -> Attribution {
    let mut groups: BTreeMap<(Dimension, Option<u32>), Sums> = BTreeMap::new();
    for trade in trades {
        for dimension in Dimension::OF_TRADES {
            let key = (dimension, dimension.group(trade, sectors));
            groups.entry(key).or_default().add(trade);
        }
    }
    for dimension in Dimension::OF_TRADES {
        let group = (dimension == Dimension::Total).then_some(0);
        let sums = groups.entry((dimension, group)).or_default();
        sums.interest.add(interest);
    }
    // A group that holds nothing but an interest of 0 says nothing.
    groups.retain(|(dimension, _), sums| {
        *dimension == Dimension::Total || sums.n_trades > 0 || sums.interest.value() != 0.0
    });
    let mut rows: Vec<Row> = groups.iter().map(|(key, sums)| sums.row(*key)).collect();
    let kinds = groups.get(&(Dimension::Total, Some(0))).map(Sums::kinds);
    rows.extend(kinds.into_iter().flatten());
    Attribution { rows }
}

#[derive(Debug, Default)]
struct Sums {
    n_trades: u64,
    kinds: [Sum; 6],
    interest: Sum,
}

fn terms(parts: &Parts) -> [f64; 6] {
    [
        parts.price,
        -parts.slippage,
        -parts.commission,
        parts.dividends,
        parts.borrow,
        parts.funding,
    ]
}

impl Sums {
    fn add(&mut self, trade: &Trade) {
        self.n_trades += 1;
        for (sum, term) in self.kinds.iter_mut().zip(terms(&trade.parts)) {
            sum.add(term);
        }
    }

    fn row(&self, (dimension, group): (Dimension, Option<u32>)) -> Row {
        let values = self.kinds.map(|sum| sum.value());
        let mut total = Sum::default();
        values.iter().for_each(|value| total.add(*value));
        total.add(self.interest.value());
        Row {
            dimension,
            group,
            n_trades: self.n_trades,
            parts: parts_of(values),
            interest: self.interest.value(),
            total: total.value(),
        }
    }

    /// One row per kind, from the sums over everything.
    fn kinds(&self) -> Vec<Row> {
        let all = self.kinds.iter().chain([&self.interest]);
        let row = |(group, sum): (usize, &Sum)| {
            let mut values = [0.0; 6];
            if let Some(value) = values.get_mut(group) {
                *value = sum.value();
            }
            Row {
                dimension: Dimension::Kind,
                group: u32::try_from(group).ok(),
                n_trades: self.n_trades,
                parts: parts_of(values),
                interest: if group == 6 { sum.value() } else { 0.0 },
                total: sum.value(),
            }
        };
        all.enumerate().map(row).collect()
    }
}

/// The inverse of [`terms`]; the sum with 0 makes no minus zero of a cost of 0.
fn parts_of(values: [f64; 6]) -> Parts {
    let [price, slippage, commission, dividends, borrow, funding] = values;
    Parts {
        price,
        slippage: 0.0 - slippage,
        commission: 0.0 - commission,
        dividends,
        borrow,
        funding,
    }
}
