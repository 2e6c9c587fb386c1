/* What no scenario says: cancelling from another thread, jobs, storage of the caller's own, log lines, NULL, error kinds.
 * Ends with a line `N passed, N failed`. */

#include <bacpac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned passed, failures;
static char folder[] = "/tmp/bacpac-checks-XXXXXX";
static bacpac_server_t *server;
static const char *files;

static void check(int holds, const char *what) {
  if (holds) {
    passed++;
  } else {
    failures++;
    fprintf(stderr, "FAILED: %s\n", what);
  }
}

/* Whether a call failed with this code; the error is freed. */
static int failed_with(bacpac_error_t *error, uint32_t code) {
  int as_expected = bacpac_error_code(error) == code;
  if (!as_expected) fprintf(stderr, "  %s\n", error ? bacpac_error_text(error) : "it succeeded");
  bacpac_error_free(error);
  return as_expected;
}

static int fine(bacpac_error_t *error) { return failed_with(error, 0); }

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bacpac_location_t *place(const char *format, const char *name) {
  char path[600];
  bacpac_location_t *made = NULL;
  snprintf(path, sizeof path, format, name);
  if (!fine(bacpac_location_new(path, NULL, 0, &made))) exit(2);
  return made;
}

/* A thread that cancels when rows move, and remembers when. */
struct canceller {
  bacpac_control_t *control;
  pthread_mutex_t lock;
  pthread_cond_t moved;
  int moving;
  double at;
};

static void when_rows_move(void *data, const bacpac_progress_t *progress) {
  struct canceller *canceller = data;
  if (strcmp(progress->stage, "rows") || !progress->rows) return;
  pthread_mutex_lock(&canceller->lock);
  canceller->moving = 1;
  pthread_cond_signal(&canceller->moved);
  pthread_mutex_unlock(&canceller->lock);
}

static void *cancel(void *data) {
  struct canceller *canceller = data;
  pthread_mutex_lock(&canceller->lock);
  while (!canceller->moving) pthread_cond_wait(&canceller->moved, &canceller->lock);
  canceller->at = now();
  pthread_mutex_unlock(&canceller->lock);
  bacpac_control_cancel(canceller->control);
  return NULL;
}

static unsigned files_in(const char *path) {
  char command[700], line[32] = "";
  snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
  FILE *pipe = popen(command, "r");
  if (!pipe || !fgets(line, sizeof line, pipe)) exit(2);
  pclose(pipe);
  return (unsigned)atoi(line);
}

