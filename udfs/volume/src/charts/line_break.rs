//! The line-break chart: lines at new extremes of the close, without time.

use crate::describe::{integer, spec, with_example};
use crate::kernel::over_states;
use quantlake_core::{Function, Output, OutputField, OutputType, Stability};
use std::collections::VecDeque;

/// A reversal looks at this many lines at most.
const MAX_LINES: i64 = 1_000;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    let field = OutputField::new;
    let spec = spec(
        "charts",
        "three_line_break",
        &["close"],
        vec![integer(
            "lines",
            3,
            1,
            MAX_LINES,
            "Lines that a reversal has to break",
        )],
        "Last line of the line-break chart, in price units: a close beyond the last line extends \
         the trend, one beyond all of the last lines turns it",
    )
    .with_output(Output::Struct(vec![
        field(
            "direction",
            OutputType::Integer,
            "1 for a rising, -1 for a falling last line",
        ),
        field("open", OutputType::Float, "Where the last line starts"),
        field("close", OutputType::Float, "Where the last line ends"),
        field(
            "reversal",
            OutputType::Float,
            "Beyond this close the chart turns",
        ),
    ]))
    .with_lookback("until the close first changes")
    .with_stability(Stability::PathDependent)
    .with_source(
        "a line goes from the end of the line before to the close; a reversal starts at the start \
         of the last line and needs a close beyond the extreme of the last lines; S. Nison, \
         Beyond Candlesticks (1994)",
    );
    vec![over_states(with_example(spec, 10, "3"), |args| {
        let n_lines = args.count("lines")?;
        let mut chart = Chart::new(n_lines);
        // Two ends a line, in a buffer that may have grown to twice what it needs.
        let n_kept = 4 * (n_lines + 1);
        Ok((n_kept, move |[close]: [f64; 1]| chart.update(close)))
    })]
}

#[derive(Debug, Clone, Copy)]
struct Line {
    open: f64,
    close: f64,
}

impl Line {
    fn is_rising(self) -> bool {
        self.close > self.open
    }
}

#[derive(Debug, Clone)]
struct Chart {
    n_lines: usize,
    first_close: Option<f64>,
    lines: VecDeque<Line>,
}

impl Chart {
    fn new(n_lines: usize) -> Self {
        Self {
            n_lines,
            first_close: None,
            lines: VecDeque::with_capacity(n_lines + 1),
        }
    }

    fn update(&mut self, close: f64) -> [f64; 4] {
        match self.lines.back().copied() {
            Some(last) => self.extend(last, close),
            None => {
                let open = *self.first_close.get_or_insert(close);
                if close != open {
                    self.draw(Line { open, close });
                }
            }
        }
        self.state()
    }

    fn extend(&mut self, last: Line, close: f64) {
        let beyond = |level: f64, is_up: bool| match is_up {
            true => close > level,
            false => close < level,
        };
        let is_rising = last.is_rising();
        if beyond(last.close, is_rising) {
            self.draw(Line {
                open: last.close,
                close,
            });
        } else if beyond(self.reversal(is_rising), !is_rising) {
            self.draw(Line {
                open: last.open,
                close,
            });
        }
    }

    fn draw(&mut self, line: Line) {
        self.lines.push_back(line);
        if self.lines.len() > self.n_lines {
            self.lines.pop_front();
        }
    }

    /// The far end of the last lines, seen against the trend.
    fn reversal(&self, is_rising: bool) -> f64 {
        let ends = self.lines.iter().flat_map(|line| [line.open, line.close]);
        match is_rising {
            true => ends.fold(f64::INFINITY, f64::min),
            false => ends.fold(f64::NEG_INFINITY, f64::max),
        }
    }

    fn state(&self) -> [f64; 4] {
        let Some(last) = self.lines.back() else {
            return [f64::NAN; 4];
        };
        let is_rising = last.is_rising();
        let direction = if is_rising { 1.0 } else { -1.0 };
        [direction, last.open, last.close, self.reversal(is_rising)]
    }
}
