-- QuantLake in one file: from bars and headlines to a backtest, in plain SQL.
--
-- `make demo` imports daily bars of five US stocks (table bars) and dated headlines about them
-- (table headlines), then runs this file. Every step is a view or a query that you can change.

-- 1. Prices ---------------------------------------------------------------------------------
-- The raw bars carry the day; a bar is known at its close, 21:00 UTC. Splits and dividends are
-- taken out with the adjusted close, so that a split is no crash.

CREATE OR REPLACE VIEW prices AS
SELECT symbol,
       ts + INTERVAL '21 hours'  AS ts,
       open * adj_close / close  AS open,
       high * adj_close / close  AS high,
       low  * adj_close / close  AS low,
       adj_close                 AS close,
       volume
FROM bars;

SELECT symbol, count(*) AS bars, min(ts) AS first_close, max(ts) AS last_close,
       round(max_drawdown(ret ORDER BY ts), 3) AS max_drawdown
FROM (SELECT symbol, ts, close / lag(close) OVER (PARTITION BY symbol ORDER BY ts) - 1 AS ret FROM prices) r
GROUP BY symbol
ORDER BY symbol;

-- 2. Features: indicators over past bars only ------------------------------------------------

CREATE OR REPLACE VIEW features AS
SELECT *,
       volatility(ret, periods => 252) OVER (PARTITION BY symbol ORDER BY ts ROWS 62 PRECEDING) AS vol_63
FROM (
    SELECT symbol, ts, open, high, low, close, volume,
           close / lag(close) OVER w - 1          AS ret,
           rsi(close, 14) OVER w                  AS rsi_14,
           (macd(close, fast => 12, slow => 26, signal => 9) OVER w).hist AS macd_hist,
           (bbands(close, 20) OVER w).lower       AS band_low,
           atr(high, low, close, 14) OVER w       AS atr_14
    FROM prices
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
) f;

SELECT symbol, ts, round(close, 2) AS close, round(rsi_14, 1) AS rsi_14, round(macd_hist, 3) AS macd_hist,
       round(vol_63, 3) AS vol_63
FROM features
WHERE symbol = 'AAPL'
ORDER BY ts DESC
LIMIT 5;

-- 3. Labels: what came next. They look ahead by design and never enter the signal --------------

CREATE OR REPLACE VIEW labels AS
SELECT symbol, ts,
       triple_barrier(close, high, low, vol_63 / sqrt(252.0), profit => 3.0, stop => 3.0, horizon => 20) OVER w AS barrier,
       forward_return(close, horizon => 5) OVER w AS return_5
FROM features
WINDOW w AS (PARTITION BY symbol ORDER BY ts);

SELECT symbol, (barrier).label AS label, count(*) AS bars, round(avg((barrier).ret), 4) AS avg_return,
       round(avg((barrier).bars), 1) AS avg_bars
FROM labels
WHERE (barrier).label IS NOT NULL
GROUP BY symbol, (barrier).label
ORDER BY symbol, label;

-- 4. Chart patterns: double tops and bottoms, known when they are confirmed --------------------

CREATE OR REPLACE VIEW patterns AS
SELECT * FROM pattern_events((SELECT ts, symbol, open, high, low, close, volume FROM prices));

SELECT symbol, pattern, event_ts, round(neckline, 2) AS neckline, round(target, 2) AS target,
       round(stop, 2) AS stop, round(score, 2) AS score
FROM patterns
WHERE status = 'confirmed'
ORDER BY event_ts DESC
LIMIT 8;

-- 5. Forecast: an ONNX model, one forecast per bar, out of past bars only -----------------------
-- The model was trained on data up to 2006; only bars after that may use it.

CREATE OR REPLACE MODEL quantile_returns USING onnx FROM 'models/quantile_returns/quantile_returns.onnx';

CREATE OR REPLACE VIEW forecasts AS
SELECT symbol, ts, forecast_at('quantile_returns', 5, close) OVER (PARTITION BY symbol ORDER BY ts) AS f
FROM prices;

