//! Which library this is.

use std::ffi::c_char;

/// The version of this interface. It changes when a function, a struct or a number changes its meaning or goes; what is
/// only added does not change it. Compare it with bacpac_abi_version(): see BACPAC_ABI_MATCHES.
pub const BACPAC_ABI_VERSION: u32 = 1;

/// The version of the interface that the library at hand was built with.
///
/// Never fails. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_abi_version() -> u32 {
    BACPAC_ABI_VERSION
}

/// The version of the library, e.g. "0.1.0". The text is the library's and lives for ever.
///
/// Never fails. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
