//! The `quantlake` command.
fn main() {}
