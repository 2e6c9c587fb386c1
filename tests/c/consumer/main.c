/* Says what a package holds. */
#include <bacpac.h>
#include <stdio.h>

int main(int count, char **arguments) {
  bacpac_location_t *file = NULL;
  bacpac_package_t *package = NULL;
  bacpac_report_t *summary = NULL;
  if (count != 2 || !BACPAC_ABI_MATCHES()) return 2;
  bacpac_error_t *error = bacpac_location_new(arguments[1], NULL, 0, &file);
  if (!error) error = bacpac_package_open(file, NULL, &package);
  if (!error) error = bacpac_package_summary(package, &summary);
  if (!error) printf("%s: %zu tables\n", bacpac_report_text(summary, "name"), bacpac_report_tables(summary));
  if (error) fprintf(stderr, "%s\n", bacpac_error_text(error));
  int failed = error != NULL;
  bacpac_error_free(error);
  bacpac_report_free(summary);
  bacpac_package_free(package);
  bacpac_location_free(file);
  return failed;
}
