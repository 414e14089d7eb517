//! Runs of strategies: what was run over which data, with what result.

use super::runs_results::{ResultTable, append, ensure_table, result_tables};
use super::runs_trials::{FamilyTrials, NewTrial, family, insert_trial};
use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{OptionalExt, Row, Transaction, params};

/// What identifies a run and what it depended on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunHeader {
    /// The strategy's name.
    pub strategy: String,
    /// The strategy's version.
    pub strategy_version: i64,
    /// The family whose trials are counted together.
    pub family: String,
    /// What the user had to say about it.
    pub note: Option<String>,
    /// Who ran it.
    pub user: String,
    /// The strategy's parameters, a JSON object.
    pub parameters: String,
    /// The arguments of `backtest`, a JSON object.
    pub arguments: String,
    /// The lake's snapshot that was read.
    pub snapshot_id: i64,
    /// The strategy's query, with parameters.
    pub sql: String,
    /// The query as it was run: parameters bound, views expanded, tables at the snapshot.
    pub frozen_sql: String,
    /// Versions of the programs, and the functions and models used: a JSON object.
    pub versions: String,
    /// The seed, where the run was given one.
    pub seed: Option<i64>,
    /// Rows of the query's result.
    pub n_rows: i64,
    /// Symbols among them.
    pub n_symbols: i64,
    /// Time of the first bar, microseconds since 1970, UTC.
    pub first_ts: Option<i64>,
    /// Time of the last bar, microseconds since 1970, UTC.
    pub last_ts: Option<i64>,
    /// What the benchmark is, in words.
    pub benchmark: String,
    /// SHA-256 of each result table, a JSON object by name.
    pub digests: String,
    /// When it began, in microseconds since 1970, UTC.
    pub started_at: i64,
}

/// A statistic of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricEntry {
    /// Its name.
    pub metric: String,
    /// Its value; none where it is not defined.
    pub value: Option<f64>,
    /// The benchmark's value, where the benchmark has it.
    pub benchmark: Option<f64>,
}

/// A run that is not in the ledger yet.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// What it was.
    pub header: RunHeader,
    /// Its statistics.
    pub metrics: Vec<MetricEntry>,
    /// Its results: equity, trades, ...
    pub tables: Vec<ResultTable>,
    /// Its entry among the family's trials.
    pub trial: NewTrial,
}

/// A run in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEntry {
    /// Its number.
    pub id: i64,
    /// What it was.
    pub header: RunHeader,
    /// When it was recorded, in microseconds since 1970, UTC.
    pub finished_at: i64,
}

/// Statistics that need all trials of the family, this run's included.
pub type Honesty<'a> = &'a dyn Fn(&NewRun, FamilyTrials) -> Vec<MetricEntry>;

impl Ledger {
    /// Records runs in one transaction, all or none, and returns each one's number and metrics.
    ///
    /// The trials of all of them are counted before `honesty` judges the first.
    ///
    /// # Errors
    /// Those of the file.
    pub fn record_runs(
        &self,
        runs: &[NewRun],
        honesty: Honesty<'_>,
    ) -> Result<Vec<(i64, Vec<MetricEntry>)>> {
        self.with(|c| {
            for table in runs.iter().flat_map(|run| &run.tables) {
                ensure_table(c, table)?;
            }
            let tx = c.transaction()?;
            let mut ids = Vec::with_capacity(runs.len());
            for run in runs {
                let id = insert_run(&tx, &run.header)?;
                insert_trial(
                    &tx,
                    &run.header.family,
                    &run.header.user,
                    Some(id),
                    &run.trial,
                )?;
                ids.push(id);
            }
            let mut recorded = Vec::with_capacity(runs.len());
            for (id, run) in ids.into_iter().zip(runs) {
                let mut metrics = honesty(run, family(&tx, &run.header.family)?);
                let is_new = |m: &&MetricEntry| !metrics.iter().any(|h| h.metric == m.metric);
                let own: Vec<MetricEntry> = run.metrics.iter().filter(is_new).cloned().collect();
                metrics.splice(0..0, own);
                insert_metrics(&tx, id, &metrics)?;
                for table in &run.tables {
                    append(&tx, id, table)?;
                }
                recorded.push((id, metrics));
            }
            tx.commit()?;
            Ok(recorded)
        })
    }

