#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::layout::SortedScan;
use super::pick::Pick;
use super::tail_scan;
use datafusion::arrow::array::{
    Array, ArrayRef, Int64Array, RecordBatch, StringArray, StringDictionaryBuilder,
};
use datafusion::arrow::compute::{SortOptions, cast};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::Result as DfResult;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::physical_expr::expressions::{Column, binary, lit};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, collect};
use datafusion::prelude::SessionContext;
use proptest::prelude::*;
use std::sync::Arc;
use tempfile::TempDir;

/// A row: symbol and time.
type Row = (Option<String>, i64);

/// How a table of rows is stored and sorted.
#[derive(Debug, Clone)]
struct Kind {
    /// The symbol's type in the files and in the table.
    stored: DataType,
    table: DataType,
    options: SortOptions,
    row_group_rows: usize,
}

impl Kind {
    fn strings(row_group_rows: usize) -> Self {
        Self {
            stored: DataType::Utf8,
            table: DataType::Utf8View,
            options: nulls_last(),
            row_group_rows,
        }
    }

    /// A value's symbol: `S07`, or the number itself where symbols are numbers.
    fn symbol(&self, value: Option<u8>) -> Option<String> {
        value.map(|v| match self.table.is_integer() {
            true => v.to_string(),
            false => format!("S{v:02}"),
        })
    }

    fn compare(&self, left: &Row, right: &Row) -> std::cmp::Ordering {
        let number = |s: &Row| {
            s.0.as_ref()
                .map(|s| s.trim_start_matches('S').parse::<i64>().unwrap())
        };
        let (a, b) = (number(left), number(right));
        let by_symbol = match (a, b) {
            (Some(a), Some(b)) if self.options.descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => std::cmp::Ordering::Equal,
            (a, _) if a.is_none() == self.options.nulls_first => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        by_symbol.then(left.1.cmp(&right.1))
    }
}

fn nulls_last() -> SortOptions {
    SortOptions {
        descending: false,
        nulls_first: false,
    }
}

/// Sorted files in a scratch folder, and the scan over them.
struct Table {
    folder: TempDir,
    kind: Kind,
    files: Vec<PartitionedFile>,
}

impl Table {
    fn new(kind: Kind) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            kind,
            files: Vec::new(),
        }
    }

    fn schema(symbol: &DataType) -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("symbol", symbol.clone(), true),
            Field::new("ts", DataType::Int64, false),
        ]))
    }

    /// Adds a file with these rows in the order given.
    fn write(&mut self, rows: &[Row]) {
        let path = self
            .folder
            .path()
            .join(format!("{}.parquet", self.files.len()));
        let schema = Self::schema(&self.kind.stored);
        let symbols: Vec<Option<&str>> = rows.iter().map(|r| r.0.as_deref()).collect();
        let symbols = column(&symbols, &self.kind.stored);
        let times: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.1)));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![symbols, times]).unwrap();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(self.kind.row_group_rows))
            .build();
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let size = std::fs::metadata(&path).unwrap().len();
        let path = path.canonicalize().unwrap();
        self.files
            .push(PartitionedFile::new(path.to_string_lossy(), size));
    }

    fn scan(&self) -> Arc<dyn ExecutionPlan> {
        let schema = Self::schema(&self.kind.table);
        let sort = |name: &str, i: usize, options| {
            PhysicalSortExpr::new(Arc::new(Column::new(name, i)), options)
        };
        let order = LexOrdering::new([
            sort("symbol", 0, self.kind.options),
            sort("ts", 1, nulls_last()),
        ]);
        let source = Arc::new(ParquetSource::new(schema));
        let url = ObjectStoreUrl::local_filesystem();
        let config = self
            .files
            .iter()
            .fold(FileScanConfigBuilder::new(url, source), |builder, file| {
                builder.with_file(file.clone())
            })
            .with_output_ordering(order.into_iter().collect())
            .build();
        DataSourceExec::from_data_source(config)
    }

    fn in_ranges(&self, n: usize, pick: &Pick) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let scan = self.scan();
        SortedScan::of(scan.as_ref()).unwrap().in_ranges(n, pick)
    }
}

fn column(symbols: &[Option<&str>], data_type: &DataType) -> ArrayRef {
    let strings: ArrayRef = Arc::new(StringArray::from(symbols.to_vec()));
    match data_type {
        DataType::Dictionary(..) => {
            let mut builder = StringDictionaryBuilder::<Int32Type>::new();
            symbols.iter().for_each(|s| builder.append_option(*s));
            Arc::new(builder.finish())
        }
        other => cast(&strings, other).unwrap(),
    }
}

async fn partitions(plan: &Arc<dyn ExecutionPlan>) -> Vec<Vec<Row>> {
    let context = SessionContext::new().task_ctx();
    let n = plan.output_partitioning().partition_count();
    let mut found = Vec::with_capacity(n);
    for i in 0..n {
        let stream = plan.execute(i, Arc::clone(&context)).unwrap();
        let batches = datafusion::physical_plan::common::collect(stream)
            .await
            .unwrap();
        found.push(batches.iter().flat_map(rows).collect());
    }
    found
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let symbols = batch.column_by_name("symbol").unwrap();
    let times = batch.column_by_name("ts").unwrap();
    let times = times.as_any().downcast_ref::<Int64Array>().unwrap();
    let symbol = |i| {
        symbols
            .is_valid(i)
            .then(|| array_value_to_string(symbols, i).unwrap())
    };
    (0..batch.num_rows())
        .map(|i| (symbol(i), times.value(i)))
        .collect()
}

