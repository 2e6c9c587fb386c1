/* Runs the pieces of docs/c.md, which stand above this. */

int main(int count, char **arguments) {
  if (count != 5) return 2;
  const char *connection_string = arguments[1], *files = arguments[2], *folder = arguments[3], *id = arguments[4];
  char acmecorp[512], exported[512], big[512], store[512], copy[128], restored[128];
  snprintf(acmecorp, sizeof acmecorp, "%s/acmecorp.bacpac", files);
  snprintf(exported, sizeof exported, "%s/exported.bacpac", folder);
  snprintf(big, sizeof big, "%s/big.bacpac", folder);
  snprintf(store, sizeof store, "%s/store", folder);
  snprintf(copy, sizeof copy, "%s_copy", id);
  snprintf(restored, sizeof restored, "%s_restored", id);
  unsigned bad = 0;
#define TASK(call) (bad += (call) ? (fprintf(stderr, "FAILED: %s\n", #call), 1) : 0)
  bacpac_server_t *server = NULL;
  bacpac_location_t *file = NULL;
  bacpac_package_t *package = NULL;
  if (failed(bacpac_server_new(connection_string, NULL, &server)) ||
      failed(bacpac_location_new(acmecorp, NULL, 0, &file)) || failed(bacpac_package_open(file, NULL, &package)))
    return 1;
  bool same = false;
  TASK(inspect(acmecorp));
  TASK(rows(package, "dbo.Items"));
  TASK(script(package));
  TASK(export_database(server, "acmecorp", exported));
  TASK(import_file(server, exported, copy));
  TASK(verify(server, exported, "acmecorp", &same) || !same);
  TASK(cancel(server, "big", big));
  TASK(handle_errors(connection_string));
  TASK(through_memory(server, "acmecorp"));
  TASK(backups(server, "acmecorp", store, restored));
  bacpac_package_free(package);
  bacpac_location_free(file);
  bacpac_server_free(server);
  printf("%u passed, %u failed\n", 10 - bad, bad);
  return bad != 0;
}
