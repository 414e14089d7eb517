//! The arguments of a backtest: the same for all of its views, so that they can be copied.

use crate::costs::slippage::Impact;
use crate::settings::{Conflict, FillAt, Intrabar, LimitFill, Opposite, Positions, Sizing};
use crate::sizing::SizeType;
use crate::stops::StopUnit;
use crate::trades::Matching;
use quantlake_core::{ParamKind, ParamSpec, ParamValue};

/// Where `rebalance` has its band: the codes of the choice.
pub(crate) const REBALANCE: [&str; 3] = ["change", "always", "band"];

/// All arguments but the queries.
pub fn params() -> Vec<ParamSpec> {
    let groups = [
        account(),
        margin(),
        commission(),
        slippage(),
        financing(),
        fills(),
        targets(),
        entries(),
        stops(),
        limits(),
        report(),
    ];
    groups.into_iter().flatten().collect()
}

fn account() -> Vec<ParamSpec> {
    vec![
        number("cash", 0.01, 1e15, 100_000.0, "cash at the start"),
        name(
            "currency",
            "the account's currency, which needs no rate; empty: symbols of any currency need one",
        ),
        flag(
            "allow_short",
            true,
            "whether positions may be negative; if not, what would go short only closes",
        ),
        choice(
            "positions",
            &Positions::NAMES,
            "one position per symbol, one that is never short, or a long and a short one",
        ),
        flag(
            "futures",
            false,
            "whether positions are futures: their gains go to cash at each mark",
        ),
    ]
}

fn margin() -> Vec<ParamSpec> {
    vec![
        number(
            "max_leverage",
            0.01,
            1000.0,
            1.0,
            "largest gross exposure that an order may lead to, as a multiple of equity; orders are cut down to it",
        ),
        flag(
            "partial",
            true,
            "whether an order beyond the buying power fills as far as it goes, instead of opening nothing",
        ),
        number(
            "maintenance",
            0.0,
            1.0,
            0.0,
            "least equity as a fraction of gross exposure, below it a margin call closes positions; 0 for no check",
        ),
        number(
            "liquidation_buffer",
            0.0,
            10.0,
            0.1,
            "how much more than maintenance a margin call restores, as a fraction of it",
        ),
        number(
            "liquidation_fee",
            0.0,
            0.5,
            0.0,
            "what a liquidation costs besides, as a fraction of its value",
        ),
    ]
}

fn commission() -> Vec<ParamSpec> {
    vec![
        number(
            "commission",
            0.0,
            0.5,
            0.0,
            "commission as a fraction of the value traded",
        ),
        number(
            "commission_per_unit",
            0.0,
            1e9,
            0.0,
            "commission per unit, in money",
        ),
        number(
            "commission_fixed",
            0.0,
            1e9,
            0.0,
            "commission per order, in money",
        ),
        optional(
            "commission_min",
            0.0,
            1e12,
            "least commission of a fill, in money",
        ),
        optional(
            "commission_max",
            0.0,
            1e12,
            "largest commission of a fill, in money",
        ),
        optional(
            "maker",
            -0.5,
            0.5,
            "replaces commission for limit orders met inside a bar; negative is a rebate",
        ),
        optional(
            "taker",
            -0.5,
            0.5,
            "replaces commission for all other fills",
        ),
        name(
            "tiers",
            "commission by the value traded so far in the month (UTC): '0:0.001,1000000:0.0005'",
        ),
    ]
}

fn slippage() -> Vec<ParamSpec> {
    vec![
        number(
            "slippage_bps",
            0.0,
            5000.0,
            0.0,
            "how far fill prices move against the order, in hundredths of a percent",
        ),
        number("slippage_ticks", 0.0, 1e6, 0.0, "the same in ticks, added"),
        number(
            "tick",
            0.0,
            1e9,
            0.0,
            "fill prices are multiples of this, rounded against the order; 0 for any price",
        ),
        number(
            "spread_share",
            0.0,
            10.0,
            0.5,
            "share of the column spread that an order pays, added",
        ),
        choice(
            "impact",
            &Impact::NAMES,
            "how the price gives way to an order's share of the bar's volume, added",
        ),
        number(
            "impact_coefficient",
            0.0,
            1e6,
            0.1,
            "coefficient of the impact",
        ),
        number(
            "slippage_volatility",
            0.0,
            1e6,
            0.0,
            "multiple of the column volatility that the price moves, added",
        ),
        flag(
            "clip_to_bar",
            false,
            "whether fill prices stay between low and high",
        ),
    ]
}

