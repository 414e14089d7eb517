//! What goes to the terminal: data to stdout, everything else to stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Decides what is printed where.
#[derive(Debug)]
pub struct Printer {
    quiet: bool,
    on_terminal: bool,
}

impl Printer {
    /// `quiet` leaves only results and errors.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            on_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Data, to stdout. A closed pipe ends the output without noise.
    pub fn data(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if out
            .write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .is_err()
        {
            std::process::exit(0);
        }
    }

    /// Talk, to stderr.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// An error with its hint, to stderr.
    pub fn error(&self, message: &str, hint: Option<&str>) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "error: {message}");
        if let Some(hint) = hint {
            let _ = writeln!(err, "hint: {hint}");
        }
    }

    /// A bar for work of a known or unknown size; without a terminal it prints at most one line
    /// per tenth.
    pub fn progress(&self, what: &str) -> Progress {
        let bar = if self.quiet || !self.on_terminal {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        } else {
            ProgressBar::no_length()
        };
        let template = "{msg} [{bar:30}] {human_pos}/{human_len} {per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_string());
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress {
            bar,
            what: what.to_string(),
            lines: !self.quiet && !self.on_terminal,
            tenths: 0,
        }
    }
}

/// A running progress display.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    what: String,
    lines: bool,
    tenths: u64,
}

impl Progress {
    /// Shows that `done` of `total` is through.
    pub fn update(&mut self, done: u64, total: Option<u64>) {
        if let Some(total) = total.filter(|t| *t > 0) {
            self.bar.set_length(total);
            let tenths = done.saturating_mul(10) / total;
            if self.lines && tenths > self.tenths {
                self.tenths = tenths;
                let _ = writeln!(
                    std::io::stderr(),
                    "{}: {} %",
                    self.what,
                    tenths.min(10) * 10
                );
            }
        }
        self.bar.set_position(done);
    }

    /// Starts the next step of the work.
    pub fn start(&mut self, what: &str) {
        self.what = what.to_string();
        self.tenths = 0;
        self.bar.set_position(0);
        self.bar.set_message(self.what.clone());
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
