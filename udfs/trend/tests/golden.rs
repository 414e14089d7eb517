//! Every function against the values of its published formula, computed by
//! `tests/golden/trend.py`.

#[path = "../../indicators/tests/support/reference.rs"]
mod reference;

use std::path::Path;

#[test]
fn values_are_those_of_the_published_formulas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/machines/trend");
    reference::check_folder(&quantlake_trend::functions(), &folder, 1e-9);
}
