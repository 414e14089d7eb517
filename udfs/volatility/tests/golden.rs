//! Every function against an independent reference.

#[path = "../../indicators/tests/support/reference.rs"]
mod reference;

use std::path::Path;

#[test]
fn values_equal_the_reference() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/machines/volatility");
    reference::check_folder(&quantlake_volatility::functions(), &folder, 1e-9);
}
