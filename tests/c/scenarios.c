/* The scenarios of tests/scenarios, run through the C interface. Ends with a line `N passed, N failed`. */

#include <bacpac.h>
#include <cjson/cJSON.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *copied(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  if (!copy) abort();
  return strcpy(copy, text);
}

/* What stands for what in the texts of a step. */
static struct { char *name, *value; } variables[32];
static size_t variable_count;

static void set_variable(const char *name, const char *value) {
  if (variable_count == sizeof variables / sizeof *variables) abort();
  variables[variable_count].name = copied(name);
  variables[variable_count++].value = copied(value);
}

static char *filled(const char *text) {
  char *result = copied(text);
  for (size_t i = 0; i < variable_count; i++) {
    size_t name = strlen(variables[i].name), value = strlen(variables[i].value);
    for (char *at = strstr(result, variables[i].name); at; at = strstr(at, variables[i].name)) {
      size_t before = (size_t)(at - result);
      char *longer = malloc(strlen(result) - name + value + 1);
      if (!longer) abort();
      memcpy(longer, result, before);
      memcpy(longer + before, variables[i].value, value);
      strcpy(longer + before + value, at + name);
      free(result);
      result = longer;
      at = result + before + value;
    }
  }
  return result;
}

static void fill(cJSON *value) {
  if (cJSON_IsString(value)) {
    char *text = filled(value->valuestring);
    cJSON_SetValuestring(value, text);
    free(text);
  }
  for (cJSON *child = value->child; child; child = child->next) fill(child);
}

/* Comparing: NULL, or what differs (in `why`). */
static char why[4096];

static int differs(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why, sizeof why, format, arguments);
  va_end(arguments);
  return 1;
}

static int compare(const cJSON *expected, const cJSON *found, const char *path);

static int compare_special(const cJSON *expected, const cJSON *found, const char *path) {
  const char *rule = expected->string;
  if (!strcmp(rule, "$absent")) return found ? differs("%s is there", path) : 0;
  if (!found) return differs("%s is not there", path);
  if (!strcmp(rule, "$length")) {
    if (cJSON_IsArray(found) && cJSON_GetArraySize(found) == expected->valueint) return 0;
    return differs("%s has %d elements, not %d", path, cJSON_GetArraySize(found), expected->valueint);
  }
  if (!strcmp(rule, "$contains")) {
    if (cJSON_IsString(found) && strstr(found->valuestring, expected->valuestring)) return 0;
    return differs("%s lacks %s", path, expected->valuestring);
  }
  if (!strcmp(rule, "$above")) {
    if (cJSON_IsNumber(found) && found->valuedouble > expected->valuedouble) return 0;
    return differs("%s is not above %g", path, expected->valuedouble);
  }
  if (!strcmp(rule, "$some")) {
    for (const cJSON *item = found->child; item; item = item->next)
      if (!compare(expected, item, path)) return 0;
    return differs("%s has no such element", path);
  }
  if (!strcmp(rule, "$matches")) {
    regex_t pattern;
    if (regcomp(&pattern, expected->valuestring, REG_EXTENDED | REG_NOSUB)) return differs("a bad pattern");
    int matches = cJSON_IsString(found) && !regexec(&pattern, found->valuestring, 0, NULL, 0);
    regfree(&pattern);
    return matches ? 0 : differs("%s does not match %s", path, expected->valuestring);
  }
  return differs("there is no rule %s", rule);
}

