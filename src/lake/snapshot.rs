//! Snapshots: the states that the lake has been in, and one state per statement.

use super::error::{self, Result};
use super::surgery::STAGE_PREFIX;
use super::table::LakeTable;
use super::{LakeCore, Snapshot};
use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeZone, Utc};
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::{DmlStatement, LogicalPlan, TableSource};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::SessionContext;
use datafusion_ducklake::metadata_provider::MetadataProvider;
use quantlake_core::{QlError, SqlState};
use std::collections::HashMap;
use std::sync::Arc;

/// One snapshot of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// Its number; larger is later.
    pub snapshot_id: i64,
    /// When it was committed, in microseconds since 1970, UTC.
    pub ts: i64,
    /// What it changed, in DuckLake's words.
    pub changes: String,
}

/// How the catalog file writes time. DuckDB fills `snapshot_time`, a timestamp without zone,
/// with the time of its session's zone, which is the machine's where ICU is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CatalogClock {
    Utc,
    MachineZone,
}

impl CatalogClock {
    pub(crate) fn detect() -> Result<Self> {
        let zone = duckdb::Connection::open_in_memory()
            .and_then(|c| {
                c.query_row("SELECT current_setting('TimeZone')", [], |row| {
                    row.get::<_, String>(0)
                })
            })
            .map_err(|e| error::duckdb(&e))?;
        let is_utc = matches!(zone.as_str(), "" | "UTC" | "Etc/UTC" | "Etc/UCT" | "Zulu");
        Ok(if is_utc { Self::Utc } else { Self::MachineZone })
    }

    fn micros(self, written: &str) -> Option<i64> {
        let naive = parse_naive(written)?;
        Some(match self {
            Self::Utc => naive.and_utc().timestamp_micros(),
            Self::MachineZone => Local
                .from_local_datetime(&naive)
                .earliest()?
                .timestamp_micros(),
        })
    }
}

impl LakeCore {
    /// All snapshots, oldest first.
    pub(crate) fn snapshots(&self) -> Result<Vec<SnapshotEntry>> {
        let rows = self
            .store
            .list_snapshot_changes()
            .map_err(error::ducklake)?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(SnapshotEntry {
                    snapshot_id: row.snapshot_id,
                    ts: self.clock.micros(row.timestamp.as_deref()?)?,
                    changes: described(row.changes_made.unwrap_or_default()),
                })
            })
            .collect())
    }

    pub(crate) fn current_snapshot(&self) -> Result<i64> {
        self.store.get_current_snapshot().map_err(error::ducklake)
    }

    /// The number of a snapshot given by number or time.
    ///
    /// # Errors
    /// 42704 with the range that exists.
    pub(crate) fn resolve_snapshot(&self, wanted: Snapshot) -> Result<i64> {
        let known = self.snapshots()?;
        let found = match wanted {
            Snapshot::Version(id) => known.iter().find(|s| s.snapshot_id == id),
            Snapshot::Time(ts) => known.iter().rev().find(|s| s.ts <= ts),
        };
        match (found, known.first(), known.last()) {
            (Some(snapshot), ..) => Ok(snapshot.snapshot_id),
            (None, Some(first), Some(last)) => Err(unknown(wanted, first, last)),
            _ => Err(QlError::internal("the lake has no snapshots")),
        }
    }
}

/// A table under construction has a name that tells nobody anything.
fn described(changes: String) -> String {
    match changes.contains(STAGE_PREFIX) {
        true => "table under construction".to_string(),
        false => changes,
    }
}

fn unknown(wanted: Snapshot, first: &SnapshotEntry, last: &SnapshotEntry) -> QlError {
    let message = match wanted {
        Snapshot::Version(id) => format!(
            "snapshot {id} does not exist; there are {} to {}",
            first.snapshot_id, last.snapshot_id
        ),
        Snapshot::Time(ts) => format!(
            "there is no snapshot at or before {}; the first is of {}",
            show_micros(ts),
            show_micros(first.ts)
        ),
    };
    QlError::new(SqlState::UndefinedObject, message)
        .with_hint("SELECT * FROM quantlake.snapshots shows them")
}

fn show_micros(ts: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(ts).map_or_else(
        || ts.to_string(),
        |t| t.format("%Y-%m-%d %H:%M:%S%.6f UTC").to_string(),
    )
}

