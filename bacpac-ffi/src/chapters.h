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