static int compare(const cJSON *expected, const cJSON *found, const char *path) {
  char inner[512];
  if (cJSON_IsObject(expected) && expected->child && expected->child->string[0] == '$')
    return compare_special(expected->child, found, path);
  if (!found) return differs("%s is not there", path);
  if (cJSON_IsObject(expected)) {
    if (!cJSON_IsObject(found)) return differs("%s is no object", path);
    for (const cJSON *field = expected->child; field; field = field->next) {
      snprintf(inner, sizeof inner, "%s.%s", path, field->string);
      if (compare(field, cJSON_GetObjectItemCaseSensitive(found, field->string), inner)) return 1;
    }
    return 0;
  }
  if (cJSON_IsArray(expected)) {
    int size = cJSON_GetArraySize(expected);
    if (!cJSON_IsArray(found) || cJSON_GetArraySize(found) != size)
      return differs("%s has not %d elements", path, size);
    for (int i = 0; i < size; i++) {
      snprintf(inner, sizeof inner, "%s.%d", path, i);
      if (compare(cJSON_GetArrayItem(expected, i), cJSON_GetArrayItem(found, i), inner)) return 1;
    }
    return 0;
  }
  return cJSON_Compare(expected, found, 1) ? 0 : differs("%s is not what was expected", path);
}

/* Progress of a step. */
struct watch {
  bacpac_control_t *control;
  const char *cancel_at;
  char stages[64][24];
  size_t count;
};

static void on_progress(void *data, const bacpac_progress_t *progress) {
  struct watch *watch = data;
  if (watch->count == 0 || strcmp(watch->stages[watch->count - 1], progress->stage)) {
    if (watch->count == 64) abort();
    snprintf(watch->stages[watch->count++], 24, "%s", progress->stage);
  }
  if (watch->cancel_at && !strcmp(watch->cancel_at, progress->stage)) bacpac_control_cancel(watch->control);
}

/* The step under way: its handles are made where asked for and freed in the end. */
static const cJSON *step;
static bacpac_error_t *error;
static bacpac_location_t *locations[4];
static size_t location_count;
static bacpac_server_t *server;
static bacpac_catalog_t *catalog;
static bacpac_package_t *package;

static const char *text(const char *name) {
  const cJSON *value = cJSON_GetObjectItemCaseSensitive(step, name);
  return cJSON_IsString(value) ? value->valuestring : NULL;
}

static bool flag(const char *name) {
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(step, name));
}

static char *json(const char *name) {
  const cJSON *value = cJSON_GetObjectItemCaseSensitive(step, name);
  char *shown = value ? cJSON_PrintUnformatted(value) : NULL;
  char *copy = copied(shown ? shown : "{}");
  cJSON_free(shown);
  return copy;
}

static bacpac_location_t *place(const char *name) {
  if (!error) error = bacpac_location_new(text(name), NULL, 0, &locations[location_count]);
  return error ? NULL : locations[location_count++];
}

static bacpac_server_t *target(void) {
  if (!error) error = bacpac_server_new(text("server"), NULL, &server);
  return server;
}

static bacpac_package_t *opened(bacpac_control_t *control) {
  bacpac_location_t *at = place("package");
  if (!error) error = bacpac_package_open(at, control, &package);
  return package;
}

static void let_go(void) {
  while (location_count) bacpac_location_free(locations[--location_count]);
  bacpac_package_free(package);
  bacpac_catalog_free(catalog);
  bacpac_server_free(server);
  package = NULL;
  catalog = NULL;
  server = NULL;
}

/* Options of a kind, with the fields of a step's field `name`. */
#define OPTIONS(kind, variable, name)                                           \
  bacpac_##kind##_t *variable = bacpac_##kind##_new();                          \
  do {                                                                          \
    char *fields = json(name);                                                  \
    if (!error) error = bacpac_##kind##_set_json(variable, fields);             \
    free(fields);                                                               \
  } while (0)

static bacpac_error_t *count_rows(void *data, const char *bytes, size_t length, uint64_t rows) {
  uint64_t lines = 0;
  for (size_t i = 0; i < length; i++) lines += bytes[i] == '\n';
  if (lines != rows) return bacpac_error_new(BACPAC_ERROR_CODE_INTERNAL, "rows are not lines");
  *(uint64_t *)data += rows;
  return NULL;
}