    /// Removes a run with its results; its trial stays counted. False when there is none.
    ///
    /// # Errors
    /// Those of the file.
    pub fn delete_run(&self, id: i64) -> Result<bool> {
        self.with(|c| {
            let tables = result_tables(c)?;
            let tx = c.transaction()?;
            for table in tables.iter().map(String::as_str).chain(["run_metrics"]) {
                tx.execute(
                    &format!("DELETE FROM \"{table}\" WHERE run_id = ?"),
                    params![id],
                )?;
            }
            let removed = tx.execute("DELETE FROM runs WHERE id = ?", params![id])?;
            tx.commit()?;
            Ok(removed > 0)
        })
    }

    /// One run.
    ///
    /// # Errors
    /// Those of the file.
    pub fn run(&self, id: i64) -> Result<Option<RunEntry>> {
        self.with(|c| {
            c.query_row(&select("WHERE id = ?"), params![id], read)
                .optional()
        })
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// Those of the file.
    pub fn runs(&self) -> Result<Vec<RunEntry>> {
        self.with(|c| {
            c.prepare(&select("ORDER BY id"))?
                .query_map([], read)?
                .collect()
        })
    }

    /// The statistics of one run, or of all, with the runs' numbers.
    ///
    /// # Errors
    /// Those of the file.
    pub fn run_metrics(&self, run: Option<i64>) -> Result<Vec<(i64, MetricEntry)>> {
        self.with(|c| {
            c.prepare(
                "SELECT run_id, metric, value, benchmark FROM run_metrics
                 WHERE coalesce(run_id = ?, true) ORDER BY run_id, rowid",
            )?
            .query_map(params![run], |row| {
                Ok((
                    row.get(0)?,
                    MetricEntry {
                        metric: row.get(1)?,
                        value: row.get(2)?,
                        benchmark: row.get(3)?,
                    },
                ))
            })?
            .collect()
        })
    }
}

fn insert_run(tx: &Transaction<'_>, run: &RunHeader) -> duckdb::Result<i64> {
    tx.query_row(
        "INSERT INTO runs SELECT nextval('run_id'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
           make_timestamp(?::BIGINT), make_timestamp(?::BIGINT), ?, ?,
           make_timestamp(?::BIGINT), make_timestamp(?::BIGINT) RETURNING id",
        params![
            run.strategy,
            run.strategy_version,
            run.family,
            run.note,
            run.user,
            run.parameters,
            run.arguments,
            run.snapshot_id,
            run.sql,
            run.frozen_sql,
            run.versions,
            run.seed,
            run.n_rows,
            run.n_symbols,
            run.first_ts,
            run.last_ts,
            run.benchmark,
            run.digests,
            run.started_at,
            now_micros(),
        ],
        |row| row.get(0),
    )
}

fn insert_metrics(tx: &Transaction<'_>, run: i64, metrics: &[MetricEntry]) -> duckdb::Result<()> {
    let mut rows = tx.appender("run_metrics")?;
    for m in metrics {
        rows.append_row(params![run, m.metric, m.value, m.benchmark])?;
    }
    rows.flush()
}

fn select(rest: &str) -> String {
    format!(
        "SELECT id, strategy, strategy_version, family, note, user_name, parameters, arguments,
           snapshot_id, sql, frozen_sql, versions, seed, n_rows, n_symbols, {}, {}, benchmark,
           digests, {}, {} FROM runs {rest}",
        micros("first_ts"),
        micros("last_ts"),
        micros("started_at"),
        micros("finished_at")
    )
}

fn read(row: &Row<'_>) -> duckdb::Result<RunEntry> {
    Ok(RunEntry {
        id: row.get(0)?,
        header: RunHeader {
            strategy: row.get(1)?,
            strategy_version: row.get(2)?,
            family: row.get(3)?,
            note: row.get(4)?,
            user: row.get(5)?,
            parameters: row.get(6)?,
            arguments: row.get(7)?,
            snapshot_id: row.get(8)?,
            sql: row.get(9)?,
            frozen_sql: row.get(10)?,
            versions: row.get(11)?,
            seed: row.get(12)?,
            n_rows: row.get(13)?,
            n_symbols: row.get(14)?,
            first_ts: row.get(15)?,
            last_ts: row.get(16)?,
            benchmark: row.get(17)?,
            digests: row.get(18)?,
            started_at: row.get(19)?,
        },
        finished_at: row.get(20)?,
    })
}
