//! One call of TA-Lib over a whole partition.

use crate::conventions::Conventions;
use crate::joint_rules::refused;
use crate::names;
use crate::stability::is_computed_anew;
use crate::stream::KernelState;
use quantlake_core::series::SeriesKernel;
use quantlake_core::window::state::SeriesState;
use quantlake_core::{Args, ParamValue, QlError, SqlState};
use std::sync::LazyLock;
use ta_lib::abstract_api::{FuncInfo, InputType, OutputType, ParamHolder};
use ta_lib::{Core, RetCode};

/// The library with its default settings, shared by all kernels.
static CORE: LazyLock<Core> = LazyLock::new(Core::new);

/// The value of a constant as the library takes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionValue {
    /// A whole number, or the code of a choice.
    Integer(i32),
    /// A number.
    Real(f64),
}

/// A function of the library with its constants.
#[derive(Debug, Clone)]
pub struct TaLibKernel {
    function: &'static FuncInfo,
    options: Vec<Option<OptionValue>>,
    conventions: Conventions,
    /// Rows before the first value.
    lookback: usize,
}

impl TaLibKernel {
    /// Takes the constants out of checked arguments.
    ///
    /// # Errors
    /// 22023 for a combination that the library refuses.
    pub fn try_new(function: &'static FuncInfo, args: &Args) -> Result<Self, QlError> {
        let options = function
            .opt_inputs
            .iter()
            .map(|option| option_value(args, &names::option_name(option.param_name)).map(Some))
            .collect::<Result<Vec<_>, _>>()?;
        let lookback = lookback(function, &CORE, &options).map_err(|_| refused(function, args))?;
        Ok(Self {
            function,
            options,
            conventions: Conventions::try_new(function, args)?,
            lookback,
        })
    }

    /// Runs the library; every output gets its values from the look-back on.
    fn compute(
        &self,
        inputs: &[&[f64]],
        outputs: &mut [&mut [f64]],
        n_rows: usize,
    ) -> Result<(), RetCode> {
        let n_values = n_rows - self.lookback;
        let is_integer = |i: usize| {
            self.function
                .outputs
                .get(i)
                .is_some_and(|o| o.kind == OutputType::Integer)
        };
        let mut values: Vec<&mut [f64]> = outputs
            .iter_mut()
            .map(|column| column.split_at_mut(self.lookback).1)
            .collect();
        let mut integers: Vec<Vec<i32>> = (0..values.len())
            .map(|i| vec![0; if is_integer(i) { n_values } else { 0 }])
            .collect();
        let mut call = new_call(self.function, &CORE, &self.options)?;
        bind_inputs(&mut call, self.function, inputs)?;
        for (i, (real, integer)) in values.iter_mut().zip(&mut integers).enumerate() {
            if is_integer(i) {
                call.set_int_output(i, integer)?;
            } else {
                call.set_output(i, real)?;
            }
        }
        let range = call.call(0, n_rows - 1)?;
        // The library promises this range; with any other the values would stand at wrong rows.
        if (range.beg_idx, range.count) != (self.lookback, n_values) {
            return Err(RetCode::InternalError);
        }
        for (column, integer) in values.iter_mut().zip(&integers) {
            for (slot, value) in column.iter_mut().zip(integer) {
                *slot = f64::from(*value);
            }
        }
        Ok(())
    }
}

/// What the streams need.
impl TaLibKernel {
    pub(crate) fn function(&self) -> &'static FuncInfo {
        self.function
    }

    pub(crate) fn options(&self) -> &[Option<OptionValue>] {
        &self.options
    }

    pub(crate) fn conventions(&self) -> &Conventions {
        &self.conventions
    }

    pub(crate) fn lookback(&self) -> usize {
        self.lookback
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + size_of::<Option<OptionValue>>() * self.options.len()
    }
}

impl TaLibKernel {
    fn run_library(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let n_rows = inputs.first().map_or(0, |column| column.len());
        if n_rows <= self.lookback {
            return Ok(());
        }
        let name = self.function.name.to_ascii_lowercase();
        check_length(&name, n_rows)?;
        self.compute(inputs, outputs, n_rows)
            .map_err(|code| QlError::internal(format!("{name}: TA-Lib reports {code}")))
    }

