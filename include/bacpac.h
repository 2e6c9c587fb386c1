/*
 * bacpac: exports a SQL Server database to a .bacpac file and imports it back, streaming.
 *
 * This file is made from the library's sources; do not edit it.
 *
 * 1. A first look
 * ---------------
 *
 *     bacpac_server_t *server = NULL;
 *     bacpac_location_t *file = NULL;
 *     bacpac_report_t *report = NULL;
 *     bacpac_error_t *error = bacpac_server_new(connection_string, NULL, &server);
 *     if (!error) error = bacpac_location_new("acmecorp.bacpac", NULL, 0, &file);
 *     if (!error) error = bacpac_export(server, "acmecorp", file, false, NULL, NULL, &report);
 *     if (error) fprintf(stderr, "%s\n", bacpac_error_text(error));
 *     else printf("%llu rows\n", (unsigned long long)bacpac_report_rows(report));
 *     bacpac_report_free(report);
 *     bacpac_location_free(file);
 *     bacpac_server_free(server);
 *     bacpac_error_free(error);
 *
 * 2. Ownership
 * ------------
 *
 * Everything of the library is a handle: a pointer to something whose inside is not shown. What a function gives
 * through its last argument (`T **`) or returns as a `T *` that is not const belongs to the caller, who frees it once
 * with the `..._free` function of its type. Freeing NULL does nothing. What is returned as a const pointer (texts,
 * the parts of an error) belongs to the handle it was asked of and lives as long as that; the few texts that live for
 * ever are said to.
 *
 * Handles that are passed to an operation stay the caller's. An operation keeps what it needs of them: they may be
 * freed while it runs.
 *
 * Texts that are passed in are UTF-8, end with a NUL, and are copied where they are kept. Texts that come out are
 * UTF-8 and end with a NUL; a NUL within one shows as U+FFFD (in JSON as \u0000).
 *
 * Result arguments are set to NULL at the beginning of a call, so that after an error there is nothing to free.
 *
 * `user_data` is passed back to callbacks and never looked into. Where a `release` callback can be given, it is called
 * once, when the library will not use `user_data` again.
 *
 * 3. Errors
 * ---------
 *
 * A function that can fail returns NULL, or an error, which the caller owns and frees. An error says what
 * (bacpac_error_code, bacpac_error_message), where (bacpac_error_context), what the server said (bacpac_error_server),
 * what to do about it (bacpac_error_help) and whether to try again (bacpac_error_is_retryable). No password, token or
 * connection string is ever in it.
 *
 * An argument that is NULL where it must not be, or a text that is not UTF-8, is an error
 * (BACPAC_ERROR_CODE_INVALID_ARGUMENT), not a crash. Functions that only read a handle give NULL, 0 or false for NULL.
 * A panic of the library does not leave it: it is an error (BACPAC_ERROR_CODE_INTERNAL). A handle that has been freed,
 * or is none, cannot be told and must not be passed.
 *
 * 4. Threads
 * ----------
 *
 * Handles may be passed from thread to thread. Those that a function takes as const may be used by any number of
 * threads at the same time, also while operations run with them. Those that it takes as not const (options, requests)
 * are used by one thread at a time. No handle may be used while or after it is freed.
 *
 * The library runs threads of its own, made by the first call that needs them and shared by all operations; they are
 * there until the process ends. After fork() the child must not use the library if the parent has. The library must
 * not be unloaded.
 *
 * 5. Waiting, jobs and cancellation
 * ---------------------------------
 *
 * A function whose description ends with "Waits" returns when all is done. Of those that may take long there is one
 * named `..._start`, which returns at once with a job: poll it (bacpac_job_is_done, bacpac_job_progress), wait for it
 * (bacpac_job_wait), and take its result once (bacpac_job_result). Freeing a job that still runs cancels it and waits.
 *
 * bacpac_control_cancel, from any thread, and bacpac_job_cancel ask an operation to stop. It then cleans up (an export
 * leaves no file, an import drops the database it made) and fails with BACPAC_ERROR_CODE_CANCELLED. It is never just
 * left: when the call returns, or the job is done, all is undone.
 *
 * 6. Callbacks
 * ------------
 *
 * Callbacks are called on threads of the library or on the one that waits; with each is said whether several may run at
 * the same time. They must not throw, longjmp or unwind out. Within a callback no function that waits may be called: it
 * would fail with BACPAC_ERROR_CODE_INVALID_ARGUMENT; cancelling and starting jobs is allowed. Callbacks that can fail
 * return NULL or an error made by bacpac_error_new(), which the library takes.
 *
 * 7. Versions
 * -----------
 *
 * Functions, codes and fields of structs that the library fills are added, never changed, as long as
 * BACPAC_ABI_VERSION is the same; see BACPAC_ABI_MATCHES().
 */

#ifndef BACPAC_H
#define BACPAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Whether the library at hand keeps what this header says. Check it once, before anything else, where the two may come
 * from different places.
 */
#define BACPAC_ABI_MATCHES() (bacpac_abi_version() == BACPAC_ABI_VERSION)

// A count or a total that is not known.
#define BACPAC_UNKNOWN UINT64_MAX

// The version of this interface. It changes when a function, a struct or a number changes its meaning or goes; what is
// only added does not change it. Compare it with bacpac_abi_version(): see BACPAC_ABI_MATCHES.
#define BACPAC_ABI_VERSION 1

