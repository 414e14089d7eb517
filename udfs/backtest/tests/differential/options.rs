//! The arguments of a case, by their names in SQL, as the engine's settings.

use quantlake_backtest::costs::Impact;
use quantlake_backtest::costs::commission::parse_tiers;
use quantlake_backtest::settings::{
    Conflict, FillAt, Intrabar, LimitFill, Opposite, Positions, Rebalance, Settings, Sizing,
};
use quantlake_backtest::sizing::SizeType;
use quantlake_backtest::stops::{StopUnit, parse_levels};
use quantlake_backtest::trades::Matching;

/// The settings that `name=value,name=value` stands for; `;` inside a value is a comma.
pub fn settings(text: &str, has_spread: bool) -> Settings {
    let mut settings = Settings::default();
    if has_spread {
        settings.costs.slippage.spread_share = 0.5;
    }
    let (mut is_whole, mut lot) = (false, 1.0);
    for given in text.split(',') {
        let (name, value) = given.split_once('=').expect("name=value");
        let value = value.replace(';', ",");
        match name {
            "fractional" => is_whole = value == "false",
            "lot" => lot = number(&value),
            _ => set(&mut settings, name, &value),
        }
    }
    if is_whole {
        settings.lot = lot;
    }
    if settings.participation.is_finite() {
        settings.costs.slippage.volume_limit = settings.participation;
    }
    settings
}

fn number(value: &str) -> f64 {
    value.parse().expect("a number")
}

fn set(settings: &mut Settings, name: &str, value: &str) {
    let is_set = set_signal(settings, name, value)
        || set_fill(settings, name, value)
        || set_cost(settings, name, value)
        || set_exit(settings, name, value)
        || set_risk(settings, name, value);
    assert!(is_set, "no setting `{name}` = {value}");
}

fn set_signal(settings: &mut Settings, name: &str, value: &str) -> bool {
    let entries = &mut settings.entries;
    match name {
        "cash" => settings.cash = number(value),
        "sizing" => settings.sizing = Sizing::Units,
        "rebalance" if value == "always" => settings.rebalance = Rebalance::Always,
        "rebalance" => settings.rebalance = Rebalance::Band(0.0),
        "rebalance_band" => settings.rebalance = Rebalance::Band(number(value)),
        "reserve_costs" => settings.reserve_costs = value == "true",
        "size_type" => {
            let found = SizeType::NAMES.iter().find(|(n, _)| *n == value);
            entries.size.size_type = found.expect("a size type").1;
        }
        "size" => entries.size.size = number(value),
        "accumulate" => entries.accumulate = value == "true",
        "opposite" => {
            entries.opposite = match value {
                "close" => Opposite::Close,
                "ignore" => Opposite::Ignore,
                _ => Opposite::Reverse,
            }
        }
        "conflict" => {
            entries.conflict = match value {
                "long" => Conflict::Long,
                "short" => Conflict::Short,
                _ => Conflict::Ignore,
            }
        }
        "kelly_min_trades" => entries.kelly.min_trades = number(value) as u32,
        "kelly_start" => entries.kelly.start = number(value),
        "positions" if value == "hedging" => settings.positions = Positions::Hedging,
        "positions" => settings.positions = Positions::LongOnly,
        "allow_short" => settings.allow_short = value == "true",
        _ => return false,
    }
    true
}

fn set_fill(settings: &mut Settings, name: &str, value: &str) -> bool {
    match name {
        "fill" => {
            settings.fill = match value {
                "next_close" => FillAt::NextClose,
                "same_close" => FillAt::SameClose,
                "vwap" => FillAt::Vwap,
                "price" => FillAt::Price,
                _ => FillAt::NextOpen,
            }
        }
        "intrabar" => {
            settings.intrabar = match value {
                "optimistic" => Intrabar::Optimistic,
                "ohlc" => Intrabar::Ohlc,
                "olhc" => Intrabar::Olhc,
                "adaptive" => Intrabar::Adaptive,
                _ => Intrabar::Pessimistic,
            }
        }
        "intrabar_entry" => settings.intrabar_entry = value == "true",
        "limit_fill" => settings.limit_fill = LimitFill::Through,
        "participation" => settings.participation = number(value),
        "partial" => settings.partial = value == "true",
        "min_notional" => settings.min_notional = number(value),
        "min_trade" => settings.min_trade = number(value),
        "close_at_end" => settings.close_at_end = value == "true",
        "matching" => settings.matching = Matching::Average,
        "futures" => settings.futures = value == "true",
        _ => return false,
    }
    true
}