    /// Shows the library other rows than there are, and changes its result back.
    fn run_otherwise(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let n_before = self.conventions.n_rows_before(self.lookback);
        let shown = self.conventions.shown(inputs, self.lookback);
        let shown: Vec<&[f64]> = shown.iter().map(Vec::as_slice).collect();
        let n_rows = shown.first().map_or(0, |column| column.len());
        let mut results = vec![vec![f64::NAN; n_rows]; outputs.len()];
        let mut columns: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
        self.run_library(&shown, &mut columns)?;
        for (column, result) in outputs.iter_mut().zip(&results) {
            let n_unknown = self.conventions.n_unknown();
            let rows = column.iter_mut().zip(result.iter().skip(n_before));
            rows.skip(n_unknown)
                .for_each(|(slot, value)| *slot = *value);
        }
        self.conventions.finish(self.function, inputs, outputs);
        Ok(())
    }
}

impl SeriesKernel for TaLibKernel {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        if self.conventions.are_the_librarys() {
            self.run_library(inputs, outputs)
        } else {
            self.run_otherwise(inputs, outputs)
        }
    }

    fn history(&self) -> Option<usize> {
        is_computed_anew(self.function).then_some(self.lookback)
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let state = KernelState::after(self, inputs)?;
        Some(Box::new(state))
    }
}

/// Rows before the first value with these constants; a constant left out has its default.
///
/// # Errors
/// The library's code when it refuses a constant.
pub fn lookback(
    function: &FuncInfo,
    core: &Core,
    options: &[Option<OptionValue>],
) -> Result<usize, RetCode> {
    new_call(function, core, options)?.lookback()
}

fn new_call<'a>(
    function: &FuncInfo,
    core: &'a Core,
    options: &[Option<OptionValue>],
) -> Result<ParamHolder<'a>, RetCode> {
    let mut call = function.id.new_call(core);
    for (i, option) in options.iter().enumerate() {
        match option {
            Some(OptionValue::Integer(value)) => call.set_opt_input(i, *value)?,
            Some(OptionValue::Real(value)) => call.set_opt_input(i, *value)?,
            None => continue,
        };
    }
    Ok(call)
}

/// Deals the columns out to the library's inputs: a bar takes as many as it has components.
fn bind_inputs<'a>(
    call: &mut ParamHolder<'a>,
    function: &FuncInfo,
    columns: &[&'a [f64]],
) -> Result<(), RetCode> {
    let mut columns = columns.iter().copied();
    for (slot, input) in function.inputs.iter().enumerate() {
        match input.kind {
            InputType::Real => {
                let column = columns.next().ok_or(RetCode::InputNotAllInitialize)?;
                call.set_input(slot, column)?;
            }
            InputType::Price => {
                let [open, high, low, close, volume] = std::array::from_fn(|bit| {
                    let is_read = input.flags.bits() & (1 << bit) != 0;
                    is_read.then(|| columns.next()).flatten()
                });
                call.set_price_input(slot, open, high, low, close, volume, None)?;
            }
            // No function of the library has one; `every_input_is_a_bar_or_a_number` watches.
            InputType::Integer => return Err(RetCode::InvalidParamHolderType),
        }
    }
    Ok(())
}

fn option_value(args: &Args, name: &str) -> Result<OptionValue, QlError> {
    match args.get(name)? {
        ParamValue::Number(value) => Ok(OptionValue::Real(*value)),
        _ => {
            let value = args.integer(name)?;
            let value = i32::try_from(value).map_err(|_| {
                QlError::internal(format!("the range of `{name}` goes beyond 32 bits"))
            })?;
            Ok(OptionValue::Integer(value))
        }
    }
}

/// The library counts rows up to a fixed number.
fn check_length(function: &str, n_rows: usize) -> Result<(), QlError> {
    if n_rows <= Core::INDEX_MAX {
        return Ok(());
    }
    Err(QlError::new(
        SqlState::FeatureNotSupported,
        format!(
            "{function}: a partition must have at most {} rows, found {n_rows}",
            Core::INDEX_MAX
        ),
    )
    .with_hint("Split it with PARTITION BY"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ta_lib::abstract_api::FUNCS;

    #[test]
    fn a_partition_that_the_library_cannot_count_is_an_error() {
        assert!(check_length("rsi", Core::INDEX_MAX).is_ok());
        let error = check_length("rsi", Core::INDEX_MAX + 1).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "rsi: a partition must have at most 100000000 rows, found 100000001"
        );
        assert_eq!(error.state, SqlState::FeatureNotSupported);
    }

    #[test]
    fn every_input_is_a_bar_or_a_number() {
        let inputs = FUNCS.iter().flat_map(|f| f.inputs);
        assert!(inputs.into_iter().all(|i| i.kind != InputType::Integer));
    }
}
