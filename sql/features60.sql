-- 60 features of daily bars for models: returns, trend, momentum, volatility, volume, calendar, and
-- the symbol beside its own past, the market and an index.
--
-- Expects a table bars(symbol, ts, open, high, low, close, volume), one row a symbol and time, with
-- prices adjusted for splits.
-- Use: quantlake sql --data DIR -f sql/features60.sql, then SELECT symbol, ts, rsi_14 FROM features60.
-- Only the columns that a query names are computed.
--
-- All values at ts use bars up to ts; what is unknown in the first rows is NULL.
--   units       returns are fractions; averages and bands are prices; RSI, stochastic, Williams %R,
--               ADX, Aroon and ROC are TA-Lib's, in percent
--   position    0 at the lower and 1 at the upper band
--   market      the symbols that have a row at ts, with equal weights
--   index       the same symbols, weighted by their mean dollar volume of the 20 bars before ts: the
--               weights are known before the returns that they weight. A symbol enters when it has a
--               weight. Symbols that left are part of it while they traded, if bars still has them.

CREATE OR REPLACE VIEW features60 AS
WITH inputs AS (
    -- Change this step, and nothing else, to read other tables or columns.
    SELECT symbol, ts, CAST(open AS DOUBLE) AS open, CAST(high AS DOUBLE) AS high, CAST(low AS DOUBLE) AS low,
           CAST(close AS DOUBLE) AS close, CAST(volume AS DOUBLE) AS volume
    FROM bars
),
history AS (
    SELECT symbol, ts, open, close, volume,
           delay(close, 1) OVER w AS close_before,
           ts_return(close, 1) OVER w AS return_1,
           ts_return(close, 2) OVER w AS return_2,
           ts_return(close, 5) OVER w AS return_5,
           ts_return(close, 10) OVER w AS return_10,
           ts_return(close, 20) OVER w AS return_20,
           sma(close, 5) OVER w AS sma_5,
           sma(close, 10) OVER w AS sma_10,
           sma(close, 20) OVER w AS sma_20,
           sma(close, 50) OVER w AS sma_50,
           sma(close, 200) OVER w AS sma_200,
           ema(close, 9) OVER w AS ema_9,
           ema(close, 12) OVER w AS ema_12,
           ema(close, 20) OVER w AS ema_20,
           ema(close, 21) OVER w AS ema_21,
           ema(close, 26) OVER w AS ema_26,
           ema(close, 50) OVER w AS ema_50,
           macd(close, 12, 26, 9) OVER w AS macds,
           adx(high, low, close, 14) OVER w AS adx_14,
           plus_di(high, low, close, 14) OVER w AS plus_di_14,
           minus_di(high, low, close, 14) OVER w AS minus_di_14,
           aroon(high, low, 14) OVER w AS aroons,
           rsi(close, 7) OVER w AS rsi_7,
           rsi(close, 14) OVER w AS rsi_14,
           rsi(close, 21) OVER w AS rsi_21,
           stoch(high, low, close, fastk => 14, slowk => 3, slowd => 3) OVER w AS stochastic,
           willr(high, low, close, 14) OVER w AS williams_r_14,
           roc(close, 10) OVER w AS roc_10,
           atr(high, low, close, 10) OVER w AS atr_10,
           atr(high, low, close, 14) OVER w AS atr_14,
           bbands(close, 20, 2, 2) OVER w AS bollinger,
           ts_max(high, 20) OVER w AS donchian_upper,
           ts_min(low, 20) OVER w AS donchian_lower,
           obv(close, volume) OVER w AS obv,
           ts_sum((high + low + close) / 3.0 * volume, 20) OVER w AS typical_dollars,
           -- A bar without a range says nothing about buyers and sellers, and its volume still counts.
           ts_sum(CASE WHEN high > low THEN (2.0 * close - high - low) / (high - low) * volume
                       WHEN high = low THEN 0.0 END, 20) OVER w AS money_flow,
           ts_sum(volume, 20) OVER w AS volume_20,
           ts_mean(close * volume, 20) OVER w AS dollars_20,
           ts_zscore(close, 60) OVER w AS close_zscore_60
    FROM inputs
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
bands AS (
    SELECT *,
           ln(close / nullif(close_before, 0)) AS log_return,
           ema_20 + 2.0 * atr_10 AS keltner_upper,
           ema_20 - 2.0 * atr_10 AS keltner_lower,
           ts_stddev(ln(close / nullif(close_before, 0)), 5) OVER w AS volatility_5,
           ts_stddev(ln(close / nullif(close_before, 0)), 60) OVER w AS volatility_60,
           delay(dollars_20, 1) OVER w AS weight
    FROM history
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
market AS (
    SELECT *,
           avg(return_1) OVER w AS market_return,
           sum(weight * return_1) OVER w / nullif(sum(CASE WHEN return_1 IS NOT NULL THEN weight END) OVER w, 0)
               AS index_return_1,
           cs_rank(return_1) OVER w AS return_rank_1,
           cs_rank(return_20) OVER w AS return_rank_20
    FROM bands
    WINDOW w AS (PARTITION BY ts)
),
beside AS (
    SELECT *,
           exp(ts_sum(ln(1.0 + index_return_1), 20) OVER w) - 1.0 AS index_momentum_20,
           ts_beta(return_1, index_return_1, 60) OVER w AS index_beta_60
    FROM market
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
)
SELECT symbol, ts,
       -- returns
       return_1, return_2, return_5, return_10, return_20, log_return,
       open / nullif(close_before, 0) - 1.0 AS gap,
       -- trend
       sma_5, sma_10, sma_20, sma_50, sma_200, ema_9, ema_12, ema_21, ema_26, ema_50,
       macds['macd'] AS macd, macds['signal'] AS macd_signal, macds['hist'] AS macd_hist,
       adx_14, plus_di_14, minus_di_14, aroons['up'] AS aroon_up_14, aroons['down'] AS aroon_down_14,
       -- momentum
       rsi_7, rsi_14, rsi_21, stochastic['slowk'] AS stoch_k, stochastic['slowd'] AS stoch_d, williams_r_14, roc_10,
       -- volatility
       atr_14,
       bollinger['upper'] AS bollinger_upper, bollinger['lower'] AS bollinger_lower,
       (bollinger['upper'] - bollinger['lower']) / nullif(bollinger['middle'], 0) AS bollinger_width,
       (close - bollinger['lower']) / nullif(bollinger['upper'] - bollinger['lower'], 0) AS bollinger_position,
       keltner_upper, keltner_lower,
       (close - keltner_lower) / nullif(keltner_upper - keltner_lower, 0) AS keltner_position,
       donchian_upper, donchian_lower,
       (close - donchian_lower) / nullif(donchian_upper - donchian_lower, 0) AS donchian_position,
       -- volume
       obv, typical_dollars / nullif(volume_20, 0) AS vwap_20, money_flow / nullif(volume_20, 0) AS cmf_20,
       -- calendar: Sunday and January are 0, and the circle closes
       sin(2.0 * pi() * date_part('dow', ts) / 7.0) AS day_of_week_sin,
       cos(2.0 * pi() * date_part('dow', ts) / 7.0) AS day_of_week_cos,
       sin(2.0 * pi() * (date_part('month', ts) - 1) / 12.0) AS month_sin,
       cos(2.0 * pi() * (date_part('month', ts) - 1) / 12.0) AS month_cos,
       -- the symbol beside its own past
       close_zscore_60, volume * 20.0 / nullif(volume_20, 0) AS volume_ratio_20,
       volatility_5 / nullif(volatility_60, 0) AS volatility_ratio,
       -- the symbol beside the market
       return_1 - market_return AS excess_return_1, return_rank_1, return_rank_20,
       -- the symbol beside the index
       index_return_1, index_momentum_20, return_20 - index_momentum_20 AS relative_strength_20, index_beta_60
FROM beside;