fn financing() -> Vec<ParamSpec> {
    vec![
        number(
            "cash_rate",
            -1.0,
            10.0,
            0.0,
            "annual interest on positive cash",
        ),
        number(
            "debit_rate",
            -1.0,
            10.0,
            0.0,
            "annual interest on negative cash",
        ),
        number(
            "borrow",
            0.0,
            100.0,
            0.0,
            "annual fee on the value of short positions, where the column borrow has none",
        ),
    ]
}

fn fills() -> Vec<ParamSpec> {
    vec![
        choice(
            "fill",
            &FillAt::NAMES,
            "the price that a signal's order gets: of the symbol's next bar, or the close just seen",
        ),
        choice(
            "limit_fill",
            &LimitFill::NAMES,
            "whether a limit order needs its price to be touched, or traded through",
        ),
        choice(
            "intrabar",
            &Intrabar::NAMES,
            "the order in which prices inside a bar are visited",
        ),
        flag(
            "intrabar_entry",
            false,
            "whether exits and child orders act on the rest of the bar that brought them",
        ),
        optional(
            "participation",
            1e-9,
            1.0,
            "largest share of a bar's volume that orders fill",
        ),
        flag(
            "fractional",
            true,
            "whether positions may be fractions; if not, they are rounded toward zero to lots",
        ),
        integer(
            "lot",
            1,
            1_000_000_000,
            1,
            "units per lot, with fractional => false",
        ),
        number(
            "min_notional",
            0.0,
            1e15,
            0.0,
            "orders below this value are rejected, unless they close a position",
        ),
        number(
            "min_trade",
            0.0,
            1e15,
            0.0,
            "orders of targets below this value are left out, unless they close a position",
        ),
    ]
}

fn targets() -> Vec<ParamSpec> {
    let rebalance = REBALANCE.map(|name| (name, ()));
    vec![
        choice(
            "sizing",
            &Sizing::NAMES,
            "what a target is: a fraction of the account's value at the fill prices, or a number of units",
        ),
        choice(
            "rebalance",
            &rebalance,
            "trade when a symbol's target changes, at every bar that has a target, or when the weight is too far from it",
        ),
        number(
            "rebalance_band",
            0.0,
            10.0,
            0.0,
            "how far, as a fraction of equity, with rebalance => 'band'",
        ),
        flag(
            "reserve_costs",
            false,
            "whether a weight pays for its own costs, as in backtesting.py, or they come on top while cash lasts, as in vectorbt",
        ),
    ]
}

fn entries() -> Vec<ParamSpec> {
    vec![
        choice(
            "size_type",
            &SizeType::NAMES,
            "what the size of an entry is",
        ),
        number(
            "size",
            0.0,
            1e15,
            1.0,
            "size of an entry whose bar has none",
        ),
        integer(
            "kelly_min_trades",
            1,
            1_000_000,
            20,
            "closed trades of the symbol before Kelly's formula is used",
        ),
        number("kelly_start", 0.0, 1.0, 0.0, "Kelly's fraction before that"),
        flag(
            "accumulate",
            false,
            "whether an entry adds to a position of its side",
        ),
        choice(
            "opposite",
            &Opposite::NAMES,
            "what an entry against the position does",
        ),
        choice(
            "conflict",
            &Conflict::NAMES,
            "what two entries of one bar do",
        ),
    ]
}