// What went wrong: bacpac_error_code(). Numbers are never given another meaning; new ones are appended, so a switch
// needs a default.
enum bacpac_error_code_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // The caller cancelled. Work that was under way has been undone.
  BACPAC_ERROR_CODE_CANCELLED = 1,
  // An option or argument that cannot be used.
  BACPAC_ERROR_CODE_INVALID_ARGUMENT = 2,
  // A local read or write failed.
  BACPAC_ERROR_CODE_IO = 3,
  // The object store failed.
  BACPAC_ERROR_CODE_STORAGE = 4,
  // The file or object is not there.
  BACPAC_ERROR_CODE_NOT_FOUND = 5,
  // The target file or object exists already.
  BACPAC_ERROR_CODE_ALREADY_EXISTS = 6,
  // The ZIP archive is damaged or not one that can be read.
  BACPAC_ERROR_CODE_ARCHIVE = 7,
  // A part of the package is missing or breaks the package rules.
  BACPAC_ERROR_CODE_PACKAGE = 8,
  // A checksum differs from the one recorded.
  BACPAC_ERROR_CODE_CHECKSUM = 9,
  // The package, model or server is of a version that this library (or the target) cannot take.
  BACPAC_ERROR_CODE_UNSUPPORTED_VERSION = 10,
  // model.xml is damaged or contradicts itself.
  BACPAC_ERROR_CODE_MODEL = 11,
  // Row data that does not decode: where is in the context.
  BACPAC_ERROR_CODE_DATA = 12,
  // Model and data, or table and data, disagree.
  BACPAC_ERROR_CODE_MISMATCH = 13,
  // Something that the package or the server holds cannot be carried.
  BACPAC_ERROR_CODE_UNSUPPORTED = 14,
  // The server cannot be reached.
  BACPAC_ERROR_CODE_CONNECT = 15,
  // The TLS handshake failed, or the certificate is not trusted.
  BACPAC_ERROR_CODE_TLS = 16,
  // The server refused the login.
  BACPAC_ERROR_CODE_LOGIN = 17,
  // The login lacks a right.
  BACPAC_ERROR_CODE_PERMISSION = 18,
  // The target database exists and is not empty.
  BACPAC_ERROR_CODE_DATABASE_EXISTS = 19,
  // The source database does not exist, or the login may not open it.
  BACPAC_ERROR_CODE_DATABASE_NOT_FOUND = 20,
  // The package refers to a login or user that the target lacks.
  BACPAC_ERROR_CODE_PRINCIPAL_NOT_FOUND = 21,
  // The server could not convert a value.
  BACPAC_ERROR_CODE_CONVERSION = 22,
  // Rows break a constraint or a unique index.
  BACPAC_ERROR_CODE_CONSTRAINT = 23,
  // An error of the server that has no kind of its own.
  BACPAC_ERROR_CODE_SERVER = 24,
  // No answer in time.
  BACPAC_ERROR_CODE_TIMEOUT = 25,
  // The connection broke.
  BACPAC_ERROR_CODE_CONNECTION_LOST = 26,
  // What was written is not what was read.
  BACPAC_ERROR_CODE_VERIFICATION = 27,
  // A fault of this library; please report it.
  BACPAC_ERROR_CODE_INTERNAL = 28,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum bacpac_error_code_t bacpac_error_code_t;
#else
typedef uint32_t bacpac_error_code_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How much a log line matters.
enum bacpac_log_level_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Something is wrong.
  BACPAC_LOG_LEVEL_ERROR = 1,
  // Something is not as it should be.
  BACPAC_LOG_LEVEL_WARN = 2,
  // Something happened.
  BACPAC_LOG_LEVEL_INFO = 3,
  // For who looks for a fault.
  BACPAC_LOG_LEVEL_DEBUG = 4,
  // Everything.
  BACPAC_LOG_LEVEL_TRACE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum bacpac_log_level_t bacpac_log_level_t;
#else
typedef uint32_t bacpac_log_level_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Who asks for which backup. Free it with bacpac_backup_request_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_backup_request_t bacpac_backup_request_t;

// A folder in which backups are kept. Free it with bacpac_catalog_free().
//
// Any number of threads, processes and machines may use the same folder at the same time.
typedef struct bacpac_catalog_t bacpac_catalog_t;

// Progress and cancellation, to be passed to operations; one control may serve any number of them.
//
// All functions may be called from any thread at any time. Operations keep what they need of it: it may be freed while
// they run. Free it with bacpac_control_free().
typedef struct bacpac_control_t bacpac_control_t;

// Options of a comparison, with the library's defaults. Free it with bacpac_diff_options_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_diff_options_t bacpac_diff_options_t;

// How a backup is downloaded: whole, in the beginning. Free it with bacpac_download_options_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_download_options_t bacpac_download_options_t;

// An error. Free it with bacpac_error_free(). The texts it gives are its own and live as long as it does.
//
// Any number of threads may read it at the same time.
typedef struct bacpac_error_t bacpac_error_t;

// Options of an export, with the library's defaults. Free it with bacpac_export_options_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_export_options_t bacpac_export_options_t;

// Options of an import, with the library's defaults. Free it with bacpac_import_options_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_import_options_t bacpac_import_options_t;

// An operation under way. Free it with bacpac_job_free().
//
// All functions but the one that frees it may be called from any thread at any time.
typedef struct bacpac_job_t bacpac_job_t;

// Which backups to list: all, in the beginning. Free it with bacpac_list_filter_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_list_filter_t bacpac_list_filter_t;

// A place: a path, the URL of an object or a folder of a store, or storage of the caller's own. Making one reads and
// writes nothing. Free it with bacpac_location_free().
//
// Any number of threads and operations may use it at the same time; operations keep what they need of it.
typedef struct bacpac_location_t bacpac_location_t;

// An open .bacpac or .dacpac. Free it with bacpac_package_free().
//
// Any number of threads may use it at the same time.
typedef struct bacpac_package_t bacpac_package_t;

// What an operation did. Free it with bacpac_report_free().
//
// It is data: bacpac_report_json() has all of it, the typed functions have the main numbers, and the others read a
// field by its path: names and positions joined with dots, as in "tables.0.rows". The texts it gives are its own and
// live as long as it does. Any number of threads may read it at the same time.
typedef struct bacpac_report_t bacpac_report_t;

// How a backup is restored, with the library's defaults. Free it with bacpac_restore_options_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_restore_options_t bacpac_restore_options_t;

// Which backups are kept: any rule that keeps one keeps it. 21 days, in the beginning. Free it with bacpac_retention_policy_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_retention_policy_t bacpac_retention_policy_t;

// What to script, with the library's defaults. Free it with bacpac_script_options_free().
//
// To be used by one thread at a time; operations keep what they need of it.
typedef struct bacpac_script_options_t bacpac_script_options_t;

// A server: where and how to connect. Making one connects nothing. Free it with bacpac_server_free().
//
// Any number of threads and operations may use it at the same time; operations keep what they need of it.
typedef struct bacpac_server_t bacpac_server_t;

// How far an operation is. It and its texts are valid during the callback only.
//
// Fields may be appended; read it through the pointer, do not copy it by value.
typedef struct {
  // What is being done: "preparing", "reading_schema", "creating_schema", "rows", "finishing_schema", "verifying",
  // "completing", "cleaning_up"; there may be others.
  const char *stage;
  // The table this is about, as [schema].[name], or NULL.
  const char *table;
  // Rows of that table so far.
  uint64_t table_rows;
  // Rows that table is expected to have, or BACPAC_UNKNOWN.
  uint64_t table_rows_total;
  // Whether that table is finished.
  bool table_done;
  // Tables finished.
  uint64_t tables;
  // Tables in all, or BACPAC_UNKNOWN.
  uint64_t tables_total;
  // Rows so far.
  uint64_t rows;
  // Rows expected in all, or BACPAC_UNKNOWN.
  uint64_t rows_total;
  // Bytes of row data so far.
  uint64_t bytes;
} bacpac_progress_t;

