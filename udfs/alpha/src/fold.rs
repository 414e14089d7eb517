//! `fold(init, (state, x) -> expression, x, ...)`: recurrences that nobody has built in.
//!
//! The lambda is compiled once, while planning, to a flat [`program`] over doubles; a row costs
//! some nanoseconds for each operation in it. The lambda reaches the function as a text constant:
//! the engine's dialect makes one of the syntax, and other callers may write it as one.

pub mod compile;
pub mod lambda;
pub mod program;
pub mod vocabulary;

use crate::describe::series_spec;
use compile::compile;
use lambda::Lambda;
use program::Program;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::window::state::SeriesState;
use quantlake_core::{Args, Function, FunctionSpec, ParamKind, ParamSpec, QlError, Stability};
use std::sync::Arc;

/// The function's name, for its errors.
pub(crate) const NAME: &str = "fold";

/// Runs the program over all rows: each result is the state of the next row.
///
/// `inputs` are what the program reads besides the state, all as long as `out`. A result that is
/// not finite leaves its slot as it is and the state as it was.
pub fn fold(init: f64, program: &Program, inputs: &[&[f64]], out: &mut [f64]) {
    let mut running = Running::new(init, Arc::new(program.clone()), inputs.len());
    for (t, slot) in out.iter_mut().enumerate() {
        if let Some(state) = running.next(inputs.iter().map(|column| column[t])) {
            *slot = state;
        }
    }
}

/// A fold between two rows.
#[derive(Clone)]
struct Running {
    program: Arc<Program>,
    registers: Vec<f64>,
    /// What the program reads: the state, and behind it the row.
    read: Vec<f64>,
}

impl Running {
    fn new(init: f64, program: Arc<Program>, n_inputs: usize) -> Self {
        let mut read = vec![f64::NAN; n_inputs + 1];
        read[0] = init;
        Self {
            registers: program.registers(),
            program,
            read,
        }
    }

    /// The state after a row; none where the row leaves it as it was.
    fn next(&mut self, row: impl Iterator<Item = f64>) -> Option<f64> {
        for (slot, value) in self.read[1..].iter_mut().zip(row) {
            *slot = value;
        }
        let result = self.program.run(&mut self.registers, &self.read);
        if !result.is_finite() {
            return None;
        }
        self.read[0] = result;
        Some(result)
    }
}

impl SeriesState for Running {
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        if let (Some(state), [slot]) = (self.next(row.iter().copied()), out) {
            *slot = state;
        }
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + size_of::<f64>() * (self.registers.len() + self.read.len())
    }
}

struct Fold {
    init: f64,
    program: Arc<Program>,
}

impl SeriesKernel for Fold {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let [out] = outputs else {
            return Err(QlError::internal("fold: writes one output"));
        };
        fold(self.init, &self.program, inputs, out);
        Ok(())
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let mut state = Running::new(self.init, Arc::clone(&self.program), inputs.len());
        for t in 0..inputs.first().map_or(0, |column| column.len()) {
            state.next(inputs.iter().map(|column| column[t]));
        }
        Some(Box::new(state))
    }
}

fn kernel(args: &Args) -> Result<Box<dyn SeriesKernel>, QlError> {
    let lambda = Lambda::parse(args.text("step")?)?;
    lambda.check_names(args.n_series)?;
    Ok(Box::new(Fold {
        init: args.number("init")?,
        program: Arc::new(compile(&lambda)?),
    }))
}

fn spec() -> FunctionSpec {
    let params = vec![
        ParamSpec::required(
            "init",
            ParamKind::Number {
                min: f64::MIN,
                max: f64::MAX,
            },
            "State before the first row.",
        ),
        ParamSpec::required(
            "step",
            ParamKind::Name,
            &format!(
                "A lambda (state, x, ...) -> expression, or its text: the state after a row, made of the names before the arrow, numbers (all in double precision), + - * / % ^, comparisons, AND, OR, NOT, BETWEEN, IS NULL, CASE, and the functions {}.",
                vocabulary::names()
            ),
        ),
        ParamSpec::series(
            "x",
            "What the lambda sees of a row; more of them may follow, one for each further name. A row that lacks one is missing: NULL, and the state stays.",
        ),
    ];
    series_spec(
        NAME,
        "cumulative",
        "State of a recurrence after each row; where an expression gives NULL or no finite number the row is NULL and the state stays as it was.",
        "state[t] = step(state[t - 1], x[t], ...), state before the first row: init; scan and over of kdb+",
        "fold(0, (s, x) -> 0.5 * s + 0.5 * x, x)",
    )
    .with_params(params)
    .with_variadic()
    .with_stability(Stability::PathDependent)
}

pub(crate) fn functions() -> Vec<Function> {
    vec![series_function(spec(), Arc::new(kernel))]
}
