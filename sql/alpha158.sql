-- The 158 features of qlib's Alpha158 (qlib 0.9.7, default configuration).
--
-- Expects a table bars(symbol, ts, open, high, low, close, volume), one row a symbol and time.
-- Use: quantlake sql --data DIR -f sql/alpha158.sql, then SELECT symbol, ts, kmid, roc5 FROM alpha158.
-- Only the columns that a query names are computed.
--
-- Windows have values from the first row on, as in qlib (min_periods=1), and a comparison with an
-- unknown value is false. Values differ from qlib's where a bar is missing or odd: a day without a
-- row does not count in windows, a division by 0 is NULL and not an infinity, and RSQR and CORR are
-- NULL where a series does not move at all, not below qlib's absolute deviation of 2e-5.
-- All values at ts use bars up to ts.
--
-- Written by scripts/alphas/generate.py.
CREATE OR REPLACE VIEW alpha158 AS
WITH inputs AS (
    -- Change this step, and nothing else, to read other tables or columns. Without a vwap in the bars
    -- the typical price stands for it.
    SELECT symbol, ts, CAST(open AS DOUBLE) AS open, CAST(high AS DOUBLE) AS high, CAST(low AS DOUBLE) AS low,
           CAST(close AS DOUBLE) AS close, CAST(volume AS DOUBLE) AS volume,
           (high + low + close) / 3.0 AS vwap
    FROM bars
),
step_1 AS (
    SELECT symbol, ts, close, high, low, open, volume, vwap,
           delay(close, 5) OVER w AS delay_close_5,
           delay(close, 10) OVER w AS delay_close_10,
           delay(close, 20) OVER w AS delay_close_20,
           delay(close, 30) OVER w AS delay_close_30,
           delay(close, 60) OVER w AS delay_close_60,
           ts_mean(close, 5, min_periods => 1) OVER w AS ts_mean_close_5,
           ts_mean(close, 10, min_periods => 1) OVER w AS ts_mean_close_10,
           ts_mean(close, 20, min_periods => 1) OVER w AS ts_mean_close_20,
           ts_mean(close, 30, min_periods => 1) OVER w AS ts_mean_close_30,
           ts_mean(close, 60, min_periods => 1) OVER w AS ts_mean_close_60,
           ts_stddev(close, 5, min_periods => 1) OVER w AS ts_stddev_close_5,
           ts_stddev(close, 10, min_periods => 1) OVER w AS ts_stddev_close_10,
           ts_stddev(close, 20, min_periods => 1) OVER w AS ts_stddev_close_20,
           ts_stddev(close, 30, min_periods => 1) OVER w AS ts_stddev_close_30,
           ts_stddev(close, 60, min_periods => 1) OVER w AS ts_stddev_close_60,
           ts_slope(close, 5, min_periods => 1) OVER w AS ts_slope_close_5,
           ts_slope(close, 10, min_periods => 1) OVER w AS ts_slope_close_10,
           ts_slope(close, 20, min_periods => 1) OVER w AS ts_slope_close_20,
           ts_slope(close, 30, min_periods => 1) OVER w AS ts_slope_close_30,
           ts_slope(close, 60, min_periods => 1) OVER w AS ts_slope_close_60,
           ts_rsquare(close, 5, min_periods => 1) OVER w AS ts_rsquare_close_5,
           ts_rsquare(close, 10, min_periods => 1) OVER w AS ts_rsquare_close_10,
           ts_rsquare(close, 20, min_periods => 1) OVER w AS ts_rsquare_close_20,
           ts_rsquare(close, 30, min_periods => 1) OVER w AS ts_rsquare_close_30,
           ts_rsquare(close, 60, min_periods => 1) OVER w AS ts_rsquare_close_60,
           ts_residual(close, 5, min_periods => 1) OVER w AS ts_residual_close_5,
           ts_residual(close, 10, min_periods => 1) OVER w AS ts_residual_close_10,
           ts_residual(close, 20, min_periods => 1) OVER w AS ts_residual_close_20,
           ts_residual(close, 30, min_periods => 1) OVER w AS ts_residual_close_30,
           ts_residual(close, 60, min_periods => 1) OVER w AS ts_residual_close_60,
           ts_max(high, 5, min_periods => 1) OVER w AS ts_max_high_5,
           ts_max(high, 10, min_periods => 1) OVER w AS ts_max_high_10,
           ts_max(high, 20, min_periods => 1) OVER w AS ts_max_high_20,
           ts_max(high, 30, min_periods => 1) OVER w AS ts_max_high_30,
           ts_max(high, 60, min_periods => 1) OVER w AS ts_max_high_60,
           ts_min(low, 5, min_periods => 1) OVER w AS ts_min_low_5,
           ts_min(low, 10, min_periods => 1) OVER w AS ts_min_low_10,
           ts_min(low, 20, min_periods => 1) OVER w AS ts_min_low_20,
           ts_min(low, 30, min_periods => 1) OVER w AS ts_min_low_30,
           ts_min(low, 60, min_periods => 1) OVER w AS ts_min_low_60,
           ts_quantile(close, 5, 0.8, min_periods => 1) OVER w AS ts_quantile_close_5_08,
           ts_quantile(close, 10, 0.8, min_periods => 1) OVER w AS ts_quantile_close_10_08,
           ts_quantile(close, 20, 0.8, min_periods => 1) OVER w AS ts_quantile_close_20_08,
           ts_quantile(close, 30, 0.8, min_periods => 1) OVER w AS ts_quantile_close_30_08,
           ts_quantile(close, 60, 0.8, min_periods => 1) OVER w AS ts_quantile_close_60_08,
           ts_quantile(close, 5, 0.2, min_periods => 1) OVER w AS ts_quantile_close_5_02,
           ts_quantile(close, 10, 0.2, min_periods => 1) OVER w AS ts_quantile_close_10_02,
           ts_quantile(close, 20, 0.2, min_periods => 1) OVER w AS ts_quantile_close_20_02,
           ts_quantile(close, 30, 0.2, min_periods => 1) OVER w AS ts_quantile_close_30_02,
           ts_quantile(close, 60, 0.2, min_periods => 1) OVER w AS ts_quantile_close_60_02,
           ts_rank(close, 5, min_periods => 1) OVER w AS ts_rank_close_5,
           ts_rank(close, 10, min_periods => 1) OVER w AS ts_rank_close_10,
           ts_rank(close, 20, min_periods => 1) OVER w AS ts_rank_close_20,
           ts_rank(close, 30, min_periods => 1) OVER w AS ts_rank_close_30,
           ts_rank(close, 60, min_periods => 1) OVER w AS ts_rank_close_60,
           ts_argmax(high, 5, min_periods => 1) OVER w AS ts_argmax_high_5,
           ts_argmax(high, 10, min_periods => 1) OVER w AS ts_argmax_high_10,
           ts_argmax(high, 20, min_periods => 1) OVER w AS ts_argmax_high_20,
           ts_argmax(high, 30, min_periods => 1) OVER w AS ts_argmax_high_30,
           ts_argmax(high, 60, min_periods => 1) OVER w AS ts_argmax_high_60,
           ts_argmin(low, 5, min_periods => 1) OVER w AS ts_argmin_low_5,
           ts_argmin(low, 10, min_periods => 1) OVER w AS ts_argmin_low_10,
           ts_argmin(low, 20, min_periods => 1) OVER w AS ts_argmin_low_20,
           ts_argmin(low, 30, min_periods => 1) OVER w AS ts_argmin_low_30,
           ts_argmin(low, 60, min_periods => 1) OVER w AS ts_argmin_low_60,
           ts_corr(close, CASE WHEN (volume + 1.0) > 0 THEN ln((volume + 1.0)) END, 5, min_periods => 1) OVER w AS ts_corr_of_1,
           ts_corr(close, CASE WHEN (volume + 1.0) > 0 THEN ln((volume + 1.0)) END, 10, min_periods => 1) OVER w AS ts_corr_of_2,
           ts_corr(close, CASE WHEN (volume + 1.0) > 0 THEN ln((volume + 1.0)) END, 20, min_periods => 1) OVER w AS ts_corr_of_3,
           ts_corr(close, CASE WHEN (volume + 1.0) > 0 THEN ln((volume + 1.0)) END, 30, min_periods => 1) OVER w AS ts_corr_of_4,
           ts_corr(close, CASE WHEN (volume + 1.0) > 0 THEN ln((volume + 1.0)) END, 60, min_periods => 1) OVER w AS ts_corr_of_5,
           delay(close, 1) OVER w AS delay_close_1,
           delay(volume, 1) OVER w AS delay_volume_1,
           ts_mean(volume, 5, min_periods => 1) OVER w AS ts_mean_volume_5,
           ts_mean(volume, 10, min_periods => 1) OVER w AS ts_mean_volume_10,
           ts_mean(volume, 20, min_periods => 1) OVER w AS ts_mean_volume_20,
           ts_mean(volume, 30, min_periods => 1) OVER w AS ts_mean_volume_30,
           ts_mean(volume, 60, min_periods => 1) OVER w AS ts_mean_volume_60,
           ts_stddev(volume, 5, min_periods => 1) OVER w AS ts_stddev_volume_5,
           ts_stddev(volume, 10, min_periods => 1) OVER w AS ts_stddev_volume_10,
           ts_stddev(volume, 20, min_periods => 1) OVER w AS ts_stddev_volume_20,
           ts_stddev(volume, 30, min_periods => 1) OVER w AS ts_stddev_volume_30,
           ts_stddev(volume, 60, min_periods => 1) OVER w AS ts_stddev_volume_60
    FROM inputs
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
),
step_2 AS (
    SELECT symbol, ts, close, delay_close_10, delay_close_20, delay_close_30, delay_close_5, delay_close_60, high, low,
           open, ts_argmax_high_10, ts_argmax_high_20, ts_argmax_high_30, ts_argmax_high_5, ts_argmax_high_60,
           ts_argmin_low_10, ts_argmin_low_20, ts_argmin_low_30, ts_argmin_low_5, ts_argmin_low_60, ts_corr_of_1,
           ts_corr_of_2, ts_corr_of_3, ts_corr_of_4, ts_corr_of_5, ts_max_high_10, ts_max_high_20, ts_max_high_30,
           ts_max_high_5, ts_max_high_60, ts_mean_close_10, ts_mean_close_20, ts_mean_close_30, ts_mean_close_5,
           ts_mean_close_60, ts_mean_volume_10, ts_mean_volume_20, ts_mean_volume_30, ts_mean_volume_5,
           ts_mean_volume_60, ts_min_low_10, ts_min_low_20, ts_min_low_30, ts_min_low_5, ts_min_low_60,
           ts_quantile_close_10_02, ts_quantile_close_10_08, ts_quantile_close_20_02, ts_quantile_close_20_08,
           ts_quantile_close_30_02, ts_quantile_close_30_08, ts_quantile_close_5_02, ts_quantile_close_5_08,
           ts_quantile_close_60_02, ts_quantile_close_60_08, ts_rank_close_10, ts_rank_close_20, ts_rank_close_30,
           ts_rank_close_5, ts_rank_close_60, ts_residual_close_10, ts_residual_close_20, ts_residual_close_30,
           ts_residual_close_5, ts_residual_close_60, ts_rsquare_close_10, ts_rsquare_close_20, ts_rsquare_close_30,
           ts_rsquare_close_5, ts_rsquare_close_60, ts_slope_close_10, ts_slope_close_20, ts_slope_close_30,
           ts_slope_close_5, ts_slope_close_60, ts_stddev_close_10, ts_stddev_close_20, ts_stddev_close_30,
           ts_stddev_close_5, ts_stddev_close_60, ts_stddev_volume_10, ts_stddev_volume_20, ts_stddev_volume_30,
           ts_stddev_volume_5, ts_stddev_volume_60, volume, vwap,
           ts_corr((close / nullif(delay_close_1, 0)), CASE WHEN ((volume / nullif(delay_volume_1, 0)) + 1.0) > 0 THEN ln(((volume / nullif(delay_volume_1, 0)) + 1.0)) END, 5, min_periods => 1) OVER w AS ts_corr_of_6,
           ts_corr((close / nullif(delay_close_1, 0)), CASE WHEN ((volume / nullif(delay_volume_1, 0)) + 1.0) > 0 THEN ln(((volume / nullif(delay_volume_1, 0)) + 1.0)) END, 10, min_periods => 1) OVER w AS ts_corr_of_7,
           ts_corr((close / nullif(delay_close_1, 0)), CASE WHEN ((volume / nullif(delay_volume_1, 0)) + 1.0) > 0 THEN ln(((volume / nullif(delay_volume_1, 0)) + 1.0)) END, 20, min_periods => 1) OVER w AS ts_corr_of_8,
           ts_corr((close / nullif(delay_close_1, 0)), CASE WHEN ((volume / nullif(delay_volume_1, 0)) + 1.0) > 0 THEN ln(((volume / nullif(delay_volume_1, 0)) + 1.0)) END, 30, min_periods => 1) OVER w AS ts_corr_of_9,
           ts_corr((close / nullif(delay_close_1, 0)), CASE WHEN ((volume / nullif(delay_volume_1, 0)) + 1.0) > 0 THEN ln(((volume / nullif(delay_volume_1, 0)) + 1.0)) END, 60, min_periods => 1) OVER w AS ts_corr_of_10,
           ts_mean(coalesce(CAST((close > delay_close_1) AS DOUBLE), 0.0), 5, min_periods => 1) OVER w AS ts_mean_of_1,
           ts_mean(coalesce(CAST((close > delay_close_1) AS DOUBLE), 0.0), 10, min_periods => 1) OVER w AS ts_mean_of_2,
           ts_mean(coalesce(CAST((close > delay_close_1) AS DOUBLE), 0.0), 20, min_periods => 1) OVER w AS ts_mean_of_3,
           ts_mean(coalesce(CAST((close > delay_close_1) AS DOUBLE), 0.0), 30, min_periods => 1) OVER w AS ts_mean_of_4,
           ts_mean(coalesce(CAST((close > delay_close_1) AS DOUBLE), 0.0), 60, min_periods => 1) OVER w AS ts_mean_of_5,
           ts_mean(coalesce(CAST((close < delay_close_1) AS DOUBLE), 0.0), 5, min_periods => 1) OVER w AS ts_mean_of_6,
           ts_mean(coalesce(CAST((close < delay_close_1) AS DOUBLE), 0.0), 10, min_periods => 1) OVER w AS ts_mean_of_7,
           ts_mean(coalesce(CAST((close < delay_close_1) AS DOUBLE), 0.0), 20, min_periods => 1) OVER w AS ts_mean_of_8,
           ts_mean(coalesce(CAST((close < delay_close_1) AS DOUBLE), 0.0), 30, min_periods => 1) OVER w AS ts_mean_of_9,
           ts_mean(coalesce(CAST((close < delay_close_1) AS DOUBLE), 0.0), 60, min_periods => 1) OVER w AS ts_mean_of_10,
           ts_sum(CASE WHEN (close - delay_close_1) > 0.0 THEN (close - delay_close_1) WHEN (close - delay_close_1) <= 0.0 THEN 0.0 END, 5, min_periods => 1) OVER w AS ts_sum_of_1,
           ts_sum(abs((close - delay_close_1)), 5, min_periods => 1) OVER w AS ts_sum_of_2,
           ts_sum(CASE WHEN (close - delay_close_1) > 0.0 THEN (close - delay_close_1) WHEN (close - delay_close_1) <= 0.0 THEN 0.0 END, 10, min_periods => 1) OVER w AS ts_sum_of_3,
           ts_sum(abs((close - delay_close_1)), 10, min_periods => 1) OVER w AS ts_sum_of_4,
           ts_sum(CASE WHEN (close - delay_close_1) > 0.0 THEN (close - delay_close_1) WHEN (close - delay_close_1) <= 0.0 THEN 0.0 END, 20, min_periods => 1) OVER w AS ts_sum_of_5,
           ts_sum(abs((close - delay_close_1)), 20, min_periods => 1) OVER w AS ts_sum_of_6,
           ts_sum(CASE WHEN (close - delay_close_1) > 0.0 THEN (close - delay_close_1) WHEN (close - delay_close_1) <= 0.0 THEN 0.0 END, 30, min_periods => 1) OVER w AS ts_sum_of_7,
           ts_sum(abs((close - delay_close_1)), 30, min_periods => 1) OVER w AS ts_sum_of_8,
           ts_sum(CASE WHEN (close - delay_close_1) > 0.0 THEN (close - delay_close_1) WHEN (close - delay_close_1) <= 0.0 THEN 0.0 END, 60, min_periods => 1) OVER w AS ts_sum_of_9,
           ts_sum(abs((close - delay_close_1)), 60, min_periods => 1) OVER w AS ts_sum_of_10,
           ts_sum(CASE WHEN (delay_close_1 - close) > 0.0 THEN (delay_close_1 - close) WHEN (delay_close_1 - close) <= 0.0 THEN 0.0 END, 5, min_periods => 1) OVER w AS ts_sum_of_11,
           ts_sum(CASE WHEN (delay_close_1 - close) > 0.0 THEN (delay_close_1 - close) WHEN (delay_close_1 - close) <= 0.0 THEN 0.0 END, 10, min_periods => 1) OVER w AS ts_sum_of_12,
           ts_sum(CASE WHEN (delay_close_1 - close) > 0.0 THEN (delay_close_1 - close) WHEN (delay_close_1 - close) <= 0.0 THEN 0.0 END, 20, min_periods => 1) OVER w AS ts_sum_of_13,
           ts_sum(CASE WHEN (delay_close_1 - close) > 0.0 THEN (delay_close_1 - close) WHEN (delay_close_1 - close) <= 0.0 THEN 0.0 END, 30, min_periods => 1) OVER w AS ts_sum_of_14,
           ts_sum(CASE WHEN (delay_close_1 - close) > 0.0 THEN (delay_close_1 - close) WHEN (delay_close_1 - close) <= 0.0 THEN 0.0 END, 60, min_periods => 1) OVER w AS ts_sum_of_15,
           ts_stddev((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 5, min_periods => 1) OVER w AS ts_stddev_of_1,
           ts_mean((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 5, min_periods => 1) OVER w AS ts_mean_of_11,
           ts_stddev((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 10, min_periods => 1) OVER w AS ts_stddev_of_2,
           ts_mean((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 10, min_periods => 1) OVER w AS ts_mean_of_12,
           ts_stddev((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 20, min_periods => 1) OVER w AS ts_stddev_of_3,
           ts_mean((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 20, min_periods => 1) OVER w AS ts_mean_of_13,
           ts_stddev((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 30, min_periods => 1) OVER w AS ts_stddev_of_4,
           ts_mean((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 30, min_periods => 1) OVER w AS ts_mean_of_14,
           ts_stddev((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 60, min_periods => 1) OVER w AS ts_stddev_of_5,
           ts_mean((abs(((close / nullif(delay_close_1, 0)) - 1.0)) * volume), 60, min_periods => 1) OVER w AS ts_mean_of_15,
           ts_sum(CASE WHEN (volume - delay_volume_1) > 0.0 THEN (volume - delay_volume_1) WHEN (volume - delay_volume_1) <= 0.0 THEN 0.0 END, 5, min_periods => 1) OVER w AS ts_sum_of_16,
           ts_sum(abs((volume - delay_volume_1)), 5, min_periods => 1) OVER w AS ts_sum_of_17,
           ts_sum(CASE WHEN (volume - delay_volume_1) > 0.0 THEN (volume - delay_volume_1) WHEN (volume - delay_volume_1) <= 0.0 THEN 0.0 END, 10, min_periods => 1) OVER w AS ts_sum_of_18,
           ts_sum(abs((volume - delay_volume_1)), 10, min_periods => 1) OVER w AS ts_sum_of_19,
           ts_sum(CASE WHEN (volume - delay_volume_1) > 0.0 THEN (volume - delay_volume_1) WHEN (volume - delay_volume_1) <= 0.0 THEN 0.0 END, 20, min_periods => 1) OVER w AS ts_sum_of_20,
           ts_sum(abs((volume - delay_volume_1)), 20, min_periods => 1) OVER w AS ts_sum_of_21,
           ts_sum(CASE WHEN (volume - delay_volume_1) > 0.0 THEN (volume - delay_volume_1) WHEN (volume - delay_volume_1) <= 0.0 THEN 0.0 END, 30, min_periods => 1) OVER w AS ts_sum_of_22,
           ts_sum(abs((volume - delay_volume_1)), 30, min_periods => 1) OVER w AS ts_sum_of_23,
           ts_sum(CASE WHEN (volume - delay_volume_1) > 0.0 THEN (volume - delay_volume_1) WHEN (volume - delay_volume_1) <= 0.0 THEN 0.0 END, 60, min_periods => 1) OVER w AS ts_sum_of_24,
           ts_sum(abs((volume - delay_volume_1)), 60, min_periods => 1) OVER w AS ts_sum_of_25,
           ts_sum(CASE WHEN (delay_volume_1 - volume) > 0.0 THEN (delay_volume_1 - volume) WHEN (delay_volume_1 - volume) <= 0.0 THEN 0.0 END, 5, min_periods => 1) OVER w AS ts_sum_of_26,
           ts_sum(CASE WHEN (delay_volume_1 - volume) > 0.0 THEN (delay_volume_1 - volume) WHEN (delay_volume_1 - volume) <= 0.0 THEN 0.0 END, 10, min_periods => 1) OVER w AS ts_sum_of_27,
           ts_sum(CASE WHEN (delay_volume_1 - volume) > 0.0 THEN (delay_volume_1 - volume) WHEN (delay_volume_1 - volume) <= 0.0 THEN 0.0 END, 20, min_periods => 1) OVER w AS ts_sum_of_28,
           ts_sum(CASE WHEN (delay_volume_1 - volume) > 0.0 THEN (delay_volume_1 - volume) WHEN (delay_volume_1 - volume) <= 0.0 THEN 0.0 END, 30, min_periods => 1) OVER w AS ts_sum_of_29,
           ts_sum(CASE WHEN (delay_volume_1 - volume) > 0.0 THEN (delay_volume_1 - volume) WHEN (delay_volume_1 - volume) <= 0.0 THEN 0.0 END, 60, min_periods => 1) OVER w AS ts_sum_of_30
    FROM step_1
    WINDOW w AS (PARTITION BY symbol ORDER BY ts)
)
SELECT symbol, ts,
       -- ($close-$open)/$open
       (close - open) / nullif(open, 0) AS kmid,
       -- ($high-$low)/$open
       (high - low) / nullif(open, 0) AS klen,
       -- ($close-$open)/($high-$low+1e-12)
       (close - open) / nullif(((high - low) + 1e-12), 0) AS kmid2,
       -- ($high-Greater($open, $close))/$open
       (high - CASE WHEN open > close THEN open WHEN open <= close THEN close END) / nullif(open, 0) AS kup,
       -- ($high-Greater($open, $close))/($high-$low+1e-12)
       (high - CASE WHEN open > close THEN open WHEN open <= close THEN close END) / nullif(((high - low) + 1e-12), 0) AS kup2,
       -- (Less($open, $close)-$low)/$open
       (CASE WHEN open < close THEN open WHEN open >= close THEN close END - low) / nullif(open, 0) AS klow,
       -- (Less($open, $close)-$low)/($high-$low+1e-12)
       (CASE WHEN open < close THEN open WHEN open >= close THEN close END - low) / nullif(((high - low) + 1e-12), 0) AS klow2,
       -- (2*$close-$high-$low)/$open
       (((2.0 * close) - high) - low) / nullif(open, 0) AS ksft,
       -- (2*$close-$high-$low)/($high-$low+1e-12)
       (((2.0 * close) - high) - low) / nullif(((high - low) + 1e-12), 0) AS ksft2,
       -- $open/$close
       open / nullif(close, 0) AS open0,
       -- $high/$close
       high / nullif(close, 0) AS high0,
       -- $low/$close
       low / nullif(close, 0) AS low0,
       -- $vwap/$close
       vwap / nullif(close, 0) AS vwap0,
       -- Ref($close, 5)/$close
       delay_close_5 / nullif(close, 0) AS roc5,
       -- Ref($close, 10)/$close
       delay_close_10 / nullif(close, 0) AS roc10,
       -- Ref($close, 20)/$close
       delay_close_20 / nullif(close, 0) AS roc20,
       -- Ref($close, 30)/$close
       delay_close_30 / nullif(close, 0) AS roc30,
       -- Ref($close, 60)/$close
       delay_close_60 / nullif(close, 0) AS roc60,
       -- Mean($close, 5)/$close
       ts_mean_close_5 / nullif(close, 0) AS ma5,
       -- Mean($close, 10)/$close
       ts_mean_close_10 / nullif(close, 0) AS ma10,
       -- Mean($close, 20)/$close
       ts_mean_close_20 / nullif(close, 0) AS ma20,
       -- Mean($close, 30)/$close
       ts_mean_close_30 / nullif(close, 0) AS ma30,
       -- Mean($close, 60)/$close
       ts_mean_close_60 / nullif(close, 0) AS ma60,
       -- Std($close, 5)/$close
       ts_stddev_close_5 / nullif(close, 0) AS std5,
       -- Std($close, 10)/$close
       ts_stddev_close_10 / nullif(close, 0) AS std10,
       -- Std($close, 20)/$close
       ts_stddev_close_20 / nullif(close, 0) AS std20,
       -- Std($close, 30)/$close
       ts_stddev_close_30 / nullif(close, 0) AS std30,
       -- Std($close, 60)/$close
       ts_stddev_close_60 / nullif(close, 0) AS std60,
       -- Slope($close, 5)/$close
       ts_slope_close_5 / nullif(close, 0) AS beta5,
       -- Slope($close, 10)/$close
       ts_slope_close_10 / nullif(close, 0) AS beta10,
       -- Slope($close, 20)/$close
       ts_slope_close_20 / nullif(close, 0) AS beta20,
       -- Slope($close, 30)/$close
       ts_slope_close_30 / nullif(close, 0) AS beta30,
       -- Slope($close, 60)/$close
       ts_slope_close_60 / nullif(close, 0) AS beta60,
       -- Rsquare($close, 5)
       ts_rsquare_close_5 AS rsqr5,
       -- Rsquare($close, 10)
       ts_rsquare_close_10 AS rsqr10,
       -- Rsquare($close, 20)
       ts_rsquare_close_20 AS rsqr20,
       -- Rsquare($close, 30)
       ts_rsquare_close_30 AS rsqr30,
       -- Rsquare($close, 60)
       ts_rsquare_close_60 AS rsqr60,
       -- Resi($close, 5)/$close
       ts_residual_close_5 / nullif(close, 0) AS resi5,
       -- Resi($close, 10)/$close
       ts_residual_close_10 / nullif(close, 0) AS resi10,
       -- Resi($close, 20)/$close
       ts_residual_close_20 / nullif(close, 0) AS resi20,
       -- Resi($close, 30)/$close
       ts_residual_close_30 / nullif(close, 0) AS resi30,
       -- Resi($close, 60)/$close
       ts_residual_close_60 / nullif(close, 0) AS resi60,
       -- Max($high, 5)/$close
       ts_max_high_5 / nullif(close, 0) AS max5,
       -- Max($high, 10)/$close
       ts_max_high_10 / nullif(close, 0) AS max10,
       -- Max($high, 20)/$close
       ts_max_high_20 / nullif(close, 0) AS max20,
       -- Max($high, 30)/$close
       ts_max_high_30 / nullif(close, 0) AS max30,
       -- Max($high, 60)/$close
       ts_max_high_60 / nullif(close, 0) AS max60,
       -- Min($low, 5)/$close
       ts_min_low_5 / nullif(close, 0) AS min5,
       -- Min($low, 10)/$close
       ts_min_low_10 / nullif(close, 0) AS min10,
       -- Min($low, 20)/$close
       ts_min_low_20 / nullif(close, 0) AS min20,
       -- Min($low, 30)/$close
       ts_min_low_30 / nullif(close, 0) AS min30,
       -- Min($low, 60)/$close
       ts_min_low_60 / nullif(close, 0) AS min60,
       -- Quantile($close, 5, 0.8)/$close
       ts_quantile_close_5_08 / nullif(close, 0) AS qtlu5,
       -- Quantile($close, 10, 0.8)/$close
       ts_quantile_close_10_08 / nullif(close, 0) AS qtlu10,
       -- Quantile($close, 20, 0.8)/$close
       ts_quantile_close_20_08 / nullif(close, 0) AS qtlu20,
       -- Quantile($close, 30, 0.8)/$close
       ts_quantile_close_30_08 / nullif(close, 0) AS qtlu30,
       -- Quantile($close, 60, 0.8)/$close
       ts_quantile_close_60_08 / nullif(close, 0) AS qtlu60,
       -- Quantile($close, 5, 0.2)/$close
       ts_quantile_close_5_02 / nullif(close, 0) AS qtld5,
       -- Quantile($close, 10, 0.2)/$close
       ts_quantile_close_10_02 / nullif(close, 0) AS qtld10,
       -- Quantile($close, 20, 0.2)/$close
       ts_quantile_close_20_02 / nullif(close, 0) AS qtld20,
       -- Quantile($close, 30, 0.2)/$close
       ts_quantile_close_30_02 / nullif(close, 0) AS qtld30,
       -- Quantile($close, 60, 0.2)/$close
       ts_quantile_close_60_02 / nullif(close, 0) AS qtld60,
       -- Rank($close, 5)
       ts_rank_close_5 AS rank5,
       -- Rank($close, 10)
       ts_rank_close_10 AS rank10,
       -- Rank($close, 20)
       ts_rank_close_20 AS rank20,
       -- Rank($close, 30)
       ts_rank_close_30 AS rank30,
       -- Rank($close, 60)
       ts_rank_close_60 AS rank60,
       -- ($close-Min($low, 5))/(Max($high, 5)-Min($low, 5)+1e-12)
       (close - ts_min_low_5) / nullif(((ts_max_high_5 - ts_min_low_5) + 1e-12), 0) AS rsv5,
       -- ($close-Min($low, 10))/(Max($high, 10)-Min($low, 10)+1e-12)
       (close - ts_min_low_10) / nullif(((ts_max_high_10 - ts_min_low_10) + 1e-12), 0) AS rsv10,
       -- ($close-Min($low, 20))/(Max($high, 20)-Min($low, 20)+1e-12)
       (close - ts_min_low_20) / nullif(((ts_max_high_20 - ts_min_low_20) + 1e-12), 0) AS rsv20,
       -- ($close-Min($low, 30))/(Max($high, 30)-Min($low, 30)+1e-12)
       (close - ts_min_low_30) / nullif(((ts_max_high_30 - ts_min_low_30) + 1e-12), 0) AS rsv30,
       -- ($close-Min($low, 60))/(Max($high, 60)-Min($low, 60)+1e-12)
       (close - ts_min_low_60) / nullif(((ts_max_high_60 - ts_min_low_60) + 1e-12), 0) AS rsv60,
       -- IdxMax($high, 5)/5
       ts_argmax_high_5 / 5.0 AS imax5,
       -- IdxMax($high, 10)/10
       ts_argmax_high_10 / 10.0 AS imax10,
       -- IdxMax($high, 20)/20
       ts_argmax_high_20 / 20.0 AS imax20,
       -- IdxMax($high, 30)/30
       ts_argmax_high_30 / 30.0 AS imax30,
       -- IdxMax($high, 60)/60
       ts_argmax_high_60 / 60.0 AS imax60,
       -- IdxMin($low, 5)/5
       ts_argmin_low_5 / 5.0 AS imin5,
       -- IdxMin($low, 10)/10
       ts_argmin_low_10 / 10.0 AS imin10,
       -- IdxMin($low, 20)/20
       ts_argmin_low_20 / 20.0 AS imin20,
       -- IdxMin($low, 30)/30
       ts_argmin_low_30 / 30.0 AS imin30,
       -- IdxMin($low, 60)/60
       ts_argmin_low_60 / 60.0 AS imin60,
       -- (IdxMax($high, 5)-IdxMin($low, 5))/5
       (ts_argmax_high_5 - ts_argmin_low_5) / 5.0 AS imxd5,
       -- (IdxMax($high, 10)-IdxMin($low, 10))/10
       (ts_argmax_high_10 - ts_argmin_low_10) / 10.0 AS imxd10,
       -- (IdxMax($high, 20)-IdxMin($low, 20))/20
       (ts_argmax_high_20 - ts_argmin_low_20) / 20.0 AS imxd20,
       -- (IdxMax($high, 30)-IdxMin($low, 30))/30
       (ts_argmax_high_30 - ts_argmin_low_30) / 30.0 AS imxd30,
       -- (IdxMax($high, 60)-IdxMin($low, 60))/60
       (ts_argmax_high_60 - ts_argmin_low_60) / 60.0 AS imxd60,
       -- Corr($close, Log($volume+1), 5)
       ts_corr_of_1 AS corr5,
       -- Corr($close, Log($volume+1), 10)
       ts_corr_of_2 AS corr10,
       -- Corr($close, Log($volume+1), 20)
       ts_corr_of_3 AS corr20,
       -- Corr($close, Log($volume+1), 30)
       ts_corr_of_4 AS corr30,
       -- Corr($close, Log($volume+1), 60)
       ts_corr_of_5 AS corr60,
       -- Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), 5)
       ts_corr_of_6 AS cord5,
       -- Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), 10)
       ts_corr_of_7 AS cord10,
       -- Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), 20)
       ts_corr_of_8 AS cord20,
       -- Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), 30)
       ts_corr_of_9 AS cord30,
       -- Corr($close/Ref($close,1), Log($volume/Ref($volume, 1)+1), 60)
       ts_corr_of_10 AS cord60,
       -- Mean($close>Ref($close, 1), 5)
       ts_mean_of_1 AS cntp5,
       -- Mean($close>Ref($close, 1), 10)
       ts_mean_of_2 AS cntp10,
       -- Mean($close>Ref($close, 1), 20)
       ts_mean_of_3 AS cntp20,
       -- Mean($close>Ref($close, 1), 30)
       ts_mean_of_4 AS cntp30,
       -- Mean($close>Ref($close, 1), 60)
       ts_mean_of_5 AS cntp60,
       -- Mean($close<Ref($close, 1), 5)
       ts_mean_of_6 AS cntn5,
       -- Mean($close<Ref($close, 1), 10)
       ts_mean_of_7 AS cntn10,
       -- Mean($close<Ref($close, 1), 20)
       ts_mean_of_8 AS cntn20,
       -- Mean($close<Ref($close, 1), 30)
       ts_mean_of_9 AS cntn30,
       -- Mean($close<Ref($close, 1), 60)
       ts_mean_of_10 AS cntn60,
       -- Mean($close>Ref($close, 1), 5)-Mean($close<Ref($close, 1), 5)
       ts_mean_of_1 - ts_mean_of_6 AS cntd5,
       -- Mean($close>Ref($close, 1), 10)-Mean($close<Ref($close, 1), 10)
       ts_mean_of_2 - ts_mean_of_7 AS cntd10,
       -- Mean($close>Ref($close, 1), 20)-Mean($close<Ref($close, 1), 20)
       ts_mean_of_3 - ts_mean_of_8 AS cntd20,
       -- Mean($close>Ref($close, 1), 30)-Mean($close<Ref($close, 1), 30)
       ts_mean_of_4 - ts_mean_of_9 AS cntd30,
       -- Mean($close>Ref($close, 1), 60)-Mean($close<Ref($close, 1), 60)
       ts_mean_of_5 - ts_mean_of_10 AS cntd60,
       -- Sum(Greater($close-Ref($close, 1), 0), 5)/(Sum(Abs($close-Ref($close, 1)), 5)+1e-12)
       ts_sum_of_1 / nullif((ts_sum_of_2 + 1e-12), 0) AS sump5,
       -- Sum(Greater($close-Ref($close, 1), 0), 10)/(Sum(Abs($close-Ref($close, 1)), 10)+1e-12)
       ts_sum_of_3 / nullif((ts_sum_of_4 + 1e-12), 0) AS sump10,
       -- Sum(Greater($close-Ref($close, 1), 0), 20)/(Sum(Abs($close-Ref($close, 1)), 20)+1e-12)
       ts_sum_of_5 / nullif((ts_sum_of_6 + 1e-12), 0) AS sump20,
       -- Sum(Greater($close-Ref($close, 1), 0), 30)/(Sum(Abs($close-Ref($close, 1)), 30)+1e-12)
       ts_sum_of_7 / nullif((ts_sum_of_8 + 1e-12), 0) AS sump30,
       -- Sum(Greater($close-Ref($close, 1), 0), 60)/(Sum(Abs($close-Ref($close, 1)), 60)+1e-12)
       ts_sum_of_9 / nullif((ts_sum_of_10 + 1e-12), 0) AS sump60,
       -- Sum(Greater(Ref($close, 1)-$close, 0), 5)/(Sum(Abs($close-Ref($close, 1)), 5)+1e-12)
       ts_sum_of_11 / nullif((ts_sum_of_2 + 1e-12), 0) AS sumn5,
       -- Sum(Greater(Ref($close, 1)-$close, 0), 10)/(Sum(Abs($close-Ref($close, 1)), 10)+1e-12)
       ts_sum_of_12 / nullif((ts_sum_of_4 + 1e-12), 0) AS sumn10,
       -- Sum(Greater(Ref($close, 1)-$close, 0), 20)/(Sum(Abs($close-Ref($close, 1)), 20)+1e-12)
       ts_sum_of_13 / nullif((ts_sum_of_6 + 1e-12), 0) AS sumn20,
       -- Sum(Greater(Ref($close, 1)-$close, 0), 30)/(Sum(Abs($close-Ref($close, 1)), 30)+1e-12)
       ts_sum_of_14 / nullif((ts_sum_of_8 + 1e-12), 0) AS sumn30,
       -- Sum(Greater(Ref($close, 1)-$close, 0), 60)/(Sum(Abs($close-Ref($close, 1)), 60)+1e-12)
       ts_sum_of_15 / nullif((ts_sum_of_10 + 1e-12), 0) AS sumn60,
       -- (Sum(Greater($close-Ref($close, 1), 0), 5)-Sum(Greater(Ref($close, 1)-$close, 0), 5))/(Sum(Abs($close-Ref($close, 1)), 5)+1e-12)
       (ts_sum_of_1 - ts_sum_of_11) / nullif((ts_sum_of_2 + 1e-12), 0) AS sumd5,
       -- (Sum(Greater($close-Ref($close, 1), 0), 10)-Sum(Greater(Ref($close, 1)-$close, 0), 10))/(Sum(Abs($close-Ref($close, 1)), 10)+1e-12)
       (ts_sum_of_3 - ts_sum_of_12) / nullif((ts_sum_of_4 + 1e-12), 0) AS sumd10,
       -- (Sum(Greater($close-Ref($close, 1), 0), 20)-Sum(Greater(Ref($close, 1)-$close, 0), 20))/(Sum(Abs($close-Ref($close, 1)), 20)+1e-12)
       (ts_sum_of_5 - ts_sum_of_13) / nullif((ts_sum_of_6 + 1e-12), 0) AS sumd20,
       -- (Sum(Greater($close-Ref($close, 1), 0), 30)-Sum(Greater(Ref($close, 1)-$close, 0), 30))/(Sum(Abs($close-Ref($close, 1)), 30)+1e-12)
       (ts_sum_of_7 - ts_sum_of_14) / nullif((ts_sum_of_8 + 1e-12), 0) AS sumd30,
       -- (Sum(Greater($close-Ref($close, 1), 0), 60)-Sum(Greater(Ref($close, 1)-$close, 0), 60))/(Sum(Abs($close-Ref($close, 1)), 60)+1e-12)
       (ts_sum_of_9 - ts_sum_of_15) / nullif((ts_sum_of_10 + 1e-12), 0) AS sumd60,
       -- Mean($volume, 5)/($volume+1e-12)
       ts_mean_volume_5 / nullif((volume + 1e-12), 0) AS vma5,
       -- Mean($volume, 10)/($volume+1e-12)
       ts_mean_volume_10 / nullif((volume + 1e-12), 0) AS vma10,
       -- Mean($volume, 20)/($volume+1e-12)
       ts_mean_volume_20 / nullif((volume + 1e-12), 0) AS vma20,
       -- Mean($volume, 30)/($volume+1e-12)
       ts_mean_volume_30 / nullif((volume + 1e-12), 0) AS vma30,
       -- Mean($volume, 60)/($volume+1e-12)
       ts_mean_volume_60 / nullif((volume + 1e-12), 0) AS vma60,
       -- Std($volume, 5)/($volume+1e-12)
       ts_stddev_volume_5 / nullif((volume + 1e-12), 0) AS vstd5,
       -- Std($volume, 10)/($volume+1e-12)
       ts_stddev_volume_10 / nullif((volume + 1e-12), 0) AS vstd10,
       -- Std($volume, 20)/($volume+1e-12)
       ts_stddev_volume_20 / nullif((volume + 1e-12), 0) AS vstd20,
       -- Std($volume, 30)/($volume+1e-12)
       ts_stddev_volume_30 / nullif((volume + 1e-12), 0) AS vstd30,
       -- Std($volume, 60)/($volume+1e-12)
       ts_stddev_volume_60 / nullif((volume + 1e-12), 0) AS vstd60,
       -- Std(Abs($close/Ref($close, 1)-1)*$volume, 5)/(Mean(Abs($close/Ref($close, 1)-1)*$volume, 5)+1e-12)
       ts_stddev_of_1 / nullif((ts_mean_of_11 + 1e-12), 0) AS wvma5,
       -- Std(Abs($close/Ref($close, 1)-1)*$volume, 10)/(Mean(Abs($close/Ref($close, 1)-1)*$volume, 10)+1e-12)
       ts_stddev_of_2 / nullif((ts_mean_of_12 + 1e-12), 0) AS wvma10,
       -- Std(Abs($close/Ref($close, 1)-1)*$volume, 20)/(Mean(Abs($close/Ref($close, 1)-1)*$volume, 20)+1e-12)
       ts_stddev_of_3 / nullif((ts_mean_of_13 + 1e-12), 0) AS wvma20,
       -- Std(Abs($close/Ref($close, 1)-1)*$volume, 30)/(Mean(Abs($close/Ref($close, 1)-1)*$volume, 30)+1e-12)
       ts_stddev_of_4 / nullif((ts_mean_of_14 + 1e-12), 0) AS wvma30,
       -- Std(Abs($close/Ref($close, 1)-1)*$volume, 60)/(Mean(Abs($close/Ref($close, 1)-1)*$volume, 60)+1e-12)
       ts_stddev_of_5 / nullif((ts_mean_of_15 + 1e-12), 0) AS wvma60,
       -- Sum(Greater($volume-Ref($volume, 1), 0), 5)/(Sum(Abs($volume-Ref($volume, 1)), 5)+1e-12)
       ts_sum_of_16 / nullif((ts_sum_of_17 + 1e-12), 0) AS vsump5,
       -- Sum(Greater($volume-Ref($volume, 1), 0), 10)/(Sum(Abs($volume-Ref($volume, 1)), 10)+1e-12)
       ts_sum_of_18 / nullif((ts_sum_of_19 + 1e-12), 0) AS vsump10,
       -- Sum(Greater($volume-Ref($volume, 1), 0), 20)/(Sum(Abs($volume-Ref($volume, 1)), 20)+1e-12)
       ts_sum_of_20 / nullif((ts_sum_of_21 + 1e-12), 0) AS vsump20,
       -- Sum(Greater($volume-Ref($volume, 1), 0), 30)/(Sum(Abs($volume-Ref($volume, 1)), 30)+1e-12)
       ts_sum_of_22 / nullif((ts_sum_of_23 + 1e-12), 0) AS vsump30,
       -- Sum(Greater($volume-Ref($volume, 1), 0), 60)/(Sum(Abs($volume-Ref($volume, 1)), 60)+1e-12)
       ts_sum_of_24 / nullif((ts_sum_of_25 + 1e-12), 0) AS vsump60,
       -- Sum(Greater(Ref($volume, 1)-$volume, 0), 5)/(Sum(Abs($volume-Ref($volume, 1)), 5)+1e-12)
       ts_sum_of_26 / nullif((ts_sum_of_17 + 1e-12), 0) AS vsumn5,
       -- Sum(Greater(Ref($volume, 1)-$volume, 0), 10)/(Sum(Abs($volume-Ref($volume, 1)), 10)+1e-12)
       ts_sum_of_27 / nullif((ts_sum_of_19 + 1e-12), 0) AS vsumn10,
       -- Sum(Greater(Ref($volume, 1)-$volume, 0), 20)/(Sum(Abs($volume-Ref($volume, 1)), 20)+1e-12)
       ts_sum_of_28 / nullif((ts_sum_of_21 + 1e-12), 0) AS vsumn20,
       -- Sum(Greater(Ref($volume, 1)-$volume, 0), 30)/(Sum(Abs($volume-Ref($volume, 1)), 30)+1e-12)
       ts_sum_of_29 / nullif((ts_sum_of_23 + 1e-12), 0) AS vsumn30,
       -- Sum(Greater(Ref($volume, 1)-$volume, 0), 60)/(Sum(Abs($volume-Ref($volume, 1)), 60)+1e-12)
       ts_sum_of_30 / nullif((ts_sum_of_25 + 1e-12), 0) AS vsumn60,
       -- (Sum(Greater($volume-Ref($volume, 1), 0), 5)-Sum(Greater(Ref($volume, 1)-$volume, 0), 5))/(Sum(Abs($volume-Ref($volume, 1)), 5)+1e-12)
       (ts_sum_of_16 - ts_sum_of_26) / nullif((ts_sum_of_17 + 1e-12), 0) AS vsumd5,
       -- (Sum(Greater($volume-Ref($volume, 1), 0), 10)-Sum(Greater(Ref($volume, 1)-$volume, 0), 10))/(Sum(Abs($volume-Ref($volume, 1)), 10)+1e-12)
       (ts_sum_of_18 - ts_sum_of_27) / nullif((ts_sum_of_19 + 1e-12), 0) AS vsumd10,
       -- (Sum(Greater($volume-Ref($volume, 1), 0), 20)-Sum(Greater(Ref($volume, 1)-$volume, 0), 20))/(Sum(Abs($volume-Ref($volume, 1)), 20)+1e-12)
       (ts_sum_of_20 - ts_sum_of_28) / nullif((ts_sum_of_21 + 1e-12), 0) AS vsumd20,
       -- (Sum(Greater($volume-Ref($volume, 1), 0), 30)-Sum(Greater(Ref($volume, 1)-$volume, 0), 30))/(Sum(Abs($volume-Ref($volume, 1)), 30)+1e-12)
       (ts_sum_of_22 - ts_sum_of_29) / nullif((ts_sum_of_23 + 1e-12), 0) AS vsumd30,
       -- (Sum(Greater($volume-Ref($volume, 1), 0), 60)-Sum(Greater(Ref($volume, 1)-$volume, 0), 60))/(Sum(Abs($volume-Ref($volume, 1)), 60)+1e-12)
       (ts_sum_of_24 - ts_sum_of_30) / nullif((ts_sum_of_25 + 1e-12), 0) AS vsumd60
FROM step_2;
