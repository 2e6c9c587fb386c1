/*
 * Exports a database to a file, with progress; Ctrl-C cancels and leaves nothing behind.
 *
 *     export CONNECTION-STRING DATABASE FILE.bacpac
 */
#include <bacpac.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static bacpac_control_t *control;

/* Waits for Ctrl-C on a thread of its own: a signal handler may not call the library. */
static void *cancel_on_interrupt(void *signals) {
  int signal;
  while (!sigwait(signals, &signal)) bacpac_control_cancel(control);
  return NULL;
}

static void show(void *data, const bacpac_progress_t *progress) {
  (void)data;
  if (progress->table_done) fprintf(stderr, "%s: %" PRIu64 " rows\n", progress->table, progress->table_rows);
}

int main(int count, char **arguments) {
  static sigset_t signals;
  pthread_t watcher;
  bacpac_server_t *server = NULL;
  bacpac_location_t *file = NULL;
  bacpac_report_t *report = NULL;
  if (count != 4) return fprintf(stderr, "export CONNECTION-STRING DATABASE FILE.bacpac\n"), 2;
  if (!BACPAC_ABI_MATCHES()) return fprintf(stderr, "the library is of another version\n"), 2;

  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  control = bacpac_control_new();
  if (pthread_create(&watcher, NULL, cancel_on_interrupt, &signals)) return 1;

  bacpac_error_t *error = bacpac_control_on_progress(control, show, NULL, NULL);
  if (!error) error = bacpac_server_new(arguments[1], NULL, &server);
  if (!error) error = bacpac_location_new(arguments[3], NULL, 0, &file);
  if (!error) error = bacpac_export(server, arguments[2], file, false, NULL, control, &report);
  if (!error)
    printf("%" PRIu64 " rows, %" PRIu64 " bytes, %.3f s\n", bacpac_report_rows(report),
           bacpac_report_package_bytes(report), bacpac_report_seconds(report));
  int code = 0;
  if (error) {
    fprintf(stderr, "error: %s\n", bacpac_error_text(error));
    if (bacpac_error_help(error)) fprintf(stderr, "help: %s\n", bacpac_error_help(error));
    code = bacpac_error_code(error) == BACPAC_ERROR_CODE_CANCELLED ? 130 : 1;
  }
  pthread_cancel(watcher);
  pthread_join(watcher, NULL);
  bacpac_error_free(error);
  bacpac_report_free(report);
  bacpac_location_free(file);
  bacpac_server_free(server);
  bacpac_control_free(control);
  return code;
}
