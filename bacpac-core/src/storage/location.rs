//! Places named by a text: a path, or the URL of a folder or an object in a store.

use super::{Existing, FileSink, FileSource, ObjectSink, ObjectSinkOptions, ObjectSource, Sink, Source};
use crate::error::{Error, ErrorKind, Result};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Where a package is or will be, or the folder in which backups are kept.
///
/// | text | what it is | needs the feature |
/// |---|---|---|
/// | a path | a local file or folder | |
/// | `file:///folder/name` | the same | |
/// | `memory:///name` | memory of this value and its clones; for tests | |
/// | `s3://bucket/key` | Amazon S3 and what speaks its protocol | `aws` |
/// | `az://container/name`, `abfs://…`, `https://account.blob.core.windows.net/container/name` | Azure Blob Storage | `azure` |
/// | `gs://bucket/name` | Google Cloud Storage | `gcp` |
/// | `https://host/name` | any web server that answers range requests; to read from | `http` |
///
/// Credentials and other settings of a store come from the options given with the URL, by the names that
/// [`object_store`] has for them (`aws_access_key_id`, `azure_storage_account_key`, ...; the case does not matter), and
/// else from environment variables of the same names. They never show in an error or a `Debug`.
///
/// ```
/// use bacpac_core::storage::Location;
/// assert!(Location::parse("backups/acmecorp.bacpac")?.as_local().is_some());
/// assert_eq!(Location::parse("memory:///nightly")?.path().as_ref(), "nightly");
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Location {
    place: Place,
    path: Path,
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    cloud: Option<Cloud>,
}

/// What a store of a cloud can do beside storing.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
#[derive(Clone)]
pub(crate) struct Cloud {
    /// Signs URLs.
    pub(crate) signer: Arc<dyn object_store::signer::Signer>,
    /// Whether it is S3.
    #[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "only S3 is asked for unfinished uploads"))]
    pub(crate) is_s3: bool,
}

#[derive(Clone)]
enum Place {
    Local(PathBuf),
    Store(Arc<dyn ObjectStore>),
}

impl Location {
    /// Reads a path or a URL; settings of the store come from the environment.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, std::iter::empty::<(&str, &str)>())
    }

    /// Reads a path or a URL; `options` are the settings of the store, before those of the environment.
    ///
    /// [`ErrorKind::InvalidArgument`] for a URL that cannot be read or lacks a setting, [`ErrorKind::Unsupported`] for a
    /// store that this build does not have.
    pub fn parse_with<K: AsRef<str>, V: Into<String>>(
        text: &str,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let Some(url) = url_of(text)? else {
            return Ok(Self::local(text));
        };
        if url.scheme() == "file" {
            let file = url.to_file_path().map_err(|()| invalid(text, "it names no local file"))?;
            return Ok(Self::local(file));
        }
        if url.query().is_some() || url.password().is_some() {
            return Err(invalid(&shown(&url), "it has a query or a password, which a store would not be given")
                .with_help("give credentials as options or in the environment"));
        }
        let set = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        // A later setting replaces an earlier one of the same name.
        let settings = set.chain(options.into_iter().map(|(k, v)| (k.as_ref().to_owned(), v.into())));
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        let settings: Vec<(String, String)> = settings.collect();
        #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
        if let Some(location) = cloud(&url, &settings).map_err(|e| refused(&url, e))? {
            return Ok(location);
        }
        let (store, path) = object_store::parse_url_opts(&url, settings).map_err(|e| refused(&url, e))?;
        Ok(Self::in_store(store.into(), path))
    }

    /// A local file or folder.
    pub fn local(path: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::Local(path.into()),
            path: Path::default(),
            #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
            cloud: None,
        }
    }

    /// A folder or an object of a store.
    pub fn in_store(store: Arc<dyn ObjectStore>, path: Path) -> Self {
        Self {
            place: Place::Store(store),
            path,
            #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
            cloud: None,
        }
    }

    /// The local path, where it is one.
    pub fn as_local(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Local(path) => Some(path),
            Place::Store(_) => None,
        }
    }

    /// What its cloud can do, if it is of one.
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn cloud(&self) -> Option<&Cloud> {
        self.cloud.as_ref()
    }

    /// The path within the store; empty for a local file or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the package that is there.
    pub async fn source(&self) -> Result<Arc<dyn Source>> {
        Ok(match &self.place {
            Place::Local(path) => Arc::new(FileSource::open(path).await?),
            Place::Store(store) => Arc::new(ObjectSource::open(store.clone(), self.path.clone()).await?),
        })
    }

    /// Prepares to write a package there.
    pub async fn sink(&self, existing: Existing) -> Result<Box<dyn Sink>> {
        Ok(match &self.place {
            Place::Local(path) => Box::new(FileSink::create(path, existing).await?),
            Place::Store(store) => {
                let options = ObjectSinkOptions::default().existing(existing);
                Box::new(ObjectSink::create(store.clone(), self.path.clone(), options).await?)
            }
        })
    }

    /// It as a folder of a store, for [`Catalog`](crate::backup::Catalog). A local folder is made if it is not there, and
    /// is the root of its store.
    pub fn folder(&self) -> Result<(Arc<dyn ObjectStore>, Path)> {
        Ok(match &self.place {
            Place::Local(path) => {
                std::fs::create_dir_all(path).map_err(|e| {
                    Error::new(Error::from(std::io::Error::from(e.kind())).kind(), format!("{}: {e}", path.display()))
                        .with_source(e)
                })?;
                (Arc::new(LocalFileSystem::new_with_prefix(path)?), Path::default())
            }
            Place::Store(store) => (store.clone(), self.path.clone()),
        })
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Local(path) => f.debug_tuple("Local").field(path).finish(),
            // A store's own `Debug` may show its settings.
            Place::Store(_) => f.debug_tuple("Store").field(&self.path.as_ref()).finish(),
        }
    }
}

