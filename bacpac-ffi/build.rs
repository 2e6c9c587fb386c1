//! Names the shared library, so that programs linked with it find it where they are told to look, not where it was built.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libbacpac.so");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