static cJSON *rows(bacpac_control_t *control) {
  uint64_t count = 0;
  bacpac_report_t *summary = NULL;
  opened(control);
  if (!error) error = bacpac_package_rows(package, text("table"), control, count_rows, &count);
  if (!error) error = bacpac_package_summary(package, &summary);
  if (error) return NULL;
  cJSON *result = cJSON_CreateObject(), *columns = cJSON_AddArrayToObject(result, "columns");
  cJSON_AddNumberToObject(result, "count", (double)count);
  for (size_t i = 0; i < bacpac_report_tables(summary); i++) {
    char path[80], name[300];
    snprintf(path, sizeof path, "tables.%zu.schema", i);
    const char *schema = bacpac_report_text(summary, path);
    snprintf(path, sizeof path, "tables.%zu.table", i);
    snprintf(name, sizeof name, "%s.%s", schema, bacpac_report_text(summary, path));
    if (strcmp(name, text("table"))) continue;
    snprintf(path, sizeof path, "tables.%zu.columns", i);
    for (size_t c = 0, n = bacpac_report_count(summary, path); c < n; c++) {
      snprintf(path, sizeof path, "tables.%zu.columns.%zu.name", i, c);
      cJSON_AddItemToArray(columns, cJSON_CreateString(bacpac_report_text(summary, path)));
    }
  }
  bacpac_report_free(summary);
  return result;
}

static cJSON *error_kinds(void) {
  cJSON *kinds = cJSON_CreateArray();
  for (uint32_t code = 1; code <= bacpac_error_kind_count(); code++) {
    cJSON *kind = cJSON_CreateObject();
    cJSON_AddStringToObject(kind, "name", bacpac_error_kind_name(code));
    cJSON_AddNumberToObject(kind, "number", code);
    cJSON_AddItemToArray(kinds, kind);
  }
  return kinds;
}

static bacpac_report_t *backups(const char *what, bacpac_control_t *control) {
  bacpac_report_t *report = NULL;
  bacpac_location_t *store = place("store");
  if (!error) error = bacpac_catalog_new(store, &catalog);
  if (!strcmp(what, "now")) {
    bacpac_backup_request_t *request = NULL;
    OPTIONS(export_options, options, "options");
    target();
    const char *kind = text("kind");
    if (!error) error = bacpac_backup_request_new(text("tenant"), kind ? kind : "manual", &request);
    if (!error) error = bacpac_backup_request_set_note(request, text("note"));
    if (!error) error = bacpac_backup_now(catalog, server, text("database"), request, options, control, &report);
    bacpac_backup_request_free(request);
    bacpac_export_options_free(options);
  } else if (!strcmp(what, "list")) {
    OPTIONS(list_filter, filter, "filter");
    if (!error) error = bacpac_backup_list(catalog, filter, control, &report);
    bacpac_list_filter_free(filter);
  } else if (!strcmp(what, "download")) {
    bacpac_location_t *to = place("to");
    if (!error)
      error = bacpac_backup_download(catalog, text("name"), to, flag("overwrite"), NULL, control, &report);
  } else if (!strcmp(what, "verify")) {
    bacpac_report_t *check = NULL;
    if (!error) error = bacpac_backup_verify(catalog, text("name"), control, &check);
    if (!error) error = bacpac_backup_manifest(catalog, text("name"), control, &report);
    bacpac_report_free(check);
  } else if (!strcmp(what, "restore")) {
    OPTIONS(restore_options, options, "options");
    target();
    if (!error) error = bacpac_backup_restore(catalog, text("name"), server, options, control, &report);
    bacpac_restore_options_free(options);
  } else if (!strcmp(what, "hold")) {
    if (!error) error = bacpac_backup_hold(catalog, text("name"), text("reason"), NULL, control, &report);
  } else if (!strcmp(what, "prune")) {
    OPTIONS(retention_policy, policy, "policy");
    if (!error) error = bacpac_backup_prune(catalog, policy, text("now"), flag("apply"), control, &report);
    bacpac_retention_policy_free(policy);
  } else {
    error = bacpac_error_new(BACPAC_ERROR_CODE_INTERNAL, "the runner does not know this step");
  }
  return report;
}