SELECT symbol, ts, round((f).lower, 4) AS q10, round((f).median, 4) AS q50, round((f).upper, 4) AS q90,
       round((f).up_probability, 3) AS up_probability
FROM forecasts
WHERE symbol = 'IBM'
ORDER BY ts DESC
LIMIT 3;

SELECT model, device, execution_provider, fallback_reason FROM quantlake.model_sessions;

-- 6. Sentiment: each bar sees the latest headline known at its close ---------------------------

CREATE OR REPLACE VIEW news AS
SELECT symbol, ts, sentiment_score(headline) AS score, headline FROM headlines;

SELECT symbol, ts, round(score, 3) AS score, headline FROM news ORDER BY score LIMIT 3;
SELECT symbol, ts, round(score, 3) AS score, headline FROM news ORDER BY score DESC LIMIT 3;

-- Bars, headlines and patterns in one stream of time: the last value before a bar is what was
-- known then. An event at the very time of a bar's close counts as known (it sorts first).

CREATE OR REPLACE VIEW known AS
SELECT symbol, ts,
       -- A headline loses half its weight in 5 days, a pattern in 20.
       news_score * power(0.5, date_part('epoch', ts - news_ts) / (5 * 86400.0))          AS sentiment,
       pattern_score * power(0.5, date_part('epoch', ts - pattern_ts) / (20 * 86400.0))   AS pattern
