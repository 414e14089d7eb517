//! Compares window functions with values that an independent program wrote into a CSV file.
//!
//! Lines that start with `#` name the program and its version. The header names the columns:
//! `in:<parameter>` is an input, `<function>` or `<function>.<field>` an expected output, with
//! constants as in `stc(fast=10;slow=30)` or `ichimoku(tenkan=5).kijun` where they are not the
//! defaults. An empty cell is NULL. Times (`in:ts`) are microseconds since 1970.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::WindowUDF;
use datafusion::logical_expr::function::PartitionEvaluatorArgs;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::PhysicalExpr;
use quantlake_core::{Function, FunctionSpec, Implementation, ParamKind};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

type Cells = Vec<Option<f64>>;

/// Checks every expected column of the files in a folder, and that every window function has one.
pub fn check_folder(functions: &[Function], folder: &Path, tolerance: f64) {
    let mut seen = HashSet::new();
    let mut wrong = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|e| e == "csv") {
            check_file(functions, &path, tolerance, &mut seen, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let untested: Vec<&str> = functions
        .iter()
        .filter(|f| matches!(f.implementation, Implementation::Window(_)))
        .map(|f| f.spec.name.as_str())
        .filter(|name| !seen.contains(*name))
        .collect();
    assert!(untested.is_empty(), "no reference values: {untested:?}");
}

fn check_file(
    functions: &[Function],
    path: &Path,
    tolerance: f64,
    seen: &mut HashSet<String>,
    wrong: &mut Vec<String>,
) {
    let columns = read(path);
    let inputs: HashMap<&str, &Cells> = columns
        .iter()
        .filter_map(|(name, cells)| Some((name.strip_prefix("in:")?, cells)))
        .collect();
    for (title, expected) in columns.iter().filter(|(name, _)| !name.starts_with("in:")) {
        let (call, field) = split_field(title);
        let (name, constants) = split_call(call);
        let function = functions
            .iter()
            .find(|f| f.spec.name == name)
            .unwrap_or_else(|| panic!("{}: no function {name}", path.display()));
        seen.insert(name.to_string());
        let got = field_of(&evaluate(function, &inputs, &constants), field, title);
        if let Some(difference) = first_difference(expected, &got, tolerance) {
            wrong.push(format!("{} {title}: {difference}", path.display()));
        }
    }
}

fn read(path: &Path) -> Vec<(String, Cells)> {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let header = lines.next().expect("a header");
    let mut columns: Vec<(String, Cells)> =
        header.split(',').map(|n| (n.to_string(), vec![])).collect();
    for line in lines {
        for ((_, cells), cell) in columns.iter_mut().zip(line.split(',')) {
            cells.push(match cell {
                "" => None,
                number => Some(number.parse().unwrap_or_else(|e| panic!("{number}: {e}"))),
            });
        }
    }
    columns
}

fn split_field(title: &str) -> (&str, Option<&str>) {
    let end = title.find(')').map_or(0, |i| i + 1);
    match title[end..].split_once('.') {
        Some((rest, field)) => (&title[..end + rest.len()], Some(field)),
        None => (title, None),
    }
}

fn split_call(call: &str) -> (&str, HashMap<&str, &str>) {
    let Some((name, rest)) = call.split_once('(') else {
        return (call, HashMap::new());
    };
    let constants = rest.trim_end_matches(')').split(';');
    (name, constants.filter_map(|c| c.split_once('=')).collect())
}

/// Runs a function over the named inputs, as one partition.
pub fn evaluate(
    function: &Function,
    inputs: &HashMap<&str, &Cells>,
    constants: &HashMap<&str, &str>,
) -> ArrayRef {
    let spec = &function.spec;
    let Implementation::Window(udwf) = &function.implementation else {
        panic!("{} is no window function", spec.name);
    };
    let mut exprs: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
    let mut fields: Vec<FieldRef> = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for param in &spec.params {
        let (expr, ty): (Arc<dyn PhysicalExpr>, DataType) = if param.kind.is_option() {
            let value = constant(spec, &param.name, constants);
            let ty = value.data_type();
            (Arc::new(Literal::new(value)), ty)
        } else {
            let cells = inputs
                .get(param.name.as_str())
                .unwrap_or_else(|| panic!("{}: no column in:{}", spec.name, param.name));
            let numbers: ArrayRef = Arc::new(cells.iter().copied().collect::<Float64Array>());
            let ty = match param.kind {
                ParamKind::Times => quantlake_core::spec::default_time_type(),
                _ => DataType::Float64,
            };
            let whole = cast(&numbers, &DataType::Int64).expect("whole numbers");
            columns.push(match param.kind {
                ParamKind::Times => cast(&whole, &ty).expect("times"),
                _ => numbers,
            });
            (Arc::new(Column::new(&param.name, columns.len() - 1)), ty)
        };
        exprs.push(expr);
        fields.push(Arc::new(Field::new(&param.name, ty, true)));
    }
    run(udwf, spec, &exprs, &fields, &columns)
}

fn run(
    udwf: &WindowUDF,
    spec: &FunctionSpec,
    exprs: &[Arc<dyn PhysicalExpr>],
    fields: &[FieldRef],
    columns: &[ArrayRef],
) -> ArrayRef {
    let args = PartitionEvaluatorArgs::new(exprs, fields, false, false);
    let n_rows = columns.first().map_or(0, |c| c.len());
    udwf.partition_evaluator_factory(args)
        .and_then(|mut evaluator| evaluator.evaluate_all(columns, n_rows))
        .unwrap_or_else(|e| panic!("{}: {e}", spec.name))
}

fn constant(spec: &FunctionSpec, name: &str, given: &HashMap<&str, &str>) -> ScalarValue {
    let param = spec
        .params
        .iter()
        .find(|p| p.name == name)
        .expect("a parameter");
    let Some(text) = given.get(name) else {
        return param
            .default
            .as_ref()
            .unwrap_or_else(|| panic!("{}: `{name}` has no default", spec.name))
            .to_scalar();
    };
    let text = ScalarValue::from(*text);
    let ty = match param.kind {
        ParamKind::Integer { .. } => DataType::Int64,
        ParamKind::Number { .. } => DataType::Float64,
        ParamKind::Flag => DataType::Boolean,
        _ => DataType::Utf8,
    };
    text.cast_to(&ty)
        .expect("a constant of the parameter's type")
}

fn field_of(result: &ArrayRef, field: Option<&str>, title: &str) -> Cells {
    let column = match field {
        None => Arc::clone(result),
        Some(field) => {
            let fields: &StructArray = result.as_struct();
            let column = fields
                .column_by_name(field)
                .unwrap_or_else(|| panic!("{title}: no such field"));
            // A row that is NULL as a whole is NULL in each field.
            let nulls =
                datafusion::arrow::buffer::NullBuffer::union(fields.nulls(), column.nulls());
            let data = column.to_data().into_builder().nulls(nulls).build();
            datafusion::arrow::array::make_array(data.expect("nulls of the same length"))
        }
    };
    let numbers = cast(&column, &DataType::Float64).expect("numbers");
    numbers.as_primitive::<Float64Type>().iter().collect()
}

fn first_difference(expected: &Cells, got: &Cells, tolerance: f64) -> Option<String> {
    let rows = expected.iter().zip(got).enumerate();
    for (row, pair) in rows {
        match pair {
            (None, None) => {}
            (Some(e), Some(g)) if (e - g).abs() <= tolerance * e.abs().max(1.0) => {}
            (e, g) => return Some(format!("row {row}: expected {e:?}, got {g:?}")),
        }
    }
    (expected.len() != got.len()).then(|| format!("{} rows, got {}", expected.len(), got.len()))
}