/// Rows of symbols 0, 1, ... with so many rows each.
fn symbols_of(kind: &Kind, counts: &[usize]) -> Vec<Row> {
    let of = |(s, n): (usize, &usize)| {
        let symbol = kind.symbol(Some(s as u8));
        (0..*n as i64)
            .map(move |t| (symbol.clone(), t))
            .collect::<Vec<_>>()
    };
    counts.iter().enumerate().flat_map(of).collect()
}

#[tokio::test]
async fn ranges_are_of_equal_size_as_far_as_symbols_allow() {
    let kind = Kind::strings(7);
    for (counts, n, expected) in [
        (&[10; 4][..], 2, &[20, 20][..]),
        (&[10; 4], 4, &[10; 4]),
        (&[10; 3], 8, &[10; 3]),
        (&[90, 1, 1], 2, &[90, 2]),
        (&[1, 90, 9], 2, &[91, 9]),
        (&[9, 90, 1], 2, &[9, 91]),
        (&[100], 3, &[100]),
        (&[1], 3, &[1]),
    ] {
        let mut table = Table::new(kind.clone());
        table.write(&symbols_of(&kind, counts));
        let plan = table.in_ranges(n, &Pick::default()).unwrap().unwrap();
        let sizes: Vec<usize> = partitions(&plan).await.iter().map(Vec::len).collect();
        assert_eq!(sizes, expected, "{counts:?} in {n}");
    }
}

#[tokio::test]
async fn empty_file_gives_no_ranges() {
    let mut table = Table::new(Kind::strings(4));
    table.write(&[]);
    assert!(table.in_ranges(2, &Pick::default()).unwrap().is_none());
}

#[tokio::test]
async fn file_that_is_not_sorted_is_refused() {
    let kind = Kind::strings(100);
    let mut table = Table::new(kind.clone());
    let mut rows = symbols_of(&kind, &[3, 3, 3, 3]);
    rows.swap(1, 10);
    table.write(&rows);
    assert!(table.in_ranges(2, &Pick::default()).is_err());
}

#[tokio::test]
async fn scan_in_ranges_is_not_cut_again() {
    let kind = Kind::strings(7);
    let mut table = Table::new(kind.clone());
    table.write(&symbols_of(&kind, &[10; 4]));
    let plan = table.in_ranges(2, &Pick::default()).unwrap().unwrap();
    assert!(SortedScan::of(plan.as_ref()).is_none());
    let options = datafusion::config::ConfigOptions::new();
    assert!(plan.repartitioned(8, &options).unwrap().is_none());
}

#[tokio::test]
async fn tail_has_the_last_rows_of_each_symbol() {
    let kind = Kind::strings(8);
    let mut table = Table::new(kind.clone());
    table.write(&symbols_of(&kind, &[20, 1, 33]));
    let plan = tail_scan(&table.scan(), &Column::new("symbol", 0), 2, 3).unwrap();
    let found: Vec<Row> = partitions(&plan).await.concat();
    let row = |s: u8, t| (kind.symbol(Some(s)), t);
    assert_eq!(
        found,
        [row(0, 18), row(0, 19), row(1, 0), row(2, 31), row(2, 32)]
    );
}

#[tokio::test]
async fn tail_of_one_symbol_reads_one_symbol() {
    let kind = Kind::strings(8);
    let mut table = Table::new(kind.clone());
    table.write(&symbols_of(&kind, &[20, 30, 33]));
    let scan = table.scan();
    let symbol: Arc<dyn datafusion::physical_plan::PhysicalExpr> =
        Arc::new(Column::new("symbol", 0));
    let value = lit(datafusion::common::ScalarValue::Utf8View(Some(
        "S01".into(),
    )));
    let equal = binary(
        symbol.clone(),
        datafusion::logical_expr::Operator::Eq,
        value,
        &scan.schema(),
    );
    let filtered: Arc<dyn ExecutionPlan> =
        Arc::new(FilterExec::try_new(equal.unwrap(), scan).unwrap());
    let renamed: Arc<dyn ExecutionPlan> = Arc::new(
        ProjectionExec::try_new(
            vec![
                (Arc::new(Column::new("ts", 1)) as _, "ts".to_string()),
                (symbol, "symbol".to_string()),
            ],
            filtered,
        )
        .unwrap(),
    );
    let plan = tail_scan(&renamed, &Column::new("symbol", 1), 3, 3).unwrap();
    let found: Vec<Row> = partitions(&plan).await.concat();
    let times: Vec<i64> = found.iter().map(|r| r.1).collect();
    assert_eq!(times, [27, 28, 29]);
    let leaf = plan.children()[0].children()[0];
    assert_eq!(partitions(leaf).await.concat().len(), 3);
    // The other column is not the key.
    assert!(tail_scan(&renamed, &Column::new("ts", 0), 3, 3).is_none());
}

