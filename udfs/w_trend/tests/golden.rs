//! Every function against an independent reference.

#[path = "../../indicators/tests/support/reference.rs"]
mod reference;

#[test]
fn values_equal_the_reference() {
    let functions: Vec<quantlake_core::Function> = vec![];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/indicators");
    reference::check_folder(&functions, &folder, 1e-9);
}