/* Makes the call of the step; its result, or `error`. */
static cJSON *call(bacpac_control_t *control) {
  const char *what = text("do");
  bacpac_report_t *report = NULL;
  if (!strcmp(what, "rows")) return rows(control);
  if (!strcmp(what, "error_kinds")) return error_kinds();
  if (!strcmp(what, "exists")) {
    cJSON *result = cJSON_CreateObject();
    cJSON_AddBoolToObject(result, "exists", access(text("path"), F_OK) == 0);
    return result;
  }
  if (!strcmp(what, "inspect")) {
    opened(control);
    if (!error) error = bacpac_package_summary(package, &report);
  } else if (!strcmp(what, "digest")) {
    opened(control);
    if (!error) error = bacpac_package_digest(package, text("table"), control, &report);
  } else if (!strcmp(what, "script")) {
    OPTIONS(script_options, options, "options");
    opened(control);
    if (!error) error = bacpac_package_script(package, options, &report);
    bacpac_script_options_free(options);
  } else if (!strcmp(what, "rewrite")) {
    bacpac_location_t *from = place("package"), *to = place("to");
    if (!error) error = bacpac_rewrite(from, to, flag("overwrite"), NULL, control, &report);
  } else if (!strcmp(what, "export")) {
    OPTIONS(export_options, options, "options");
    bacpac_location_t *to = place("to");
    target();
    if (!error)
      error = bacpac_export(server, text("database"), to, flag("overwrite"), options, control, &report);
    bacpac_export_options_free(options);
  } else if (!strcmp(what, "import")) {
    OPTIONS(import_options, options, "options");
    bacpac_location_t *from = place("from");
    target();
    if (!error) error = bacpac_import(from, server, text("database"), options, control, &report);
    bacpac_import_options_free(options);
  } else if (!strcmp(what, "verify")) {
    bacpac_location_t *from = place("package");
    target();
    if (!error) error = bacpac_verify(from, server, text("database"), control, &report);
  } else if (!strcmp(what, "diff")) {
    OPTIONS(diff_options, options, "options");
    bacpac_side_t a = {place("a"), NULL, NULL}, b = {place("b"), NULL, NULL};
    if (!error) error = bacpac_diff(&a, &b, options, control, &report);
    bacpac_diff_options_free(options);
  } else if (!strncmp(what, "backups.", 8)) {
    report = backups(what + 8, control);
  } else {
    error = bacpac_error_new(BACPAC_ERROR_CODE_INTERNAL, "the runner does not know this step");
  }
  cJSON *result = report ? cJSON_Parse(bacpac_report_json(report)) : NULL;
  bacpac_report_free(report);
  return result;
}

static const cJSON *at_path(const cJSON *value, const char *path) {
  char *copy = copied(path), *rest = copy;
  for (char *name = strtok_r(copy, ".", &rest); name && value; name = strtok_r(NULL, ".", &rest))
    value = cJSON_IsArray(value) ? cJSON_GetArrayItem(value, atoi(name))
                                 : cJSON_GetObjectItemCaseSensitive(value, name);
  free(copy);
  return value;
}

static int save(const cJSON *result) {
  const cJSON *field;
  cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(step, "save")) {
    const cJSON *value = at_path(result, field->valuestring);
    char name[64];
    if (!cJSON_IsString(value)) return differs("there is no text at %s", field->valuestring);
    snprintf(name, sizeof name, "$%s", field->string);
    set_variable(name, value->valuestring);
  }
  return 0;
}

