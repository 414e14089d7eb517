//! Trials: every variant of a strategy that was ever tried, so that the best one can be judged
//! as the best of that many.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{Connection, Row, params};

/// A variant that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTrial {
    /// Where it came from: `run`, or the function that tried it.
    pub source: String,
    /// What was tried, for people: the parameters.
    pub label: String,
    /// What was tried, for the count: the same text for the same variant.
    pub fingerprint: String,
    /// How many returns its Sharpe ratio is of.
    pub n_returns: i64,
    /// Sharpe ratio per period, not annualised; none where it is not defined.
    pub sharpe: Option<f64>,
}

/// A trial in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialEntry {
    /// Its number.
    pub id: i64,
    /// The family it counts in.
    pub family: String,
    /// The run that it was; none for variants of a sweep.
    pub run_id: Option<i64>,
    /// What was tried.
    pub trial: NewTrial,
    /// Who tried it.
    pub user: String,
    /// When, in microseconds since 1970, UTC.
    pub created_at: i64,
    /// Whether it counts: the last one of its fingerprint does.
    pub counts: bool,
}

/// What the trials of a family say together. Repeating a variant is no further trial: it would
/// pull the variance down and flatter the best one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FamilyTrials {
    /// How many different variants were tried.
    pub n_trials: i64,
    /// Variance (n - 1) of their Sharpe ratios per period; none below two.
    pub variance: Option<f64>,
}

impl Ledger {
    /// Counts trials of a family that are not runs, the variants of a sweep, and tells what the
    /// family has seen with them. One that gave the same figure when it was tried last is not
    /// written again: a grid behind a dashboard would fill the ledger.
    ///
    /// # Errors
    /// Those of the file; nothing is written then.
    pub fn add_trials(
        &self,
        name: &str,
        user: &str,
        trials: impl IntoIterator<Item = NewTrial>,
    ) -> Result<FamilyTrials> {
        self.with(|c| {
            let tx = c.transaction()?;
            tx.execute_batch(
                "CREATE OR REPLACE TEMP TABLE new_trials (position BIGINT, source TEXT, label TEXT,
                   fingerprint TEXT, n_returns BIGINT, sharpe DOUBLE)",
            )?;
            let mut rows = tx.appender("new_trials")?;
            for (position, t) in (0_i64..).zip(trials) {
                rows.append_row(params![
                    position,
                    t.source,
                    t.label,
                    t.fingerprint,
                    t.n_returns,
                    t.sharpe
                ])?;
            }
            rows.flush()?;
            drop(rows);
            tx.execute(
                "INSERT INTO trials (family, source, label, fingerprint, n_returns, sharpe,
                   user_name, created_at)
                 SELECT $1, source, label, fingerprint, n_returns, sharpe, $2,
                   make_timestamp($3::BIGINT)
                 FROM new_trials n WHERE NOT EXISTS (
                   SELECT 1 FROM (
                     SELECT fingerprint, n_returns, sharpe FROM trials WHERE family = $1
                     QUALIFY id = max(id) OVER (PARTITION BY fingerprint)) t
                   WHERE t.fingerprint = n.fingerprint AND t.n_returns = n.n_returns
                     AND t.sharpe IS NOT DISTINCT FROM n.sharpe)
                 ORDER BY position",
                params![name, user, now_micros()],
            )?;
            let counted = family(&tx, name)?;
            tx.execute_batch("DROP TABLE new_trials")?;
            tx.commit()?;
            Ok(counted)
        })
    }

    /// Number and variance of a family's trials.
    ///
    /// # Errors
    /// Those of the file.
    pub fn family_trials(&self, name: &str) -> Result<FamilyTrials> {
        self.with(|c| family(c, name))
    }

    /// All trials, oldest first.
    ///
    /// # Errors
    /// Those of the file.
    pub fn trials(&self) -> Result<Vec<TrialEntry>> {
        self.with(|c| {
            c.prepare(&format!(
                "SELECT id, family, run_id, source, label, fingerprint, n_returns, sharpe, user_name,
                   {}, id = max(id) OVER (PARTITION BY family, fingerprint) FROM trials ORDER BY id",
                micros("created_at")
            ))?
            .query_map([], read)?
            .collect()
        })
    }
}

pub(super) fn insert_trial(
    connection: &Connection,
    family: &str,
    user: &str,
    run: Option<i64>,
    trial: &NewTrial,
) -> duckdb::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO trials (family, run_id, source, label, fingerprint, n_returns, sharpe,
               user_name, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT))",
        )?
        .execute(params![
            family,
            run,
            trial.source,
            trial.label,
            trial.fingerprint,
            trial.n_returns,
            trial.sharpe,
            user,
            now_micros()
        ])?;
    Ok(())
}

pub(super) fn family(connection: &Connection, name: &str) -> duckdb::Result<FamilyTrials> {
    connection.query_row(
        "SELECT count(*), var_samp(sharpe) FROM (
           SELECT sharpe FROM trials WHERE family = ?
           QUALIFY id = max(id) OVER (PARTITION BY fingerprint))",
        params![name],
        |row| {
            Ok(FamilyTrials {
                n_trials: row.get(0)?,
                variance: row.get(1)?,
            })
        },
    )
}

fn read(row: &Row<'_>) -> duckdb::Result<TrialEntry> {
    Ok(TrialEntry {
        id: row.get(0)?,
        family: row.get(1)?,
        run_id: row.get(2)?,
        trial: NewTrial {
            source: row.get(3)?,
            label: row.get(4)?,
            fingerprint: row.get(5)?,
            n_returns: row.get(6)?,
            sharpe: row.get(7)?,
        },
        user: row.get(8)?,
        created_at: row.get(9)?,
        counts: row.get(10)?,
    })
}
