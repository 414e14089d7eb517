//! The calls of one window, bound to kernels and to shared argument columns.

use crate::error::QlError;
use crate::series::{BoundSeries, SeriesFunction, SeriesKernel};
use crate::spec::{FunctionSpec, Output};
use crate::window::columns::ArgumentColumn;
use crate::window::view::SetView;
use datafusion::error::Result;
use datafusion::physical_expr::window::{StandardWindowExpr, WindowExpr};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::physical_plan::windows::WindowUDFExpr;
use std::sync::Arc;

/// One call of a series function.
pub struct SeriesCall {
    /// What computes it.
    pub kernel: Box<dyn SeriesKernel>,
    /// What it returns.
    pub output: Output,
    /// Which argument columns it reads, in the kernel's order.
    pub inputs: Vec<usize>,
    /// Which of the sets of columns decides what rows are there for it.
    pub set: usize,
    /// Whether an argument was left out, so that every row is NULL.
    pub is_null: bool,
}

impl SeriesCall {
    /// A call that shares nothing: its arguments are the columns in their order.
    pub fn alone(bound: BoundSeries, spec: &FunctionSpec) -> Self {
        Self {
            inputs: (0..bound.inputs.len()).collect(),
            kernel: bound.kernel,
            output: spec.output.clone(),
            set: 0,
            is_null: bound.n_missing > 0,
        }
    }

    /// The rows of a whole partition that are there for this call.
    pub fn view<'a>(&self, columns: &'a [ArgumentColumn], n_rows: usize) -> SetView<'a> {
        SetView::new(columns, &(0..n_rows), 0, &self.needed(), &self.inputs)
    }

    /// The argument columns without which a row is missing.
    fn needed(&self) -> Vec<usize> {
        let inputs = self.inputs.iter().enumerate();
        let needed = inputs.filter(|(i, _)| self.kernel.needs(*i));
        needed.map(|(_, column)| *column).collect()
    }

    /// Numbers that the call gives per row.
    pub fn n_outputs(&self) -> usize {
        self.output.fields().len().max(1)
    }

    /// Present rows before a row that its value may depend on; `None` for all of them.
    pub fn history(&self) -> Option<usize> {
        match self.is_null {
            true => Some(0),
            false => self.kernel.history(),
        }
    }
}

/// All calls of a window, with what they share.
#[derive(Default)]
pub struct Calls {
    /// The calls, in the order of the output columns.
    pub calls: Vec<SeriesCall>,
    /// The distinct arguments.
    pub arguments: Vec<Arc<dyn PhysicalExpr>>,
    /// The distinct sets of argument columns without which a row is missing.
    pub sets: Vec<Vec<usize>>,
}

impl Calls {
    /// Binds the window expressions.
    ///
    /// # Errors
    /// XX000 for an expression that is no series function; those of binding its constants.
    pub fn bind(exprs: &[Arc<dyn WindowExpr>]) -> Result<Self> {
        let mut bound = Self::default();
        for expr in exprs {
            let (function, args) = series_call(expr.as_ref()).ok_or_else(|| {
                QlError::internal(format!("{} is no series function", expr.name()))
            })?;
            let series = function.bind(args)?;
            let inputs: Vec<usize> = (series.inputs.iter())
                .map(|argument| bound.argument(Arc::clone(argument)))
                .collect();
            let mut call = SeriesCall::alone(series, function.spec());
            call.inputs = inputs;
            call.set = position_or_push(&mut bound.sets, call.needed());
            bound.calls.push(call);
        }
        Ok(bound)
    }

    fn argument(&mut self, expr: Arc<dyn PhysicalExpr>) -> usize {
        position_or_push(&mut self.arguments, expr)
    }

    /// Numbers that all calls give per row.
    pub fn n_outputs(&self) -> usize {
        self.calls.iter().map(SeriesCall::n_outputs).sum()
    }

    /// Whether every call looks back a finite number of rows.
    pub fn all_finite(&self) -> bool {
        self.calls.iter().all(|call| call.history().is_some())
    }

    /// The longest history among the calls whose rows a set decides.
    pub fn history_of_set(&self, set: usize) -> usize {
        let calls = self.calls.iter().filter(|call| call.set == set);
        calls.filter_map(SeriesCall::history).max().unwrap_or(0)
    }
}

fn position_or_push<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    items.iter().position(|i| *i == item).unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    })
}

/// The series function behind a window expression and all of its arguments.
pub fn series_call(expr: &dyn WindowExpr) -> Option<(&SeriesFunction, &[Arc<dyn PhysicalExpr>])> {
    let standard = expr.as_any().downcast_ref::<StandardWindowExpr>()?;
    let udf = standard
        .get_standard_func_expr()
        .as_any()
        .downcast_ref::<WindowUDFExpr>()?;
    let function = udf.fun().inner().downcast_ref::<SeriesFunction>()?;
    Some((function, udf.args()))
}
