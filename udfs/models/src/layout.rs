//! How the features of a row fill the inputs of a model.
//!
//! The first dimension of an input counts rows when there is more than one dimension or when it
//! is free; the other dimensions, multiplied, are the input's width: how many features of a row it
//! takes. `[B, 3]` takes three, `[B]` and `[B, 1]` one, `[B, 64, 1]` sixty-four, and `[3]`, without
//! a dimension for rows, three of a single row per run. Features fill the inputs in order.

use crate::tensor::{Buffer, Element, TensorSpec};
use quantlake_core::QlError;

/// Values of one input in one run: 512 MiB of doubles.
const MAX_VALUES: usize = 1 << 26;

/// Rows that one run of a model may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchSize {
    /// As many as there are.
    Any,
    /// Exactly this many.
    Fixed(usize),
}

/// How features fill one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputLayout {
    pub name: String,
    pub element: Element,
    dims: Vec<Option<usize>>,
    has_row_dim: bool,
    /// The fixed dimensions of a row, multiplied.
    fixed: usize,
    /// Features that the input takes of a row; `None` when a free dimension leaves it open.
    width: Option<usize>,
    batch: BatchSize,
}

impl InputLayout {
    fn of(spec: &TensorSpec) -> Result<Self, String> {
        let Some(element) = spec.element else {
            return Err(format!("the input {spec} takes no numbers"));
        };
        if spec.dims.contains(&Some(0)) {
            return Err(format!("the input {spec} is empty"));
        }
        let has_row_dim = match spec.dims.as_slice() {
            [] => false,
            [only] => only.is_none(),
            _ => true,
        };
        let per_row = spec
            .dims
            .get(usize::from(has_row_dim)..)
            .unwrap_or_default();
        let rows = spec.dims.first().copied().flatten().filter(|_| has_row_dim);
        let (Some(fixed), Some(_)) = (product(per_row), values_per_run(per_row, rows)) else {
            return Err(format!(
                "the input {spec} is larger than {MAX_VALUES} values"
            ));
        };
        let width = match per_row.iter().filter(|d| d.is_none()).count() {
            0 => Some(fixed),
            1 => None,
            _ => {
                return Err(format!(
                    "the input {spec} leaves more than one size per row open"
                ));
            }
        };
        let batch = match (has_row_dim, spec.dims.first()) {
            (true, Some(None)) => BatchSize::Any,
            (true, Some(Some(rows))) => BatchSize::Fixed(*rows),
            _ => BatchSize::Fixed(1),
        };
        Ok(Self {
            name: spec.name.clone(),
            element,
            dims: spec.dims.clone(),
            has_row_dim,
            fixed,
            width,
            batch,
        })
    }

    /// The shape of a tensor with `n_rows` rows of `width` features.
    pub(crate) fn shape(&self, n_rows: usize, width: usize) -> Vec<i64> {
        let open = width / self.fixed;
        let row_dim = self.has_row_dim.then_some(n_rows);
        row_dim
            .into_iter()
            .chain(self.per_row().iter().map(|d| d.unwrap_or(open)))
            .map(|size| i64::try_from(size).unwrap_or(i64::MAX))
            .collect()
    }

    pub(crate) fn buffer(&self) -> Buffer {
        Buffer::new(self.element)
    }

    fn per_row(&self) -> &[Option<usize>] {
        self.dims
            .get(usize::from(self.has_row_dim)..)
            .unwrap_or_default()
    }

    /// Whether the input can take `width` features of a row.
    fn fits(&self, width: usize) -> bool {
        width > 0 && width.is_multiple_of(self.fixed)
    }
}

/// The fixed dimensions multiplied, unless that is beyond all memory.
fn product(dims: &[Option<usize>]) -> Option<usize> {
    let mut fixed = dims.iter().flatten();
    fixed.try_fold(1usize, |product, size| product.checked_mul(*size))
}

/// Values that a run takes at least, if there is memory for them.
fn values_per_run(per_row: &[Option<usize>], rows: Option<usize>) -> Option<usize> {
    product(per_row)?
        .checked_mul(rows.unwrap_or(1))
        .filter(|values| *values <= MAX_VALUES)
}

/// How features fill all inputs of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub inputs: Vec<InputLayout>,
    pub batch: BatchSize,
}

impl Layout {
    /// The layout of a model's inputs, or why features cannot fill them.
    pub(crate) fn of(specs: &[TensorSpec]) -> Result<Self, String> {
        let inputs: Vec<InputLayout> = specs
            .iter()
            .map(InputLayout::of)
            .collect::<Result<_, _>>()?;
        if inputs.is_empty() {
            return Err("it has no inputs".into());
        }
        if inputs.iter().filter(|input| input.width.is_none()).count() > 1 {
            return Err("more than one input leaves its number of features open".into());
        }
        let mut batch = BatchSize::Any;
        for input in &inputs {
            batch = match (batch, input.batch) {
                (BatchSize::Any, other) | (other, BatchSize::Any) => other,
                (BatchSize::Fixed(a), BatchSize::Fixed(b)) if a == b => BatchSize::Fixed(a),
                (BatchSize::Fixed(a), BatchSize::Fixed(b)) => {
                    return Err(format!("its inputs want {a} and {b} rows a run"));
                }
            };
        }
        Ok(Self { inputs, batch })
    }

