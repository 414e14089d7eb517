//! From checked arguments to settings.

use crate::costs::commission::parse_tiers;
use crate::costs::slippage::{Impact, VOLUME_SHARE_LIMIT};
use crate::costs::{Commission, Costs, Financing, Slippage};
use crate::limits::Limits;
use crate::settings::{
    Conflict, Entries, FillAt, Intrabar, LimitFill, Margin, Opposite, Positions, Rebalance,
    Settings, Sizing,
};
use crate::sizing::{Kelly, SizeRule, SizeType};
use crate::stops::{Distances, ExitRules, StopUnit, parse_levels};
use crate::trades::Matching;
use quantlake_core::{Args, ParamValue, QlError};

/// The settings that checked arguments ask for.
///
/// # Errors
/// 22023 for arguments that contradict each other, and for texts that cannot be read.
pub fn settings(function: &str, args: &Args) -> Result<Settings, QlError> {
    let periods = args.number("periods")?;
    let participation = args.optional_number("participation")?;
    let positions = choice(args, "positions", &Positions::NAMES)?;
    Ok(Settings {
        cash: args.number("cash")?,
        costs: costs(function, args, participation)?,
        fill: choice(args, "fill", &FillAt::NAMES)?,
        limit_fill: choice(args, "limit_fill", &LimitFill::NAMES)?,
        intrabar: choice(args, "intrabar", &Intrabar::NAMES)?,
        intrabar_entry: args.flag("intrabar_entry")?,
        participation: participation.unwrap_or(f64::INFINITY),
        lot: lot(function, args)?,
        min_notional: args.number("min_notional")?,
        min_trade: args.number("min_trade")?,
        sizing: choice(args, "sizing", &Sizing::NAMES)?,
        rebalance: rebalance(function, args)?,
        reserve_costs: args.flag("reserve_costs")?,
        entries: entries(args, periods)?,
        positions,
        allow_short: args.flag("allow_short")?,
        partial: args.flag("partial")?,
        margin: Margin {
            max_leverage: args.number("max_leverage")?,
            maintenance: args.number("maintenance")?,
            buffer: args.number("liquidation_buffer")?,
            fee: args.number("liquidation_fee")?,
        },
        futures: args.flag("futures")?,
        exits: exits(function, args)?,
        limits: limits(function, args)?,
        matching: choice(args, "matching", &Matching::NAMES)?,
        close_at_end: args.flag("close_at_end")?,
        periods,
    })
}