fn stops() -> Vec<ParamSpec> {
    vec![
        choice(
            "stop_unit",
            &StopUnit::NAMES,
            "unit of the distances of stops: fraction of the price, price units, or multiples of the column atr",
        ),
        optional(
            "stop_loss",
            1e-12,
            1e12,
            "loss at which a position is closed, as a distance",
        ),
        optional(
            "take_profit",
            1e-12,
            1e12,
            "profit at which a position is closed, as a distance",
        ),
        optional(
            "trailing",
            1e-12,
            1e12,
            "distance of the stop that follows the best price",
        ),
        number(
            "trailing_start",
            0.0,
            1e12,
            0.0,
            "profit at which the trailing stop begins, as a distance",
        ),
        optional(
            "trailing_atr",
            1e-12,
            1e6,
            "distance of the stop that follows the best price, in multiples of the current atr",
        ),
        optional(
            "break_even",
            1e-12,
            1e12,
            "profit at which the stop moves to the entry price, as a distance",
        ),
        optional_integer(
            "max_bars",
            1,
            1_000_000_000,
            "bars after which a position is closed",
        ),
        name(
            "take_profit_levels",
            "profits at which shares of the entry are closed: '0.05:0.5,0.1:0.5'",
        ),
    ]
}

fn limits() -> Vec<ParamSpec> {
    vec![
        optional(
            "max_position",
            1e-12,
            1e6,
            "largest weight of a symbol that an order may lead to",
        ),
        optional(
            "max_gross",
            1e-12,
            1e6,
            "largest gross exposure over equity",
        ),
        optional(
            "max_net",
            1e-12,
            1e6,
            "largest net exposure over equity, on either side",
        ),
        optional(
            "max_sector",
            1e-12,
            1e6,
            "largest gross exposure of a sector over equity",
        ),
        optional_integer(
            "max_positions",
            1,
            1_000_000,
            "largest number of symbols held",
        ),
        optional(
            "max_correlation",
            -1.0,
            1.0,
            "largest correlation of a new position with one held",
        ),
        integer(
            "correlation_bars",
            2,
            100_000,
            60,
            "returns over which correlations are taken",
        ),
        optional(
            "max_turnover",
            1e-12,
            1e6,
            "largest value traded per calendar day (UTC) over equity",
        ),
        optional(
            "daily_loss",
            1e-12,
            1.0,
            "loss of a day (UTC) that closes everything and stops entries until the next day",
        ),
        optional(
            "max_drawdown_stop",
            1e-12,
            1.0,
            "drawdown that closes everything and stops entries",
        ),
        optional(
            "drawdown_pause",
            0.0,
            1e6,
            "days without entries after that; for ever without it",
        ),
        optional(
            "kill_equity",
            0.0,
            1e15,
            "equity at or below which everything is closed for ever, in money",
        ),
    ]
}

fn report() -> Vec<ParamSpec> {
    vec![
        flag(
            "close_at_end",
            false,
            "whether what is held after the last bar is sold at its last price",
        ),
        choice("matching", &Matching::NAMES, "how fills become trades"),
        number(
            "periods",
            1.0,
            1e7,
            252.0,
            "bars per year, for the metrics that are per year",
        ),
        number(
            "trials",
            1.0,
            1e12,
            1.0,
            "variants tried to find this one, for the deflated Sharpe ratio",
        ),
        optional(
            "trials_variance",
            0.0,
            1e12,
            "variance of the Sharpe ratios (per bar) of these variants",
        ),
        name(
            "keys",
            "columns whose values separate independent runs, such as 'fast,slow'; they come first in the result",
        ),
    ]
}

fn number(name: &str, min: f64, max: f64, default: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

fn optional(name: &str, min: f64, max: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Null, doc)
}

fn integer(name: &str, min: i64, max: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

fn optional_integer(name: &str, min: i64, max: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(name, kind, ParamValue::Null, doc)
}

fn flag(name: &str, default: bool, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Flag, ParamValue::Flag(default), doc)
}

/// A text that is empty when it is left out.
fn name(name: &str, doc: &str) -> ParamSpec {
    let empty = ParamValue::Text(String::new());
    ParamSpec::optional(name, ParamKind::Name, empty, doc)
}

/// A choice whose first name is the default; codes count from 0.
fn choice<T>(name: &str, names: &[(&str, T)], doc: &str) -> ParamSpec {
    let choices = names.iter().zip(0_i64..);
    let kind = ParamKind::Choice(
        choices
            .map(|((n, _), code)| (n.to_string(), code))
            .collect(),
    );
    let default = names.first().map_or(String::new(), |(n, _)| n.to_string());
    ParamSpec::optional(name, kind, ParamValue::Text(default), doc)
}
