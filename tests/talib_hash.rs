//! TA-Lib's functions through SQL give the bytes of the C library.
//!
//! `tests/golden/indicators_hash.py` makes `tests/golden/indicators/hashes.json`: a hash for each
//! function of the C library and each shape of input, over many series, sizes and constants. The
//! series are made here again from (shape, seed, number of bars) by the same whole-number
//! arithmetic. Functions that the library rewrote since the C program that can be had are held to
//! the largest difference that was measured, with the reason beside it.

#[path = "talib_hash/series.rs"]
mod series;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::parquet::arrow::ArrowWriter;
use futures::TryStreamExt;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use serde_json::Value;
use series::{COLUMNS, bars};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Calls in one query, so that the rows of a query stay small.
const CALLS_PER_QUERY: usize = 60;

/// One series of the table.
struct Series {
    shape: usize,
    seed: u64,
    first_row: usize,
    n_rows: usize,
}

/// The file of expected hashes.
struct Golden {
    header: Value,
    functions: Vec<Value>,
}

impl Golden {
    fn read() -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/indicators/hashes.json");
        let text = std::fs::read_to_string(path).expect("the file of hashes");
        let mut entries: Vec<Value> = serde_json::from_str(&text).expect("JSON");
        let functions = entries.split_off(1);
        Self {
            header: entries.remove(0),
            functions,
        }
    }

    fn shapes(&self) -> Vec<&str> {
        let shapes = self.header["shapes"].as_array().expect("shapes");
        shapes.iter().filter_map(Value::as_str).collect()
    }

    fn numbers(&self, key: &str) -> Vec<u64> {
        let numbers = self.header[key].as_array().expect("numbers");
        numbers.iter().filter_map(Value::as_u64).collect()
    }

    /// Every series in the order in which the hashes run over them.
    fn series(&self) -> Vec<Series> {
        let mut all = Vec::new();
        let mut first_row = 0;
        for shape in 0..self.shapes().len() {
            for seed in self.numbers("seeds") {
                for n_rows in self.numbers("sizes") {
                    let n_rows = n_rows as usize;
                    all.push(Series {
                        shape,
                        seed,
                        first_row,
                        n_rows,
                    });
                    first_row += n_rows;
                }
            }
        }
        all
    }
}

/// All series as one Parquet file with the columns `id`, `t` and [`COLUMNS`].
fn write_series(golden: &Golden, series: &[Series], file: &Path) {
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    let mut columns: [Vec<f64>; 7] = Default::default();
    for (id, one) in series.iter().enumerate() {
        let made = bars(golden.shapes()[one.shape], one.seed, one.n_rows);
        for (column, values) in columns.iter_mut().zip(made) {
            column.extend(values);
        }
        ids.extend(std::iter::repeat_n(id as i64, one.n_rows));
        times.extend(0..one.n_rows as i64);
    }
    let integers = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    let keys = [("id", integers(ids)), ("t", integers(times))];
    let values = COLUMNS
        .into_iter()
        .zip(columns)
        .map(|(name, values)| (name, Arc::new(Float64Array::from(values)) as ArrayRef));
    let batch = RecordBatch::try_from_iter(keys.into_iter().chain(values)).expect("a batch");
    let file = File::create(file).expect("a new file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("the rows");
    writer.close().expect("the end of the file");
}

/// The SQL of each set of constants of a function.
fn calls(function: &Value) -> Vec<String> {
    let name = function["name"].as_str().expect("a name");
    let list = |values: &Value| -> Vec<String> {
        let values = values.as_array().expect("a list");
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), String::from);
        values.iter().map(text).collect()
    };
    let inputs = list(&function["inputs"]);
    let sets = function["constants"].as_array().expect("constants");
    sets.iter()
        .map(|constants| {
            let arguments: Vec<String> = inputs.iter().cloned().chain(list(constants)).collect();
            format!(
                "ta_{}({}) OVER w",
                name.to_ascii_lowercase(),
                arguments.join(", ")
            )
        })
        .collect()
}

