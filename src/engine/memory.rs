//! The memory pool and the place for spilled data, shared by all sessions.

use datafusion::error::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

/// The share of the machine's memory that queries may use; the rest is for DuckDB, models,
/// the operating system and what operators do not account for.
const DEFAULT_SHARE: f64 = 0.6;

/// How many of the largest consumers an out-of-memory error names.
const NAMED_CONSUMERS: usize = 3;

/// A runtime with a bounded pool that spills under the data directory.
///
/// # Errors
/// When the folder for spilled data cannot be made.
pub fn runtime(dir: &Path, limit: Option<usize>) -> Result<Arc<RuntimeEnv>> {
    let limit = limit.unwrap_or_else(default_limit);
    let top = NonZeroUsize::new(NAMED_CONSUMERS).unwrap_or(NonZeroUsize::MIN);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), top);
    let spill = dir.join("tmp");
    std::fs::create_dir_all(&spill)?;
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![spill])),
        )
        .build_arc()
}

fn default_limit() -> usize {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    // Inside a container the group's limit is the machine.
    let total = system
        .cgroup_limits()
        .map_or(system.total_memory(), |limits| {
            limits.total_memory.min(system.total_memory())
        });
    (total as f64 * DEFAULT_SHARE) as usize
}
