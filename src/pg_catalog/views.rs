//! `pg_get_viewdef`: the text of a view, which the lake keeps.

use super::relations;
use async_trait::async_trait;
use datafusion::arrow::array::{AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::catalog::CatalogProvider;
use datafusion::error::Result;
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use quantlake_core::QlError;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

const NAME: &str = "pg_get_viewdef";

/// `pg_get_viewdef(oid [, pretty])`; NULL for an id that is no view's.
pub fn pg_get_viewdef(catalog: &Arc<dyn CatalogProvider>) -> ScalarUDF {
    let signature = Signature::one_of(
        vec![TypeSignature::Any(1), TypeSignature::Any(2)],
        Volatility::Stable,
    );
    let definition = ViewDefinition {
        catalog: Arc::downgrade(catalog),
        signature,
    };
    AsyncScalarUDF::new(Arc::new(definition)).into_scalar_udf()
}

struct ViewDefinition {
    // The catalog's template context owns this function.
    catalog: Weak<dyn CatalogProvider>,
    signature: Signature,
}

#[async_trait]
impl AsyncScalarUDFImpl for ViewDefinition {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(catalog) = self.catalog.upgrade() else {
            return Err(QlError::internal("the engine is closing").into());
        };
        let definitions = relations::view_definitions(catalog.as_ref()).await?;
        let Some(oids) = args.args.first() else {
            return Ok(ColumnarValue::Array(Arc::new(StringArray::new_null(
                args.number_rows,
            ))));
        };
        let oids = cast(&oids.to_array(args.number_rows)?, &DataType::Int64)?;
        let texts: StringArray = oids
            .as_primitive::<Int64Type>()
            .iter()
            .map(|oid| definitions.get(&i32::try_from(oid?).ok()?))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

impl ScalarUDFImpl for ViewDefinition {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(QlError::internal("pg_get_viewdef: called outside of a plan").into())
    }
}

impl PartialEq for ViewDefinition {
    fn eq(&self, other: &Self) -> bool {
        self.catalog.ptr_eq(&other.catalog)
    }
}

impl Eq for ViewDefinition {}

impl Hash for ViewDefinition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        NAME.hash(state);
    }
}

impl fmt::Debug for ViewDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}