FROM (
    SELECT symbol, ts, is_bar,
           last_value(news_score) IGNORE NULLS OVER w    AS news_score,
           last_value(news_ts) IGNORE NULLS OVER w       AS news_ts,
           last_value(pattern_score) IGNORE NULLS OVER w AS pattern_score,
           last_value(pattern_ts) IGNORE NULLS OVER w    AS pattern_ts
    FROM (
        SELECT symbol, ts, 1 AS is_bar, NULL AS news_score, NULL AS news_ts, NULL AS pattern_score, NULL AS pattern_ts
        FROM prices
        UNION ALL
        SELECT symbol, ts, 0, score, ts AS news_ts, NULL AS pattern_score, NULL AS pattern_ts FROM news
        UNION ALL
        SELECT symbol, event_ts, 0, NULL AS news_score, NULL AS news_ts, direction * score, event_ts AS pattern_ts FROM patterns WHERE status = 'confirmed'
    ) s
    -- Events of one moment are put in a fixed order, so that every run says the same.
    WINDOW w AS (PARTITION BY symbol ORDER BY ts, is_bar, news_score, pattern_score
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) k
WHERE is_bar = 1;

-- 7. Fusion: four scores in [-1, 1] become one signal ------------------------------------------

CREATE OR REPLACE VIEW scores AS
SELECT p.symbol, p.ts, p.open, p.high, p.low, p.close, p.vol_63,
       squash(p.macd_hist / p.atr_14, scale => 0.25)                        AS indicator,
       k.sentiment, k.pattern,
       CASE WHEN p.ts >= '2007-01-01' THEN 2 * (f.f).up_probability - 1 END AS forecast
FROM features p
JOIN known k ON k.symbol = p.symbol AND k.ts = p.ts
JOIN forecasts f ON f.symbol = p.symbol AND f.ts = p.ts;

CREATE OR REPLACE VIEW signals AS
SELECT *,
       fuse(forecast => forecast, pattern => pattern, sentiment => sentiment, indicator => indicator) AS score
FROM scores;

SELECT symbol, ts, round(forecast, 3) AS forecast, round(pattern, 3) AS pattern, round(sentiment, 3) AS sentiment,
       round(indicator, 3) AS indicator, round(score, 3) AS score, signal_label(score) AS signal
FROM signals
WHERE symbol = 'GOOG'
ORDER BY ts DESC
LIMIT 5;

-- 8. Risk-sized targets and the backtest -------------------------------------------------------
-- Long when the score says so, scaled to 20 % volatility per position, five positions at most.
-- A target at a bar is traded at the next bar's open, with 0.1 % commission and 5 bp slippage.

CREATE OR REPLACE VIEW targets AS
SELECT ts, symbol, open, high, low, close,
       CASE WHEN score > 0 THEN least(1.0, 4 * score) * volatility_target(vol_63, target => 0.20) / 5 ELSE 0 END AS target
FROM signals
WHERE ts >= '2007-01-01';

SELECT metric, round(value, 4) AS value
FROM backtest_metrics((SELECT * FROM targets), cash => 100000, commission => 0.001, slippage_bps => 5, fill => 'next_open')
WHERE metric IN ('end_equity', 'total_return', 'cagr', 'volatility', 'sharpe', 'sortino', 'max_drawdown', 'n_trades', 'total_costs');

SELECT date_trunc('year', ts) AS year, round(last_value(equity ORDER BY ts), 0) AS equity,
       round(max_drawdown(ret ORDER BY ts), 3) AS max_drawdown, round(sharpe(ret), 2) AS sharpe
FROM backtest((SELECT * FROM targets), cash => 100000, commission => 0.001, slippage_bps => 5)
GROUP BY year
ORDER BY year;

SELECT symbol, entry_ts, round(entry_price, 2) AS entry_price, exit_ts, round(exit_price, 2) AS exit_price,
       round(pnl, 2) AS pnl, exit_reason
FROM backtest_trades((SELECT * FROM targets), cash => 100000, commission => 0.001, slippage_bps => 5)
ORDER BY pnl DESC
LIMIT 5;

-- 9. What each source is worth: the same strategy without it ----------------------------------
-- Five runs of one query; a weight of 0 leaves a source out.

CREATE OR REPLACE VIEW variants AS
SELECT variant, ts, symbol, open, high, low, close,
       CASE WHEN score > 0 THEN least(1.0, 4 * score) * volatility_target(vol_63, target => 0.20) / 5 ELSE 0 END AS target
FROM (
    SELECT 'all sources' AS variant, s.*, fuse(forecast, pattern, sentiment, indicator) AS score FROM scores s
    UNION ALL
    SELECT 'without forecast', s.*, fuse(NULL, pattern, sentiment, indicator) FROM scores s
    UNION ALL
    SELECT 'without pattern', s.*, fuse(forecast, NULL, sentiment, indicator) FROM scores s
    UNION ALL
    SELECT 'without sentiment', s.*, fuse(forecast, pattern, NULL, indicator) FROM scores s
    UNION ALL
    SELECT 'indicator only', s.*, fuse(NULL, NULL, NULL, indicator) FROM scores s
) v
WHERE ts >= '2007-01-01';

SELECT variant,
       round(max(CASE WHEN metric = 'end_equity' THEN value END), 0)   AS end_equity,
       round(max(CASE WHEN metric = 'cagr' THEN value END), 4)         AS cagr,
       round(max(CASE WHEN metric = 'sharpe' THEN value END), 3)       AS sharpe,
       round(max(CASE WHEN metric = 'max_drawdown' THEN value END), 3) AS max_drawdown,
       round(max(CASE WHEN metric = 'n_trades' THEN value END), 0)     AS trades
FROM (
    SELECT 'all sources' AS variant, metric, value
    FROM backtest_metrics((SELECT * FROM variants WHERE variant = 'all sources'), commission => 0.001, slippage_bps => 5)
    UNION ALL
    SELECT 'without forecast', metric, value
    FROM backtest_metrics((SELECT * FROM variants WHERE variant = 'without forecast'), commission => 0.001, slippage_bps => 5)
    UNION ALL
    SELECT 'without pattern', metric, value
    FROM backtest_metrics((SELECT * FROM variants WHERE variant = 'without pattern'), commission => 0.001, slippage_bps => 5)
    UNION ALL
    SELECT 'without sentiment', metric, value
    FROM backtest_metrics((SELECT * FROM variants WHERE variant = 'without sentiment'), commission => 0.001, slippage_bps => 5)
    UNION ALL
    SELECT 'indicator only', metric, value
    FROM backtest_metrics((SELECT * FROM variants WHERE variant = 'indicator only'), commission => 0.001, slippage_bps => 5)
) m
GROUP BY variant
ORDER BY end_equity DESC;
