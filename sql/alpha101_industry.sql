-- The 101 Formulaic Alphas of Kakushadze (2015), arXiv:1601.00991, those that need industries
-- or the market capitalisation.
--
-- Expects a table bars(symbol, ts, open, high, low, close, volume), one row a symbol and time, and a table
-- industries(symbol, sector, industry, subindustry, shares): the groups of the symbol and its shares
-- outstanding; the capitalisation is close times shares.
-- Use: quantlake sql --data DIR -f sql/alpha101_industry.sql, then SELECT symbol, ts, alpha048 FROM alpha101_industry.
-- Only the columns that a query names are computed.
--
-- Choices that the paper leaves open, and made here as most implementations make them:
--   rank, ts_rank        average rank over the number of rows, in (0, 1]; equal values share a rank
--   ts_argmax, ts_argmin 1 for the oldest row of the window; of equal rows the oldest
--   stddev, covariance   ddof 1
--   decay_linear         the newest row weighs most
--   x ^ y                the power; signedpower keeps the sign
--   adv{d}               mean of price times volume over d days: dollars, as the paper says, also
--                        where a formula compares it with shares (7, 17, 21, 39, 43, 47, 100)
--   windows              full ones; a length such as 8.93345 is cut to 8, as the paper says
--   min(x, 5), max       over 5 days; with an expression as second argument the smaller of the two
--   conditions           1 and 0; NULL where a side is not known
-- A division by 0, a correlation with a constant and the logarithm of 0 are NULL, and rows that are
-- NULL do not count in windows or ranks. What is made of ranks and correlations is rounded at the
-- 12th decimal before it is ranked or compared: it often ties, and rounding errors must not decide.
-- All values at ts use bars up to ts. Numbers 42, 48, 53 and 54 are meant for trading at that close.
--
-- Written by scripts/alphas/generate.py.
CREATE OR REPLACE VIEW alpha101_industry AS
WITH inputs AS (
    -- Change this step, and nothing else, to read other tables or columns. Without a vwap in the bars
    -- the typical price stands for it.
    SELECT symbol, ts, CAST(open AS DOUBLE) AS open, CAST(high AS DOUBLE) AS high, CAST(low AS DOUBLE) AS low,
           CAST(close AS DOUBLE) AS close, CAST(volume AS DOUBLE) AS volume,
           (high + low + close) / 3.0 AS vwap,
           (high + low + close) / 3.0 * volume AS dollar_volume,
           sector, industry, subindustry, close * shares AS cap
    FROM bars
    JOIN industries USING (symbol)
),
step_1 AS (
    SELECT symbol, ts, cap, close, high, industry, low, open, sector, subindustry, volume, vwap,
           delta(close, 1) OVER w AS delta_close_1,
           delay(close, 1) OVER w AS delay_close_1,
           ts_return(close, 1) OVER w AS ts_return_close_1,
           ts_mean(dollar_volume, 180) OVER w AS ts_mean_dollar_volume_180,
           ts_min(high, 2) OVER w AS ts_min_high_2,
           ts_mean(dollar_volume, 20) OVER w AS ts_mean_dollar_volume_20,
           delta(vwap, 1) OVER w AS delta_vwap_1,
           ts_mean(dollar_volume, 50) OVER w AS ts_mean_dollar_volume_50,
           ts_mean(dollar_volume, 81) OVER w AS ts_mean_dollar_volume_81,
           ts_rank(vwap, 3) OVER w AS ts_rank_vwap_3,
           ts_mean(dollar_volume, 150) OVER w AS ts_mean_dollar_volume_150,
           ts_mean(dollar_volume, 10) OVER w AS ts_mean_dollar_volume_10,
           delta(open, 1) OVER w AS delta_open_1,
           delta(((close * 0.369701) + (vwap * (1.0 - 0.369701))), 1) OVER w AS delta_of_1,
           ts_max(close, 4) OVER w AS ts_max_close_4,
           ts_mean(dollar_volume, 40) OVER w AS ts_mean_dollar_volume_40,
           ts_mean(dollar_volume, 30) OVER w AS ts_mean_dollar_volume_30,
           delta(((close * 0.524434) + (vwap * (1.0 - 0.524434))), 2) OVER w AS delta_of_2,
           ts_rank(low, 7) OVER w AS ts_rank_low_7,
           ts_mean(dollar_volume, 60) OVER w AS ts_mean_dollar_volume_60,
           ts_argmin(close, 30) OVER w AS ts_argmin_close_30
    FROM inputs
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_2 AS (
    SELECT symbol, ts, cap, close, delta_close_1, delta_vwap_1, high, industry, low, open, sector, subindustry,
           ts_argmin_close_30, ts_max_close_4, ts_mean_dollar_volume_20, ts_mean_dollar_volume_40,
           ts_mean_dollar_volume_50, ts_mean_dollar_volume_81, ts_min_high_2, ts_rank_low_7, ts_rank_vwap_3,
           ts_return_close_1, volume, vwap,
           delta(delay_close_1, 1) OVER w AS delta_of_3,
           ts_sum(power((delta_close_1 / nullif(delay_close_1, 0)), 2.0), 250) OVER w AS ts_sum_of_1,
           ts_sum(ts_return_close_1, 10) OVER w AS ts_sum_of_2,
           ts_sum(ts_return_close_1, 2) OVER w AS ts_sum_of_3,
           ts_sum(ts_mean_dollar_volume_180, 37) OVER w AS ts_sum_of_4,
           ts_corr(((close * 0.490655) + (vwap * (1.0 - 0.490655))), ts_mean_dollar_volume_20, 4) OVER w AS ts_corr_of_1,
           decay_linear(delta_vwap_1, 11) OVER w AS decay_linear_of_1,
           ts_rank(ts_mean_dollar_volume_150, 9) OVER w AS ts_rank_of_1,
           ts_corr(high, ts_mean_dollar_volume_10, 5) OVER w AS ts_corr_of_2,
           decay_linear(delta_open_1, 14) OVER w AS decay_linear_of_2,
           decay_linear(delta_of_1, 2) OVER w AS decay_linear_of_3,
           ts_corr(((low * 0.967285) + (low * (1.0 - 0.967285))), ts_mean_dollar_volume_10, 6) OVER w AS ts_corr_of_3,
           ts_corr(vwap, ts_mean_dollar_volume_30, 4) OVER w AS ts_corr_of_4,
           decay_linear(delta_of_2, 16) OVER w AS decay_linear_of_4,
           ts_rank(ts_mean_dollar_volume_60, 17) OVER w AS ts_rank_of_2
    FROM step_1
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_3 AS (
    SELECT symbol, ts, cap, close, decay_linear_of_1, decay_linear_of_2, decay_linear_of_3, decay_linear_of_4,
           delta_close_1, delta_vwap_1, high, industry, low, open, sector, subindustry, ts_argmin_close_30,
           ts_max_close_4, ts_mean_dollar_volume_20, ts_mean_dollar_volume_40, ts_mean_dollar_volume_50,
           ts_mean_dollar_volume_81, ts_min_high_2, ts_return_close_1, ts_sum_of_1, ts_sum_of_2, volume, vwap,
           ts_corr(delta_close_1, delta_of_3, 250) OVER w AS ts_corr_of_5,
           ts_sum(ts_sum_of_3, 3) OVER w AS ts_sum_of_5,
           ts_corr(((vwap * 0.318108) + (open * (1.0 - 0.318108))), ts_sum_of_4, 13) OVER w AS ts_corr_of_6,
           ts_rank(round(ts_corr_of_1, 12), 9) OVER w AS ts_rank_of_3,
           ts_corr(ts_rank_vwap_3, ts_rank_of_1, 14) OVER w AS ts_corr_of_7,
           ts_rank(round(ts_corr_of_2, 12), 5) OVER w AS ts_rank_of_4,
           decay_linear(ts_corr_of_3, 5) OVER w AS decay_linear_of_5,
           decay_linear(ts_corr_of_4, 2) OVER w AS decay_linear_of_6,
           ts_corr(ts_rank_low_7, ts_rank_of_2, 4) OVER w AS ts_corr_of_8
    FROM step_2
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_4 AS (
    SELECT symbol, ts, cap, close, decay_linear_of_1, decay_linear_of_2, decay_linear_of_3, decay_linear_of_4,
           decay_linear_of_6, delta_close_1, delta_vwap_1, high, industry, low, open, sector, subindustry,
           ts_argmin_close_30, ts_corr_of_5, ts_corr_of_7, ts_max_close_4, ts_mean_dollar_volume_20,
           ts_mean_dollar_volume_40, ts_mean_dollar_volume_50, ts_mean_dollar_volume_81, ts_min_high_2, ts_rank_of_3,
           ts_rank_of_4, ts_return_close_1, ts_sum_of_1, ts_sum_of_2, ts_sum_of_5, volume, vwap,
           decay_linear(ts_corr_of_6, 12) OVER w AS decay_linear_of_7,
           ts_rank(round(decay_linear_of_5, 12), 3) OVER w AS ts_rank_of_5,
           ts_rank(round(ts_corr_of_8, 12), 18) OVER w AS ts_rank_of_6
    FROM step_3
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_5 AS (
    SELECT symbol, ts, cap, close, decay_linear_of_1, decay_linear_of_2, decay_linear_of_3, decay_linear_of_4,
           decay_linear_of_6, decay_linear_of_7, delta_close_1, delta_vwap_1, high, industry, low, open, sector,
           subindustry, ts_argmin_close_30, ts_corr_of_5, ts_corr_of_7, ts_max_close_4, ts_mean_dollar_volume_20,
           ts_mean_dollar_volume_40, ts_mean_dollar_volume_50, ts_mean_dollar_volume_81, ts_min_high_2, ts_rank_of_3,
           ts_rank_of_4, ts_rank_of_5, ts_return_close_1, ts_sum_of_1, ts_sum_of_2, ts_sum_of_5, volume, vwap,
           decay_linear(ts_rank_of_6, 15) OVER w AS decay_linear_of_8
    FROM step_4
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_6 AS (
    SELECT symbol, ts, cap, close, decay_linear_of_1, decay_linear_of_2, decay_linear_of_3, decay_linear_of_4,
           decay_linear_of_6, decay_linear_of_7, delta_close_1, delta_vwap_1, high, industry, low, open, sector,
           subindustry, ts_argmin_close_30, ts_corr_of_5, ts_corr_of_7, ts_max_close_4, ts_mean_dollar_volume_20,
           ts_mean_dollar_volume_40, ts_mean_dollar_volume_50, ts_mean_dollar_volume_81, ts_min_high_2, ts_rank_of_3,
           ts_rank_of_4, ts_rank_of_5, ts_return_close_1, ts_sum_of_1, ts_sum_of_2, ts_sum_of_5, volume, vwap,
           ts_rank(round(decay_linear_of_8, 12), 6) OVER w AS ts_rank_of_7
    FROM step_5
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_7 AS (
    SELECT symbol, ts, close, low, open, subindustry, ts_mean_dollar_volume_20, ts_mean_dollar_volume_50,
           ts_mean_dollar_volume_81, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5, ts_rank_of_7, ts_sum_of_1, volume,
           cs_neutralize(((ts_corr_of_5 * delta_close_1) / nullif(close, 0)), subindustry) OVER w AS cs_neutralize_of_1,
           cs_rank((ts_sum_of_2 / nullif(ts_sum_of_5, 0))) OVER w AS cs_rank_of_1,
           cs_rank((ts_return_close_1 * cap)) OVER w AS cs_rank_of_2,
           cs_neutralize(vwap, sector) OVER w AS cs_neutralize_vwap_sector,
           cs_neutralize(((vwap * 0.728317) + (vwap * (1.0 - 0.728317))), industry) OVER w AS cs_neutralize_of_2,
           cs_neutralize(close, industry) OVER w AS cs_neutralize_close_industry,
           cs_rank(round(decay_linear_of_7, 12)) OVER w AS cs_rank_of_3,
           cs_rank((high - ts_min_high_2)) OVER w AS cs_rank_of_4,
           cs_neutralize(ts_mean_dollar_volume_20, subindustry) OVER w AS cs_neutralize_of_3,
           cs_neutralize(vwap, industry) OVER w AS cs_neutralize_vwap_industry,
           cs_rank(delta_vwap_1) OVER w AS cs_rank_of_5,
           cs_rank(decay_linear_of_1) OVER w AS cs_rank_of_6,
           cs_neutralize(low, sector) OVER w AS cs_neutralize_low_sector,
           cs_neutralize(((close * 0.60733) + (open * (1.0 - 0.60733))), sector) OVER w AS cs_neutralize_of_4,
           cs_rank(round(ts_corr_of_7, 12)) OVER w AS cs_rank_of_7,
           cs_neutralize(((open * 0.868128) + (high * (1.0 - 0.868128))), industry) OVER w AS cs_neutralize_of_5,
           cs_rank(decay_linear_of_2) OVER w AS cs_rank_of_8,
           cs_neutralize(volume, sector) OVER w AS cs_neutralize_volume_sector,
           cs_rank(decay_linear_of_3) OVER w AS cs_rank_of_9,
           cs_neutralize(ts_mean_dollar_volume_81, industry) OVER w AS cs_neutralize_of_6,
           cs_rank((close - ts_max_close_4)) OVER w AS cs_rank_of_10,
           cs_neutralize(ts_mean_dollar_volume_40, subindustry) OVER w AS cs_neutralize_of_7,
           cs_rank(round(decay_linear_of_6, 12)) OVER w AS cs_rank_of_11,
           cs_rank(decay_linear_of_4) OVER w AS cs_rank_of_12,
           cs_neutralize(((low * 0.721001) + (vwap * (1.0 - 0.721001))), industry) OVER w AS cs_neutralize_of_8,
           cs_rank(((((close - low) - (high - close)) / nullif((high - low), 0)) * volume)) OVER w AS cs_rank_of_13,
           cs_rank(ts_mean_dollar_volume_20) OVER w AS cs_rank_of_14,
           cs_rank(ts_argmin_close_30) OVER w AS cs_rank_of_15
    FROM step_6
    WINDOW w AS (PARTITION BY ts)
),
step_8 AS (
    SELECT symbol, ts, close, cs_neutralize_close_industry, cs_neutralize_low_sector, cs_neutralize_of_1,
           cs_neutralize_of_2, cs_neutralize_of_3, cs_neutralize_of_4, cs_neutralize_of_5, cs_neutralize_of_6,
           cs_neutralize_of_7, cs_neutralize_of_8, cs_neutralize_volume_sector, cs_neutralize_vwap_industry,
           cs_neutralize_vwap_sector, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_14,
           cs_rank_of_15, cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7,
           cs_rank_of_8, cs_rank_of_9, low, open, subindustry, ts_mean_dollar_volume_20, ts_mean_dollar_volume_50,
           ts_mean_dollar_volume_81, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5, ts_rank_of_7, ts_sum_of_1, volume,
           cs_neutralize(cs_rank_of_13, subindustry) OVER w AS cs_neutralize_of_9
    FROM step_7
    WINDOW w AS (PARTITION BY ts)
),
step_9 AS (
    SELECT symbol, ts, close, cs_neutralize_close_industry, cs_neutralize_low_sector, cs_neutralize_of_1,
           cs_neutralize_of_2, cs_neutralize_of_3, cs_neutralize_of_4, cs_neutralize_of_5, cs_neutralize_of_6,
           cs_neutralize_of_7, cs_neutralize_of_8, cs_neutralize_volume_sector, cs_neutralize_vwap_industry,
           cs_neutralize_vwap_sector, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_14,
           cs_rank_of_15, cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7,
           cs_rank_of_8, cs_rank_of_9, low, open, subindustry, ts_mean_dollar_volume_20, ts_mean_dollar_volume_50,
           ts_mean_dollar_volume_81, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5, ts_rank_of_7, ts_sum_of_1, volume,
           cs_neutralize(cs_neutralize_of_9, subindustry) OVER w AS cs_neutralize_of_10
    FROM step_8
    WINDOW w AS (PARTITION BY ts)
),
step_10 AS (
    SELECT symbol, ts, close, cs_neutralize_close_industry, cs_neutralize_low_sector, cs_neutralize_of_1,
           cs_neutralize_of_2, cs_neutralize_of_3, cs_neutralize_of_4, cs_neutralize_of_5, cs_neutralize_of_6,
           cs_neutralize_of_7, cs_neutralize_of_8, cs_neutralize_volume_sector, cs_neutralize_vwap_industry,
           cs_neutralize_vwap_sector, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_14,
           cs_rank_of_15, cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7,
           cs_rank_of_8, cs_rank_of_9, low, open, subindustry, ts_mean_dollar_volume_20, ts_mean_dollar_volume_50,
           ts_mean_dollar_volume_81, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5, ts_rank_of_7, ts_sum_of_1, volume,
           cs_scale(cs_neutralize_of_10) OVER w AS cs_scale_of_1
    FROM step_9
    WINDOW w AS (PARTITION BY ts)
),
step_11 AS (
    SELECT symbol, ts, cs_neutralize_of_1, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_15,
           cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7, cs_rank_of_8,
           cs_rank_of_9, cs_scale_of_1, subindustry, ts_mean_dollar_volume_20, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5,
           ts_rank_of_7, ts_sum_of_1, volume,
           ts_corr(cs_neutralize_vwap_sector, volume, 3) OVER w AS ts_corr_of_9,
           ts_corr(cs_neutralize_of_2, volume, 4) OVER w AS ts_corr_of_10,
           delta(cs_neutralize_close_industry, 2) OVER w AS delta_of_4,
           ts_corr(cs_neutralize_vwap_sector, cs_neutralize_of_3, 6) OVER w AS ts_corr_of_11,
           delta(cs_neutralize_vwap_industry, 2) OVER w AS delta_of_5,
           ts_corr(cs_neutralize_close_industry, ts_mean_dollar_volume_50, 17) OVER w AS ts_corr_of_12,
           ts_corr(cs_neutralize_low_sector, ts_mean_dollar_volume_81, 8) OVER w AS ts_corr_of_13,
           delta(cs_neutralize_of_4, 1) OVER w AS delta_of_6,
           delta(cs_neutralize_of_5, 4) OVER w AS delta_of_7,
           ts_corr(cs_neutralize_volume_sector, ((open * 0.634196) + (open * (1.0 - 0.634196))), 17) OVER w AS ts_corr_of_14,
           ts_corr(cs_neutralize_of_6, close, 13) OVER w AS ts_corr_of_15,
           delta(cs_neutralize_vwap_industry, 3) OVER w AS delta_of_8,
           ts_corr(cs_neutralize_of_7, low, 5) OVER w AS ts_corr_of_16,
           ts_corr(cs_neutralize_close_industry, volume, 9) OVER w AS ts_corr_of_17,
           ts_corr(cs_neutralize_vwap_industry, ts_mean_dollar_volume_81, 17) OVER w AS ts_corr_of_18,
           delta(cs_neutralize_of_8, 3) OVER w AS delta_of_9,
           ts_corr(close, cs_rank_of_14, 5) OVER w AS ts_corr_of_19
    FROM step_10
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_12 AS (
    SELECT symbol, ts, cs_neutralize_of_1, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_15,
           cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7, cs_rank_of_8,
           cs_rank_of_9, cs_scale_of_1, delta_of_6, delta_of_7, subindustry, ts_corr_of_11, ts_corr_of_19,
           ts_mean_dollar_volume_20, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5, ts_rank_of_7, ts_sum_of_1, volume,
           decay_linear(ts_corr_of_9, 7) OVER w AS decay_linear_of_9,
           decay_linear(ts_corr_of_10, 16) OVER w AS decay_linear_of_10,
           decay_linear(delta_of_4, 8) OVER w AS decay_linear_of_11,
           ts_max(delta_of_5, 4) OVER w AS ts_max_of_1,
           ts_rank(round(ts_corr_of_12, 12), 17) OVER w AS ts_rank_of_8,
           ts_rank(round(ts_corr_of_13, 12), 19) OVER w AS ts_rank_of_9,
           decay_linear(ts_corr_of_14, 6) OVER w AS decay_linear_of_12,
           decay_linear(abs(ts_corr_of_15), 4) OVER w AS decay_linear_of_13,
           decay_linear(delta_of_8, 10) OVER w AS decay_linear_of_14,
           ts_rank(round(ts_corr_of_16, 12), 3) OVER w AS ts_rank_of_10,
           decay_linear(ts_corr_of_17, 16) OVER w AS decay_linear_of_15,
           decay_linear(ts_corr_of_18, 19) OVER w AS decay_linear_of_16,
           decay_linear(delta_of_9, 20) OVER w AS decay_linear_of_17
    FROM step_11
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_13 AS (
    SELECT symbol, ts, cs_neutralize_of_1, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_15,
           cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7, cs_rank_of_8,
           cs_rank_of_9, cs_scale_of_1, decay_linear_of_11, decay_linear_of_17, delta_of_6, delta_of_7, subindustry,
           ts_corr_of_11, ts_corr_of_19, ts_max_of_1, ts_mean_dollar_volume_20, ts_rank_of_10, ts_rank_of_3,
           ts_rank_of_4, ts_rank_of_5, ts_rank_of_7, ts_rank_of_8, ts_sum_of_1, volume,
           ts_rank(round(decay_linear_of_9, 12), 5) OVER w AS ts_rank_of_11,
           ts_rank(round(decay_linear_of_10, 12), 8) OVER w AS ts_rank_of_12,
           decay_linear(ts_rank_of_9, 17) OVER w AS decay_linear_of_18,
           ts_rank(round(decay_linear_of_12, 12), 13) OVER w AS ts_rank_of_13,
           ts_rank(round(decay_linear_of_13, 12), 14) OVER w AS ts_rank_of_14,
           ts_rank(decay_linear_of_14, 15) OVER w AS ts_rank_of_15,
           decay_linear(decay_linear_of_15, 3) OVER w AS decay_linear_of_19,
           ts_rank(round(decay_linear_of_16, 12), 7) OVER w AS ts_rank_of_16
    FROM step_12
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_14 AS (
    SELECT symbol, ts, cs_neutralize_of_1, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_15,
           cs_rank_of_2, cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7, cs_rank_of_8,
           cs_rank_of_9, cs_scale_of_1, decay_linear_of_11, decay_linear_of_17, delta_of_6, delta_of_7, subindustry,
           ts_corr_of_11, ts_corr_of_19, ts_max_of_1, ts_mean_dollar_volume_20, ts_rank_of_10, ts_rank_of_11,
           ts_rank_of_12, ts_rank_of_13, ts_rank_of_14, ts_rank_of_15, ts_rank_of_16, ts_rank_of_3, ts_rank_of_4,
           ts_rank_of_5, ts_rank_of_7, ts_rank_of_8, ts_sum_of_1, volume,
           ts_rank(round(decay_linear_of_18, 12), 19) OVER w AS ts_rank_of_17,
           ts_rank(round(decay_linear_of_19, 12), 4) OVER w AS ts_rank_of_18
    FROM step_13
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_15 AS (
    SELECT symbol, ts, cs_neutralize_of_1, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_2,
           cs_rank_of_3, cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7, cs_rank_of_8, cs_rank_of_9,
           cs_scale_of_1, ts_mean_dollar_volume_20, ts_rank_of_10, ts_rank_of_11, ts_rank_of_12, ts_rank_of_13,
           ts_rank_of_14, ts_rank_of_15, ts_rank_of_16, ts_rank_of_17, ts_rank_of_18, ts_rank_of_3, ts_rank_of_4,
           ts_rank_of_5, ts_rank_of_7, ts_rank_of_8, ts_sum_of_1, volume,
           cs_rank(decay_linear_of_11) OVER w AS cs_rank_of_16,
           cs_rank(round(ts_corr_of_11, 12)) OVER w AS cs_rank_of_17,
           cs_rank(ts_max_of_1) OVER w AS cs_rank_of_18,
           cs_rank(delta_of_6) OVER w AS cs_rank_of_19,
           cs_rank(signum(delta_of_7)) OVER w AS cs_rank_of_20,
           cs_rank(decay_linear_of_17) OVER w AS cs_rank_of_21,
           cs_neutralize((ts_corr_of_19 - cs_rank_of_15), subindustry) OVER w AS cs_neutralize_of_11
    FROM step_14
    WINDOW w AS (PARTITION BY ts)
),
step_16 AS (
    SELECT symbol, ts, cs_neutralize_of_1, cs_rank_of_1, cs_rank_of_10, cs_rank_of_11, cs_rank_of_12, cs_rank_of_16,
           cs_rank_of_17, cs_rank_of_18, cs_rank_of_19, cs_rank_of_2, cs_rank_of_20, cs_rank_of_21, cs_rank_of_3,
           cs_rank_of_4, cs_rank_of_5, cs_rank_of_6, cs_rank_of_7, cs_rank_of_8, cs_rank_of_9, cs_scale_of_1,
           ts_mean_dollar_volume_20, ts_rank_of_10, ts_rank_of_11, ts_rank_of_12, ts_rank_of_13, ts_rank_of_14,
           ts_rank_of_15, ts_rank_of_16, ts_rank_of_17, ts_rank_of_18, ts_rank_of_3, ts_rank_of_4, ts_rank_of_5,
           ts_rank_of_7, ts_rank_of_8, ts_sum_of_1, volume,
           cs_scale(cs_neutralize_of_11) OVER w AS cs_scale_of_2
    FROM step_15
    WINDOW w AS (PARTITION BY ts)
)
SELECT symbol, ts,
       -- #48: (indneutralize(((correlation(delta(close, 1), delta(delay(close, 1), 1), 250) * delta(close, 1)) / close), IndClass.subindustry) / sum(((delta(close, 1) / delay(close, 1))^2), 250))
       cs_neutralize_of_1 / nullif(ts_sum_of_1, 0) AS alpha048,
       -- #56: (0 - (1 * (rank((sum(returns, 10) / sum(sum(returns, 2), 3))) * rank((returns * cap)))))
       0.0 - (1.0 * (cs_rank_of_1 * cs_rank_of_2)) AS alpha056,
       -- #58: (-1 * Ts_Rank(decay_linear(correlation(IndNeutralize(vwap, IndClass.sector), volume, 3.92795), 7.89291), 5.50322))
       -1.0 * ts_rank_of_11 AS alpha058,
       -- #59: (-1 * Ts_Rank(decay_linear(correlation(IndNeutralize(((vwap * 0.728317) + (vwap * (1 - 0.728317))), IndClass.industry), volume, 4.25197), 16.2289), 8.19648))
       -1.0 * ts_rank_of_12 AS alpha059,
       -- #63: ((rank(decay_linear(delta(IndNeutralize(close, IndClass.industry), 2.25164), 8.22237)) - rank(decay_linear(correlation(((vwap * 0.318108) + (open * (1 - 0.318108))), sum(adv180, 37.2467), 13.557), 12.2883))) * -1)
       (cs_rank_of_16 - cs_rank_of_3) * -1.0 AS alpha063,
       -- #67: ((rank((high - ts_min(high, 2.14593)))^rank(correlation(IndNeutralize(vwap, IndClass.sector), IndNeutralize(adv20, IndClass.subindustry), 6.02936))) * -1)
       power(cs_rank_of_4, cs_rank_of_17) * -1.0 AS alpha067,
       -- #69: ((rank(ts_max(delta(IndNeutralize(vwap, IndClass.industry), 2.72412), 4.79344))^Ts_Rank(correlation(((close * 0.490655) + (vwap * (1 - 0.490655))), adv20, 4.92416), 9.0615)) * -1)
       power(cs_rank_of_18, ts_rank_of_3) * -1.0 AS alpha069,
       -- #70: ((rank(delta(vwap, 1.29456))^Ts_Rank(correlation(IndNeutralize(close, IndClass.industry), adv50, 17.8256), 17.9171)) * -1)
       power(cs_rank_of_5, ts_rank_of_8) * -1.0 AS alpha070,
       -- #76: (max(rank(decay_linear(delta(vwap, 1.24383), 11.8259)), Ts_Rank(decay_linear(Ts_Rank(correlation(IndNeutralize(low, IndClass.sector), adv81, 8.14941), 19.569), 17.1543), 19.383)) * -1)
       CASE WHEN cs_rank_of_6 > ts_rank_of_17 THEN cs_rank_of_6 WHEN cs_rank_of_6 <= ts_rank_of_17 THEN ts_rank_of_17 END * -1.0 AS alpha076,
       -- #79: (rank(delta(IndNeutralize(((close * 0.60733) + (open * (1 - 0.60733))), IndClass.sector), 1.23438)) < rank(correlation(Ts_Rank(vwap, 3.60973), Ts_Rank(adv150, 9.18637), 14.6644)))
       CAST((cs_rank_of_19 < cs_rank_of_7) AS DOUBLE) AS alpha079,
       -- #80: ((rank(Sign(delta(IndNeutralize(((open * 0.868128) + (high * (1 - 0.868128))), IndClass.industry), 4.04545)))^Ts_Rank(correlation(high, adv10, 5.11456), 5.53756)) * -1)
       power(cs_rank_of_20, ts_rank_of_4) * -1.0 AS alpha080,
       -- #82: (min(rank(decay_linear(delta(open, 1.46063), 14.8717)), Ts_Rank(decay_linear(correlation(IndNeutralize(volume, IndClass.sector), ((open * 0.634196) + (open * (1 - 0.634196))), 17.4842), 6.92131), 13.4283)) * -1)
       CASE WHEN cs_rank_of_8 < ts_rank_of_13 THEN cs_rank_of_8 WHEN cs_rank_of_8 >= ts_rank_of_13 THEN ts_rank_of_13 END * -1.0 AS alpha082,
       -- #87: (max(rank(decay_linear(delta(((close * 0.369701) + (vwap * (1 - 0.369701))), 1.91233), 2.65461)), Ts_Rank(decay_linear(abs(correlation(IndNeutralize(adv81, IndClass.industry), close, 13.4132)), 4.89768), 14.4535)) * -1)
       CASE WHEN cs_rank_of_9 > ts_rank_of_14 THEN cs_rank_of_9 WHEN cs_rank_of_9 <= ts_rank_of_14 THEN ts_rank_of_14 END * -1.0 AS alpha087,
       -- #89: (Ts_Rank(decay_linear(correlation(((low * 0.967285) + (low * (1 - 0.967285))), adv10, 6.94279), 5.51607), 3.79744) - Ts_Rank(decay_linear(delta(IndNeutralize(vwap, IndClass.industry), 3.48158), 10.1466), 15.3012))
       ts_rank_of_5 - ts_rank_of_15 AS alpha089,
       -- #90: ((rank((close - ts_max(close, 4.66719)))^Ts_Rank(correlation(IndNeutralize(adv40, IndClass.subindustry), low, 5.38375), 3.21856)) * -1)
       power(cs_rank_of_10, ts_rank_of_10) * -1.0 AS alpha090,
       -- #91: ((Ts_Rank(decay_linear(decay_linear(correlation(IndNeutralize(close, IndClass.industry), volume, 9.74928), 16.398), 3.83219), 4.8667) - rank(decay_linear(correlation(vwap, adv30, 4.01303), 2.6809))) * -1)
       (ts_rank_of_18 - cs_rank_of_11) * -1.0 AS alpha091,
       -- #93: (Ts_Rank(decay_linear(correlation(IndNeutralize(vwap, IndClass.industry), adv81, 17.4193), 19.848), 7.54455) / rank(decay_linear(delta(((close * 0.524434) + (vwap * (1 - 0.524434))), 2.77377), 16.2664)))
       ts_rank_of_16 / nullif(cs_rank_of_12, 0) AS alpha093,
       -- #97: ((rank(decay_linear(delta(IndNeutralize(((low * 0.721001) + (vwap * (1 - 0.721001))), IndClass.industry), 3.3705), 20.4523)) - Ts_Rank(decay_linear(Ts_Rank(correlation(Ts_Rank(low, 7.87871), Ts_Rank(adv60, 17.255), 4.97547), 18.5925), 15.7152), 6.71659)) * -1)
       (cs_rank_of_21 - ts_rank_of_7) * -1.0 AS alpha097,
       -- #100: (0 - (1 * (((1.5 * scale(indneutralize(indneutralize(rank(((((close - low) - (high - close)) / (high - low)) * volume)), IndClass.subindustry), IndClass.subindustry))) - scale(indneutralize((correlation(close, rank(adv20), 5) - rank(ts_argmin(close, 30))), IndClass.subindustry))) * (volume / adv20))))
       0.0 - (1.0 * (((1.5 * cs_scale_of_1) - cs_scale_of_2) * (volume / nullif(ts_mean_dollar_volume_20, 0)))) AS alpha100
FROM step_16;
