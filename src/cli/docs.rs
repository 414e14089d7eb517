//! `quantlake docs`: the function reference, printed from the specs.

use super::{ExitStatus, Printer};
use crate::engine::functions;
use clap::Args;
use datafusion::error::Result;
use quantlake_core::{FunctionSpec, Kind, Registry};
use quantlake_models::ModelStore;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Options of `quantlake docs`.
#[derive(Debug, Args)]
pub struct DocsArgs {
    /// Only this function.
    #[arg(value_name = "FUNCTION")]
    name: Option<String>,
}

/// Runs the command.
pub fn run(args: &DocsArgs, printer: &Printer) -> Result<ExitStatus> {
    let registry = functions::registry(&Arc::new(ModelStore::new()))?;
    match &args.name {
        None => printer.data(&reference(&registry)),
        Some(name) => match registry.get(&name.to_ascii_lowercase()) {
            Some(function) => printer.data(&entry(&function.spec)),
            None => {
                printer.error(&format!("function {name} does not exist"), None);
                return Ok(ExitStatus::UserError);
            }
        },
    }
    Ok(ExitStatus::Success)
}

/// The whole reference as Markdown.
pub fn reference(registry: &Registry) -> String {
    let mut families: BTreeMap<&str, Vec<&FunctionSpec>> = BTreeMap::new();
    for function in registry.iter() {
        families
            .entry(&function.spec.family)
            .or_default()
            .push(&function.spec);
    }
    let mut text = String::from(
        "# Functions\n\nPrinted by `quantlake docs` from the function specs; do not edit.\n\n",
    );
    for (family, specs) in &families {
        let _ = writeln!(
            text,
            "- [{family}](#{}) ({})",
            family.replace(' ', "-"),
            specs.len()
        );
    }
    for (family, specs) in families {
        let _ = write!(text, "\n## {family}\n\n");
        let mut specs = specs;
        specs.sort_by(|a, b| a.name.cmp(&b.name));
        for spec in specs {
            text.push_str(&entry(spec));
        }
    }
    text
}

fn entry(spec: &FunctionSpec) -> String {
    let mut text = format!("### {}\n\n{}\n\n", spec.name, spec.summary);
    let over = match (spec.kind, spec.is_ordered) {
        (Kind::Window, true) => " OVER (PARTITION BY ... ORDER BY ts)",
        (Kind::Window, false) => " OVER (PARTITION BY ts)",
        _ => "",
    };
    let _ = write!(text, "```sql\n{}{over}\n```\n\n", spec.signature());
    for param in &spec.params {
        let default = param
            .default
            .as_ref()
            .map(|d| format!(" Default {d}."))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "- `{}`: {} ({}).{default}",
            param.name,
            param.doc.trim_end_matches('.'),
            param.kind.allowed()
        );
    }
    let _ = writeln!(text, "- Returns {}.", spec.output.sql_name());
    for field in spec.output.fields() {
        let _ = writeln!(text, "  - `{}`: {}", field.name, field.doc);
    }
    let _ = writeln!(
        text,
        "- {}; stability: {}; look-back: {}.",
        capitalised(&spec.causality.to_string()),
        spec.stability,
        spec.lookback
    );
    if !spec.aliases.is_empty() {
        let _ = writeln!(text, "- Also named {}.", spec.aliases.join(", "));
    }
    let _ = writeln!(text, "- Source: {}.", spec.source.trim_end_matches('.'));
    if !spec.example.sql.is_empty() {
        let _ = write!(text, "\n```sql\n{}\n```\n", spec.example.sql);
        if !spec.example.result.is_empty() {
            let _ = write!(text, "\n```text\n{}\n```\n", spec.example.result);
        }
    }
    text.push('\n');
    text
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|c| c.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}