/// The variant that a choice stands for.
fn choice<T: Copy>(args: &Args, name: &str, names: &[(&'static str, T)]) -> Result<T, QlError> {
    let code = args.count(name)?;
    let found = names.get(code).map(|(_, variant)| *variant);
    found.ok_or_else(|| QlError::internal(format!("`{name}` has no choice {code}")))
}

fn count(args: &Args, name: &str) -> Result<Option<u32>, QlError> {
    match args.get(name)? {
        ParamValue::Null => Ok(None),
        _ => Ok(Some(u32::try_from(args.integer(name)?).unwrap_or(u32::MAX))),
    }
}

/// A distance or limit that is NaN when it is left out.
fn unknown(args: &Args, name: &str) -> Result<f64, QlError> {
    Ok(args.optional_number(name)?.unwrap_or(f64::NAN))
}

/// A limit that is infinite when it is left out.
fn unbounded(args: &Args, name: &str) -> Result<f64, QlError> {
    Ok(args.optional_number(name)?.unwrap_or(f64::INFINITY))
}

fn lot(function: &str, args: &Args) -> Result<f64, QlError> {
    let (is_fractional, lot) = (args.flag("fractional")?, args.integer("lot")?);
    if is_fractional && lot != 1 {
        let allowed = "left out while positions may be fractions";
        return Err(QlError::bad_argument(function, "lot", allowed, lot)
            .with_hint("Write fractional => false"));
    }
    Ok(if is_fractional { 0.0 } else { lot as f64 })
}

fn rebalance(function: &str, args: &Args) -> Result<Rebalance, QlError> {
    let band = args.number("rebalance_band")?;
    let rebalance = match args.integer("rebalance")? {
        0 => Rebalance::OnChange,
        1 => Rebalance::Always,
        _ => Rebalance::Band(band),
    };
    if band != 0.0 && !matches!(rebalance, Rebalance::Band(_)) {
        let allowed = "left out without rebalance => 'band'";
        return Err(QlError::bad_argument(
            function,
            "rebalance_band",
            allowed,
            band,
        ));
    }
    Ok(rebalance)
}

fn costs(function: &str, args: &Args, participation: Option<f64>) -> Result<Costs, QlError> {
    let commission = Commission {
        rate: args.number("commission")?,
        per_unit: args.number("commission_per_unit")?,
        fixed: args.number("commission_fixed")?,
        min: args
            .optional_number("commission_min")?
            .unwrap_or(f64::NEG_INFINITY),
        max: unbounded(args, "commission_max")?,
        maker: args.optional_number("maker")?,
        taker: args.optional_number("taker")?,
        tiers: parse_tiers(function, args.text("tiers")?)?,
    };
    if commission.min > commission.max {
        let allowed = format!("at most `commission_max` ({})", commission.max);
        let found = commission.min;
        return Err(QlError::bad_argument(
            function,
            "commission_min",
            allowed,
            found,
        ));
    }
    Ok(Costs {
        commission,
        slippage: slippage(function, args, participation)?,
        financing: Financing {
            cash_rate: args.number("cash_rate")?,
            debit_rate: args.number("debit_rate")?,
            borrow: args.number("borrow")?,
        },
    })
}

fn slippage(function: &str, args: &Args, participation: Option<f64>) -> Result<Slippage, QlError> {
    let (ticks, tick) = (args.number("slippage_ticks")?, args.number("tick")?);
    if ticks != 0.0 && tick == 0.0 {
        let allowed = "left out without `tick`";
        return Err(QlError::bad_argument(
            function,
            "slippage_ticks",
            allowed,
            ticks,
        ));
    }
    Ok(Slippage {
        fraction: args.number("slippage_bps")? / 1e4,
        ticks,
        tick,
        spread_share: args.number("spread_share")?,
        impact: choice(args, "impact", &Impact::NAMES)?,
        impact_coefficient: args.number("impact_coefficient")?,
        volume_limit: participation.unwrap_or(VOLUME_SHARE_LIMIT),
        volatility_share: args.number("slippage_volatility")?,
        clip_to_bar: args.flag("clip_to_bar")?,
    })
}

fn entries(args: &Args, periods: f64) -> Result<Entries, QlError> {
    Ok(Entries {
        size: SizeRule {
            size_type: choice(args, "size_type", &SizeType::NAMES)?,
            size: args.number("size")?,
            periods,
        },
        kelly: Kelly {
            min_trades: u32::try_from(args.integer("kelly_min_trades")?).unwrap_or(u32::MAX),
            start: args.number("kelly_start")?,
        },
        accumulate: args.flag("accumulate")?,
        opposite: choice(args, "opposite", &Opposite::NAMES)?,
        conflict: choice(args, "conflict", &Conflict::NAMES)?,
    })
}

fn exits(function: &str, args: &Args) -> Result<ExitRules, QlError> {
    Ok(ExitRules {
        unit: choice(args, "stop_unit", &StopUnit::NAMES)?,
        distances: Distances {
            stop_loss: unknown(args, "stop_loss")?,
            take_profit: unknown(args, "take_profit")?,
            trailing: unknown(args, "trailing")?,
        },
        trailing_start: args.number("trailing_start")?,
        trailing_atr: unknown(args, "trailing_atr")?,
        break_even: unknown(args, "break_even")?,
        max_bars: count(args, "max_bars")?,
        levels: parse_levels(function, args.text("take_profit_levels")?)?,
    })
}

fn limits(function: &str, args: &Args) -> Result<Limits, QlError> {
    let pause = args.optional_number("drawdown_pause")?;
    let stop = args.optional_number("max_drawdown_stop")?;
    if let (Some(days), None) = (pause, stop) {
        let allowed = "left out without `max_drawdown_stop`";
        return Err(QlError::bad_argument(
            function,
            "drawdown_pause",
            allowed,
            days,
        ));
    }
    Ok(Limits {
        max_position: unbounded(args, "max_position")?,
        max_gross: unbounded(args, "max_gross")?,
        max_net: unbounded(args, "max_net")?,
        max_sector: unbounded(args, "max_sector")?,
        max_positions: count(args, "max_positions")?,
        max_correlation: args.optional_number("max_correlation")?,
        correlation_bars: args.count("correlation_bars")?,
        max_turnover: unbounded(args, "max_turnover")?,
        daily_loss: args.optional_number("daily_loss")?,
        max_drawdown_stop: stop,
        drawdown_pause: pause,
        kill_equity: args.optional_number("kill_equity")?,
    })
}
