//! State machines of the crate `wickra-core` as window functions.
//!
//! An indicator of that library is a machine that takes one row and may give one value. A binding
//! names its series parameters, makes the machine from the constants, and writes what comes out
//! into the output columns; a fresh copy of the machine runs over every partition.
//!
//! # Rules that hold for all of them
//! * A row with a missing input is NULL and does not reach the machine. Neither does a bar that is
//!   none: a high below its open, close or low, or a negative volume.
//! * Rows on which the machine gives nothing (its warm-up) are NULL.
//! * The series parameters `open`, `high`, `low`, `close`, `volume` and `ts` make a bar, in any
//!   order. A bar without `open` opens at its close, one without `high` or `low` spans open and
//!   close, one without `volume` has none, and without `ts` the row's number is its time.

use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::window::state::SeriesState;
use quantlake_core::{
    Args, Function, FunctionSpec, ParamKind, ParamSpec, ParamValue, QlError, SqlState,
};
use std::sync::Arc;
pub use wickra_core;
use wickra_core::{Candle, Indicator};

/// The largest window that a function takes.
const MAX_PERIOD: i64 = 100_000;

/// What making a machine gives: our mistake, or the library's opinion of the constants.
pub type Made<T> = Result<Result<T, wickra_core::Error>, QlError>;

/// A number of rows, at least 1.
pub fn period(name: &str, default: i64, doc: &str) -> ParamSpec {
    period_from(name, 1, default, doc)
}

/// A number of rows, at least `min`.
pub fn period_from(name: &str, min: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer {
        min,
        max: MAX_PERIOD,
    };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

/// A number between two bounds.
pub fn number(name: &str, default: f64, min: f64, max: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

/// Binds a machine over one series: `f(real)`.
pub fn over_values<T>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Made<T> + Send + Sync + 'static,
    emit: impl Fn(T::Output, &mut [f64]) + Copy + Send + Sync + 'static,
) -> Function
where
    T: Indicator<Input = f64> + Clone + Send + Sync + 'static,
{
    over_rows(spec, |row| row.first().copied(), make, emit)
}

/// Binds a machine over two series: `f(x, y)`.
pub fn over_pairs<T>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Made<T> + Send + Sync + 'static,
    emit: impl Fn(T::Output, &mut [f64]) + Copy + Send + Sync + 'static,
) -> Function
where
    T: Indicator<Input = (f64, f64)> + Clone + Send + Sync + 'static,
{
    let read = |row: &[f64]| match row {
        [x, y, ..] => Some((*x, *y)),
        _ => None,
    };
    over_rows(spec, read, make, emit)
}

/// Binds a machine over bars; the names of the series parameters say what each is.
pub fn over_bars<T>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Made<T> + Send + Sync + 'static,
    emit: impl Fn(T::Output, &mut [f64]) + Copy + Send + Sync + 'static,
) -> Function
where
    T: Indicator<Input = Candle> + Clone + Send + Sync + 'static,
{
    let roles = BarRoles::of(&spec);
    over_rows(spec, move |row| roles.read(row), make, emit)
}

/// Binds a machine whose input is made from the row's series values, in the order of the spec and
/// with the row's number behind them. A row that `read` refuses is NULL.
pub fn over_rows<T>(
    spec: FunctionSpec,
    read: impl Fn(&[f64]) -> Option<T::Input> + Copy + Send + Sync + 'static,
    make: impl Fn(&Args) -> Made<T> + Send + Sync + 'static,
    emit: impl Fn(T::Output, &mut [f64]) + Copy + Send + Sync + 'static,
) -> Function
where
    T: Indicator + Clone + Send + Sync + 'static,
{
    let name = spec.name.clone();
    series_function(
        spec,
        Arc::new(move |args| {
            let machine = make(args)?.map_err(|reason| refused(&name, args, reason))?;
            Ok(Box::new(MachineKernel {
                machine,
                read,
                emit,
            }))
        }),
    )
}

/// Writes a single value.
pub fn one<V: Into<f64>>(value: V, out: &mut [f64]) {
    if let [slot, ..] = out {
        *slot = value.into();
    }
}

/// Writes the fields of a result, in the order of the output columns.
pub fn fields<const N: usize>(values: [f64; N], out: &mut [f64]) {
    for (slot, value) in out.iter_mut().zip(values) {
        *slot = value;
    }
}

fn refused(function: &str, args: &Args, reason: wickra_core::Error) -> QlError {
    let given: Vec<String> = args.iter().map(|(n, v)| format!("{n} => {v}")).collect();
    QlError::new(
        SqlState::InvalidParameter,
        format!("{function}: {reason}, found {}", given.join(", ")),
    )
}

struct MachineKernel<T, R, E> {
    machine: T,
    read: R,
    emit: E,
}

/// More series than any function has, with the row's number.
const MAX_INPUTS: usize = 16;

impl<T, R, E> MachineKernel<T, R, E>
where
    T: Indicator + Clone,
    R: Fn(&[f64]) -> Option<T::Input> + Copy,
    E: Fn(T::Output, &mut [f64]) + Copy,
{
    fn start(&self) -> MachineState<T, R, E> {
        MachineState {
            machine: self.machine.clone(),
            read: self.read,
            emit: self.emit,
            n_rows: 0,
        }
    }
}

/// A machine in the middle of a partition.
#[derive(Clone)]
struct MachineState<T, R, E> {
    machine: T,
    read: R,
    emit: E,
    n_rows: usize,
}

