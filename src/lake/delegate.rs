//! DuckLake's provider and writer traits on [`CatalogStore`]: every call goes to the connection
//! that is open at the moment.
//!
//! Methods that the DuckDB backend does not implement are left out, so that the traits' own
//! defaults answer for them.

use super::store::CatalogStore;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion_ducklake::Result;
use datafusion_ducklake::inlined_filter::{InlinedDataScan, InlinedFilter};
use datafusion_ducklake::metadata_provider::{
    ColumnTag, ColumnWithTable, DataFileChange, DeleteFileChange, DuckLakeFileMetadata,
    DuckLakeInlinedData, DuckLakeInlinedDelete, DuckLakeNameMapping, DuckLakeStatistics,
    DuckLakeTableColumn, DuckLakeTableField, DuckLakeTableFile, DuckLakeTag, FileWithTable,
    MetadataProvider, ObjectTag, SchemaMetadata, SnapshotChangeMetadata, SnapshotMetadata,
    TableMetadata, TableWithSchema, TagTarget, ViewMetadata, ViewWithSchema,
};
use datafusion_ducklake::metadata_writer::{
    ColumnDef, CommitIds, CompactionOutputFile, CompactionSourceFile, DataFileInfo,
    DeleteFileEntry, DeleteFileInfo, InlinedRowRef, MetadataWriter, MultiTableCommit,
    SnapshotCommitMetadata, SourceRetirement, StagedTableWrite, WriteMode, WriteSetupResult,
};
use datafusion_ducklake::partition::{PartitionSpec, PartitionTransform};
use datafusion_ducklake::sort::{SortField, SortSpec};
use datafusion_ducklake::stats_filter::StatsFilter;
use std::collections::HashMap;

