//! Compares functions of one row with a CSV file like those of the window functions.

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use quantlake_core::spec::default_time_type;
use quantlake_core::{Function, Implementation, ParamKind, ParamSpec};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

type Columns = HashMap<String, Vec<Option<f64>>>;

/// Checks every expected column of the files in a folder, and that every row-wise function has one.
pub fn check_folder(functions: &[Function], folder: &Path, tolerance: f64) {
    let mut seen = HashSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let columns = read(&entry.path());
        for (title, expected) in columns.iter().filter(|(t, _)| !t.starts_with("in:")) {
            let (call, field) = title
                .rsplit_once('.')
                .filter(|(call, _)| call.ends_with(')') == call.contains('('))
                .map_or((title.as_str(), None), |(call, field)| (call, Some(field)));
            let (name, constants) = call
                .trim_end_matches(')')
                .split_once('(')
                .unwrap_or((call, ""));
            let function = functions
                .iter()
                .find(|f| f.spec.name == name)
                .unwrap_or_else(|| panic!("no function {name}"));
            seen.insert(name.to_string());
            let got = evaluate(function, &columns, constants, field);
            compare(title, expected, &got, tolerance);
        }
    }
    let untested: Vec<&str> = functions
        .iter()
        .filter(|f| matches!(f.implementation, Implementation::Scalar(_)))
        .map(|f| f.spec.name.as_str())
        .filter(|name| !seen.contains(*name))
        .collect();
    assert!(untested.is_empty(), "no reference values: {untested:?}");
}

fn read(path: &Path) -> Columns {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let mut columns = Columns::new();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')) {
            let value = (!cell.is_empty()).then(|| cell.parse().expect("a number"));
            columns.entry((*name).to_string()).or_default().push(value);
        }
    }
    columns
}

/// Runs a row-wise function over named columns.
pub fn evaluate(
    function: &Function,
    columns: &Columns,
    constants: &str,
    field: Option<&str>,
) -> Vec<Option<f64>> {
    let Implementation::Scalar(udf) = &function.implementation else {
        panic!("{} is no row-wise function", function.spec.name);
    };
    let given: HashMap<&str, &str> = constants
        .split(';')
        .filter_map(|c| c.split_once('='))
        .collect();
    let n_rows = columns.values().next().map_or(0, Vec::len);
    let params = &function.spec.params;
    let args: Vec<ColumnarValue> = params
        .iter()
        .map(|p| argument(p, columns, given.get(p.name.as_str()).copied()))
        .collect();
    let fields = params
        .iter()
        .zip(&args)
        .map(|(p, a)| Arc::new(Field::new(&p.name, a.data_type(), true)))
        .collect();
    let output = function.spec.output.data_type();
    let call = ScalarFunctionArgs {
        args,
        arg_fields: fields,
        number_rows: n_rows,
        return_field: Arc::new(Field::new("result", output.clone(), true)),
        config_options: Arc::new(ConfigOptions::default()),
    };
    let result = udf.invoke_with_args(call).expect("a result");
    let result = result.to_array(n_rows).expect("an array");
    assert_eq!(*result.data_type(), output, "{}", function.spec.name);
    let column = match field {
        Some(field) => Arc::clone(result.as_struct().column_by_name(field).expect("a field")),
        None => result,
    };
    let whole = match column.data_type() {
        DataType::Timestamp(..) => cast(&column, &DataType::Int64).expect("microseconds"),
        _ => column,
    };
    let numbers = cast(&whole, &DataType::Float64).expect("numbers");
    numbers.as_primitive::<Float64Type>().iter().collect()
}

fn argument(param: &ParamSpec, columns: &Columns, given: Option<&str>) -> ColumnarValue {
    if param.kind.is_option() {
        let default = || param.default.as_ref().expect("a default").to_scalar();
        return ColumnarValue::Scalar(given.map_or_else(default, |text| literal(param, text)));
    }
    let cells = columns
        .get(&format!("in:{}", param.name))
        .unwrap_or_else(|| panic!("no column in:{}", param.name));
    let numbers: ArrayRef = Arc::new(cells.iter().copied().collect::<Float64Array>());
    ColumnarValue::Array(match param.kind {
        ParamKind::Times => {
            let whole = cast(&numbers, &DataType::Int64).expect("whole numbers");
            cast(&whole, &default_time_type()).expect("times")
        }
        _ => numbers,
    })
}

fn literal(param: &ParamSpec, text: &str) -> ScalarValue {
    let ty = match param.kind {
        ParamKind::Integer { .. } => DataType::Int64,
        ParamKind::Number { .. } => DataType::Float64,
        _ => DataType::Utf8,
    };
    ScalarValue::from(text).cast_to(&ty).expect("a constant")
}

fn compare(title: &str, expected: &[Option<f64>], got: &[Option<f64>], tolerance: f64) {
    assert_eq!(expected.len(), got.len(), "{title}");
    for (row, pair) in expected.iter().zip(got).enumerate() {
        match pair {
            (None, None) => {}
            (Some(e), Some(g)) if (e - g).abs() <= tolerance * e.abs().max(1.0) => {}
            (e, g) => panic!("{title} row {row}: expected {e:?}, got {g:?}"),
        }
    }
}