impl<T, R, E> MachineState<T, R, E>
where
    T: Indicator,
    R: Fn(&[f64]) -> Option<T::Input>,
    E: Fn(T::Output, &mut [f64]),
{
    /// Takes a row's values, with room for the row's number behind them.
    fn step(&mut self, values: &mut [f64], out: &mut [f64]) {
        if let Some(number) = values.last_mut() {
            *number = self.n_rows as f64;
        }
        self.n_rows += 1;
        if let Some(output) = (self.read)(values).and_then(|input| self.machine.update(input)) {
            (self.emit)(output, out);
        }
    }
}

/// Numbers that a machine keeps of each row of its warm-up: a bar, in a buffer that grew by
/// doubling. The library does not tell.
const KEPT_PER_ROW: usize = 12;

impl<T, R, E> SeriesState for MachineState<T, R, E>
where
    T: Indicator + Clone + Send + Sync + 'static,
    R: Fn(&[f64]) -> Option<T::Input> + Copy + Send + Sync + 'static,
    E: Fn(T::Output, &mut [f64]) + Copy + Send + Sync + 'static,
{
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        let mut values = row.to_vec();
        values.push(f64::NAN);
        self.step(&mut values, out);
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        let kept = KEPT_PER_ROW * self.machine.warmup_period();
        size_of::<Self>() + size_of::<f64>() * kept
    }
}

impl<T, R, E> SeriesKernel for MachineKernel<T, R, E>
where
    T: Indicator + Clone + Send + Sync + 'static,
    R: Fn(&[f64]) -> Option<T::Input> + Copy + Send + Sync + 'static,
    E: Fn(T::Output, &mut [f64]) + Copy + Send + Sync + 'static,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        if inputs.len() >= MAX_INPUTS || outputs.len() > MAX_INPUTS {
            return Err(QlError::internal(
                "a machine has too many inputs or outputs",
            ));
        }
        let mut state = self.start();
        let n_rows = inputs.first().map_or(0, |column| column.len());
        for row in 0..n_rows {
            let mut values = [f64::NAN; MAX_INPUTS];
            for (slot, column) in values.iter_mut().zip(inputs) {
                *slot = column.get(row).copied().unwrap_or(f64::NAN);
            }
            let mut results = [f64::NAN; MAX_INPUTS];
            if let (Some(values), Some(results)) = (
                values.get_mut(..=inputs.len()),
                results.get_mut(..outputs.len()),
            ) {
                state.step(values, results);
            }
            for (column, result) in outputs.iter_mut().zip(results) {
                if let Some(slot) = column.get_mut(row) {
                    *slot = result;
                }
            }
        }
        Ok(())
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let mut state = self.start();
        let n_rows = inputs.first().map_or(0, |column| column.len());
        let mut ignored = [f64::NAN; MAX_INPUTS];
        for row in 0..n_rows {
            let values = inputs.iter().map(|column| column.get(row).copied());
            let values = values.collect::<Option<Vec<f64>>>()?;
            state.push(&values, &mut ignored).ok()?;
        }
        Some(Box::new(state))
    }
}

/// Where in a row the parts of a bar stand.
#[derive(Debug, Clone, Copy, Default)]
struct BarRoles {
    open: Option<usize>,
    high: Option<usize>,
    low: Option<usize>,
    close: Option<usize>,
    volume: Option<usize>,
    ts: Option<usize>,
}

impl BarRoles {
    fn of(spec: &FunctionSpec) -> Self {
        let mut roles = Self::default();
        let series = spec.params.iter().filter(|p| !p.kind.is_option());
        for (i, param) in series.enumerate() {
            match param.name.as_str() {
                "open" => roles.open = Some(i),
                "high" => roles.high = Some(i),
                "low" => roles.low = Some(i),
                "close" => roles.close = Some(i),
                "volume" => roles.volume = Some(i),
                "ts" => roles.ts = Some(i),
                _ => {}
            }
        }
        roles
    }

    fn read(&self, row: &[f64]) -> Option<Candle> {
        let at = |role: Option<usize>| role.and_then(|i| row.get(i)).copied();
        let (high, low) = (at(self.high), at(self.low));
        let middle = || Some((high? + low?) / 2.0);
        let close = at(self.close).or_else(middle)?;
        let open = at(self.open).unwrap_or(close);
        let high = high.unwrap_or(open.max(close));
        let low = low.unwrap_or(open.min(close));
        let volume = at(self.volume).unwrap_or(0.0);
        let ts = at(self.ts).or(row.last().copied())?;
        Candle::new(open, high, low, close, volume, ts as i64).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantlake_core::Kind;

    fn roles(names: &[&str]) -> BarRoles {
        let params = names
            .iter()
            .map(|n| ParamSpec::series(n, "a price"))
            .collect();
        BarRoles::of(&FunctionSpec::new("f", "test", Kind::Window, "").with_params(params))
    }

    #[test]
    fn a_bar_is_read_by_the_names_of_the_parameters() {
        let bar = roles(&["close", "low", "high"]).read(&[10.0, 8.0, 12.0, 3.0]);
        let bar = bar.expect("a bar");
        assert_eq!((bar.high, bar.low, bar.close), (12.0, 8.0, 10.0));
        assert_eq!((bar.open, bar.volume, bar.timestamp), (10.0, 0.0, 3));
    }

    #[test]
    fn what_is_no_bar_is_not_read() {
        let roles = roles(&["high", "low", "close", "volume"]);
        assert!(roles.read(&[8.0, 9.0, 8.5, 1.0, 0.0]).is_none());
        assert!(roles.read(&[10.0, 9.0, 11.0, 1.0, 0.0]).is_none());
        assert!(roles.read(&[10.0, 9.0, 9.5, -1.0, 0.0]).is_none());
    }
}