macro_rules! delegate {
    ($backend:ident: $(fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        $(
            #[allow(clippy::too_many_arguments, reason = "the signature is the trait's")]
            fn $name(&self, $($arg: $ty),*) -> $ret {
                self.with(|backend| backend.$backend.$name($($arg),*))
            }
        )*
    };
}

impl MetadataProvider for CatalogStore {
    delegate! { provider:
        fn get_current_snapshot() -> Result<i64>;
        fn get_data_path() -> Result<String>;
        fn get_metadata_settings(schema_id: Option<i64>, table_id: Option<i64>) -> Result<HashMap<String, String>>;
        fn list_snapshots() -> Result<Vec<SnapshotMetadata>>;
        fn list_snapshot_changes() -> Result<Vec<SnapshotChangeMetadata>>;
        fn find_snapshot_by_commit_extra_info(needle: &str) -> Result<Option<i64>>;
        fn list_schemas(snapshot_id: i64) -> Result<Vec<SchemaMetadata>>;
        fn list_tables(schema_id: i64, snapshot_id: i64) -> Result<Vec<TableMetadata>>;
        fn list_views(schema_id: i64, snapshot_id: i64) -> Result<Vec<ViewMetadata>>;
        fn get_table_structure(table_id: i64, snapshot_id: i64) -> Result<Vec<DuckLakeTableColumn>>;
        fn get_table_fields(table_id: i64, snapshot_id: i64) -> Result<Vec<DuckLakeTableField>>;
        fn get_name_mapping(mapping_id: i64) -> Result<DuckLakeNameMapping>;
        fn get_table_files_for_select(table_id: i64, snapshot_id: i64) -> Result<Vec<DuckLakeTableFile>>;
        fn get_partition_spec(table_id: i64, snapshot_id: i64) -> Result<Option<PartitionSpec>>;
        fn get_sort_spec(table_id: i64, snapshot_id: i64) -> Result<Option<SortSpec>>;
        fn get_table_statistics(table_id: i64, snapshot_id: i64) -> Result<DuckLakeStatistics>;
        fn get_table_summary_statistics(table_id: i64, snapshot_id: i64) -> Result<DuckLakeStatistics>;
        fn get_table_file_metadata_page(table_id: i64, snapshot_id: i64, after_data_file_id: Option<i64>, limit: usize) -> Result<Vec<DuckLakeFileMetadata>>;
        fn get_table_file_metadata_page_filtered(table_id: i64, snapshot_id: i64, after_data_file_id: Option<i64>, limit: usize, filter: Option<&StatsFilter>) -> Result<Vec<DuckLakeFileMetadata>>;
        fn get_inlined_data(table_id: i64, snapshot_id: i64, columns: &[DuckLakeTableColumn]) -> Result<Vec<RecordBatch>>;
        fn scan_inlined_data(table_id: i64, snapshot_id: i64, columns: &[DuckLakeTableColumn], filter: Option<&InlinedFilter>) -> Result<InlinedDataScan>;
        fn get_inlined_deletes(table_id: i64, snapshot_id: i64) -> Result<Vec<DuckLakeInlinedDelete>>;
        fn get_inlined_data_with_row_ids(table_id: i64, snapshot_id: i64, columns: &[DuckLakeTableColumn]) -> Result<Vec<DuckLakeInlinedData>>;
        fn get_table_row_count(table_id: i64, snapshot_id: i64) -> Result<u64>;
        fn get_schema_by_name(name: &str, snapshot_id: i64) -> Result<Option<SchemaMetadata>>;
        fn get_table_by_name(schema_id: i64, name: &str, snapshot_id: i64) -> Result<Option<TableMetadata>>;
        fn get_view_by_name(schema_id: i64, name: &str, snapshot_id: i64) -> Result<Option<ViewMetadata>>;
        fn table_exists(schema_id: i64, name: &str, snapshot_id: i64) -> Result<bool>;
        fn get_tags(target: TagTarget, snapshot_id: i64) -> Result<Vec<DuckLakeTag>>;
        fn get_view_id_by_name(schema_id: i64, name: &str, snapshot_id: i64) -> Result<Option<i64>>;
        fn list_all_tables(snapshot_id: i64) -> Result<Vec<TableWithSchema>>;
        fn list_all_views(snapshot_id: i64) -> Result<Vec<ViewWithSchema>>;
        fn list_all_columns(snapshot_id: i64) -> Result<Vec<ColumnWithTable>>;
        fn list_all_object_tags(snapshot_id: i64) -> Result<Vec<ObjectTag>>;
        fn list_all_column_tags(snapshot_id: i64) -> Result<Vec<ColumnTag>>;
        fn list_all_files(snapshot_id: i64) -> Result<Vec<FileWithTable>>;
        fn get_data_files_added_between_snapshots(table_id: i64, start_snapshot: i64, end_snapshot: i64) -> Result<Vec<DataFileChange>>;
        fn get_delete_files_added_between_snapshots(table_id: i64, start_snapshot: i64, end_snapshot: i64) -> Result<Vec<DeleteFileChange>>;
    }
}

impl MetadataWriter for CatalogStore {
    delegate! { writer:
        fn create_snapshot() -> Result<i64>;
        fn set_global_setting(key: &str, value: &str) -> Result<()>;
        fn set_table_setting(table_id: i64, key: &str, value: &str) -> Result<()>;
        fn set_inlined_index_columns(table_id: i64, columns: &[String]) -> Result<()>;
        fn ensure_inlined_indexes(table_id: i64) -> Result<()>;
        fn with_commit_lock(identity: &str, operation: Box<dyn FnOnce() -> Result<()> + '_>) -> Result<()>;
        fn set_tag(target: TagTarget, key: &str, value: Option<&str>) -> Result<i64>;
        fn get_or_create_schema(name: &str, path: Option<&str>, snapshot_id: i64) -> Result<(i64, bool)>;
        fn get_or_create_table(schema_id: i64, name: &str, path: Option<&str>, snapshot_id: i64) -> Result<(i64, bool)>;
        fn set_columns(table_id: i64, columns: &[ColumnDef], snapshot_id: i64) -> Result<Vec<i64>>;
        fn promote_column_type(table_id: i64, column_name: &str, new_type: &str) -> Result<i64>;
        fn set_partition_spec(table_id: i64, columns: &[(String, PartitionTransform)]) -> Result<i64>;
        fn live_partition_spec(table_id: i64) -> Result<Option<PartitionSpec>>;
        fn reset_partition_spec(table_id: i64) -> Result<i64>;
        fn live_sort_spec(table_id: i64) -> Result<Option<SortSpec>>;
        fn set_sort_spec(table_id: i64, fields: &[SortField]) -> Result<i64>;
        fn reset_sort_spec(table_id: i64) -> Result<i64>;
        fn register_data_file(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, file: &DataFileInfo, mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64]) -> Result<CommitIds>;
        fn register_data_files(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, files: &[DataFileInfo], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64]) -> Result<CommitIds>;
        fn register_data_file_with_commit_metadata(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, file: &DataFileInfo, mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64], commit: &SnapshotCommitMetadata, expected_base: Option<i64>) -> Result<CommitIds>;
        fn register_data_files_with_commit_metadata(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, files: &[DataFileInfo], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64], commit: &SnapshotCommitMetadata, expected_base: Option<i64>) -> Result<CommitIds>;
        fn register_inlined_data(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, batches: &[RecordBatch], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64], commit: &SnapshotCommitMetadata, expected_base: Option<i64>) -> Result<CommitIds>;
        fn commit_multi_table(writes: &[StagedTableWrite], commit: &SnapshotCommitMetadata, expected_base: Option<i64>) -> Result<MultiTableCommit>;
        fn set_delete_file(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, data_file_id: i64, expected_prev: Option<i64>, base_snapshot: i64, delete: &DeleteFileInfo) -> Result<CommitIds>;
        fn register_data_file_with_deletes(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, file: &DataFileInfo, deletes: &[DeleteFileEntry], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64]) -> Result<CommitIds>;
        fn register_data_file_with_deletes_and_commit_metadata(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, file: &DataFileInfo, deletes: &[DeleteFileEntry], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64], commit: &SnapshotCommitMetadata, expected_base: Option<i64>) -> Result<CommitIds>;
        fn register_data_files_with_deletes(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, files: &[DataFileInfo], deletes: &[DeleteFileEntry], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64]) -> Result<CommitIds>;
        fn register_data_files_with_deletes_and_commit_metadata(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, files: &[DataFileInfo], deletes: &[DeleteFileEntry], mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64], commit: &SnapshotCommitMetadata, expected_base: Option<i64>) -> Result<CommitIds>;
        fn commit_positional_deletes(table_id: i64, schema_name: &str, table_name: &str, base_snapshot: i64, deletes: &[DeleteFileEntry]) -> Result<CommitIds>;
        fn commit_inlined_deletes(table_id: i64, schema_name: &str, table_name: &str, base_snapshot: i64, rows: &[InlinedRowRef]) -> Result<CommitIds>;
        fn commit_deletes(table_id: i64, schema_name: &str, table_name: &str, base_snapshot: i64, positional: &[DeleteFileEntry], inlined: &[InlinedRowRef]) -> Result<CommitIds>;
        fn commit_compaction(table_id: i64, base_snapshot: i64, sources: &[CompactionSourceFile], outputs: &[CompactionOutputFile], retirement: SourceRetirement) -> Result<CommitIds>;
        fn commit_truncate(table_id: i64, schema_name: &str, table_name: &str, base_snapshot: i64) -> Result<u64>;
        fn retire_appends_since(table_id: i64, base_snapshot: i64) -> Result<Option<i64>>;
        fn publish_snapshot(table_id: i64, schema_name: &str, table_name: &str, snapshot_id: i64, mode: WriteMode, base_snapshot: i64, columns: &[ColumnDef], column_ids: &[i64]) -> Result<CommitIds>;
        fn end_table_files(table_id: i64, snapshot_id: i64) -> Result<u64>;
        fn get_data_path() -> Result<String>;
        fn get_table_column_nullability(schema_name: &str, table_name: &str) -> Result<Option<Vec<(String, bool)>>>;
        fn set_data_path(path: &str) -> Result<()>;
        fn initialize_schema() -> Result<()>;
        fn begin_write_transaction(schema_name: &str, table_name: &str, columns: &[ColumnDef], mode: WriteMode) -> Result<WriteSetupResult>;
    }

    fn supports_data_inlining(&self, schema: &Schema) -> bool {
        self.with(|backend| Ok(backend.writer.supports_data_inlining(schema)))
            .unwrap_or(false)
    }

    fn supports_data_inlining_values(&self, batches: &[RecordBatch]) -> bool {
        self.with(|backend| Ok(backend.writer.supports_data_inlining_values(batches)))
            .unwrap_or(false)
    }

    fn supports_update(&self) -> bool {
        self.with(|backend| Ok(backend.writer.supports_update()))
            .unwrap_or(false)
    }
}