// Called with each snapshot of an operation's progress, on a thread of the library or on the one that waits, never by
// two threads at the same time. It must be quick: the operation waits for it.
typedef void (*bacpac_progress_callback_t)(void *user_data, const bacpac_progress_t *progress);

// Called once, when the library will not use `user_data` again; on any thread.
typedef void (*bacpac_release_callback_t)(void *user_data);

// Where it went wrong. What is not known is NULL, or BACPAC_UNKNOWN for the numbers.
typedef struct {
  // Host or address of the server.
  const char *server;
  // Database.
  const char *database;
  // Table or other object, as [schema].[name].
  const char *object;
  // Column.
  const char *column;
  // Part of the package.
  const char *part;
  // Row within the part (or the load), from 0.
  uint64_t row;
  // Byte within the part, from 0.
  uint64_t byte;
} bacpac_error_context_t;

// What the server said.
typedef struct {
  // Message number, e.g. 18456.
  uint32_t number;
  // State.
  uint32_t state;
  // Severity.
  uint32_t severity;
  // Line within the batch.
  uint32_t line;
  // Text.
  const char *message;
  // Procedure, or NULL.
  const char *procedure;
} bacpac_server_message_t;

// A setting of a store.
typedef struct {
  // Its name, e.g. "aws_access_key_id"; the case does not matter.
  const char *name;
  // Its value. Secrets never show in an error, a log line or a report.
  const char *value;
} bacpac_setting_t;

// Reads a package from storage of the caller's.
//
// Callbacks run on threads of the library, several at the same time; they may block. They return NULL, or an error made
// by bacpac_error_new(), which is the library's from then on.
typedef struct {
  // Passed to each callback.
  void *user_data;
  // Size of the package in bytes. It must not change.
  uint64_t size;
  // Fills `buffer` with the `length` bytes that begin at `offset`, all of them. Never asks for bytes past the size.
  bacpac_error_t *(*read)(void *user_data, uint64_t offset, uint8_t *buffer, size_t length);
  // Called once, when the library will not use `user_data` again. May be NULL.
  bacpac_release_callback_t release;
} bacpac_source_callbacks_t;

// Writes a package to storage of the caller's, front to back. Nothing may be visible at its target before `complete`
// has returned NULL.
//
// Callbacks run on threads of the library, one at a time; they may block. They return NULL, or an error made by
// bacpac_error_new(), which is the library's from then on. Either `complete` returns NULL, or `abort` is called, and
// nothing but `release` after that.
typedef struct {
  // Passed to each callback.
  void *user_data;
  // Appends `length` bytes.
  bacpac_error_t *(*write)(void *user_data, const uint8_t *bytes, size_t length);
  // Makes the whole visible.
  bacpac_error_t *(*complete)(void *user_data);
  // Throws away what was written: after a failure, here or elsewhere, or a cancellation.
  bacpac_error_t *(*abort)(void *user_data);
  // Called once, when the library will not use `user_data` again. May be NULL.
  bacpac_release_callback_t release;
} bacpac_sink_callbacks_t;

// Called with each log line, on any thread, by several at the same time. `target` says which part of the library it is
// from. Both texts are valid during the call only.
typedef void (*bacpac_log_callback_t)(void *user_data, uint32_t level, const char *target, const char *text);

// Takes rows as text: `length` bytes at `text`, which are whole rows, `rows` of them; they are not ended by a NUL, and
// valid during the call only. Returns NULL to go on, or an error made by bacpac_error_new(), which stops the reading and
// is its result.
typedef bacpac_error_t *(*bacpac_rows_callback_t)(void *user_data,
                                                  const char *text,
                                                  size_t length,
                                                  uint64_t rows);

// One side of a comparison: the package at `package`, or, where that is NULL, `database` of `server`.
typedef struct {
  // The package, or NULL.
  const bacpac_location_t *package;
  // The server; NULL where there is a package.
  const bacpac_server_t *server;
  // The database; NULL where there is a package.
  const char *database;
} bacpac_side_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Makes a catalog of the folder at `location`. A local folder is made if it is not there; else nothing is read or
// written.
bacpac_error_t *bacpac_catalog_new(const bacpac_location_t *location,
                                   bacpac_catalog_t **catalog);

// Frees a catalog. NULL is allowed.
void bacpac_catalog_free(bacpac_catalog_t *catalog);

// Makes a request for a backup of `tenant` (letters, digits, - and _); `kind` is "manual" or "automatic".
bacpac_error_t *bacpac_backup_request_new(const char *tenant,
                                          const char *kind,
                                          bacpac_backup_request_t **request);

// Frees a request. NULL is allowed.
void bacpac_backup_request_free(bacpac_backup_request_t *request);

// Sets who asks; NULL: nobody in particular.
bacpac_error_t *bacpac_backup_request_set_requested_by(bacpac_backup_request_t *request, const char *who);

// Sets a note; NULL: none.
bacpac_error_t *bacpac_backup_request_set_note(bacpac_backup_request_t *request, const char *note);

// Sets the scheduled moment that the backup is for, e.g. "2026-05-01T04:10:00Z"; NULL: none.
bacpac_error_t *bacpac_backup_request_set_scheduled(bacpac_backup_request_t *request, const char *at);

// Backs up `database` of `server` now, reads the file back and writes its manifest. The file is named after the tenant
// and the time. `options`, of the export, and `control` may be NULL. Waits.
//
// The report's fields: backup (name, tenant, kind, created, size) and manifest.
bacpac_error_t *bacpac_backup_now(const bacpac_catalog_t *catalog,
                                  const bacpac_server_t *server,
                                  const char *database,
                                  const bacpac_backup_request_t *request,
                                  const bacpac_export_options_t *options,
                                  const bacpac_control_t *control,
                                  bacpac_report_t **report);

// Starts what bacpac_backup_now() does, as a job.
bacpac_error_t *bacpac_backup_now_start(const bacpac_catalog_t *catalog,
                                        const bacpac_server_t *server,
                                        const char *database,
                                        const bacpac_backup_request_t *request,
                                        const bacpac_export_options_t *options,
                                        const bacpac_control_t *control,
                                        bacpac_job_t **job);

// Lists the backups that `filter` takes (NULL: all), newest first, as an array of name, tenant, kind (null without a
// manifest), created and size. `control` may be NULL. Waits.
bacpac_error_t *bacpac_backup_list(const bacpac_catalog_t *catalog,
                                   const bacpac_list_filter_t *filter,
                                   const bacpac_control_t *control,
                                   bacpac_report_t **report);

