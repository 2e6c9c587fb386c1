//! Errors as objects: kind, message, context, what the server said, remedy.

use crate::boundary::{c_text, infallible, text_or_null};
use bacpac_core::{Error, ErrorKind, Result};
use std::ffi::{CString, c_char};
use std::ptr;

/// What went wrong: bacpac_error_code(). Numbers are never given another meaning; new ones are appended, so a switch
/// needs a default.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "the header has it; a test compares it with the core's")]
#[allow(clippy::enum_variant_names, reason = "in C all names are in one space")]
pub enum bacpac_error_code_t {
    /// The caller cancelled. Work that was under way has been undone.
    BACPAC_ERROR_CODE_CANCELLED = 1,
    /// An option or argument that cannot be used.
    BACPAC_ERROR_CODE_INVALID_ARGUMENT = 2,
    /// A local read or write failed.
    BACPAC_ERROR_CODE_IO = 3,
    /// The object store failed.
    BACPAC_ERROR_CODE_STORAGE = 4,
    /// The file or object is not there.
    BACPAC_ERROR_CODE_NOT_FOUND = 5,
    /// The target file or object exists already.
    BACPAC_ERROR_CODE_ALREADY_EXISTS = 6,
    /// The ZIP archive is damaged or not one that can be read.
    BACPAC_ERROR_CODE_ARCHIVE = 7,
    /// A part of the package is missing or breaks the package rules.
    BACPAC_ERROR_CODE_PACKAGE = 8,
    /// A checksum differs from the one recorded.
    BACPAC_ERROR_CODE_CHECKSUM = 9,
    /// The package, model or server is of a version that this library (or the target) cannot take.
    BACPAC_ERROR_CODE_UNSUPPORTED_VERSION = 10,
    /// model.xml is damaged or contradicts itself.
    BACPAC_ERROR_CODE_MODEL = 11,
    /// Row data that does not decode: where is in the context.
    BACPAC_ERROR_CODE_DATA = 12,
    /// Model and data, or table and data, disagree.
    BACPAC_ERROR_CODE_MISMATCH = 13,
    /// Something that the package or the server holds cannot be carried.
    BACPAC_ERROR_CODE_UNSUPPORTED = 14,
    /// The server cannot be reached.
    BACPAC_ERROR_CODE_CONNECT = 15,
    /// The TLS handshake failed, or the certificate is not trusted.
    BACPAC_ERROR_CODE_TLS = 16,
    /// The server refused the login.
    BACPAC_ERROR_CODE_LOGIN = 17,
    /// The login lacks a right.
    BACPAC_ERROR_CODE_PERMISSION = 18,
    /// The target database exists and is not empty.
    BACPAC_ERROR_CODE_DATABASE_EXISTS = 19,
    /// The source database does not exist, or the login may not open it.
    BACPAC_ERROR_CODE_DATABASE_NOT_FOUND = 20,
    /// The package refers to a login or user that the target lacks.
    BACPAC_ERROR_CODE_PRINCIPAL_NOT_FOUND = 21,
    /// The server could not convert a value.
    BACPAC_ERROR_CODE_CONVERSION = 22,
    /// Rows break a constraint or a unique index.
    BACPAC_ERROR_CODE_CONSTRAINT = 23,
    /// An error of the server that has no kind of its own.
    BACPAC_ERROR_CODE_SERVER = 24,
    /// No answer in time.
    BACPAC_ERROR_CODE_TIMEOUT = 25,
    /// The connection broke.
    BACPAC_ERROR_CODE_CONNECTION_LOST = 26,
    /// What was written is not what was read.
    BACPAC_ERROR_CODE_VERIFICATION = 27,
    /// A fault of this library; please report it.
    BACPAC_ERROR_CODE_INTERNAL = 28,
}

/// Where it went wrong. What is not known is NULL, or BACPAC_UNKNOWN for the numbers.
#[repr(C)]
#[derive(Debug)]
pub struct bacpac_error_context_t {
    /// Host or address of the server.
    pub server: *const c_char,
    /// Database.
    pub database: *const c_char,
    /// Table or other object, as [schema].[name].
    pub object: *const c_char,
    /// Column.
    pub column: *const c_char,
    /// Part of the package.
    pub part: *const c_char,
    /// Row within the part (or the load), from 0.
    pub row: u64,
    /// Byte within the part, from 0.
    pub byte: u64,
}

/// What the server said.
#[repr(C)]
#[derive(Debug)]
pub struct bacpac_server_message_t {
    /// Message number, e.g. 18456.
    pub number: u32,
    /// State.
    pub state: u32,
    /// Severity.
    pub severity: u32,
    /// Line within the batch.
    pub line: u32,
    /// Text.
    pub message: *const c_char,
    /// Procedure, or NULL.
    pub procedure: *const c_char,
}

/// A count or a total that is not known.
pub const BACPAC_UNKNOWN: u64 = u64::MAX;

/// An error. Free it with bacpac_error_free(). The texts it gives are its own and live as long as it does.
///
/// Any number of threads may read it at the same time.
pub struct bacpac_error_t {
    error: Error,
    message: CString,
    text: CString,
    help: Option<CString>,
    json: CString,
    context: bacpac_error_context_t,
    server: Option<bacpac_server_message_t>,
    /// What `context` and `server` point to.
    _texts: Vec<CString>,
}

