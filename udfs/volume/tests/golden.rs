//! Every function against values of independent programs; see tests/golden/volume.py.

#[path = "../../indicators/tests/support/reference.rs"]
mod reference;

use std::path::Path;

#[test]
fn every_function_gives_the_reference_values() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/machines/volume");
    reference::check_folder(&quantlake_volume::functions(), &folder, 1e-9);
}