// What is known of the backup `name` (a file name of the listing): size, SHA-256, rows, versions, consistency, hold. A
// backup without a manifest fails with BACPAC_ERROR_CODE_NOT_FOUND. `control` may be NULL. Waits.
bacpac_error_t *bacpac_backup_manifest(const bacpac_catalog_t *catalog,
                                       const char *name,
                                       const bacpac_control_t *control,
                                       bacpac_report_t **report);

// Reads the backup `name` whole and checks it against itself and its manifest, which then says so. What is wrong with
// it is no error: it is in the report. `control` may be NULL. Waits.
//
// The report's fields: bytes, tables, rows, compared (whether there was a SHA-256 to compare with), faults (texts; none
// for a good backup).
bacpac_error_t *bacpac_backup_verify(const bacpac_catalog_t *catalog,
                                     const char *name,
                                     const bacpac_control_t *control,
                                     bacpac_report_t **report);

// Starts what bacpac_backup_verify() does, as a job.
bacpac_error_t *bacpac_backup_verify_start(const bacpac_catalog_t *catalog,
                                           const char *name,
                                           const bacpac_control_t *control,
                                           bacpac_job_t **job);

// Pins the backup `name` with a `reason`, so that retention keeps it, until a moment (e.g. "2027-01-01T00:00:00Z";
// NULL: for good); a NULL `reason` lets it go. The report is the manifest. `control` may be NULL. Waits.
bacpac_error_t *bacpac_backup_hold(const bacpac_catalog_t *catalog,
                                   const char *name,
                                   const char *reason,
                                   const char *until,
                                   const bacpac_control_t *control,
                                   bacpac_report_t **report);

// Downloads the backup `name` to `to`, comparing it with its manifest on the way; what does not match never appears
// there. `options` (a range, for example) and `control` may be NULL. Waits.
//
// The report's fields: bytes, checked (whether there was a SHA-256 to compare with), e_tag.
bacpac_error_t *bacpac_backup_download(const bacpac_catalog_t *catalog,
                                       const char *name,
                                       const bacpac_location_t *to,
                                       bool overwrite,
                                       const bacpac_download_options_t *options,
                                       const bacpac_control_t *control,
                                       bacpac_report_t **report);

// Starts what bacpac_backup_download() does, as a job.
bacpac_error_t *bacpac_backup_download_start(const bacpac_catalog_t *catalog,
                                             const char *name,
                                             const bacpac_location_t *to,
                                             bool overwrite,
                                             const bacpac_download_options_t *options,
                                             const bacpac_control_t *control,
                                             bacpac_job_t **job);

// Restores the backup `name` to `server` as a new database, never over one that exists, and compares the two. `options`
// and `control` may be NULL. Waits.
//
// The report's fields: database, import (as of bacpac_import()), verification (as of bacpac_verify(), or null).
bacpac_error_t *bacpac_backup_restore(const bacpac_catalog_t *catalog,
                                      const char *name,
                                      const bacpac_server_t *server,
                                      const bacpac_restore_options_t *options,
                                      const bacpac_control_t *control,
                                      bacpac_report_t **report);

// Starts what bacpac_backup_restore() does, as a job.
bacpac_error_t *bacpac_backup_restore_start(const bacpac_catalog_t *catalog,
                                            const char *name,
                                            const bacpac_server_t *server,
                                            const bacpac_restore_options_t *options,
                                            const bacpac_control_t *control,
                                            bacpac_job_t **job);

// Decides which backups go by `policy` (NULL: the platform's 21 days) as of the moment `now` (NULL: the clock's), and,
// if `apply`, removes them. `control` may be NULL. Waits.
//
// The report's fields: plan (an array: what becomes of each backup, and why) and report (removed, bytes, spared,
// leftovers; null if nothing was applied).
bacpac_error_t *bacpac_backup_prune(const bacpac_catalog_t *catalog,
                                    const bacpac_retention_policy_t *policy,
                                    const char *now,
                                    bool apply,
                                    const bacpac_control_t *control,
                                    bacpac_report_t **report);

// Removes the backup `name` and its manifest, whatever keeps it. One that is gone already is no error. Waits.
bacpac_error_t *bacpac_backup_remove(const bacpac_catalog_t *catalog, const char *name);

// Makes a control. Nobody watches, nobody has cancelled yet. The caller owns it.
bacpac_control_t *bacpac_control_new(void);

// Frees a control. What runs with it goes on, and cannot be cancelled by it any more. NULL is allowed.
void bacpac_control_free(bacpac_control_t *control);

// Asks all that runs with this control to stop and clean up: they then fail with BACPAC_ERROR_CODE_CANCELLED. Returns
// at once; any thread, also from callbacks and signal-handling threads (not from a signal handler itself). NULL does
// nothing.
void bacpac_control_cancel(const bacpac_control_t *control);

// Whether bacpac_control_cancel() was called.
bool bacpac_control_is_cancelled(const bacpac_control_t *control);

// Calls `callback` with the progress of what is started with this control from now on, in place of an earlier one.
// `release`, which may be NULL, is called with `user_data` when neither the control nor an operation needs it any more
// (also if this call fails).
bacpac_error_t *bacpac_control_on_progress(const bacpac_control_t *control,
                                           bacpac_progress_callback_t callback,
                                           void *user_data,
                                           bacpac_release_callback_t release);

// Makes an error, for a callback to return. `code` is a bacpac_error_code_t; one that is not known becomes
// BACPAC_ERROR_CODE_STORAGE. `message` is one line without secrets; NULL, or not UTF-8: "a callback failed".
//
// The caller owns the result: it frees it, or returns it from a callback and thereby gives it away. Any thread.
bacpac_error_t *bacpac_error_new(uint32_t code,
                                 const char *message);

// Frees an error. NULL is allowed.
void bacpac_error_free(bacpac_error_t *error);

// What went wrong, as a bacpac_error_code_t; 0 for NULL.
uint32_t bacpac_error_code(const bacpac_error_t *error);

// The stable name of what went wrong, e.g. "login"; NULL for NULL. The text lives for ever.
const char *bacpac_error_kind(const bacpac_error_t *error);

// What happened, in one line without its place; NULL for NULL.
const char *bacpac_error_message(const bacpac_error_t *error);

// Message, place and what the server said, in one line; NULL for NULL.
const char *bacpac_error_text(const bacpac_error_t *error);

// What to do about it; NULL where no remedy is known.
const char *bacpac_error_help(const bacpac_error_t *error);

// Where it went wrong; NULL for NULL only. It is the error's.
const bacpac_error_context_t *bacpac_error_context(const bacpac_error_t *error);

// What the server said; NULL where the error is none of the server's. It is the error's.
const bacpac_server_message_t *bacpac_error_server(const bacpac_error_t *error);

