//! Window functions against the values of an independent program (tests/golden/shapes.py).

#[path = "../../indicators/tests/support/reference.rs"]
mod reference;

use std::path::Path;

#[test]
fn every_window_function_gives_the_values_of_its_published_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/machines/shapes");
    reference::check_folder(&quantlake_shapes::functions(), &folder, 1e-9);
}
