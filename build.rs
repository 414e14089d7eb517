//! Lets the binary and the tests find the native library that `scripts/native-libs.sh` fetched.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Clones may share one build folder, so the path is read when this runs, and it runs again
    // when the path changes. `.cargo/config.toml` sets it to the clone's own folder.
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if let Ok(folder) = std::env::var("DUCKDB_LIB_DIR") {
        let is_bundled = std::env::var_os("CARGO_FEATURE_BUNDLED").is_some();
        if !is_bundled && !std::path::Path::new(&folder).is_dir() {
            println!("cargo:warning=native libraries are missing; run `make native-libs` first");
        }
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    // An installed copy has the library beside itself.
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => println!("cargo:rustc-link-arg=-Wl,-rpath,@loader_path/../lib"),
        _ => println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib"),
    }
}