// Whether the same call may succeed later without a change.
bool bacpac_error_is_retryable(const bacpac_error_t *error);

// All of it as a JSON object with the fields kind, number, text, message, context, server, help and retryable; NULL for
// NULL.
const char *bacpac_error_json(const bacpac_error_t *error);

// The highest bacpac_error_code_t that the library at hand knows: they are 1 to this, without gaps.
uint32_t bacpac_error_kind_count(void);

// The stable name of a bacpac_error_code_t, e.g. "login" of 17; NULL for one that the library does not know. The text
// lives for ever.
const char *bacpac_error_kind_name(uint32_t code);

// Frees a job. One that still runs is cancelled, and this call waits until it has cleaned up; only from within a
// callback it does not wait. NULL is allowed.
void bacpac_job_free(bacpac_job_t *job);

// Whether the job has ended, well or not. Does not wait.
bool bacpac_job_is_done(const bacpac_job_t *job);

// Waits until the job has ended, at most `milliseconds` (BACPAC_UNKNOWN: however long it takes). Whether it has ended.
// Within a callback it does not wait.
bool bacpac_job_wait(const bacpac_job_t *job,
                     uint64_t milliseconds);

// Asks the job to stop and clean up. It then ends with BACPAC_ERROR_CODE_CANCELLED, unless it had come to its end
// before. Returns at once. NULL does nothing.
void bacpac_job_cancel(const bacpac_job_t *job);

// The last snapshot of the job's progress, as a report with the fields of bacpac_progress_t (null where not known);
// `progress` is NULL where there has been none yet. The caller owns the report.
bacpac_error_t *bacpac_job_progress(const bacpac_job_t *job,
                                    bacpac_report_t **progress);

// Waits until the job has ended and takes its result: NULL and the report, or the error with which it failed. The
// caller owns either. A result can be taken once.
bacpac_error_t *bacpac_job_result(const bacpac_job_t *job,
                                  bacpac_report_t **report);

// Makes a place of a path or a URL:
//
// - a path, or "file:///folder/name": a local file or folder;
// - "memory:///name": memory of this handle; for tests;
// - "s3://bucket/key": Amazon S3 and what speaks its protocol;
// - "az://container/name", "abfs://...", "https://account.blob.core.windows.net/container/name": Azure Blob Storage;
// - "gs://bucket/name": Google Cloud Storage;
// - "https://host/name": any web server that answers range requests; to read from.
//
// Credentials and other settings come from the `count` `settings` (NULL if there are none), and else from environment
// variables of the same names.
bacpac_error_t *bacpac_location_new(const char *path_or_url,
                                    const bacpac_setting_t *settings,
                                    size_t count,
                                    bacpac_location_t **location);

// Makes a place to read a package from, of callbacks. Whether it succeeds or fails, `release` is called when `user_data`
// is not needed any more; only for a NULL `callbacks` it is not.
bacpac_error_t *bacpac_location_from_source(const bacpac_source_callbacks_t *callbacks,
                                            bacpac_location_t **location);

// Makes a place to write one package to, of callbacks. Whether it succeeds or fails, `release` is called when
// `user_data` is not needed any more; only for a NULL `callbacks` it is not. If nothing is ever written, `abort` is
// called before that.
bacpac_error_t *bacpac_location_from_sink(const bacpac_sink_callbacks_t *callbacks,
                                          bacpac_location_t **location);

// Frees a place. NULL is allowed.
void bacpac_location_free(bacpac_location_t *location);

// Passes the library's log lines up to `level` (a bacpac_log_level_t) to `callback`, in place of an earlier one; with
// a NULL callback they go nowhere, as they do in the beginning. `release`, which may be NULL, is called with
// `user_data` when that is not needed any more (also if this call fails). When this returns, the earlier callback is not
// running and will not be called again.
//
// One listener serves the whole process. Fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT from within a callback, and
// where another Rust library of the process has taken the log lines of all.
bacpac_error_t *bacpac_set_log(uint32_t level,
                               bacpac_log_callback_t callback,
                               void *user_data,
                               bacpac_release_callback_t release);

// Makes one with the defaults. The caller owns it.
bacpac_list_filter_t *bacpac_list_filter_new(void);

// Frees it. NULL is allowed.
void bacpac_list_filter_free(bacpac_list_filter_t *filter);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_list_filter_set_json(bacpac_list_filter_t *filter,
                                            const char *json);

// Only this tenant's; NULL: any.
bacpac_error_t *bacpac_list_filter_set_tenant(bacpac_list_filter_t *filter, const char *tenant);

// Only of this kind, "manual" or "automatic"; NULL: any.
bacpac_error_t *bacpac_list_filter_set_kind(bacpac_list_filter_t *filter, const char *kind);

// Only those created at or after this moment, e.g. "2026-05-01T00:00:00Z"; NULL: any.
bacpac_error_t *bacpac_list_filter_set_since(bacpac_list_filter_t *filter, const char *at);

// Only those created before this moment; NULL: any.
bacpac_error_t *bacpac_list_filter_set_before(bacpac_list_filter_t *filter, const char *at);

// Makes one with the defaults. The caller owns it.
bacpac_download_options_t *bacpac_download_options_new(void);

// Frees it. NULL is allowed.
void bacpac_download_options_free(bacpac_download_options_t *options);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_download_options_set_json(bacpac_download_options_t *options,
                                                 const char *json);

// The first byte.
bacpac_error_t *bacpac_download_options_set_start(bacpac_download_options_t *options, uint64_t byte);

// The byte after the last; BACPAC_UNKNOWN: the end of the file.
bacpac_error_t *bacpac_download_options_set_end(bacpac_download_options_t *options, uint64_t byte);

// Only this version of the file: the e_tag of the download that is taken up again; NULL: any.
bacpac_error_t *bacpac_download_options_set_e_tag(bacpac_download_options_t *options, const char *tag);

// How often a broken connection is taken up again.
bacpac_error_t *bacpac_download_options_set_retries(bacpac_download_options_t *options, uint32_t count);

// Makes one with the defaults. The caller owns it.
bacpac_restore_options_t *bacpac_restore_options_new(void);

// Frees it. NULL is allowed.
void bacpac_restore_options_free(bacpac_restore_options_t *options);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_restore_options_set_json(bacpac_restore_options_t *options,
                                                const char *json);

// The new database; NULL: named by the platform's rule, CifraHQ_<tenant>_<yyyyMMdd>_restore.
bacpac_error_t *bacpac_restore_options_set_database(bacpac_restore_options_t *options, const char *name);

// Whether the file is compared with its manifest before anything is done.
bacpac_error_t *bacpac_restore_options_set_check_file(bacpac_restore_options_t *options, bool check);