/// The result of a query as one batch.
async fn rows(session: &Session, sql: &str) -> RecordBatch {
    let mut result = None;
    for statement in session.parse(sql).expect("SQL") {
        if let Outcome::Rows(rows) = session.execute(&statement, &[]).await.expect("a plan") {
            let schema = rows.schema();
            let batches: Vec<RecordBatch> = rows.try_collect().await.expect("rows");
            result = Some(concat_batches(&schema, &batches).expect("batches of one query"));
        }
    }
    result.expect("a query")
}

/// The values of a call in the order of the series: one column for each output.
fn outputs(column: &ArrayRef) -> Vec<Vec<f64>> {
    match column.as_struct_opt() {
        Some(fields) => {
            let fields = fields.columns().iter();
            fields.map(|field| numbers(field, Some(column))).collect()
        }
        None => vec![numbers(column, None)],
    }
}

/// NULL is NaN; the row of a struct that is NULL as a whole is NULL in each field.
fn numbers(column: &ArrayRef, parent: Option<&ArrayRef>) -> Vec<f64> {
    let doubles = cast(column, &DataType::Float64).expect("numbers");
    let doubles = doubles.as_primitive::<Float64Type>();
    (0..doubles.len())
        .map(|row| {
            let is_known = doubles.is_valid(row) && parent.is_none_or(|p| p.is_valid(row));
            if is_known {
                doubles.value(row)
            } else {
                f64::NAN
            }
        })
        .collect()
}

fn fnv(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3)
    })
}

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;

fn hash_of(values: &[f64]) -> u64 {
    values.iter().fold(FNV_OFFSET, |state, value| {
        let bits = if value.is_nan() { f64::NAN } else { *value };
        fnv(state, &bits.to_le_bytes())
    })
}

/// A function's outputs under each set of constants, one after the other.
struct Found {
    columns: Vec<Vec<f64>>,
}

impl Found {
    /// The hash over one shape, as the file writes it.
    fn hash(&self, shape: usize, series: &[Series]) -> String {
        let of_shape = || series.iter().filter(|s| s.shape == shape);
        let first = of_shape().map(|s| s.first_row).min().unwrap_or_default();
        let last = of_shape().map(|s| s.first_row + s.n_rows).max();
        let rows = first..last.unwrap_or_default();
        let hashes = self.columns.iter().map(|c| hash_of(&c[rows.clone()]));
        let joined = hashes.fold(FNV_OFFSET, |state, hash| fnv(state, &hash.to_le_bytes()));
        format!("{joined:016x}")
    }

    /// The largest difference to the values at the ends of the sampled series, as a share of the
    /// largest value of the output in its series; infinite where only one of the two is NULL.
    fn difference(&self, shape: usize, values: &str, sampled: &[&Series], n_sets: usize) -> f64 {
        let mut expected = values
            .split(' ')
            .map(|v| v.parse::<f64>().unwrap_or(f64::NAN));
        let n_outputs = self.columns.len() / n_sets;
        let mut largest = 0.0_f64;
        for set in self.columns.chunks(n_outputs) {
            for one in sampled.iter().filter(|s| s.shape == shape) {
                for column in set {
                    let own = &column[one.first_row..one.first_row + one.n_rows];
                    let expected = expected.next().expect("a value for each output");
                    largest = largest.max(gap(own, expected));
                }
            }
        }
        assert!(expected.next().is_none(), "more values than outputs");
        largest
    }
}

fn gap(own: &[f64], expected: f64) -> f64 {
    let last = own.last().copied().unwrap_or(f64::NAN);
    if last.is_nan() || expected.is_nan() {
        let agree = last.is_nan() && expected.is_nan();
        return if agree { 0.0 } else { f64::INFINITY };
    }
    let known = own.iter().filter(|v| !v.is_nan());
    let scale = known.fold(0.0_f64, |m, v| m.max(v.abs()));
    let gap = (last - expected).abs();
    if gap == 0.0 { 0.0 } else { gap / scale }
}

