//! Backups over real stores: memory, a local disk, and, where `tests/stores/run.sh` has started them, an S3 server and an
//! Azure server on loopback. Every check runs the same on each.

#![allow(clippy::print_stderr, reason = "tests say what they skip")]

mod catalog;
mod download;
mod killed;
mod nightly;
mod place;
mod restore;
mod uploads;
mod world;

use place::{Kind, Place};

/// Runs each check at a new place of each kind of store.
macro_rules! on_every_store {
    ($($module:ident :: $check:ident),* $(,)?) => {
        on_every_store!(@ memory, Memory, $($module::$check),*);
        on_every_store!(@ disk, Disk, $($module::$check),*);
        on_every_store!(@ s3, S3, $($module::$check),*);
        on_every_store!(@ azure, Azure, $($module::$check),*);
    };
    (@ $name:ident, $kind:ident, $($module:ident :: $check:ident),*) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    if let Some(place) = crate::Place::open(crate::Kind::$kind, stringify!($check)) {
                        crate::$module::$check(place).await;
                    }
                }
            )*
        }
    };
}

on_every_store! {
    catalog::names_are_taken_once,
    catalog::listing_pages_and_filters,
    catalog::sidecars_change_without_losing_a_change,
    catalog::leases_are_of_one_node_and_fence_the_others,
    catalog::retention_is_applied_by_two_nodes_and_spares_what_is_held,
    catalog::what_is_verified_is_recorded,
    download::ranges_and_resuming_are_of_one_version,
    download::damage_is_found_on_the_way,
    download::links_need_no_credentials,
    uploads::a_large_file_appears_only_when_it_is_complete,
    uploads::an_existing_file_is_never_replaced,
    uploads::stale_uploads_are_cleaned,
    nightly::nights_of_three_tenants,
}
