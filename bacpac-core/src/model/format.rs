//! How a `model.xml` is laid out, kept so that a model that was read can be written again byte for byte.

/// Byte order mark and line ends of a `model.xml`; all else of its layout is the same in every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelFormat {
    /// Begins with a UTF-8 byte order mark.
    pub bom: bool,
    /// Lines between elements end in CR LF, not LF.
    pub crlf: bool,
}

impl Default for ModelFormat {
    fn default() -> Self {
        Self { bom: false, crlf: true }
    }
}

impl ModelFormat {
    /// As DacFx on Windows writes it: a byte order mark if and only if the schema version is 2.5.
    pub fn for_schema_version(version: &str) -> Self {
        Self { bom: version == "2.5", crlf: true }
    }

    pub(super) fn line_end(self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}

/// The namespace of everything in `model.xml`.
pub(super) const NAMESPACE: &str = "http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02";

/// What a `model.xml` may demand of memory and stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelLimits {
    /// Bytes of one top-level element (an assembly's bytes are the largest thing in practice).
    pub element_bytes: u64,
    /// Elements within elements. Known models reach 6.
    pub depth: u32,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self { element_bytes: 512 << 20, depth: 32 }
    }
}

impl ModelLimits {
    /// Sets the largest top-level element.
    pub fn with_element_bytes(mut self, bytes: u64) -> Self {
        self.element_bytes = bytes;
        self
    }

    /// Sets how deep elements may nest.
    pub fn with_depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }
}
