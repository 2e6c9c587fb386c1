//! Looking into a package: summary, digests, rows, script.

use crate::boundary::{calling_back, fallible, present, wait};
use crate::control::{bacpac_control_t, control_of};
use crate::error::bacpac_error_t;
use crate::location::bacpac_location_t;
use crate::options::bacpac_script_options_t;
use crate::report::bacpac_report_t;
use bacpac_core::bcp::CanonicalText;
use bacpac_core::inspect::Package;
use bacpac_core::objects;
use serde_json::json;
use std::ffi::{c_char, c_void};

/// An open .bacpac or .dacpac. Free it with bacpac_package_free().
///
/// Any number of threads may use it at the same time.
pub struct bacpac_package_t(Package);

/// Takes rows as text: `length` bytes at `text`, which are whole rows, `rows` of them; they are not ended by a NUL, and
/// valid during the call only. Returns NULL to go on, or an error made by bacpac_error_new(), which stops the reading and
/// is its result.
pub type bacpac_rows_callback_t = Option<
    unsafe extern "C" fn(user_data: *mut c_void, text: *const c_char, length: usize, rows: u64) -> *mut bacpac_error_t,
>;

/// Opens the package at `location`: reads its directory and its model. Waits. `control` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_package_open(
    location: *const bacpac_location_t,
    control: *const bacpac_control_t,
    package: *mut *mut bacpac_package_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let package = out!(package);
        let (location, control) = (handle!(location).hold(), control_of(optional!(control)));
        let opened = wait(async { Package::open(control.run(location.source()).await?, &control).await })?;
        package.give(bacpac_package_t(opened));
        Ok(())
    })
}

/// Frees a package. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_package_free(package: *mut bacpac_package_t) {
    free!(package);
}

/// What the package holds, in short: fields kind, name, platform, schema_version, product, exported, server, rows,
/// row_bytes, objects (counts by class), tables (schema, table, bytes, parts, columns with name, type and nullable).
/// Does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_package_summary(
    package: *const bacpac_package_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        out!(report).give(bacpac_report_t::new(&handle!(package).0.summary())?);
        Ok(())
    })
}

/// Rows of a table and the SHA-256 of their canonical text: fields rows and sha256. Reads the whole table. `table` is
/// "schema.table", or "[schema].[table]" where a name holds a dot. Waits. `control` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_package_digest(
    package: *const bacpac_package_t,
    table: *const c_char,
    control: *const bacpac_control_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let (package, control) = (&handle!(package).0, control_of(optional!(control)));
        let table = package.table(&text!(table).parse()?)?;
        let (rows, sha256) = wait(package.digest(table, &control))?;
        report.give(bacpac_report_t::new(&json!({ "rows": rows, "sha256": sha256 }))?);
        Ok(())
    })
}

/// Reads the rows of a table and passes them to `callback` as canonical text, on the calling thread: one row a line,
/// ended by LF; fields joined with 0x1F; NULL is \N; in texts \, LF, CR and 0x1F are written \\, \n, \r and \u. Other
/// values are exact as well (decimals with all digits, times with all theirs, binary as 0x...; floats as the hexadecimal
/// digits of their bits). `table` is as for bacpac_package_digest(). Waits. `control` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_package_rows(
    package: *const bacpac_package_t,
    table: *const c_char,
    control: *const bacpac_control_t,
    callback: bacpac_rows_callback_t,
    user_data: *mut c_void,
) -> *mut bacpac_error_t {
    fallible(|| {
        let (package, control) = (&handle!(package).0, control_of(optional!(control)));
        let table = package.table(&text!(table).parse()?)?;
        let callback = present(callback, "callback")?;
        let mut text = CanonicalText::new(&table.layout)?;
        let mut rows = package.rows(table);
        let mut given = 0;
        while let Some(chunk) = wait(rows.next(&control))? {
            text.push(&chunk.bytes)?;
            let complete = text.rows();
            let out = text.text();
            // An LF ends a row and stands nowhere else: what is behind the last waits for its end.
            let Some(end) = out.iter().rposition(|b| *b == b'\n').map(|last| last + 1) else { continue };
            // SAFETY: the caller's callback, with the caller's pointer, and bytes that outlive the call.
            let error = calling_back(|| unsafe { callback(user_data, out.as_ptr().cast(), end, complete - given) });
            // SAFETY: NULL, or an error that the callback gives away.
            unsafe { bacpac_error_t::take(error) }?;
            given = complete;
            out.drain(..end);
        }
        text.finish().map(drop)
    })
}

/// The package's schema as T-SQL, in an order that runs: fields text (with GO between the statements), statements (their
/// number) and warnings. `options` may be NULL. Does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bacpac_package_script(
    package: *const bacpac_package_t,
    options: *const bacpac_script_options_t,
    report: *mut *mut bacpac_report_t,
) -> *mut bacpac_error_t {
    fallible(|| {
        let report = out!(report);
        let options = optional!(options).map(|o| o.0.clone()).unwrap_or_default();
        let scripted = objects::script(handle!(package).0.model(), &options)?;
        let (text, statements) = (scripted.to_string(), scripted.statements.len());
        let value = json!({ "text": text, "statements": statements, "warnings": scripted.warnings });
        report.give(bacpac_report_t::new(&value)?);
        Ok(())
    })
}