/// Splits `bars@v3` or `bars@2024-01-31 12:00:00` into the table and its snapshot; none when
/// the name has no `@`.
///
/// # Errors
/// 22023 when what follows `@` is neither a version nor a time.
pub(crate) fn split_name(name: &str) -> Result<Option<(&str, Snapshot)>> {
    let Some((table, which)) = name.rsplit_once('@') else {
        return Ok(None);
    };
    let version = which.strip_prefix('v').and_then(|n| n.parse().ok());
    let snapshot = match version {
        Some(id) => Some(Snapshot::Version(id)),
        None => parse_utc(which).map(Snapshot::Time),
    };
    snapshot.map(|s| Some((table, s))).ok_or_else(|| {
        QlError::bad_argument(
            "at_snapshot",
            "time",
            "a timestamp such as 2024-01-31 12:00:00",
            which,
        )
    })
}

/// Microseconds of a time as people write it; without an offset it is UTC.
fn parse_utc(text: &str) -> Option<i64> {
    let with_offset = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
    match with_offset {
        Ok(time) => Some(time.timestamp_micros()),
        Err(_) => Some(parse_naive(text)?.and_utc().timestamp_micros()),
    }
}

fn parse_naive(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().replacen('T', " ", 1);
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| {
            NaiveDate::parse_from_str(&text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
        })
}

/// Makes every statement read one snapshot, however many tables it names.
///
/// DataFusion looks each name up on its own, so a commit of another session can come between
/// two look-ups; tables looked up early are then rebuilt at the newest snapshot seen.
#[derive(Debug)]
struct OneSnapshot;

/// Adds the rule to a session.
pub(crate) fn register(ctx: &SessionContext) {
    let is_there = ctx
        .state()
        .analyzer()
        .rules
        .iter()
        .any(|r| r.name() == OneSnapshot.name());
    if !is_there {
        ctx.add_analyzer_rule(Arc::new(OneSnapshot));
    }
}

impl AnalyzerRule for OneSnapshot {
    fn name(&self) -> &str {
        "one_snapshot"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> DfResult<LogicalPlan> {
        let mut newest: HashMap<usize, i64> = HashMap::new();
        let mut is_mixed = false;
        plan.apply_with_subqueries(|node| {
            if let Some(table) = source_of(node).and_then(as_latest) {
                let entry = newest.entry(table.lake_id()).or_insert(table.snapshot_id());
                is_mixed |= *entry != table.snapshot_id();
                *entry = table.snapshot_id().max(*entry);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if !is_mixed {
            return Ok(plan);
        }
        plan.transform_up_with_subqueries(|node| move_to(node, &newest))
            .map(|t| t.data)
    }
}

fn source_of(node: &LogicalPlan) -> Option<&Arc<dyn TableSource>> {
    match node {
        LogicalPlan::TableScan(scan) => Some(&scan.source),
        LogicalPlan::Dml(dml) => Some(&dml.target),
        _ => None,
    }
}

/// The lake's table behind a source, unless the user asked for one snapshot of it.
fn as_latest(source: &Arc<dyn TableSource>) -> Option<LakeTable> {
    let provider = source_as_provider(source).ok()?;
    let table = provider.downcast_ref::<LakeTable>()?;
    table.is_latest().then(|| table.clone())
}

fn move_to(node: LogicalPlan, newest: &HashMap<usize, i64>) -> DfResult<Transformed<LogicalPlan>> {
    let Some(table) = source_of(&node).and_then(as_latest) else {
        return Ok(Transformed::no(node));
    };
    let wanted = newest
        .get(&table.lake_id())
        .copied()
        .unwrap_or(table.snapshot_id());
    if wanted == table.snapshot_id() {
        return Ok(Transformed::no(node));
    }
    let source = provider_as_source(Arc::new(table.at(wanted)?));
    Ok(Transformed::yes(match node {
        LogicalPlan::TableScan(mut scan) => {
            scan.source = source;
            LogicalPlan::TableScan(scan)
        }
        LogicalPlan::Dml(dml) => {
            LogicalPlan::Dml(DmlStatement::new(dml.table_name, source, dml.op, dml.input))
        }
        other => other,
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn name_with_a_version_or_a_time_is_split() {
        assert_eq!(split_name("bars").unwrap(), None);
        assert_eq!(
            split_name("bars@v3").unwrap(),
            Some(("bars", Snapshot::Version(3)))
        );
        let midnight = 1_706_659_200_000_000;
        for time in [
            "2024-01-31",
            "2024-01-31 00:00:00",
            "2024-01-31T00:00:00Z",
            "2024-01-31 02:00:00+02",
        ] {
            let name = format!("bars@{time}");
            assert_eq!(
                split_name(&name).unwrap(),
                Some(("bars", Snapshot::Time(midnight))),
                "{time}"
            );
        }
        assert_eq!(
            split_name("bars@soon").unwrap_err().state,
            SqlState::InvalidParameter
        );
    }
}
