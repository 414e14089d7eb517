//! Sort keys as bytes that compare like the values they stand for.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::{CastOptions, SortOptions, cast_with_options};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Result as DfResult, ScalarValue};
use std::sync::Arc;

/// One value of the key; earlier in the order means less as bytes. NULL is a key like any other.
pub(super) type Key = Arc<[u8]>;

/// The order of the first sort column: its type, its direction, and where NULLs go.
#[derive(Debug, Clone)]
pub(super) struct KeyOrder {
    converter: Arc<RowConverter>,
    data_type: DataType,
    options: SortOptions,
}

impl KeyOrder {
    /// The order of a column, when Arrow and whoever writes Parquet agree on it for this type.
    pub(super) fn new(data_type: &DataType, options: SortOptions) -> Option<Self> {
        let data_type = match data_type {
            DataType::Dictionary(_, values) => values.as_ref(),
            plain => plain,
        };
        let is_agreed = data_type.is_integer()
            || matches!(
                data_type,
                DataType::Utf8
                    | DataType::LargeUtf8
                    | DataType::Utf8View
                    | DataType::Boolean
                    | DataType::Date32
                    | DataType::Timestamp(..)
                    | DataType::Decimal128(..)
            );
        if !is_agreed {
            return None;
        }
        let field = SortField::new_with_options(data_type.clone(), options);
        Some(Self {
            converter: Arc::new(RowConverter::new(vec![field]).ok()?),
            data_type: data_type.clone(),
            options,
        })
    }

    /// The values as keys.
    ///
    /// # Errors
    /// When a value does not fit the column's type.
    pub(super) fn keys(&self, values: &ArrayRef) -> DfResult<Vec<Key>> {
        let exact = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let values = cast_with_options(values, &self.data_type, &exact)?;
        let rows = self.converter.convert_columns(&[values])?;
        Ok(rows.iter().map(|row| Arc::from(row.data())).collect())
    }

    /// One value as a key; none when it does not fit the column's type.
    pub(super) fn key(&self, value: &ScalarValue) -> Option<Key> {
        self.keys(&value.to_array().ok()?).ok()?.pop()
    }

    /// The value behind a key.
    ///
    /// # Errors
    /// When the key is of another order.
    pub(super) fn value(&self, key: &Key) -> DfResult<ScalarValue> {
        let parser = self.converter.parser();
        let columns = self.converter.convert_rows([parser.parse(key)])?;
        match columns.first() {
            Some(column) => ScalarValue::try_from_array(column, 0),
            None => ScalarValue::try_from(&self.data_type),
        }
    }

    /// The smallest and the largest value of some rows, as the first and the last key of them.
    pub(super) fn sorted_bounds(
        &self,
        smallest: Option<Key>,
        largest: Option<Key>,
    ) -> (Option<Key>, Option<Key>) {
        match self.options.descending {
            true => (largest, smallest),
            false => (smallest, largest),
        }
    }

    /// What tells this order from others over the same column.
    pub(super) fn name(&self) -> String {
        format!("{} {:?}", self.data_type, self.options)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int32Array, StringArray};

    fn order(data_type: &DataType, descending: bool, nulls_first: bool) -> KeyOrder {
        let options = SortOptions {
            descending,
            nulls_first,
        };
        KeyOrder::new(data_type, options).unwrap()
    }

    #[test]
    fn keys_compare_like_their_values() {
        let values: ArrayRef = Arc::new(StringArray::from(vec![
            Some(""),
            Some("A"),
            Some("AA"),
            Some("B"),
            Some("é"),
            None,
        ]));
        let keys = order(&DataType::Utf8View, false, false)
            .keys(&values)
            .unwrap();
        assert!(keys.is_sorted());
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(7), Some(0), Some(-7)]));
        let keys = order(&DataType::Int64, true, true).keys(&numbers).unwrap();
        assert!(keys.is_sorted());
    }

    #[test]
    fn key_gives_its_value_back() {
        let order = order(&DataType::Utf8View, false, false);
        for value in [Some("SPY".to_string()), Some(String::new()), None] {
            let value = ScalarValue::Utf8View(value);
            assert_eq!(order.value(&order.key(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn type_without_an_agreed_order_has_no_keys() {
        let options = SortOptions::default();
        assert!(KeyOrder::new(&DataType::Float64, options).is_none());
        assert!(KeyOrder::new(&DataType::Binary, options).is_none());
    }

    #[test]
    fn value_of_another_type_has_no_key() {
        let order = order(&DataType::Int32, false, false);
        assert!(order.key(&ScalarValue::Int64(Some(1 << 40))).is_none());
        assert!(order.key(&ScalarValue::Utf8(Some("x".into()))).is_none());
    }
}
