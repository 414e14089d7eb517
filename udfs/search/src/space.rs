//! The combinations of parameter values.

use datafusion::common::ScalarValue;
use quantlake_core::{QlError, SqlState};

/// Combinations beyond which a search of all of them is refused: each is a row of the result or of
/// the ledger.
pub const MAX_COMBINATIONS: usize = 1_000_000;

/// Combinations beyond which every search is refused: their numbers have to be exact.
pub const MAX_SPACE: usize = 1_000_000_000_000;

/// One parameter with the values it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Its name, lower case.
    pub name: String,
    /// Its values, in the order given.
    pub values: Vec<ScalarValue>,
}

/// All combinations of some parameters; the last parameter changes fastest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Space {
    /// The parameters.
    pub axes: Vec<Axis>,
}

impl Space {
    /// The space of these parameters, of at most so many combinations.
    ///
    /// # Errors
    /// 22023 for a parameter without values or with NULL among them, and for too many combinations.
    pub fn try_new(function: &str, axes: Vec<Axis>, limit: usize) -> Result<Self, QlError> {
        if let Some(axis) = axes.iter().find(|axis| axis.values.is_empty()) {
            let wanted = "a list with at least one value";
            return Err(QlError::bad_argument(
                function,
                &axis.name,
                wanted,
                "an empty list",
            ));
        }
        if let Some(axis) = axes
            .iter()
            .find(|a| a.values.iter().any(ScalarValue::is_null))
        {
            let wanted = "a list of values that are known";
            return Err(QlError::bad_argument(function, &axis.name, wanted, "NULL"));
        }
        let sizes = axes.iter().map(|axis| axis.values.len());
        let n = sizes.fold(1_usize, usize::saturating_mul);
        if n > limit {
            let names: Vec<String> = axes.iter().map(|a| format!("`{}`", a.name)).collect();
            return Err(QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "{function}: {} must make at most {limit} combinations, found {n}",
                    names.join(" x ")
                ),
            )
            .with_hint("Give fewer values"));
        }
        Ok(Self { axes })
    }

    /// How many combinations there are.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// Whether there is no combination: never, as a space without parameters has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which value each parameter has in a combination.
    pub fn choice(&self, mut combination: usize) -> Vec<usize> {
        let mut choice = vec![0; self.axes.len()];
        for (axis, index) in self.axes.iter().zip(&mut choice).rev() {
            *index = combination % axis.values.len();
            combination /= axis.values.len();
        }
        choice
    }

    /// The combinations of some of the parameters, counted in the same way.
    pub fn of(&self, axes: &[usize]) -> Self {
        let axes = axes.iter().filter_map(|axis| self.axes.get(*axis));
        Self {
            axes: axes.cloned().collect(),
        }
    }

    /// The number of a choice among the combinations of some parameters.
    pub fn position(&self, axes: &[usize], choice: &[usize]) -> usize {
        axes.iter().fold(0, |position, axis| {
            let n_values = self.axes.get(*axis).map_or(1, |a| a.values.len());
            position * n_values + choice.get(*axis).copied().unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str, values: &[i64]) -> Axis {
        Axis {
            name: name.into(),
            values: values
                .iter()
                .map(|v| ScalarValue::Int64(Some(*v)))
                .collect(),
        }
    }

    #[test]
    fn the_last_parameter_changes_fastest() {
        let axes = vec![axis("a", &[1, 2]), axis("b", &[1, 2, 3])];
        let space = Space::try_new("f", axes, MAX_COMBINATIONS).expect("small");
        let choices: Vec<_> = (0..space.len()).map(|i| space.choice(i)).collect();
        assert_eq!(choices, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        for (i, choice) in choices.iter().enumerate() {
            assert_eq!(space.position(&[0, 1], choice), i);
            assert_eq!(space.position(&[1], choice), choice[1]);
        }
    }

    #[test]
    fn no_parameters_make_one_combination() {
        let space = Space::try_new("f", Vec::new(), MAX_COMBINATIONS).expect("small");
        assert_eq!((space.len(), space.choice(0).len()), (1, 0));
    }

    #[test]
    fn too_many_combinations_are_refused() {
        let many: Vec<i64> = (0..4000).collect();
        let axes = vec![axis("a", &many), axis("b", &many)];
        let error = Space::try_new("f", axes, MAX_COMBINATIONS).expect_err("16 million");
        assert_eq!(error.state, SqlState::InvalidParameter);
        let message = "f: `a` x `b` must make at most 1000000 combinations, found 16000000";
        assert_eq!(error.message, message);
    }
}
