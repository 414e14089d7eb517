//! Lets the binary and the tests find the native libraries that `scripts/native-libs.sh` fetched.

fn main() {
    let deps = concat!(env!("CARGO_MANIFEST_DIR"), "/.deps/lib");
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_BUNDLED").is_none() && !std::path::Path::new(deps).is_dir() {
        println!("cargo:warning=native libraries are missing; run `make native-libs` first");
    }
    // The folder of the clone for development, the binary's own folder for an installed copy.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{deps}");
    #[cfg(target_os = "linux")]
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");
    #[cfg(target_os = "macos")]
    println!("cargo:rustc-link-arg=-Wl,-rpath,@loader_path/../lib");
}