impl bacpac_error_t {
    fn new(error: Error) -> Self {
        let mut texts = Vec::new();
        let mut keep = |text: Option<&str>| -> *const c_char {
            let Some(text) = text else { return ptr::null() };
            let text = c_text(text);
            let pointer = text.as_ptr();
            // Moving it moves no byte of the text.
            texts.push(text);
            pointer
        };
        let c = error.context();
        let context = bacpac_error_context_t {
            server: keep(c.server.as_deref()),
            database: keep(c.database.as_deref()),
            object: keep(c.object.as_deref()),
            column: keep(c.column.as_deref()),
            part: keep(c.part.as_deref()),
            row: c.row.unwrap_or(BACPAC_UNKNOWN),
            byte: c.byte.unwrap_or(BACPAC_UNKNOWN),
        };
        let server = error.server().map(|m| bacpac_server_message_t {
            number: m.number,
            state: m.state.into(),
            severity: m.class.into(),
            line: m.line,
            message: keep(Some(&m.message)),
            procedure: keep(m.procedure.as_deref()),
        });
        Self {
            message: c_text(error.message()),
            text: c_text(&error.to_string()),
            help: error.help().map(c_text),
            json: c_text(&serde_json::to_string(&error).unwrap_or_default()),
            context,
            server,
            _texts: texts,
            error,
        }
    }

    /// Gives it to the caller, who owns it from now on.
    pub(crate) fn give(error: Error) -> *mut Self {
        Box::into_raw(Box::new(Self::new(error)))
    }

    /// What a callback returned: NULL for success, or an error that is the library's from now on.
    ///
    /// # Safety
    /// `error` is NULL or was given out by [`give`](Self::give) and not freed.
    pub(crate) unsafe fn take(error: *mut Self) -> Result<()> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: the caller of this function promises it.
        Err(unsafe { Box::from_raw(error) }.error)
    }
}

fn kind(code: u32) -> Option<ErrorKind> {
    ErrorKind::ALL.iter().copied().find(|k| u32::from(k.number()) == code)
}

/// Makes an error, for a callback to return. `code` is a bacpac_error_code_t; one that is not known becomes
/// BACPAC_ERROR_CODE_STORAGE. `message` is one line without secrets; NULL, or not UTF-8: "a callback failed".
///
/// The caller owns the result: it frees it, or returns it from a callback and thereby gives it away. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_new(code: u32, message: *const c_char) -> *mut bacpac_error_t {
    infallible(ptr::null_mut(), || {
        // SAFETY: the caller passes NULL or a text that ends with a NUL and stays as it is during the call.
        let message = unsafe { crate::boundary::text(message, "message") };
        let message = message.ok().flatten().unwrap_or("a callback failed").to_owned();
        bacpac_error_t::give(Error::new(kind(code).unwrap_or(ErrorKind::Storage), message))
    })
}

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_free(error: *mut bacpac_error_t) {
    free!(error);
}

/// What went wrong, as a bacpac_error_code_t; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_code(error: *const bacpac_error_t) -> u32 {
    optional!(error).map_or(0, |e| e.error.kind().number().into())
}

/// The stable name of what went wrong, e.g. "login"; NULL for NULL. The text lives for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_kind(error: *const bacpac_error_t) -> *const c_char {
    optional!(error).map_or(ptr::null(), |e| bacpac_error_kind_name(e.error.kind().number().into()))
}

/// What happened, in one line without its place; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_message(error: *const bacpac_error_t) -> *const c_char {
    optional!(error).map_or(ptr::null(), |e| e.message.as_ptr())
}

/// Message, place and what the server said, in one line; NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_text(error: *const bacpac_error_t) -> *const c_char {
    optional!(error).map_or(ptr::null(), |e| e.text.as_ptr())
}

/// What to do about it; NULL where no remedy is known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_help(error: *const bacpac_error_t) -> *const c_char {
    text_or_null(optional!(error).and_then(|e| e.help.as_ref()))
}

/// Where it went wrong; NULL for NULL only. It is the error's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_context(error: *const bacpac_error_t) -> *const bacpac_error_context_t {
    optional!(error).map_or(ptr::null(), |e| &raw const e.context)
}

/// What the server said; NULL where the error is none of the server's. It is the error's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_server(error: *const bacpac_error_t) -> *const bacpac_server_message_t {
    optional!(error).and_then(|e| e.server.as_ref()).map_or(ptr::null(), ptr::from_ref)
}

/// Whether the same call may succeed later without a change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_is_retryable(error: *const bacpac_error_t) -> bool {
    optional!(error).is_some_and(|e| e.error.is_retryable())
}

/// All of it as a JSON object with the fields kind, number, text, message, context, server, help and retryable; NULL for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_error_json(error: *const bacpac_error_t) -> *const c_char {
    optional!(error).map_or(ptr::null(), |e| e.json.as_ptr())
}

/// The highest bacpac_error_code_t that the library at hand knows: they are 1 to this, without gaps.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_error_kind_count() -> u32 {
    u32::try_from(ErrorKind::ALL.len()).unwrap_or(u32::MAX)
}

/// The stable name of a bacpac_error_code_t, e.g. "login" of 17; NULL for one that the library does not know. The text
/// lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn bacpac_error_kind_name(code: u32) -> *const c_char {
    static NAMES: std::sync::OnceLock<Vec<CString>> = std::sync::OnceLock::new();
    infallible(ptr::null(), || {
        let names = NAMES.get_or_init(|| ErrorKind::ALL.iter().map(|k| c_text(k.name())).collect());
        let position = ErrorKind::ALL.iter().position(|k| u32::from(k.number()) == code);
        text_or_null(position.and_then(|i| names.get(i)))
    })
}
