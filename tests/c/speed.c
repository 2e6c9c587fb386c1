/*
 * How long an export takes when called from C, beside the same call from Rust, in turns against one server.
 *
 *     speed RUST-PROGRAM FOLDER ROUNDS
 *
 * The Rust program is bacpac-node/examples/export-time.rs. Both write the database `big`; the figures are medians, the
 * first round is not counted. Fails if C takes 5 % longer.
 */

#include <bacpac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static double export_from_c(const char *connection_string, const char *path) {
  bacpac_server_t *server = NULL;
  bacpac_location_t *file = NULL;
  bacpac_report_t *report = NULL;
  double started = milliseconds();
  bacpac_error_t *error = bacpac_server_new(connection_string, NULL, &server);
  if (!error) error = bacpac_location_new(path, NULL, 0, &file);
  if (!error) error = bacpac_export(server, "big", file, true, NULL, NULL, &report);
  double took = milliseconds() - started;
  if (error) exit((fprintf(stderr, "%s\n", bacpac_error_text(error)), 1));
  bacpac_report_free(report);
  bacpac_location_free(file);
  bacpac_server_free(server);
  return took;
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double median(double *times, size_t count) {
  qsort(times, count, sizeof *times, ascending);
  return times[count / 2];
}

int main(int count, char **arguments) {
  enum { MOST = 99 };
  double c[MOST], rust[MOST];
  char c_file[600], rust_file[600], line[64];
  const char *server = getenv("BACPAC_SCENARIO_SERVER");
  int ask[2], answer[2], rounds = count == 4 ? atoi(arguments[3]) : 0;
  if (!server || rounds < 1 || rounds > MOST) return fprintf(stderr, "speed RUST-PROGRAM FOLDER ROUNDS\n"), 2;
  snprintf(c_file, sizeof c_file, "%s/c.bacpac", arguments[2]);
  snprintf(rust_file, sizeof rust_file, "%s/rust.bacpac", arguments[2]);
  if (pipe(ask) || pipe(answer)) return 2;
  pid_t child = fork();
  if (child < 0) return 2;
  if (!child) {
    dup2(ask[0], 0);
    dup2(answer[1], 1);
    close(ask[1]);
    close(answer[0]);
    execl(arguments[1], arguments[1], "big", rust_file, (char *)NULL);
    _exit(127);
  }
  close(ask[0]);
  close(answer[1]);
  FILE *answers = fdopen(answer[0], "r");
  for (int round = -1; round < rounds; round++) {
    double from_c = 0;
    /* Who goes second finds the server busy with what the first left: they take turns. */
    if (round % 2) from_c = export_from_c(server, c_file);
    if (write(ask[1], "\n", 1) != 1 || !answers || !fgets(line, sizeof line, answers)) return 2;
    double from_rust = strtod(line, NULL);
    if (round % 2 == 0) from_c = export_from_c(server, c_file);
    if (round < 0) continue;
    rust[round] = from_rust;
    c[round] = from_c;
  }
  close(ask[1]);
  double r = median(rust, (size_t)rounds), m = median(c, (size_t)rounds), more = (m - r) / r * 100;
  printf("export, median of %d: Rust %.0f ms, C %.0f ms (%+.1f %%)\n", rounds, r, m, more);
  return more > 5;
}
