//! Links by which somebody without credentials downloads one backup, for a while.
//!
//! The store makes them, where it can: S3, Azure and Google Cloud Storage sign URLs. A browser that follows one talks to
//! the store itself; nothing passes through this process, and nothing is compared with the manifest on the way.

use super::list::{Backup, Catalog};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use async_trait::async_trait;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::fmt;
use std::time::Duration;

/// The longest that S3 and Google Cloud Storage make links for.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// Makes links to objects of a store.
///
/// **Errors**: none may hold a link or a credential.
#[async_trait]
pub trait DownloadLinks: Send + Sync + fmt::Debug {
    /// A URL that reads the object at `path`, and nothing else, for `valid_for` from now.
    async fn link(&self, path: &Path, valid_for: Duration) -> Result<String>;
}

/// A link. Whoever has its URL can read the backup, so it shows nothing of it but to [`url`](Self::url).
#[derive(Clone, PartialEq, Eq)]
pub struct DownloadLink {
    url: String,
    file_name: String,
}

impl DownloadLink {
    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The suggested file name; it is also the last part of the URL's path.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }
}

impl fmt::Debug for DownloadLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadLink").field("file_name", &self.file_name).finish_non_exhaustive()
    }
}

impl Catalog {
    /// A link to a backup, good for `valid_for`: up to 7 days. [`ErrorKind::Unsupported`] where the store makes none.
    pub async fn download_link(&self, backup: &Backup, valid_for: Duration, control: &Control) -> Result<DownloadLink> {
        let links = self.links().ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "this store makes no download links")
                .with_help("S3, Azure and Google Cloud Storage do; from any other store, stream the download")
        })?;
        if valid_for < Duration::from_secs(1) || valid_for > LONGEST {
            return Err(Error::new(ErrorKind::InvalidArgument, "a link is good for a second to 7 days"));
        }
        let path = self.path(&backup.name);
        let work = async {
            // A store signs a URL of anything, there or not.
            self.store().head(&path).await?;
            links.link(&path, valid_for).await
        };
        Ok(DownloadLink { url: control.run(work).await?, file_name: backup.name.to_string() })
    }
}

/// Links signed by the store's own credentials.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
#[derive(Debug)]
pub struct SignedLinks(std::sync::Arc<dyn object_store::signer::Signer>);

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
impl SignedLinks {
    /// Signs by this store.
    pub fn new(signer: std::sync::Arc<dyn object_store::signer::Signer>) -> Self {
        Self(signer)
    }
}

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
#[async_trait]
impl DownloadLinks for SignedLinks {
    async fn link(&self, path: &Path, valid_for: Duration) -> Result<String> {
        use object_store::signer::Method;
        Ok(self.0.signed_url(Method::GET, path, valid_for).await?.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::sync::Arc;

    #[derive(Debug)]
    struct Spelled;

    #[async_trait]
    impl DownloadLinks for Spelled {
        async fn link(&self, path: &Path, valid_for: Duration) -> Result<String> {
            Ok(format!("https://store/{path}?secret&{}", valid_for.as_secs()))
        }
    }

    #[tokio::test]
    async fn links_are_made_where_the_store_can_and_show_no_secret() {
        let catalog = Catalog::new(Arc::new(InMemory::new()), Path::from("b"));
        let backup = Backup::new("acme_20260501031007.bacpac".parse().unwrap(), None, 1);
        let (control, hour) = (Control::new(), Duration::from_secs(3_600));
        let error = catalog.download_link(&backup, hour, &control).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let catalog = catalog.with_links(Arc::new(Spelled));
        let error = catalog.download_link(&backup, hour, &control).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        catalog.store().put(&catalog.path(&backup.name), "x".into()).await.unwrap();
        let link = catalog.download_link(&backup, hour, &control).await.unwrap();
        assert_eq!(link.url(), "https://store/b/acme_20260501031007.bacpac?secret&3600");
        assert!(!format!("{link:?}").contains("secret"));
        for wrong in [Duration::ZERO, Duration::from_secs(8 * 86_400)] {
            let error = catalog.download_link(&backup, wrong, &control).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }
}
