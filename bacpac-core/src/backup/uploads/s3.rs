//! The unfinished multipart uploads of an S3 bucket.
//!
//! `object_store` neither lists nor aborts uploads that it did not begin itself, so this asks the store directly, by
//! requests that its signer has signed: no credential is handled here.

use super::{UnfinishedUpload, UnfinishedUploads};
use crate::error::{Error, ErrorKind, Result};
use crate::package::xml;
use async_trait::async_trait;
use bytes::Bytes;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpRequest, HttpRequestBody, ReqwestConnector};
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer, Url};
use std::sync::Arc;
use std::time::Duration;

/// Unfinished uploads of an S3 bucket, or of a store that speaks S3's protocol. Its credentials need
/// `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload`.
#[derive(Clone, Debug)]
pub struct S3Uploads {
    signer: Arc<dyn Signer>,
    client: HttpClient,
}

impl S3Uploads {
    /// Asks the bucket of this store: an [`AmazonS3`](object_store::aws::AmazonS3).
    pub fn new(signer: Arc<dyn Signer>) -> Result<Self> {
        // Whether to talk without TLS was decided where the store was opened: its URLs say it.
        let client = ReqwestConnector::default().connect(&ClientOptions::new().with_allow_http(true))?;
        Ok(Self { signer, client })
    }

    async fn ask(&self, method: Method, path: &Path, query: Vec<(&str, &str)>) -> Result<(u16, Bytes)> {
        let options = SignedUrlOptions::new().with_query(query);
        let url: Url = self.signer.signed_url_opts(method.clone(), path, Duration::from_secs(300), &options).await?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method;
        *request.uri_mut() =
            url.as_str().parse().map_err(|_| failed("the signed URL of a request cannot be used".into()))?;
        // The errors of the client hold the URL, and the URL a signature: only their kind is told.
        let told = |e: object_store::client::HttpError| failed(format!("the store did not answer: {:?}", e.kind()));
        let response = self.client.execute(request).await.map_err(told)?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().bytes().await.map_err(told)?))
    }
}

#[async_trait]
impl UnfinishedUploads for S3Uploads {
    async fn list(&self, folder: &Path) -> Result<Vec<UnfinishedUpload>> {
        let prefix = if folder.as_ref().is_empty() { String::new() } else { format!("{folder}/") };
        let mut found = Vec::new();
        let mut after = (String::new(), String::new());
        loop {
            let mut query = vec![("uploads", ""), ("prefix", prefix.as_str())];
            if !after.0.is_empty() {
                query.push(("key-marker", after.0.as_str()));
                query.push(("upload-id-marker", after.1.as_str()));
            }
            let (status, body) = self.ask(Method::GET, &Path::default(), query).await?;
            if status != 200 {
                return Err(refused("list unfinished uploads", status));
            }
            let page = Page::parse(&body)?;
            found.extend(page.uploads);
            match page.next {
                Some(next) if next != after => after = next,
                _ => return Ok(found),
            }
        }
    }

    async fn abort(&self, upload: &UnfinishedUpload) -> Result<()> {
        match self.ask(Method::DELETE, &upload.path, vec![("uploadId", upload.id.as_str())]).await? {
            (200..=299 | 404, _) => Ok(()),
            (status, _) => Err(refused("abort an unfinished upload", status)),
        }
    }
}

fn failed(why: String) -> Error {
    Error::new(ErrorKind::Storage, format!("unfinished uploads cannot be cleaned: {why}"))
}

fn refused(what: &str, status: u16) -> Error {
    failed(format!("a request to {what} was answered with status {status}"))
        .with_help("let the credentials do s3:ListBucketMultipartUploads and s3:AbortMultipartUpload")
}

/// A page of a listing.
struct Page {
    uploads: Vec<UnfinishedUpload>,
    /// The markers of the next one.
    next: Option<(String, String)>,
}

impl Page {
    fn parse(bytes: &[u8]) -> Result<Self> {
        let strange = || failed("the store's list of them cannot be read".into());
        let root = xml::parse(bytes, "uploads", "ListMultipartUploadsResult").map_err(|_| strange())?;
        let mut uploads = Vec::new();
        for upload in root.children.iter().filter(|child| child.name == "Upload") {
            let field = |name: &str| upload.child_text(name).ok_or_else(strange);
            let path = Path::parse(field("Key")?).map_err(|_| strange())?;
            let begun = field("Initiated")?.parse().map_err(|_| strange())?;
            uploads.push(UnfinishedUpload::new(path, field("UploadId")?, begun));
        }
        let marker = |name: &str| root.child_text(name).unwrap_or_default().to_owned();
        let truncated = root.child_text("IsTruncated") == Some("true");
        let next = truncated.then(|| (marker("NextKeyMarker"), marker("NextUploadIdMarker")));
        Ok(Self { uploads, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_page() {
        let xml = br#"<?xml version="1.0" encoding="UTF-8"?>
            <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Bucket>b</Bucket><KeyMarker/><UploadIdMarker/>
            <NextKeyMarker>b/c&amp;&#100;</NextKeyMarker><NextUploadIdMarker>i2</NextUploadIdMarker>
            <IsTruncated>true</IsTruncated>
            <Upload><Key>b/a_20260501031007.bacpac</Key><UploadId>i1</UploadId>
              <Initiator><ID>x</ID></Initiator><Initiated>2026-05-01T03:10:07.000Z</Initiated></Upload>
            <Upload><Key>b/c</Key><UploadId>i2</UploadId><Initiated>2026-05-02T03:10:07.000Z</Initiated></Upload>
            </ListMultipartUploadsResult>"#;
        let page = Page::parse(xml).unwrap();
        assert_eq!(page.uploads.len(), 2);
        assert_eq!(page.uploads[0].path.as_ref(), "b/a_20260501031007.bacpac");
        assert_eq!((page.uploads[0].id.as_str(), page.uploads[1].id.as_str()), ("i1", "i2"));
        assert_eq!(page.uploads[1].begun.to_string(), "2026-05-02T03:10:07Z");
        assert_eq!(page.next, Some(("b/c&d".into(), "i2".into())));
        assert!(Page::parse(b"<ListMultipartUploadsResult/>").unwrap().next.is_none());
        for wrong in [&b"\xff"[..], b"<a><Upload></Upload></a>", b"<a"] {
            assert!(Page::parse(wrong).is_err());
        }
    }
}
