//! `haircut_sharpe` in SQL; [`super::multiple_testing`] says what it computes.

use super::binding::{batch, float, floats, periods, text, texts};
use super::description::{Description, join};
use super::inference::{FourMoments, MomentRule};
use super::multiple_testing::{Adjustment, adjust_p_values, haircut_sharpe, sharpe_p_value};
use super::trials::{FAMILY, ORDER, RETURNS, columns, example, read};
use quantlake_core::Function;
use quantlake_core::relation::Rows;

pub(super) fn function() -> Function {
    let description = Description {
        name: "haircut_sharpe",
        family: FAMILY,
        summary: "What is left of each trial's annualised Sharpe ratio when its p-value is adjusted for the number of trials; NULL without dispersion",
        input: RETURNS,
        params: vec![periods()],
        output: vec![
            text("trial", "the trial"),
            float("sharpe", "annualised Sharpe ratio"),
            float("p_value", "its two-sided p-value by Student's t test"),
            float("p_bonferroni", "p-value times the number of trials"),
            float("p_holm", "p-value by Holm's procedure"),
            float(
                "p_bhy",
                "p-value by the procedure of Benjamini, Hochberg and Yekutieli",
            ),
            float(
                "sharpe_bonferroni",
                "annualised Sharpe ratio with the p-value of Bonferroni",
            ),
            float(
                "sharpe_holm",
                "annualised Sharpe ratio with the p-value of Holm",
            ),
            float(
                "sharpe_bhy",
                "annualised Sharpe ratio with the p-value of Benjamini, Hochberg and Yekutieli",
            ),
        ],
        columns: columns(false),
        order: ORDER,
        source: "Harvey and Liu 2015, with the trials' own p-values in place of simulated ones",
        example: example(
            "SELECT trial, round(sharpe, 6) AS sharpe, round(sharpe_holm, 6) AS holm FROM haircut_sharpe(QUERY) ORDER BY trial",
        ),
        result: "k0,0.615903,0.0\nk1,1.535131,0.0\nk2,0.584936,0.0\nk3,2.291982,0.756167\nk4,4.482014,3.48403",
    };
    join(description, |args| {
        let annual = args.number("periods")?.sqrt();
        Ok(move |rows: &Rows| {
            let panel = read(rows, "haircut_sharpe")?;
            let n = panel.n_rows() as f64;
            let ratios: Vec<f64> = panel
                .columns
                .iter()
                .map(|c| {
                    FourMoments::of(c)
                        .estimate(1, MomentRule::Population)
                        .sharpe
                })
                .collect();
            let p_values: Vec<f64> = ratios.iter().map(|s| sharpe_p_value(*s, n)).collect();
            let adjusted = [Adjustment::Bonferroni, Adjustment::Holm, Adjustment::Bhy]
                .map(|a| adjust_p_values(&p_values, a));
            let cut = |p: &Vec<f64>| {
                let pairs = ratios.iter().zip(p.clone());
                floats(pairs.map(|(s, p)| haircut_sharpe(*s, p, n) * annual))
            };
            let columns = [
                vec![
                    texts(panel.names.iter().map(Some)),
                    floats(ratios.iter().map(|s| s * annual)),
                    floats(p_values.clone()),
                ],
                adjusted.iter().map(|p| floats(p.clone())).collect(),
                adjusted.iter().map(cut).collect(),
            ];
            batch(rows, columns.concat())
        })
    })
}
