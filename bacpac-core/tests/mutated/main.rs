//! Damaged and made-up input to everything that reads bytes of others: packages, native rows, XML, names.
//!
//! Whatever comes in, the result is a value or a typed error: no panic, no endless loop, and no more memory than the
//! input justifies (an allocator counts). Each target is given some seconds, `BACPAC_MUTATE_SECONDS` for longer runs; the
//! inputs are the same in every run, as far as the time goes. What a target finds is printed as hex, to become a test of
//! its own.

#![allow(clippy::print_stderr, reason = "what is found must be seen")]

mod hunt;
mod names;
mod packages;
mod random;
mod rows;
mod xml;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