// Whether the new database is compared with the file, row by row, in the end.
bacpac_error_t *bacpac_restore_options_set_verify(bacpac_restore_options_t *options, bool verify);

// The options of the import.
bacpac_error_t *bacpac_restore_options_set_import(bacpac_restore_options_t *options,
                                                  const bacpac_import_options_t *import);

// Makes one with the defaults. The caller owns it.
bacpac_retention_policy_t *bacpac_retention_policy_new(void);

// Frees it. NULL is allowed.
void bacpac_retention_policy_free(bacpac_retention_policy_t *policy);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_retention_policy_set_json(bacpac_retention_policy_t *policy,
                                                 const char *json);

// Days that every backup is kept.
bacpac_error_t *bacpac_retention_policy_set_days(bacpac_retention_policy_t *policy, uint32_t days);

// The newest so many of each tenant.
bacpac_error_t *bacpac_retention_policy_set_last(bacpac_retention_policy_t *policy, uint32_t count);

// The newest of each of the last so many days that have one.
bacpac_error_t *bacpac_retention_policy_set_daily(bacpac_retention_policy_t *policy, uint32_t count);

// The newest of each of the last so many weeks that have one; weeks begin on Monday.
bacpac_error_t *bacpac_retention_policy_set_weekly(bacpac_retention_policy_t *policy, uint32_t count);

// The newest of each of the last so many months that have one.
bacpac_error_t *bacpac_retention_policy_set_monthly(bacpac_retention_policy_t *policy, uint32_t count);

// The newest of each of the last so many years that have one.
bacpac_error_t *bacpac_retention_policy_set_yearly(bacpac_retention_policy_t *policy, uint32_t count);

// The time zone of days, weeks, months and years, e.g. "America/New_York".
bacpac_error_t *bacpac_retention_policy_set_zone(bacpac_retention_policy_t *policy, const char *zone);

// Makes one with the defaults. The caller owns it.
bacpac_export_options_t *bacpac_export_options_new(void);

// Frees it. NULL is allowed.
void bacpac_export_options_free(bacpac_export_options_t *options);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_export_options_set_json(bacpac_export_options_t *options,
                                               const char *json);

// Connections that read rows side by side; 0 for as many as there are cores, 4 at the most.
bacpac_error_t *bacpac_export_options_set_parallelism(bacpac_export_options_t *options, size_t connections);

// Uncompressed bytes after which a data part ends at the next row.
bacpac_error_t *bacpac_export_options_set_part_size(bacpac_export_options_t *options, size_t bytes);

// Tables of more rows than twice this, with an integer leading a unique clustered key, are read in ranges of about this
// many rows.
bacpac_error_t *bacpac_export_options_set_rows_per_range(bacpac_export_options_t *options,
                                                         uint64_t rows);

// Compression: "stored", "fast", "balanced" or "smallest".
bacpac_error_t *bacpac_export_options_set_compression(bacpac_export_options_t *options, const char *level);

// The moment the rows are of: "automatic", "none", "snapshot_transaction" or "database_snapshot".
bacpac_error_t *bacpac_export_options_set_consistency(bacpac_export_options_t *options, const char *choice);

// Whether to go on without objects that cannot be carried, with a warning for each.
bacpac_error_t *bacpac_export_options_set_skip_unsupported(bacpac_export_options_t *options, bool skip);

// Whether to leave out permissions.
bacpac_error_t *bacpac_export_options_set_skip_permissions(bacpac_export_options_t *options, bool skip);

// Whether to leave out users, logins and role memberships.
bacpac_error_t *bacpac_export_options_set_skip_users(bacpac_export_options_t *options, bool skip);

// The name in the package's metadata; NULL: the database's.
bacpac_error_t *bacpac_export_options_set_application_name(bacpac_export_options_t *options,
                                                           const char *name);

// Which tables, schemas and rows take part, as a JSON object.
bacpac_error_t *bacpac_export_options_set_selection(bacpac_export_options_t *options, const char *json);

// How severe what the checks find is, as a JSON object.
bacpac_error_t *bacpac_export_options_set_policy(bacpac_export_options_t *options, const char *json);

// Makes one with the defaults. The caller owns it.
bacpac_import_options_t *bacpac_import_options_new(void);

// Frees it. NULL is allowed.
void bacpac_import_options_free(bacpac_import_options_t *options);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_import_options_set_json(bacpac_import_options_t *options,
                                               const char *json);

// Connections that load rows side by side; 0 for as many as there are cores, 4 at the most.
bacpac_error_t *bacpac_import_options_set_parallelism(bacpac_import_options_t *options, size_t connections);

// Whether to go on without objects that cannot be carried, with a warning for each.
bacpac_error_t *bacpac_import_options_set_skip_unsupported(bacpac_import_options_t *options, bool skip);

// Whether to leave out permissions.
bacpac_error_t *bacpac_import_options_set_skip_permissions(bacpac_import_options_t *options, bool skip);

// Whether to leave out users, logins and role memberships.
bacpac_error_t *bacpac_import_options_set_skip_users(bacpac_import_options_t *options, bool skip);

// Whether to keep, on failure or cancellation, what has been made instead of dropping the database.
bacpac_error_t *bacpac_import_options_set_keep_on_failure(bacpac_import_options_t *options, bool keep);

// Whether to count the rows of every table after the load and compare.
bacpac_error_t *bacpac_import_options_set_verify_counts(bacpac_import_options_t *options, bool verify);

// What becomes of the logins that users refer to: "map", "create" or "skip".
bacpac_error_t *bacpac_import_options_set_logins(bacpac_import_options_t *options, const char *choice);

// The database's collation, in place of the package's; NULL: the package's.
bacpac_error_t *bacpac_import_options_set_collation(bacpac_import_options_t *options, const char *name);

// Which columns get that collation, "database_default" or "all_columns".
bacpac_error_t *bacpac_import_options_set_collation_scope(bacpac_import_options_t *options,
                                                          const char *scope);

// The compatibility level, in place of the package's, e.g. 150; 0: the package's.
bacpac_error_t *bacpac_import_options_set_compatibility_level(bacpac_import_options_t *options,
                                                              uint16_t level);

// What becomes of the options of the query store: "keep" or "off".
bacpac_error_t *bacpac_import_options_set_query_store(bacpac_import_options_t *options, const char *choice);

// Whether to leave out the database's master key.
bacpac_error_t *bacpac_import_options_set_skip_master_key(bacpac_import_options_t *options, bool skip);

// Azure SQL Database: the edition ("Standard"), the service objective ("S2") and the largest size in GB of the new
// database; NULL and 0: the server's defaults.
bacpac_error_t *bacpac_import_options_set_azure(bacpac_import_options_t *options,
                                                const char *edition,
                                                const char *service_objective,
                                                uint32_t max_size_gb);

