//! Queries for the newest rows of the table `live`.

/// Functions whose values need every row before, or carry the rounding of rows that left, beside
/// some that look at their window only; a few ask for other conventions than the library's.
const CALLS: &str = "
    sma(close, 20); ema(close, 12); ema(close, 12, seed => 'first'); wma(close, 9); hma(close, 16);
    t3(close, 5); kama(close, 10); rma(close, 14); zlema(close, 10); vidya(close); mama(close);
    tema(close, 9, seed => 'first'); vwma(close, volume, 15); ta_stddev(close, 10);
    ta_stddev(close, 10, ddof => 1); ta_var(close, 10); bbands(close, 20);
    bbands(close, 20, ma => 'ema', ddof => 1); cci(high, low, close, 14); correl(high, low, 30);
    beta(high, low, 5); linearreg(close, 14); linearreg_slope(close, 14); tsf(close, 14);
    rsi(close, 14); rsi(close, 14, flat => 100); cmo(close, 14); mfi(high, low, close, volume, 14);
    adx(high, low, close, 14); plus_di(high, low, close, 14); aroon(high, low, 14);
    atr(high, low, close, 14); atr(high, low, close, 14, first_bar => true);
    supertrend(high, low, close, start => 'down'); obv(close, volume);
    adosc(high, low, close, volume); macd(close); stoch(high, low, close); stochrsi(close);
    ppo(close); trix(close, 9); ultosc(high, low, close); sar(high, low); ht_trendline(close);
    ht_dcperiod(close); crsi(close); cumsum(close); ta_sum(close, 30); kst(close); dpo(close, 20);
    cdlengulfing(open, high, low, close); minmaxindex(close, 30); mom(close, 10);
    willr(high, low, close, 14); ta_max(close - open, 30); ichimoku(high, low); sma(NULL, 3);
    session_vwap(ts, high, low, close, volume, anchor => 'month');
    session_bar(ts, open, high, low, close, volume, calendar => 'date', anchor => 'week');
    previous_session(ts, open, high, low, close, anchor => 'month');
    average_daily_range(ts, high, low, 4); day_of_week_profile(ts, close);
    turn_of_month_return(ts, close); mcclellan_summation_index(high, low); trade_sign(close);
    cumulative_volume_delta(volume, close - open); volume_zone_oscillator(close, volume, 5);
    three_line_break(close); anchored_vwap(high, low, close, volume, extract(day FROM ts) < 3);
    cum_sum(close); cum_max(high - low); ts_bars_since(close > open);
    ewm_std(close, span => 9, min_periods => 4); ewm_corr(close, volume, halflife => 5);
    fold(0, (s, x, y) -> 0.9 * s + y / x, close, volume); cusum_filter(ln(close), 0.02);
    kalman_hedge(high, low); drawdown(close); recovery_factor(close); hilo_activator(high, low, close);
    td_sequential(high, low, close); td_combo(high, low, close, 2, 3, 1, 3); tdst(high, low, close);
    td_moving_average(high, low, 3, 4); value_area(high, low, volume, 15);
    naked_poc(ts, high, low, close, volume, session => 'week'); tower_top_bottom(open, close);
    double_top_bottom(high, low, threshold => 0.02); fib_fan(high, low); harmonic_gartley(high, low)";

/// `SELECT` of all calls, without ORDER BY.
fn all_calls(condition: &str, window: &str) -> String {
    let calls: Vec<String> = CALLS
        .split(';')
        .enumerate()
        .map(|(i, call)| format!("{} OVER w AS c{i}", call.trim()))
        .collect();
    let calls = calls.join(", ");
    format!("SELECT symbol, ts, close, {calls} FROM live {condition} WINDOW w AS ({window})")
}

const BY_SYMBOL: &str = "PARTITION BY symbol ORDER BY ts";
/// The order of all of them.
pub const NEWEST: &str = "ORDER BY ts DESC, symbol";

/// Queries for the newest rows: of all symbols, of one, and of one without saying so twice.
pub fn live_queries() -> [(String, usize); 4] {
    let one = "WHERE symbol = 'IBM'";
    [
        (all_calls("", BY_SYMBOL), 1),
        (all_calls("", BY_SYMBOL), 7),
        (all_calls(one, BY_SYMBOL), 1),
        (all_calls(one, "ORDER BY ts"), 2),
    ]
}