fn set_cost(settings: &mut Settings, name: &str, value: &str) -> bool {
    let commission = &mut settings.costs.commission;
    let slippage = &mut settings.costs.slippage;
    let financing = &mut settings.costs.financing;
    match name {
        "commission" => commission.rate = number(value),
        "commission_fixed" => commission.fixed = number(value),
        "commission_per_unit" => commission.per_unit = number(value),
        "commission_min" => commission.min = number(value),
        "commission_max" => commission.max = number(value),
        "maker" => commission.maker = Some(number(value)),
        "taker" => commission.taker = Some(number(value)),
        "tiers" => commission.tiers = parse_tiers("backtest", value).expect("good tiers"),
        "slippage_bps" => slippage.fraction = number(value) / 1e4,
        "slippage_ticks" => slippage.ticks = number(value),
        "tick" => slippage.tick = number(value),
        "spread_share" => slippage.spread_share = number(value),
        "impact" => {
            let found = Impact::NAMES.iter().find(|(n, _)| *n == value);
            slippage.impact = found.expect("an impact").1;
        }
        "impact_coefficient" => slippage.impact_coefficient = number(value),
        "slippage_volatility" => slippage.volatility_share = number(value),
        "clip_to_bar" => slippage.clip_to_bar = value == "true",
        "cash_rate" => financing.cash_rate = number(value),
        "debit_rate" => financing.debit_rate = number(value),
        "borrow" => financing.borrow = number(value),
        _ => return false,
    }
    true
}

fn set_exit(settings: &mut Settings, name: &str, value: &str) -> bool {
    let exits = &mut settings.exits;
    match name {
        "stop_unit" => {
            let found = StopUnit::NAMES.iter().find(|(n, _)| *n == value);
            exits.unit = found.expect("a unit").1;
        }
        "stop_loss" => exits.distances.stop_loss = number(value),
        "take_profit" => exits.distances.take_profit = number(value),
        "trailing" => exits.distances.trailing = number(value),
        "trailing_start" => exits.trailing_start = number(value),
        "trailing_atr" => exits.trailing_atr = number(value),
        "break_even" => exits.break_even = number(value),
        "max_bars" => exits.max_bars = Some(number(value) as u32),
        "take_profit_levels" => {
            exits.levels = parse_levels("backtest", value).expect("good levels");
        }
        _ => return false,
    }
    true
}

fn set_risk(settings: &mut Settings, name: &str, value: &str) -> bool {
    let (margin, limits) = (&mut settings.margin, &mut settings.limits);
    match name {
        "max_leverage" => margin.max_leverage = number(value),
        "maintenance" => margin.maintenance = number(value),
        "liquidation_buffer" => margin.buffer = number(value),
        "liquidation_fee" => margin.fee = number(value),
        "max_position" => limits.max_position = number(value),
        "max_gross" => limits.max_gross = number(value),
        "max_net" => limits.max_net = number(value),
        "max_sector" => limits.max_sector = number(value),
        "max_positions" => limits.max_positions = Some(number(value) as u32),
        "max_correlation" => limits.max_correlation = Some(number(value)),
        "correlation_bars" => limits.correlation_bars = number(value) as usize,
        "max_turnover" => limits.max_turnover = number(value),
        "daily_loss" => limits.daily_loss = Some(number(value)),
        "max_drawdown_stop" => limits.max_drawdown_stop = Some(number(value)),
        "drawdown_pause" => limits.drawdown_pause = Some(number(value)),
        "kill_equity" => limits.kill_equity = Some(number(value)),
        _ => return false,
    }
    true
}