/// The URL in `text`; `None` for a path. `C:\x` is a path: no scheme has one letter.
fn url_of(text: &str) -> Result<Option<Url>> {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let letters = |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let known = matches!(scheme.to_ascii_lowercase().as_str(), "file" | "memory");
    if scheme.len() < 2 || !letters(scheme) || !(known || text[scheme.len()..].starts_with("://")) {
        return Ok(None);
    }
    Url::parse(text).map(Some).map_err(|e| invalid(scheme, "it cannot be read").with_source(e))
}

/// A store of a cloud, opened with its own type, which the general opening forgets; `None` for any other URL.
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
fn cloud(url: &Url, settings: &[(String, String)]) -> object_store::Result<Option<Location>> {
    use object_store::ObjectStoreScheme;
    // What no store has a name for is none of its settings.
    macro_rules! open {
        ($builder:ty, $path:expr, $is_s3:expr) => {{
            let builder = settings.iter().fold(<$builder>::new().with_url(url.to_string()), |builder, (key, value)| {
                match key.to_ascii_lowercase().parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                }
            });
            let store = Arc::new(builder.build()?);
            let cloud = Cloud { signer: store.clone(), is_s3: $is_s3 };
            Ok(Some(Location { cloud: Some(cloud), ..Location::in_store(store, $path) }))
        }};
    }
    match ObjectStoreScheme::parse(url) {
        #[cfg(feature = "aws")]
        Ok((ObjectStoreScheme::AmazonS3, path)) => open!(object_store::aws::AmazonS3Builder, path, true),
        #[cfg(feature = "azure")]
        Ok((ObjectStoreScheme::MicrosoftAzure, path)) => {
            open!(object_store::azure::MicrosoftAzureBuilder, path, false)
        }
        #[cfg(feature = "gcp")]
        Ok((ObjectStoreScheme::GoogleCloudStorage, path)) => {
            open!(object_store::gcp::GoogleCloudStorageBuilder, path, false)
        }
        _ => Ok(None),
    }
}

/// A URL without what may be a secret.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn invalid(url: &str, why: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the store URL {url} cannot be used: {why}"))
}

fn refused(url: &Url, e: object_store::Error) -> Error {
    let place = shown(url);
    let text = e.to_string();
    if text.contains("not enabled") {
        return Error::new(ErrorKind::Unsupported, format!("this build has no store for {place}"))
            .with_help("build with the feature aws, azure, gcp or http");
    }
    if text.contains("recognise") {
        return invalid(&place, "no store has this scheme")
            .with_help("use a path, or a URL that begins with file:, memory:, s3:, az:, abfs:, gs: or https:");
    }
    // What the store's builder says names the setting it lacks, and no value.
    invalid(&place, "a setting is missing or wrong").with_source(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_local_whatever_they_look_like() {
        for path in ["x.bacpac", "/a/b", r"C:\a\b.bacpac", "C:/a", "a:b", "./s3/x"] {
            assert_eq!(Location::parse(path).unwrap().as_local(), Some(std::path::Path::new(path)), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn file_urls_are_local() {
        let place = Location::parse("file:///a%20b/c.bacpac").unwrap();
        assert_eq!(place.as_local(), Some(std::path::Path::new("/a b/c.bacpac")));
    }

    #[test]
    fn what_cannot_be_a_store_is_refused_without_its_secrets() {
        for url in ["ftp://user:hunter2@host/x", "nothing://x", "s3://user:hunter2@bucket/x", "https://h/x?sig=hunter2"]
        {
            let e = Location::parse(url).unwrap_err();
            assert!(matches!(e.kind(), ErrorKind::InvalidArgument | ErrorKind::Unsupported), "{e:?}");
            assert!(!format!("{e:?}").contains("hunter2"), "{e:?}");
        }
    }

    #[tokio::test]
    async fn clones_of_a_memory_location_share_it() {
        let place = Location::parse("memory:///folder/x.bacpac").unwrap();
        let mut sink = place.clone().sink(Existing::Refuse).await.unwrap();
        sink.write(bytes::Bytes::from_static(b"abc")).await.unwrap();
        sink.complete().await.unwrap();
        assert_eq!(place.source().await.unwrap().size(), 3);
        assert_eq!(place.sink(Existing::Refuse).await.err().unwrap().kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_local_folder_is_made() {
        let outer = tempfile::tempdir().unwrap();
        let place = Location::local(outer.path().join("a").join("b"));
        place.folder().unwrap();
        assert!(outer.path().join("a/b").is_dir());
    }
}
