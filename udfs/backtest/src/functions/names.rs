//! Names by number.

use datafusion::arrow::array::{Array, StringArray};
use std::collections::HashMap;

/// Names numbered in the order in which they come up.
#[derive(Debug, Clone, Default)]
pub struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    /// The number of a name, a new one if it was not seen before.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.into(), number);
        self.names.push(name.into());
        number
    }

    /// The number of a name that was seen before.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number.
    pub fn name(&self, number: u32) -> Option<&str> {
        self.names.get(number as usize).map(String::as_str)
    }
}

/// The names in a call that stand for numbers in the bars.
#[derive(Debug, Clone, Default)]
pub struct Dictionaries {
    /// Sources of signals and orders; in the bars their numbers are 1 and up, 0 is none.
    pub sources: Names,
    /// Sectors.
    pub sectors: Names,
    /// Currencies other than the account's own.
    pub currencies: Names,
}

/// Numbers a column, 0 for NULL and names from 1 on; no numbers where every value is NULL.
pub(super) fn number_names(column: &StringArray, names: &mut Names) -> Vec<u32> {
    if column.null_count() == column.len() {
        return Vec::new();
    }
    let number = |name: Option<&str>| name.map_or(0, |name| names.number(name) + 1);
    column.iter().map(number).collect()
}