// Which tables, schemas and rows take part, as a JSON object.
bacpac_error_t *bacpac_import_options_set_selection(bacpac_import_options_t *options, const char *json);

// How severe what the checks find is, as a JSON object. NULL: the ready set of the target.
bacpac_error_t *bacpac_import_options_set_policy(bacpac_import_options_t *options, const char *json);

// Makes one with the defaults. The caller owns it.
bacpac_diff_options_t *bacpac_diff_options_new(void);

// Frees it. NULL is allowed.
void bacpac_diff_options_free(bacpac_diff_options_t *options);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_diff_options_set_json(bacpac_diff_options_t *options,
                                             const char *json);

// What to compare: "all", "schema" or "rows".
bacpac_error_t *bacpac_diff_options_set_scope(bacpac_diff_options_t *options, const char *scope);

// How many differing rows of each table the report shows.
bacpac_error_t *bacpac_diff_options_set_examples(bacpac_diff_options_t *options, size_t rows);

// Bytes that comparing may hold in memory.
bacpac_error_t *bacpac_diff_options_set_memory(bacpac_diff_options_t *options, size_t bytes);

// Adds a table (or a pattern of tables) to those that are compared; without any, all are.
bacpac_error_t *bacpac_diff_options_add_table(bacpac_diff_options_t *options, const char *table);

// Makes one with the defaults. The caller owns it.
bacpac_script_options_t *bacpac_script_options_new(void);

// Frees it. NULL is allowed.
void bacpac_script_options_free(bacpac_script_options_t *options);

// Sets the fields of a JSON object, by their names; the others stay as they are. A name or a value that cannot be used
// fails with BACPAC_ERROR_CODE_INVALID_ARGUMENT and sets nothing.
bacpac_error_t *bacpac_script_options_set_json(bacpac_script_options_t *options,
                                               const char *json);

// Whether to leave out permissions.
bacpac_error_t *bacpac_script_options_set_skip_permissions(bacpac_script_options_t *options, bool skip);

// Whether to leave out logins, users and memberships of users.
bacpac_error_t *bacpac_script_options_set_skip_users(bacpac_script_options_t *options, bool skip);

// Whether to create the logins of the model, with the passwords it has, and to make the users for them.
bacpac_error_t *bacpac_script_options_set_create_logins(bacpac_script_options_t *options, bool create);

// Whether to leave out extended properties.
bacpac_error_t *bacpac_script_options_set_skip_extended_properties(bacpac_script_options_t *options,
                                                                   bool skip);

// Whether to leave out what cannot be created, with a warning for each.
bacpac_error_t *bacpac_script_options_set_skip_unsupported(bacpac_script_options_t *options, bool skip);

// Whether the script is for a database that no rows are loaded into.
bacpac_error_t *bacpac_script_options_set_without_rows(bacpac_script_options_t *options, bool yes);

// Adds a login that the target server has: users of these are made for them, all others without login.
bacpac_error_t *bacpac_script_options_add_login(bacpac_script_options_t *options, const char *login);

// Opens the package at `location`: reads its directory and its model. Waits. `control` may be NULL.
bacpac_error_t *bacpac_package_open(const bacpac_location_t *location,
                                    const bacpac_control_t *control,
                                    bacpac_package_t **package);

// Frees a package. NULL is allowed.
void bacpac_package_free(bacpac_package_t *package);

// What the package holds, in short: fields kind, name, platform, schema_version, product, exported, server, rows,
// row_bytes, objects (counts by class), tables (schema, table, bytes, parts, columns with name, type and nullable).
// Does not wait.
bacpac_error_t *bacpac_package_summary(const bacpac_package_t *package,
                                       bacpac_report_t **report);

// Rows of a table and the SHA-256 of their canonical text: fields rows and sha256. Reads the whole table. `table` is
// "schema.table", or "[schema].[table]" where a name holds a dot. Waits. `control` may be NULL.
bacpac_error_t *bacpac_package_digest(const bacpac_package_t *package,
                                      const char *table,
                                      const bacpac_control_t *control,
                                      bacpac_report_t **report);

// Reads the rows of a table and passes them to `callback` as canonical text, on the calling thread: one row a line,
// ended by LF; fields joined with 0x1F; NULL is \N; in texts \, LF, CR and 0x1F are written \\, \n, \r and \u. Other
// values are exact as well (decimals with all digits, times with all theirs, binary as 0x...; floats as the hexadecimal
// digits of their bits). `table` is as for bacpac_package_digest(). Waits. `control` may be NULL.
bacpac_error_t *bacpac_package_rows(const bacpac_package_t *package,
                                    const char *table,
                                    const bacpac_control_t *control,
                                    bacpac_rows_callback_t callback,
                                    void *user_data);

// The package's schema as T-SQL, in an order that runs: fields text (with GO between the statements), statements (their
// number) and warnings. `options` may be NULL. Does not wait.
bacpac_error_t *bacpac_package_script(const bacpac_package_t *package,
                                      const bacpac_script_options_t *options,
                                      bacpac_report_t **report);

// Frees a report. NULL is allowed.
void bacpac_report_free(bacpac_report_t *report);

// The whole report as JSON: an object, or an array for lists. NULL for NULL.
const char *bacpac_report_json(const bacpac_report_t *report);

// Rows moved or read, of all tables ("rows"); 0 where the report has no such number.
uint64_t bacpac_report_rows(const bacpac_report_t *report);

// Bytes of row data, uncompressed ("bytes"), or bytes of a download; 0 where the report has no such number.
uint64_t bacpac_report_bytes(const bacpac_report_t *report);

// Bytes of the package that was written ("package_bytes"); 0 where the report has no such number.
uint64_t bacpac_report_package_bytes(const bacpac_report_t *report);

// How many tables it names ("tables").
size_t bacpac_report_tables(const bacpac_report_t *report);

// How many warnings it has ("warnings"): each has the fields code, object and message.
size_t bacpac_report_warnings(const bacpac_report_t *report);

// Time in all, in seconds ("seconds"); 0 where the report has no such number.
double bacpac_report_seconds(const bacpac_report_t *report);

// Whether a comparison found nothing that differs ("same"); false where the report is none of a comparison.
bool bacpac_report_is_same(const bacpac_report_t *report);

// How many elements the array, or fields the object, at `path` has; "" is the report itself. 0 where there is none.
size_t bacpac_report_count(const bacpac_report_t *report,
                           const char *path);

// The text at `path`; NULL where there is no text.
const char *bacpac_report_text(const bacpac_report_t *report, const char *path);