/// What is wrong with a function, if anything.
fn judge(golden: &Golden, series: &[Series], function: &Value, found: &Found) -> Vec<String> {
    let name = function["name"].as_str().expect("a name");
    let shapes = golden.shapes();
    let different: Vec<usize> = (0..shapes.len())
        .filter(|&s| Some(found.hash(s, series).as_str()) != function["hashes"][s].as_str())
        .collect();
    let changed = &function["changed"];
    if changed.is_null() {
        let wrong = different
            .iter()
            .map(|&s| format!("{name}: {} differs", shapes[s]));
        return wrong.collect();
    }
    if different.is_empty() {
        return vec![format!(
            "{name} agrees in every bit and is listed as changed"
        )];
    }
    let n_sets = function["constants"].as_array().map_or(1, Vec::len);
    let bound = changed["difference"].as_f64().expect("a bound");
    let seed = golden.header["sampled_seed"].as_u64();
    let sizes = golden.numbers("sampled_sizes");
    let is_sampled = |s: &&Series| Some(s.seed) == seed && sizes.contains(&(s.n_rows as u64));
    let sampled: Vec<&Series> = series.iter().filter(is_sampled).collect();
    let gaps = different.iter().map(|&s| {
        let values = changed["values"][s].as_str().expect("values");
        (s, found.difference(s, values, &sampled, n_sets))
    });
    gaps.filter(|(_, gap)| *gap > bound)
        .map(|(s, gap)| format!("{name}: {} differs by {gap:e}", shapes[s]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn talibs_functions_give_the_bytes_of_the_c_library() {
    let golden = Golden::read();
    assert_eq!(golden.functions.len(), 201);
    let series = golden.series();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("series.parquet");
    write_series(&golden, &series, &file);
    let options = EngineOptions {
        allowed_paths: vec![folder.path().into()],
        ..EngineOptions::default()
    };
    let engine = Engine::open(&folder.path().join("lake"), options)
        .await
        .expect("the engine opens");
    let session = engine.session("tester");
    let create = format!(
        "CREATE EXTERNAL TABLE series STORED AS PARQUET LOCATION '{}'",
        file.display()
    );
    for statement in session.parse(&create).expect("SQL") {
        session.execute(&statement, &[]).await.expect("the table");
    }

    let mut wrong = Vec::new();
    let mut functions = golden.functions.as_slice();
    while !functions.is_empty() {
        let (some, rest) = functions.split_at(functions.len().min(CALLS_PER_QUERY / 3));
        functions = rest;
        let calls: Vec<Vec<String>> = some.iter().map(calls).collect();
        let named = calls.iter().flatten().enumerate();
        let columns: Vec<String> = named.map(|(i, c)| format!("{c} AS c{i}")).collect();
        let sql = format!(
            "SELECT id, t, {} FROM series WINDOW w AS (PARTITION BY id ORDER BY t) ORDER BY id, t",
            columns.join(", ")
        );
        let batch = rows(&session, &sql).await;
        let mut columns = batch.columns().iter().skip(2);
        for (function, calls) in some.iter().zip(&calls) {
            let of_function = columns.by_ref().take(calls.len());
            let columns = of_function.flat_map(outputs).collect();
            wrong.extend(judge(&golden, &series, function, &Found { columns }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The control of the test above: one bit in one row changes the hash.
#[test]
fn one_bit_changes_the_hash() {
    let [.., close, _, _, _] = bars("walk", 1, 60);
    let mut other = close.clone();
    other[30] = other[30].next_up();
    assert_ne!(hash_of(&close), hash_of(&other));
    assert!(gap(&other, close[59].next_up()) > 0.0);
}