    /// How many features a row has; `None` when the model leaves it open.
    pub(crate) fn n_features(&self) -> Option<usize> {
        self.inputs.iter().map(|input| input.width).sum()
    }

    /// What a call has to give: "2 features".
    fn wanted(&self) -> String {
        match self.n_features() {
            Some(1) => "1 feature".into(),
            Some(n) => format!("{n} features"),
            None => "as many features as its inputs can share out".into(),
        }
    }

    /// How many of `n_features` features each input takes, or `None` when they do not fit.
    pub(crate) fn widths(&self, n_features: usize) -> Option<Vec<usize>> {
        let fixed: usize = self.inputs.iter().filter_map(|input| input.width).sum();
        let open = n_features.checked_sub(fixed)?;
        let widths: Vec<usize> = self
            .inputs
            .iter()
            .map(|input| input.width.unwrap_or(open))
            .collect();
        let complete = widths.iter().sum::<usize>() == n_features;
        let fits = self.inputs.iter().zip(&widths).all(|(i, w)| i.fits(*w));
        (complete && fits).then_some(widths)
    }
}

/// The error for a number of features that a model does not take.
pub(crate) fn wrong_count(
    function: &str,
    model: &str,
    layout: &Layout,
    inputs: &[TensorSpec],
    found: usize,
) -> QlError {
    QlError::bad_argument(
        function,
        "features",
        format!(
            "{} for model `{model}` with the inputs {}",
            layout.wanted(),
            crate::tensor::listed(inputs)
        ),
        found,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, dims: &[Option<usize>]) -> TensorSpec {
        TensorSpec {
            name: name.into(),
            dtype: "float32".into(),
            dims: dims.into(),
            element: Some(Element::F32),
        }
    }

    fn layout(inputs: &[TensorSpec]) -> Layout {
        Layout::of(inputs).expect("the inputs take features")
    }

    #[test]
    fn one_wide_input_takes_all_features() {
        let layout = layout(&[input("x", &[None, Some(64), Some(1)])]);
        assert_eq!(layout.batch, BatchSize::Any);
        assert_eq!(layout.n_features(), Some(64));
        assert_eq!(layout.widths(64), Some(vec![64]));
        assert_eq!(layout.widths(63), None);
        assert_eq!(layout.inputs[0].shape(5, 64), [5, 64, 1]);
    }

    #[test]
    fn named_inputs_take_one_feature_each() {
        let layout = layout(&[input("a", &[None, Some(1)]), input("b", &[None])]);
        assert_eq!(layout.widths(2), Some(vec![1, 1]));
        assert_eq!(layout.inputs[0].shape(3, 1), [3, 1]);
        assert_eq!(layout.inputs[1].shape(3, 1), [3]);
    }

    #[test]
    fn an_input_without_a_row_dimension_gets_one_row_a_run() {
        let layout = layout(&[input("x", &[Some(3)])]);
        assert_eq!(layout.batch, BatchSize::Fixed(1));
        assert_eq!(layout.widths(3), Some(vec![3]));
        assert_eq!(layout.inputs[0].shape(1, 3), [3]);
    }

    #[test]
    fn a_free_width_takes_what_the_others_leave() {
        let layout = layout(&[
            input("a", &[None, Some(2)]),
            input("b", &[None, None, Some(3)]),
        ]);
        assert_eq!(layout.n_features(), None);
        assert_eq!(layout.widths(8), Some(vec![2, 6]));
        assert_eq!(layout.inputs[1].shape(4, 6), [4, 2, 3]);
        assert_eq!(layout.widths(7), None);
        assert_eq!(layout.widths(2), None);
    }

    #[test]
    fn a_fixed_batch_holds_for_all_inputs() {
        let fixed = layout(&[
            input("a", &[Some(4), Some(2)]),
            input("b", &[None, Some(1)]),
        ]);
        assert_eq!(fixed.batch, BatchSize::Fixed(4));
        let torn = Layout::of(&[
            input("a", &[Some(4), Some(2)]),
            input("b", &[Some(8), Some(1)]),
        ]);
        assert_eq!(torn, Err("its inputs want 4 and 8 rows a run".into()));
    }

    #[test]
    fn an_input_beyond_all_memory_is_refused() {
        for dims in [
            [None, Some(usize::MAX), Some(2)],
            [Some(1 << 40), Some(2), Some(1)],
            [None, Some(1 << 27), None],
        ] {
            let refused = Layout::of(&[input("x", &dims)]).expect_err("there is no such memory");
            assert!(
                refused.ends_with("is larger than 67108864 values"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_scalar_input_takes_one_feature() {
        let layout = layout(&[input("x", &[])]);
        assert_eq!(
            (layout.batch, layout.n_features()),
            (BatchSize::Fixed(1), Some(1))
        );
        assert!(layout.inputs[0].shape(1, 1).is_empty());
    }
}
