//! `pbo` and `pbo_selections` in SQL; [`super::overfitting`] says what they compute.

use super::binding::{batch, choice, counts, float, floats, integer, text, texts, whole};
use super::description::{Description, join};
use super::overfitting::{Performance, Selection, overfitting, selections};
use super::panel::Panel;
use super::trials::{FAMILY, ORDER, RETURNS, columns, example, read};
use quantlake_core::relation::Rows;
use quantlake_core::{Args, Function, ParamSpec, QlError, SqlState};

fn splits() -> ParamSpec {
    integer(
        "splits",
        (2, 20),
        16,
        "blocks the rows are cut into, an even number; half of them are the sample, in every combination",
    )
}

fn metric() -> ParamSpec {
    choice(
        "metric",
        &["sharpe", "mean", "sortino"],
        "what the best trial is best at: mean by deviation, mean return, or mean by root mean square of the losses",
    )
}

/// The selections of a call.
struct Splitting {
    function: &'static str,
    n_blocks: usize,
    measure: Performance,
}

impl Splitting {
    fn new(function: &'static str, args: &Args) -> Result<Self, QlError> {
        let n_blocks = args.count("splits")?;
        if n_blocks % 2 == 1 {
            return Err(QlError::bad_argument(
                function,
                "splits",
                "an even number, so that both halves have as many blocks",
                n_blocks,
            ));
        }
        Ok(Self {
            function,
            n_blocks,
            measure: match args.integer("metric")? {
                0 => Performance::Sharpe,
                1 => Performance::Mean,
                _ => Performance::Sortino,
            },
        })
    }

    fn run(&self, rows: &Rows) -> Result<(Panel, Vec<Selection>), QlError> {
        let panel = read(rows, self.function)?;
        let found = selections(&panel.slices(), self.n_blocks, self.measure);
        if found.is_empty() && !rows.is_empty() {
            return Err(QlError::new(
                SqlState::DataException,
                format!(
                    "{}: {} splits need at least 2 trials and {} times at which all have a return, found {} and {}",
                    self.function,
                    self.n_blocks,
                    2 * self.n_blocks,
                    panel.names.len(),
                    panel.n_rows()
                ),
            ));
        }
        Ok((panel, found))
    }
}

fn pbo() -> Function {
    let description = Description {
        name: "pbo",
        family: FAMILY,
        summary: "Probability of backtest overfitting by combinatorially symmetric cross-validation: how often the trial that is best in one half of the blocks does worse than the median in the other; NULL without rows",
        input: RETURNS,
        params: vec![splits(), metric()],
        output: vec![
            float(
                "pbo",
                "share of the combinations with a negative logit, 0 to 1",
            ),
            float(
                "mean_logit",
                "mean logit of the rank outside the sample; above 0 is better than the median",
            ),
            float("median_logit", "median of these logits"),
            float(
                "slope",
                "slope of the performance outside on the one in the sample",
            ),
            float("intercept", "intercept of the same line"),
            float(
                "probability_of_loss",
                "share of the combinations in which the picked trial loses outside the sample",
            ),
            whole("combinations", "number of combinations"),
            whole("trials", "number of trials"),
            whole("rows", "number of times used"),
        ],
        columns: columns(false),
        order: ORDER,
        source: "Bailey, Borwein, Lopez de Prado and Zhu 2017; ties and blocks as in purgedcv",
        example: example(
            "SELECT round(pbo, 6) AS pbo, round(slope, 6) AS slope, combinations FROM pbo(QUERY, splits => 8)",
        ),
        result: "0.214286,-0.499348,70",
    };
    join(description, |args| {
        let splitting = Splitting::new("pbo", args)?;
        Ok(move |rows: &Rows| {
            let (panel, found) = splitting.run(rows)?;
            let all = overfitting(&found);
            let columns = vec![
                floats([all.probability]),
                floats([all.mean_logit]),
                floats([all.median_logit]),
                floats([all.slope]),
                floats([all.intercept]),
                floats([all.probability_of_loss]),
                counts([found.len()]),
                counts([panel.names.len()]),
                counts([panel.n_rows()]),
            ];
            batch(rows, columns)
        })
    })
}

fn pbo_selections() -> Function {
    let description = Description {
        name: "pbo_selections",
        family: FAMILY,
        summary: "Every combination behind pbo: the trial picked in the sample, what it shows there and outside, and the logit of its rank outside",
        input: RETURNS,
        params: vec![splits(), metric()],
        output: vec![
            whole("combination", "number of the combination, from 1"),
            text("trial", "the trial that is best in the sample"),
            float("in_sample", "its performance in the sample, per period"),
            float("out_of_sample", "its performance outside, per period"),
            float(
                "logit",
                "logit of its rank outside; negative is worse than the median",
            ),
        ],
        columns: columns(false),
        order: ORDER,
        source: "Bailey, Borwein, Lopez de Prado and Zhu 2017",
        example: example(
            "SELECT combination, trial, round(logit, 6) AS logit FROM pbo_selections(QUERY, splits => 4) ORDER BY combination",
        ),
        result: "1,k4,1.609438\n2,k3,-1.609438\n3,k4,0.693147\n4,k1,-1.609438\n5,k4,0.693147\n6,k4,1.609438",
    };
    join(description, |args| {
        let splitting = Splitting::new("pbo_selections", args)?;
        Ok(move |rows: &Rows| {
            let (panel, found) = splitting.run(rows)?;
            let columns = vec![
                counts(1..=found.len()),
                texts(found.iter().map(|s| panel.names.get(s.trial))),
                floats(found.iter().map(|s| s.in_sample)),
                floats(found.iter().map(|s| s.out_of_sample)),
                floats(found.iter().map(|s| s.logit)),
            ];
            batch(rows, columns)
        })
    })
}

/// The functions of this file.
pub(super) fn functions() -> Vec<Function> {
    vec![pbo(), pbo_selections()]
}