#[tokio::test]
async fn tail_below_a_filter_on_another_column_is_not_known() {
    let kind = Kind::strings(8);
    let mut table = Table::new(kind.clone());
    table.write(&symbols_of(&kind, &[20, 30]));
    let scan = table.scan();
    let time = Arc::new(Column::new("ts", 1));
    let late = binary(
        time,
        datafusion::logical_expr::Operator::Lt,
        lit(10_i64),
        &scan.schema(),
    );
    let filtered: Arc<dyn ExecutionPlan> =
        Arc::new(FilterExec::try_new(late.unwrap(), scan).unwrap());
    assert!(tail_scan(&filtered, &Column::new("symbol", 0), 3, 3).is_none());
}

fn kinds() -> impl Strategy<Value = Kind> {
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let types = prop_oneof![
        Just((DataType::Utf8, DataType::Utf8View)),
        Just((DataType::Utf8View, DataType::Utf8)),
        Just((dictionary.clone(), dictionary)),
        Just((DataType::Int32, DataType::Int64)),
    ];
    (types, any::<bool>(), any::<bool>(), 1..40_usize).prop_map(
        |((stored, table), descending, nulls_first, row_group_rows)| Kind {
            stored,
            table,
            options: SortOptions {
                descending,
                nulls_first,
            },
            row_group_rows,
        },
    )
}

/// Up to four files of up to eight symbols (one of them NULL) of up to 60 rows.
fn tables() -> impl Strategy<Value = (Kind, Vec<Vec<Row>>)> {
    let runs = proptest::collection::vec((0..8_u8, 1..60_i64, 0..100_i64), 1..9);
    (kinds(), proptest::collection::vec(runs, 1..5)).prop_map(|(kind, files)| {
        let rows = |runs: Vec<(u8, i64, i64)>| {
            let mut rows: Vec<Row> = runs
                .into_iter()
                .flat_map(|(s, n, start)| {
                    let symbol = kind.symbol((s > 0).then_some(s));
                    (start..start + n).map(move |t| (symbol.clone(), t))
                })
                .collect();
            rows.sort_by(|a, b| kind.compare(a, b));
            rows
        };
        let files = files.into_iter().map(rows).collect();
        (kind, files)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The partitions put one after the other are the table in order, and no symbol is in two.
    #[test]
    fn partitions_are_the_table_in_order((kind, files) in tables(), n in 1..7_usize) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut table = Table::new(kind.clone());
        files.iter().for_each(|rows| table.write(rows));
        let plan = table.in_ranges(n, &Pick::default()).unwrap().unwrap();
        let found = runtime.block_on(partitions(&plan));
        prop_assert!(found.len() <= n);
        let mut expected = files.concat();
        expected.sort_by(|a, b| kind.compare(a, b));
        prop_assert_eq!(found.concat(), expected);
        let symbols_in = |rows: &Vec<Row>| {
            let mut symbols: Vec<_> = rows.iter().map(|r| r.0.clone()).collect();
            symbols.dedup();
            symbols
        };
        let mut all: Vec<_> = found.iter().flat_map(symbols_in).collect();
        let n_found = all.len();
        all.sort();
        all.dedup();
        prop_assert_eq!(all.len(), n_found);
    }

    /// What [`tail_scan`] reads holds the last rows of each symbol, in order, and no more than
    /// that many rows of each file.
    #[test]
    fn tail_holds_the_last_rows_of_each_symbol((kind, files) in tables(), n in 1..9_usize) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut table = Table::new(kind.clone());
        files.iter().for_each(|rows| table.write(rows));
        let plan = tail_scan(&table.scan(), &Column::new("symbol", 0), n, 3).unwrap();
        let found = runtime.block_on(partitions(&plan)).concat();
        let mut all = files.concat();
        all.sort_by(|a, b| kind.compare(a, b));
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            let expected = &group[group.len().saturating_sub(n)..];
            let of_symbol: Vec<Row> = found.iter().filter(|r| r.0 == group[0].0).cloned().collect();
            prop_assert!(of_symbol.ends_with(expected));
            prop_assert!(of_symbol.len() <= n * files.len());
        }
    }
}

#[tokio::test]
async fn scan_in_ranges_gives_what_the_scan_gives() {
    let kind = Kind::strings(5);
    let mut table = Table::new(kind.clone());
    table.write(&symbols_of(&kind, &[4, 9, 2]));
    table.write(&symbols_of(&kind, &[3, 0, 8]));
    let context = SessionContext::new().task_ctx();
    let all = collect(table.scan(), Arc::clone(&context)).await.unwrap();
    let mut all: Vec<Row> = all.iter().flat_map(rows).collect();
    let plan = table.in_ranges(2, &Pick::default()).unwrap().unwrap();
    assert_eq!(plan.name(), "RangeMergeExec");
    let found = collect(plan, context).await.unwrap();
    let mut found: Vec<Row> = found.iter().flat_map(rows).collect();
    all.sort();
    found.sort();
    assert_eq!(found, all);
}
