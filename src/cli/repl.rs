//! The interactive prompt.

use super::script::{self, ScriptOptions};
use super::{ExitStatus, Printer};
use crate::engine::session::Session;
use datafusion::error::{DataFusionError, Result};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads statements until `\q` or the end of input. A statement ends with a semicolon.
pub async fn run(
    session: &Arc<Session>,
    options: ScriptOptions,
    printer: &Printer,
) -> Result<ExitStatus> {
    let failed = |e: ReadlineError| DataFusionError::External(Box::new(e));
    let mut editor = DefaultEditor::new().map_err(failed)?;
    let history = history_file();
    if let Some(file) = &history {
        // A first run has no history yet.
        let _ = editor.load_history(file);
    }
    printer.note("quantlake: SQL ends with a semicolon; \\q leaves");
    let options = ScriptOptions {
        keep_going: true,
        ..options
    };
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() {
            "quantlake=> "
        } else {
            "quantlake-> "
        };
        match editor.readline(prompt) {
            Ok(line) if text.is_empty() && matches!(line.trim(), "\\q" | "exit" | "quit") => break,
            Ok(line) => {
                text.push_str(&line);
                text.push('\n');
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        }
        let entered = text.trim();
        if entered.ends_with(';') || entered.starts_with('\\') {
            let _ = editor.add_history_entry(entered);
            script::run(session, &text, options, printer).await;
            text.clear();
        }
    }
    if let Some(file) = &history {
        editor.save_history(file).map_err(failed)?;
    }
    Ok(ExitStatus::Success)
}

fn history_file() -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".quantlake_history"))
}
