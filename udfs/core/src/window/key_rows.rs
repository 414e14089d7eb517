//! Rows of keys as bytes that compare like the keys.

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::physical_plan::PhysicalExpr;
use std::fmt;
use std::sync::Arc;

/// Makes the bytes of some expressions; those of one schema are the same every time.
pub struct KeyBytes {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    converter: RowConverter,
}

impl KeyBytes {
    /// Bytes for partition keys, which only have to be equal or not.
    ///
    /// # Errors
    /// For types that cannot be sorted by.
    pub fn of_keys(keys: &[Arc<dyn PhysicalExpr>], schema: &Schema) -> Result<Self> {
        let keys = keys.iter().map(|key| (key, SortOptions::default()));
        Self::try_new(keys, schema)
    }

    /// Bytes for what rows are ordered by.
    ///
    /// # Errors
    /// For types that cannot be sorted by.
    pub fn of_order(order: &[PhysicalSortExpr], schema: &Schema) -> Result<Self> {
        Self::try_new(order.iter().map(|s| (&s.expr, s.options)), schema)
    }

    fn try_new<'a>(
        exprs: impl Iterator<Item = (&'a Arc<dyn PhysicalExpr>, SortOptions)>,
        schema: &Schema,
    ) -> Result<Self> {
        let (mut all, mut fields) = (Vec::new(), Vec::new());
        for (expr, options) in exprs {
            fields.push(SortField::new_with_options(
                expr.data_type(schema)?,
                options,
            ));
            all.push(Arc::clone(expr));
        }
        Ok(Self {
            exprs: all,
            converter: RowConverter::new(fields)?,
        })
    }

    /// The bytes of each row of a batch.
    ///
    /// # Errors
    /// Those of evaluating the expressions.
    pub fn rows(&self, batch: &RecordBatch) -> Result<KeyRows> {
        let evaluate = |expr: &Arc<dyn PhysicalExpr>| {
            let values = expr.evaluate(batch)?;
            values.into_array(batch.num_rows())
        };
        if self.exprs.is_empty() {
            return Ok(KeyRows(None));
        }
        let columns: Vec<ArrayRef> = self.exprs.iter().map(evaluate).collect::<Result<_>>()?;
        Ok(KeyRows(Some(self.converter.convert_columns(&columns)?)))
    }
}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyBytes").field(&self.exprs).finish()
    }
}

/// The bytes of the rows of one batch; without keys all rows are alike.
pub struct KeyRows(Option<Rows>);

impl KeyRows {
    /// The bytes of a row; none at all behind the last.
    pub fn bytes(&self, row: usize) -> &[u8] {
        match &self.0 {
            Some(rows) if row < rows.num_rows() => rows.row(row).data(),
            _ => &[],
        }
    }
}