// Puts the whole number at `path` into `value`; false, and `value` stays as it is, where there is none.
bool bacpac_report_uint(const bacpac_report_t *report, const char *path, uint64_t *value);

// Puts the number at `path` into `value`; false, and `value` stays as it is, where there is none.
bool bacpac_report_real(const bacpac_report_t *report, const char *path, double *value);

// Puts the truth value at `path` into `value`; false, and `value` stays as it is, where there is none.
bool bacpac_report_bool(const bacpac_report_t *report, const char *path, bool *value);

// Gives the part of the report at `path` as a report of its own, which the caller owns and which outlives the first.
// Fails with BACPAC_ERROR_CODE_NOT_FOUND where there is none.
bacpac_error_t *bacpac_report_part(const bacpac_report_t *report,
                                   const char *path,
                                   bacpac_report_t **part);

// Makes a server of an ADO.NET connection string, such as
// "Server=tcp:host,1433;User Id=sa;Password=...;TrustServerCertificate=true". `driver` is "mssql-tds" (Microsoft's,
// carries every type), "tiberius" (pure Rust), or NULL for the default.
//
// The secrets of the connection string never show in an error, a log line or a report.
bacpac_error_t *bacpac_server_new(const char *connection_string,
                                  const char *driver,
                                  bacpac_server_t **server);

// Frees a server. NULL is allowed.
void bacpac_server_free(bacpac_server_t *server);

// Host and instance or port, for messages. The text is the server's; NULL for NULL.
const char *bacpac_server_name(const bacpac_server_t *server);

// Exports `database` of `server` to `to`. A package that is there already is refused unless `overwrite`; it appears
// when it is complete, and after a failure or a cancellation nothing is left of it. `options` and `control` may be NULL.
// Waits.
//
// The report's fields: database, server_version, consistency, tables (schema, table, rows, bytes), rows, bytes,
// package_bytes, sha256, warnings, schema_seconds, rows_seconds, seconds.
bacpac_error_t *bacpac_export(const bacpac_server_t *server,
                              const char *database,
                              const bacpac_location_t *to,
                              bool overwrite,
                              const bacpac_export_options_t *options,
                              const bacpac_control_t *control,
                              bacpac_report_t **report);

// Starts what bacpac_export() does, as a job.
bacpac_error_t *bacpac_export_start(const bacpac_server_t *server,
                                    const char *database,
                                    const bacpac_location_t *to,
                                    bool overwrite,
                                    const bacpac_export_options_t *options,
                                    const bacpac_control_t *control,
                                    bacpac_job_t **job);

// Imports the package at `from` as the new database `database` of `server`. A database that exists and is not empty is
// refused; after a failure or a cancellation the half-made one is dropped. `options` and `control` may be NULL. Waits.
//
// The report's fields: database, tables (schema, table, rows, bytes), rows, bytes, statements, warnings,
// schema_seconds, rows_seconds, finish_seconds, seconds.
bacpac_error_t *bacpac_import(const bacpac_location_t *from,
                              const bacpac_server_t *server,
                              const char *database,
                              const bacpac_import_options_t *options,
                              const bacpac_control_t *control,
                              bacpac_report_t **report);

// Starts what bacpac_import() does, as a job.
bacpac_error_t *bacpac_import_start(const bacpac_location_t *from,
                                    const bacpac_server_t *server,
                                    const char *database,
                                    const bacpac_import_options_t *options,
                                    const bacpac_control_t *control,
                                    bacpac_job_t **job);

// Compares the package at `package` with `database` of `server`: the same rows in every table, the same objects. A
// difference is no error: see bacpac_report_is_same(). `control` may be NULL. Waits.
//
// The report's fields: same, tables, differences (object, what), warnings, objects.
bacpac_error_t *bacpac_verify(const bacpac_location_t *package,
                              const bacpac_server_t *server,
                              const char *database,
                              const bacpac_control_t *control,
                              bacpac_report_t **report);

// Starts what bacpac_verify() does, as a job.
bacpac_error_t *bacpac_verify_start(const bacpac_location_t *package,
                                    const bacpac_server_t *server,
                                    const char *database,
                                    const bacpac_control_t *control,
                                    bacpac_job_t **job);

// Writes the package at `from` anew to `to`, by the strictest rules: the same model, the same rows. `compression` is
// "stored", "fast", "balanced" or "smallest", or NULL for the default; `control` may be NULL. Waits.
//
// The report's fields: tables (schema, table, rows, bytes), package_bytes, warnings.
bacpac_error_t *bacpac_rewrite(const bacpac_location_t *from,
                               const bacpac_location_t *to,
                               bool overwrite,
                               const char *compression,
                               const bacpac_control_t *control,
                               bacpac_report_t **report);

// Starts what bacpac_rewrite() does, as a job.
bacpac_error_t *bacpac_rewrite_start(const bacpac_location_t *from,
                                     const bacpac_location_t *to,
                                     bool overwrite,
                                     const char *compression,
                                     const bacpac_control_t *control,
                                     bacpac_job_t **job);

// What an export of `database` would meet, with nothing written: every finding with its code, severity, object, reason
// and remedy. `options` and `control` may be NULL. Waits.
bacpac_error_t *bacpac_preflight_export(const bacpac_server_t *server,
                                        const char *database,
                                        const bacpac_export_options_t *options,
                                        const bacpac_control_t *control,
                                        bacpac_report_t **report);

// What an import of the package at `from` as `database` would meet, with nothing written. `options` and `control` may be
// NULL. Waits.
bacpac_error_t *bacpac_preflight_import(const bacpac_location_t *from,
                                        const bacpac_server_t *server,
                                        const char *database,
                                        const bacpac_import_options_t *options,
                                        const bacpac_control_t *control,
                                        bacpac_report_t **report);

// Compares two packages or databases: objects by their properties, rows by their keys. A difference is no error: see
// bacpac_report_is_same(). What only `b` has counts as added. `options` and `control` may be NULL. Waits.
bacpac_error_t *bacpac_diff(const bacpac_side_t *a,
                            const bacpac_side_t *b,
                            const bacpac_diff_options_t *options,
                            const bacpac_control_t *control,
                            bacpac_report_t **report);

// Starts what bacpac_diff() does, as a job.
bacpac_error_t *bacpac_diff_start(const bacpac_side_t *a,
                                  const bacpac_side_t *b,
                                  const bacpac_diff_options_t *options,
                                  const bacpac_control_t *control,
                                  bacpac_job_t **job);

// The version of the interface that the library at hand was built with.
//
// Never fails. Any thread.
uint32_t bacpac_abi_version(void);

// The version of the library, e.g. "0.1.0". The text is the library's and lives for ever.
//
// Never fails. Any thread.
const char *bacpac_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* BACPAC_H */
