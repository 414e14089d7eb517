//! Bars that are not of time: from a query's rows to Renko, range, Kagi, point-and-figure and
//! line-break bars (driven by price) and to tick, volume, dollar, imbalance and run bars (driven
//! by trading).
//!
//! # Rules that hold for all of them
//! * Each symbol is a series of its own, in the order of `ts`; rows of one time are taken in the
//!   order in which they come (trades often share a time).
//! * A bar is stamped with the time of the row that completed it (`end_ts`) and never changes; a
//!   bar that is not complete is not there.
//! * Rows without `close`, or without `volume` where the rule needs it, are skipped.
//! * Volume, value and count of rows are those of the rows after the bar before; where one row
//!   completes several bars they share volume and value equally, and the first has the rows.
//!
//! # Where `wickra-core` differs from the books
//! Its range bars cannot turn within a bar, so that their range is not the range; its
//! point-and-figure boxes of a falling column are filled before price reaches them; its reversal
//! line of a line-break chart starts at the wrong end of the line before; its run bars count runs
//! without interruption instead of the ticks of each side. All are written here by the books.
//! Imbalance and run bars take a fixed threshold, where López de Prado adapts it.

mod activity;
mod brick;
pub mod columns;
mod line;
mod spec;

use columns::{Bar, Row};
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{Grouping, RelationKernel, Rows, relation_function};
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use std::sync::Arc;

/// Turns the rows of one symbol into bars.
type Builder = Box<dyn FnMut(&[Row], &mut Bars) -> Result<(), QlError> + Send>;

/// The bars of one symbol.
#[derive(Default)]
struct Bars {
    bars: Vec<Bar>,
}

struct BarKernel {
    name: String,
    needs_volume: bool,
    builder: Builder,
}

impl RelationKernel for BarKernel {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let symbol = columns::symbol_of(rows)?;
        let input = columns::read(rows, self.needs_volume)?;
        let mut output = Bars::default();
        (self.builder)(&input, &mut output).map_err(|mut error| {
            let symbol = symbol.as_deref().unwrap_or("NULL");
            error.message = format!("{}: symbol {symbol}: {}", self.name, error.message);
            error
        })?;
        columns::to_batch(rows, symbol.as_deref(), &output.bars)
    }
}

/// Joins a spec and a builder to a relation function.
fn over_rows(
    spec: FunctionSpec,
    needs_volume: impl Fn(&Args) -> Result<bool, QlError> + Send + Sync + 'static,
    make: impl Fn(&Args) -> Result<Builder, QlError> + Send + Sync + 'static,
) -> Function {
    let name = spec.name.clone();
    relation_function(
        spec,
        columns::input_columns(),
        Grouping::PerKey("symbol".into()),
        &["symbol", "ts"],
        Arc::new(move |args| {
            Ok(Box::new(BarKernel {
                name: name.clone(),
                needs_volume: needs_volume(args)?,
                builder: make(args)?,
            }))
        }),
    )
}

/// All functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = brick::functions();
    functions.extend(line::functions());
    functions.extend(activity::functions());
    functions
}