static int compare_progress(const struct watch *watch) {
  size_t next = 0;
  const cJSON *wanted;
  cJSON_ArrayForEach(wanted, cJSON_GetObjectItemCaseSensitive(step, "progress")) {
    while (next < watch->count && strcmp(watch->stages[next], wanted->valuestring)) next++;
    if (next++ >= watch->count) return differs("the stage %s was not reported in its turn", wanted->valuestring);
  }
  return 0;
}

/* Runs a step: 0, or 1 and why. */
static int run(cJSON *filled_step) {
  step = filled_step;
  error = NULL;
  struct watch watch = {bacpac_control_new(), text("cancel_at"), {{0}}, 0};
  bacpac_error_t *failed = bacpac_control_on_progress(watch.control, on_progress, &watch, NULL);
  if (failed) abort();
  cJSON *result = call(watch.control);
  const cJSON *expected = cJSON_GetObjectItemCaseSensitive(step, "error");
  int bad = 0;
  if (expected && !error) {
    bad = differs("it succeeded");
  } else if (expected) {
    cJSON *told = cJSON_Parse(bacpac_error_json(error));
    bad = compare(expected, told, "error");
    if (bad) fprintf(stderr, "  %s\n", bacpac_error_text(error));
    cJSON_Delete(told);
  } else if (error) {
    bad = differs("%s: %s", bacpac_error_kind(error), bacpac_error_text(error));
  } else {
    expected = cJSON_GetObjectItemCaseSensitive(step, "expect");
    bad = (expected && compare(expected, result, "result")) || save(result);
  }
  bad = bad || compare_progress(&watch);
  cJSON_Delete(result);
  bacpac_error_free(error);
  bacpac_control_free(watch.control);
  let_go();
  return bad;
}

static cJSON *read_json(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  char *bytes = NULL;
  size_t size = 0, got;
  do {
    bytes = realloc(bytes, size + 65536 + 1);
    if (!bytes) abort();
    got = fread(bytes + size, 1, 65536, file);
    size += got;
  } while (got);
  fclose(file);
  bytes[size] = 0;
  cJSON *value = cJSON_Parse(bytes);
  free(bytes);
  return value;
}

int main(int count, char **files) {
  unsigned passed = 0, failed = 0;
  const char *at = getenv("BACPAC_SCENARIO_SERVER"), *made = getenv("BACPAC_SCENARIO_FILES");
  if (!at || !made) return fprintf(stderr, "BACPAC_SCENARIO_SERVER or BACPAC_SCENARIO_FILES is not set\n"), 2;
  if (!BACPAC_ABI_MATCHES()) return fprintf(stderr, "the library is of another version\n"), 2;
  for (int f = 1; f < count; f++) {
    cJSON *scenario = read_json(files[f]);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(scenario, "name");
    if (!cJSON_IsString(name)) return fprintf(stderr, "%s is no scenario\n", files[f]), 2;
    char folder[] = "/tmp/bacpac-c-XXXXXX", id[64];
    if (!mkdtemp(folder)) return perror(folder), 2;
    snprintf(id, sizeof id, "c_%ld_%d", (long)getpid(), f);
    set_variable("$SERVER", at);
    set_variable("$FILES", made);
    set_variable("$DIR", folder);
    set_variable("$ID", id);
    int number = 0;
    cJSON *next;
    cJSON_ArrayForEach(next, cJSON_GetObjectItemCaseSensitive(scenario, "steps")) {
      number++;
      if (!cJSON_HasObjectItem(next, "server")) cJSON_AddStringToObject(next, "server", "$SERVER");
      fill(next);
      if (run(next)) {
        fprintf(stderr, "%s: step %d (%s): %s\n", name->valuestring, number, text("do"), why);
        failed++;
        break; /* what follows builds on it */
      }
      passed++;
    }
    while (variable_count) {
      free(variables[--variable_count].name);
      free(variables[variable_count].value);
    }
    cJSON_Delete(scenario);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command)) perror(folder);
  }
  printf("%u passed, %u failed\n", passed, failed);
  return failed != 0;
}
