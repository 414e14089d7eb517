//! The description of a metric, from which its SQL aggregate, its place in a report and its line
//! in the documentation follow.

use super::arguments::Convention;
use super::conventions::{Annualization, Conventions, YearCount};
use super::series::Series;
use quantlake_core::OutputType;
use quantlake_core::metric::{Metric, RowOrder};

/// The kernel of a metric: conventions it does not know are ignored, NaN is "unknown".
pub type Compute = fn(&Series<'_>, &Conventions) -> f64;

/// A metric that takes one row after another, for the conventions under which it can.
pub type Streaming = fn(&Conventions) -> Option<Box<dyn Metric>>;

/// Which columns a metric needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inputs {
    /// Returns.
    Returns,
    /// Returns and those of a benchmark.
    ReturnsAndBenchmark,
    /// Returns and the times of their periods.
    ReturnsAndTimes,
}

/// A metric of returns.
#[derive(Debug, Clone, Copy)]
pub struct ReturnMetric {
    /// Name, in SQL and in reports.
    pub name: &'static str,
    /// Other SQL names.
    pub aliases: &'static [&'static str],
    /// One sentence, with the unit.
    pub summary: &'static str,
    /// Formula, book, paper or library.
    pub source: &'static str,
    /// The columns it needs.
    pub inputs: Inputs,
    /// Whether the order of the rows matters.
    pub order: RowOrder,
    /// What the caller may choose, in positional order.
    pub conventions: &'static [Convention],
    /// Its kernel.
    pub compute: Compute,
    /// Its form for growing windows.
    pub streaming: Streaming,
    /// The type of its values.
    pub output: OutputType,
    /// Whether this table makes an SQL aggregate of it; other families have the rest.
    pub is_aggregate: bool,
    /// What it gives for the returns of its example.
    pub example: &'static str,
}

impl ReturnMetric {
    pub(super) const fn new(
        name: &'static str,
        compute: Compute,
        summary: &'static str,
        source: &'static str,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            summary,
            source,
            inputs: Inputs::Returns,
            order: RowOrder::Irrelevant,
            conventions: &[],
            compute,
            streaming: |_| None,
            output: OutputType::Float,
            is_aggregate: true,
            example: "",
        }
    }

    pub(super) const fn named(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn taking(mut self, conventions: &'static [Convention]) -> Self {
        self.conventions = conventions;
        self
    }

    pub(super) const fn with_benchmark(mut self) -> Self {
        self.inputs = Inputs::ReturnsAndBenchmark;
        self
    }

    /// Needs times, by which it orders its rows itself.
    pub(super) const fn with_times(mut self) -> Self {
        self.inputs = Inputs::ReturnsAndTimes;
        self
    }

    pub(super) const fn ordered(mut self) -> Self {
        self.order = RowOrder::Significant;
        self
    }

    pub(super) const fn streaming(mut self, streaming: Streaming) -> Self {
        self.streaming = streaming;
        self
    }

    pub(super) const fn whole(mut self) -> Self {
        self.output = OutputType::Integer;
        self
    }

    pub(super) const fn in_reports_only(mut self) -> Self {
        self.is_aggregate = false;
        self
    }

    pub(super) const fn example(mut self, result: &'static str) -> Self {
        self.example = result;
        self
    }

    /// The conventions of a report as this metric takes them: ratios that are defined over the
    /// total return or over the growth rate stay so, and what counts years by the calendar.
    pub fn conventions_in(&self, report: &Conventions) -> Conventions {
        let annualization = if self.conventions.contains(&Convention::TotalAnnualization) {
            Annualization::Total
        } else if self.conventions.contains(&Convention::GrowthAnnualization) {
            Annualization::Geometric
        } else {
            report.annualization
        };
        let years = match report.years {
            YearCount::Periods if self.conventions.contains(&Convention::CalendarYears) => {
                Conventions::BY_CALENDAR.years
            }
            years => years,
        };
        Conventions {
            annualization,
            years,
            ..*report
        }
    }

    /// The value in a report, NaN for unknown; `None` where the report lacks a column.
    pub fn value_in(&self, series: &Series<'_>, report: &Conventions) -> Option<f64> {
        let has_columns = match self.inputs {
            Inputs::Returns => true,
            Inputs::ReturnsAndBenchmark => !series.benchmark.is_empty(),
            Inputs::ReturnsAndTimes => !series.times.is_empty(),
        };
        let value = || (self.compute)(series, &self.conventions_in(report));
        has_columns.then(value).map(finite)
    }
}

/// A ratio that a double does not hold is as unknown as one over 0.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}