static void cancel_from_another_thread(int import) {
  struct canceller canceller = {bacpac_control_new(), PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  bacpac_location_t *big = place("%s/big.bacpac", import ? files : folder);
  bacpac_report_t *report = NULL;
  char name[64];
  snprintf(name, sizeof name, "checks_%ld", (long)getpid());
  pthread_t thread;
  if (!fine(bacpac_control_on_progress(canceller.control, when_rows_move, &canceller, NULL))) exit(2);
  if (pthread_create(&thread, NULL, cancel, &canceller)) exit(2);
  bacpac_error_t *error = import ? bacpac_import(big, server, name, NULL, canceller.control, &report)
                                 : bacpac_export(server, "big", big, false, NULL, canceller.control, &report);
  double took = now() - canceller.at;
  const char *what = import ? "import" : "export";
  printf("%s: returned %.3f s after it was cancelled\n", what, took);
  check(failed_with(error, BACPAC_ERROR_CODE_CANCELLED) && !report, "a cancelled call says so");
  const char *slow = getenv("BACPAC_SLOW");
  check(took < (slow ? atof(slow) : 1.0), "a cancelled call returns within a second");
  canceller.moving = 1;
  pthread_cond_signal(&canceller.moved);
  pthread_join(thread, NULL);
  if (import) {
    bacpac_location_t *out = place("%s/none.bacpac", folder);
    check(failed_with(bacpac_export(server, name, out, false, NULL, NULL, &report), BACPAC_ERROR_CODE_DATABASE_NOT_FOUND),
          "a cancelled import leaves no database");
    bacpac_location_free(out);
  }
  check(files_in(folder) == 0, "nothing half-made is left");
  bacpac_location_free(big);
  bacpac_control_free(canceller.control);
}

static void jobs(void) {
  bacpac_location_t *to = place("%s/job.bacpac", folder), *big = place("%s/big.bacpac", folder);
  bacpac_job_t *job = NULL;
  bacpac_report_t *report = NULL, *progress = NULL;
  check(fine(bacpac_export_start(server, "acmecorp", to, false, NULL, NULL, &job)), "a job starts");
  check(bacpac_job_wait(job, BACPAC_UNKNOWN) && bacpac_job_is_done(job), "a job ends");
  check(fine(bacpac_job_progress(job, &progress)) && bacpac_report_text(progress, "stage"), "a job shows its progress");
  bacpac_report_free(progress);
  check(fine(bacpac_job_result(job, &report)) && bacpac_report_rows(report) == 2652, "a job has a result");
  check(failed_with(bacpac_job_result(job, &progress), BACPAC_ERROR_CODE_INVALID_ARGUMENT) && !progress,
        "a result is taken once");
  bacpac_report_free(report);
  bacpac_job_free(job);
  check(fine(bacpac_export_start(server, "big", big, false, NULL, NULL, &job)), "another job starts");
  check(!bacpac_job_wait(job, 1), "a job takes its time");
  bacpac_job_free(job);
  char path[600];
  snprintf(path, sizeof path, "%s/job.bacpac", folder);
  check(remove(path) == 0 && files_in(folder) == 0, "a job that is freed leaves nothing behind");
  bacpac_location_free(big);
  bacpac_location_free(to);
}

/* A sink that fails after some bytes, and counts. */
struct full {
  size_t room;
  unsigned aborted, completed, released;
};

static bacpac_error_t *fill(void *data, const uint8_t *bytes, size_t length) {
  struct full *full = data;
  (void)bytes;
  if (length > full->room) return bacpac_error_new(BACPAC_ERROR_CODE_STORAGE, "the disk is full");
  full->room -= length;
  return NULL;
}

static bacpac_error_t *complete(void *data) {
  ((struct full *)data)->completed++;
  return NULL;
}

static bacpac_error_t *throw_away(void *data) {
  ((struct full *)data)->aborted++;
  return NULL;
}

static void release(void *data) { ((struct full *)data)->released++; }

static void storage_that_fails(void) {
  struct full full = {10000, 0, 0, 0};
  bacpac_sink_callbacks_t callbacks = {&full, fill, complete, throw_away, release};
  bacpac_location_t *to = NULL;
  bacpac_report_t *report = NULL;
  check(fine(bacpac_location_from_sink(&callbacks, &to)), "a sink of callbacks is made");
  bacpac_error_t *error = bacpac_export(server, "acmecorp", to, false, NULL, NULL, &report);
  check(error && strstr(bacpac_error_message(error), "the disk is full"), "the callback's error is the call's");
  check(failed_with(error, BACPAC_ERROR_CODE_STORAGE), "it has the callback's code");
  error = bacpac_export(server, "acmecorp", to, false, NULL, NULL, &report);
  check(failed_with(error, BACPAC_ERROR_CODE_INVALID_ARGUMENT), "a sink is written to once");
  bacpac_location_free(to);
  check(full.aborted == 1 && full.completed == 0 && full.released == 1, "it was aborted and released, once");
}

static void kinds(void) {
  for (uint32_t code = 1; code <= bacpac_error_kind_count(); code++) {
    bacpac_error_t *error = bacpac_error_new(code, "made up");
    check(bacpac_error_code(error) == code && !strcmp(bacpac_error_kind(error), bacpac_error_kind_name(code)) &&
              !strcmp(bacpac_error_message(error), "made up") && strstr(bacpac_error_json(error), "\"kind\"") &&
              !bacpac_error_server(error) && bacpac_error_context(error)->row == BACPAC_UNKNOWN,
          bacpac_error_kind_name(code));
    bacpac_error_free(error);
  }
  check(bacpac_error_kind_count() == BACPAC_ERROR_CODE_INTERNAL, "the header knows as many kinds as the library");
}

static void nothing_is_an_error(void) {
  bacpac_report_t *report = (bacpac_report_t *)&report;
  bacpac_location_t *to = place("%s/x", folder);
  check(failed_with(bacpac_export(NULL, "x", to, false, NULL, NULL, &report), BACPAC_ERROR_CODE_INVALID_ARGUMENT),
        "no server");
  check(!report, "a result is NULL after an error");
  check(failed_with(bacpac_export(server, NULL, to, false, NULL, NULL, &report), BACPAC_ERROR_CODE_INVALID_ARGUMENT),
        "no database");
  check(failed_with(bacpac_export(server, "x", NULL, false, NULL, NULL, &report), BACPAC_ERROR_CODE_INVALID_ARGUMENT),
        "no place");
  check(failed_with(bacpac_export(server, "x", to, false, NULL, NULL, NULL), BACPAC_ERROR_CODE_INVALID_ARGUMENT),
        "no place for the report");
  check(failed_with(bacpac_export(server, "\xff", to, false, NULL, NULL, &report), BACPAC_ERROR_CODE_INVALID_ARGUMENT),
        "no UTF-8");
  bacpac_location_free(to);
}

static unsigned lines;

static void log_line(void *data, uint32_t level, const char *target, const char *text) {
  (void)data;
  if (level <= BACPAC_LOG_LEVEL_INFO && !strncmp(target, "bacpac", 6) && *text) __atomic_add_fetch(&lines, 1, __ATOMIC_SEQ_CST);
}

static void log_lines(void) {
  bacpac_location_t *store = place("%s/store", folder);
  bacpac_catalog_t *catalog = NULL;
  bacpac_backup_request_t *request = NULL;
  bacpac_report_t *made = NULL, *pruned = NULL;
  bacpac_retention_policy_t *policy = bacpac_retention_policy_new();
  check(fine(bacpac_set_log(BACPAC_LOG_LEVEL_INFO, log_line, NULL, NULL)), "the log is turned on");
  check(fine(bacpac_catalog_new(store, &catalog)) &&
            fine(bacpac_backup_request_new("acmecorp", "manual", &request)) &&
            fine(bacpac_backup_now(catalog, server, "acmecorp", request, NULL, NULL, &made)),
        "a first backup");
  bacpac_report_free(made);
  check(fine(bacpac_backup_now(catalog, server, "acmecorp", request, NULL, NULL, &made)), "a second backup");
  check(fine(bacpac_backup_prune(catalog, policy, "2099-01-01T00:00:00Z", true, NULL, &pruned)) &&
            bacpac_report_count(pruned, "report.removed") == 1,
        "one is too old");
  check(lines > 0, "removing one is worth a log line");
  check(fine(bacpac_set_log(0, NULL, NULL, NULL)), "the log is turned off");
  bacpac_report_free(made);
  bacpac_report_free(pruned);
  bacpac_retention_policy_free(policy);
  bacpac_backup_request_free(request);
  bacpac_catalog_free(catalog);
  bacpac_location_free(store);
}

int main(void) {
  files = getenv("BACPAC_SCENARIO_FILES");
  if (!files || !getenv("BACPAC_SCENARIO_SERVER") || !mkdtemp(folder)) return 2;
  if (!fine(bacpac_server_new(getenv("BACPAC_SCENARIO_SERVER"), NULL, &server))) return 2;
  cancel_from_another_thread(0);
  cancel_from_another_thread(1);
  jobs();
  storage_that_fails();
  kinds();
  nothing_is_an_error();
  log_lines();
  bacpac_server_free(server);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command)) perror(folder);
  printf("%u passed, %u failed\n", passed, failures);
  return failures != 0;
}
