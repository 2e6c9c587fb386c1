//! Where a check runs: a folder of its own in a store of some kind.

use bacpac_core::backup::Catalog;
use bacpac_core::storage::Location;
use std::time::{SystemTime, UNIX_EPOCH};

/// The stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Disk,
    S3,
    Azure,
}

impl Kind {
    /// Where a server of this kind is, in the variable that `run.sh` sets.
    fn variable(self) -> Option<&'static str> {
        match self {
            Kind::Memory | Kind::Disk => None,
            Kind::S3 => Some("BACPAC_TEST_S3"),
            Kind::Azure => Some("BACPAC_TEST_AZURE"),
        }
    }
}

/// A folder of a store.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    pub(crate) catalog: Catalog,
    /// Removed in the end.
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    /// An empty one for this check; `None`, said loudly, where no such store is at hand.
    pub(crate) fn open(kind: Kind, check: &str) -> Option<Self> {
        let mut folder = None;
        let text = match (kind, kind.variable()) {
            (Kind::Memory, _) => format!("memory:///{check}"),
            (_, None) => {
                let made = tempfile::tempdir().expect("a temporary folder");
                let text = made.path().to_str().expect("its path is text").to_owned();
                folder = Some(made);
                text
            }
            (_, Some(variable)) => {
                let Ok(base) = std::env::var(variable) else {
                    eprintln!("SKIPPED: {check} on {kind:?}: {variable} is not set; tests/stores/run.sh sets it");
                    return None;
                };
                let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_nanos();
                format!("{base}/{check}-{now}")
            }
        };
        let location = Location::parse(&text).expect("the place of a test can be opened");
        Some(Self { kind, catalog: Catalog::at(&location).expect("its folder too"), _folder: folder })
    }
}
