/*
 * bacpac for C++17: the handles of bacpac.h as objects that free themselves, errors as exceptions, callbacks as
 * std::function. Header only; link with the bacpac library.
 *
 *     bacpac::server server{connection_string};
 *     bacpac::report report = server.export_to("acmecorp", bacpac::location{"acmecorp.bacpac"});
 *     std::cout << report.rows() << " rows\n";
 *
 * What bacpac.h says of ownership, threads and callbacks holds here too. Objects move and do not copy. Every call that
 * fails throws bacpac::error or one of its subclasses. An exception that leaves a callback cancels the operation and
 * comes out of the call that waits for it (from a sink or a source: as an error with its text).
 */

#ifndef BACPAC_HPP
#define BACPAC_HPP

#include "bacpac.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bacpac {

/* ---------------------------------------------------------------------------------------------- errors */

/** Where an error happened; what is not known is empty. */
struct error_context {
  std::optional<std::string> server, database, object, column, part;
  std::optional<std::uint64_t> row, byte;
};

/** What the server said. */
struct server_message {
  std::uint32_t number = 0, state = 0, severity = 0, line = 0;
  std::string message;
  std::optional<std::string> procedure;
};

namespace detail {

inline std::optional<std::string> text(const char *text) {
  return text ? std::optional<std::string>{text} : std::nullopt;
}

inline std::optional<std::uint64_t> known(std::uint64_t number) {
  return number == BACPAC_UNKNOWN ? std::nullopt : std::optional<std::uint64_t>{number};
}

struct free_error {
  void operator()(bacpac_error_t *error) const noexcept { bacpac_error_free(error); }
};

}  // namespace detail

/** What went wrong. what() is message, place and what the server said, in one line. */
class error : public std::runtime_error {
 public:
  explicit error(std::shared_ptr<const bacpac_error_t> error)
      : std::runtime_error(bacpac_error_text(error.get())), error_(std::move(error)) {}

  /** A bacpac_error_code_t. */
  std::uint32_t code() const noexcept { return bacpac_error_code(error_.get()); }
  /** The stable name of the code, e.g. "login". */
  std::string kind() const { return bacpac_error_kind(error_.get()); }
  /** The message without its place. */
  std::string message() const { return bacpac_error_message(error_.get()); }
  /** What to do about it, where a remedy is known. */
  std::optional<std::string> help() const { return detail::text(bacpac_error_help(error_.get())); }
  /** Whether the same call may succeed later without a change. */
  bool is_retryable() const noexcept { return bacpac_error_is_retryable(error_.get()); }
  /** All of it as a JSON object. */
  std::string json() const { return bacpac_error_json(error_.get()); }

  /** Where it went wrong. */
  error_context context() const {
    const bacpac_error_context_t *c = bacpac_error_context(error_.get());
    return {detail::text(c->server), detail::text(c->database), detail::text(c->object), detail::text(c->column),
            detail::text(c->part),   detail::known(c->row),     detail::known(c->byte)};
  }

  /** What the server said, where the error is the server's. */
  std::optional<server_message> server() const {
    const bacpac_server_message_t *m = bacpac_error_server(error_.get());
    if (!m) return std::nullopt;
    return server_message{m->number, m->state, m->severity, m->line, m->message, detail::text(m->procedure)};
  }

 private:
  std::shared_ptr<const bacpac_error_t> error_;
};

/** The caller cancelled; all has been undone. */
struct cancelled : error { using error::error; };
/** An option or argument that cannot be used. */
struct invalid_argument : error { using error::error; };
/** A file or a store failed. */
struct storage_error : error { using error::error; };
/** The file, object or backup is not there. */
struct not_found : storage_error { using storage_error::storage_error; };
/** The target file or object exists already. */
struct already_exists : storage_error { using storage_error::storage_error; };
/** The package is damaged or contradicts itself. */
struct package_error : error { using error::error; };
/** Of a kind or a version that cannot be carried. */
struct unsupported : error { using error::error; };
/** The server cannot be reached, answered too late, or was lost. */
struct connection_error : error { using error::error; };
/** The server refused the login. */
struct login_error : connection_error { using connection_error::connection_error; };
/** The server, or what it holds, refuses. */
struct server_error : error { using error::error; };
/** The login lacks a right. */
struct permission_error : server_error { using server_error::server_error; };
/** The target database exists and is not empty. */
struct database_exists : server_error { using server_error::server_error; };
/** The source database does not exist, or the login may not open it. */
struct database_not_found : server_error { using server_error::server_error; };
/** What was written is not what was read. */
struct verification_error : error { using error::error; };
/** A fault of the library. */
struct internal_error : error { using error::error; };

namespace detail {

[[noreturn]] inline void raise(bacpac_error_t *raw) {
  std::shared_ptr<const bacpac_error_t> e{raw, [](bacpac_error_t *error) { bacpac_error_free(error); }};
  switch (bacpac_error_code(raw)) {
    case BACPAC_ERROR_CODE_CANCELLED: throw cancelled(std::move(e));
    case BACPAC_ERROR_CODE_INVALID_ARGUMENT: throw invalid_argument(std::move(e));
    case BACPAC_ERROR_CODE_IO:
    case BACPAC_ERROR_CODE_STORAGE: throw storage_error(std::move(e));
    case BACPAC_ERROR_CODE_NOT_FOUND: throw not_found(std::move(e));
    case BACPAC_ERROR_CODE_ALREADY_EXISTS: throw already_exists(std::move(e));
    case BACPAC_ERROR_CODE_ARCHIVE:
    case BACPAC_ERROR_CODE_PACKAGE:
    case BACPAC_ERROR_CODE_CHECKSUM:
    case BACPAC_ERROR_CODE_MODEL:
    case BACPAC_ERROR_CODE_DATA:
    case BACPAC_ERROR_CODE_MISMATCH: throw package_error(std::move(e));
    case BACPAC_ERROR_CODE_UNSUPPORTED_VERSION:
    case BACPAC_ERROR_CODE_UNSUPPORTED: throw unsupported(std::move(e));
    case BACPAC_ERROR_CODE_CONNECT:
    case BACPAC_ERROR_CODE_TLS:
    case BACPAC_ERROR_CODE_TIMEOUT:
    case BACPAC_ERROR_CODE_CONNECTION_LOST: throw connection_error(std::move(e));
    case BACPAC_ERROR_CODE_LOGIN: throw login_error(std::move(e));
    case BACPAC_ERROR_CODE_PERMISSION: throw permission_error(std::move(e));
    case BACPAC_ERROR_CODE_DATABASE_EXISTS: throw database_exists(std::move(e));
    case BACPAC_ERROR_CODE_DATABASE_NOT_FOUND: throw database_not_found(std::move(e));
    case BACPAC_ERROR_CODE_PRINCIPAL_NOT_FOUND:
    case BACPAC_ERROR_CODE_CONVERSION:
    case BACPAC_ERROR_CODE_CONSTRAINT:
    case BACPAC_ERROR_CODE_SERVER: throw server_error(std::move(e));
    case BACPAC_ERROR_CODE_VERIFICATION: throw verification_error(std::move(e));
    case BACPAC_ERROR_CODE_INTERNAL: throw internal_error(std::move(e));
    default: throw error(std::move(e));
  }
}

inline void check(bacpac_error_t *error) {
  if (error) raise(error);
}

/** An exception of a callback as an error for the library. */
inline bacpac_error_t *as_error(std::uint32_t code) noexcept {
  try {
    throw;
  } catch (const error &e) {
    return bacpac_error_new(e.code(), e.what());
  } catch (const std::exception &e) {
    return bacpac_error_new(code, e.what());
  } catch (...) {
    return bacpac_error_new(code, "a callback threw");
  }
}

/** A handle that frees itself. */
template <class T, void (*Free)(T *)>
class handle {
 public:
  explicit handle(T *raw) noexcept : raw_(raw) {}
  /** The handle of bacpac.h, for what is not here. */
  T *raw() const noexcept { return raw_.get(); }

 protected:
  struct deleter {
    void operator()(T *raw) const noexcept { Free(raw); }
  };
  std::unique_ptr<T, deleter> raw_;
};

inline const char *c_str(const std::optional<std::string> &text) { return text ? text->c_str() : nullptr; }

template <class T>
auto raw(const T *object) -> decltype(object->raw()) {
  return object ? object->raw() : nullptr;
}

}  // namespace detail

/** Every kind of error that the library at hand knows, by number and name. */
inline std::vector<std::pair<std::uint32_t, std::string>> error_kinds() {
  std::vector<std::pair<std::uint32_t, std::string>> kinds;
  for (std::uint32_t code = 1; code <= bacpac_error_kind_count(); ++code)
    kinds.emplace_back(code, bacpac_error_kind_name(code));
  return kinds;
}

/** The version of the library. */
inline std::string version() { return bacpac_version(); }

/** Throws std::runtime_error where the library at hand does not keep what the header says. */
inline void check_abi() {
  if (!BACPAC_ABI_MATCHES()) throw std::runtime_error("the bacpac library is of another version than its header");
}

/* --------------------------------------------------------------------------------------------- reports */

/** What an operation did: data, read whole as JSON, by its main numbers, or by paths such as "tables.0.rows". */
class report : public detail::handle<bacpac_report_t, bacpac_report_free> {
 public:
  using handle::handle;

  std::string json() const { return bacpac_report_json(raw()); }
  std::uint64_t rows() const noexcept { return bacpac_report_rows(raw()); }
  std::uint64_t bytes() const noexcept { return bacpac_report_bytes(raw()); }
  std::uint64_t package_bytes() const noexcept { return bacpac_report_package_bytes(raw()); }
  std::size_t tables() const noexcept { return bacpac_report_tables(raw()); }
  std::size_t warnings() const noexcept { return bacpac_report_warnings(raw()); }
  double seconds() const noexcept { return bacpac_report_seconds(raw()); }
  bool is_same() const noexcept { return bacpac_report_is_same(raw()); }

  std::size_t count(const std::string &path = "") const { return bacpac_report_count(raw(), path.c_str()); }
  std::optional<std::string> text(const std::string &path) const {
    return detail::text(bacpac_report_text(raw(), path.c_str()));
  }
  std::optional<std::uint64_t> uint(const std::string &path) const {
    std::uint64_t value = 0;
    return bacpac_report_uint(raw(), path.c_str(), &value) ? std::optional<std::uint64_t>{value} : std::nullopt;
  }
  std::optional<double> real(const std::string &path) const {
    double value = 0;
    return bacpac_report_real(raw(), path.c_str(), &value) ? std::optional<double>{value} : std::nullopt;
  }
  std::optional<bool> boolean(const std::string &path) const {
    bool value = false;
    return bacpac_report_bool(raw(), path.c_str(), &value) ? std::optional<bool>{value} : std::nullopt;
  }
  report part(const std::string &path) const {
    bacpac_report_t *part = nullptr;
    detail::check(bacpac_report_part(raw(), path.c_str(), &part));
    return report{part};
  }
};

/* --------------------------------------------------------------------------------------------- control */

/** How far an operation is; it and its texts are valid during the callback. */
struct progress {
  std::string_view stage;
  std::optional<std::string_view> table;
  std::uint64_t table_rows = 0;
  std::optional<std::uint64_t> table_rows_total;
  bool table_done = false;
  std::uint64_t tables = 0;
  std::optional<std::uint64_t> tables_total;
  std::uint64_t rows = 0;
  std::optional<std::uint64_t> rows_total;
  std::uint64_t bytes = 0;
};

/** Progress and cancellation of operations. All functions may be called from any thread. */
class control {
 public:
  control() : raw_(bacpac_control_new(), bacpac_control_free), thrown_(std::make_shared<std::exception_ptr>()) {
    if (!raw()) throw std::bad_alloc();
  }
  control(control &&) = default;
  control &operator=(control &&) = default;

  /** The handle of bacpac.h, for what is not here. */
  bacpac_control_t *raw() const noexcept { return raw_.get(); }

  /** Calls `callback` with the progress of what is started from now on, by one thread at a time. */
  explicit control(std::function<void(const progress &)> callback) : control() { on_progress(std::move(callback)); }

  void on_progress(std::function<void(const progress &)> callback) {
    auto watcher = std::make_unique<watch>(watch{std::move(callback), raw_, thrown_});
    auto release = [](void *data) { delete static_cast<watch *>(data); };
    // The library releases it, also if the call fails.
    detail::check(bacpac_control_on_progress(raw(), &control::report_progress, watcher.release(), release));
  }

  void cancel() const noexcept { bacpac_control_cancel(raw()); }
  bool is_cancelled() const noexcept { return bacpac_control_is_cancelled(raw()); }

  /** Throws what a progress callback threw, if one did. Calls that wait do this themselves; after a job, call it. */
  void rethrow() const {
    if (*thrown_) std::rethrow_exception(std::exchange(*thrown_, nullptr));
  }

 private:
  struct watch {
    std::function<void(const progress &)> callback;
    // The control may go before a job does.
    std::weak_ptr<bacpac_control_t> control;
    std::shared_ptr<std::exception_ptr> thrown;
  };

  static void report_progress(void *data, const bacpac_progress_t *p) {
    auto *self = static_cast<watch *>(data);
    if (*self->thrown) return;
    try {
      progress shown;
      shown.stage = p->stage;
      if (p->table) shown.table = p->table;
      shown.table_rows = p->table_rows;
      shown.table_rows_total = detail::known(p->table_rows_total);
      shown.table_done = p->table_done;
      shown.tables = p->tables;
      shown.tables_total = detail::known(p->tables_total);
      shown.rows = p->rows;
      shown.rows_total = detail::known(p->rows_total);
      shown.bytes = p->bytes;
      self->callback(shown);
    } catch (...) {
      *self->thrown = std::current_exception();
      bacpac_control_cancel(self->control.lock().get());
    }
  }

  std::shared_ptr<bacpac_control_t> raw_;
  std::shared_ptr<std::exception_ptr> thrown_;
};

namespace detail {

/** The end of a call that waited: its report, what its callback threw, or its error. */
inline report finished(bacpac_error_t *error, bacpac_report_t *made, const control *control) {
  report result{made};
  std::unique_ptr<bacpac_error_t, free_error> failed{error};
  if (control) control->rethrow();
  if (failed) raise(failed.release());
  return result;
}

}  // namespace detail

/** An operation under way. One that is destroyed while it runs is cancelled, and the destructor waits. */
class job : public detail::handle<bacpac_job_t, bacpac_job_free> {
 public:
  using handle::handle;

  bool is_done() const noexcept { return bacpac_job_is_done(raw()); }
  void cancel() const noexcept { bacpac_job_cancel(raw()); }
  void wait() const noexcept { bacpac_job_wait(raw(), BACPAC_UNKNOWN); }
  /** Whether it has ended within the time. */
  bool wait_for(std::chrono::milliseconds time) const noexcept {
    return bacpac_job_wait(raw(), time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count()));
  }
  /** The last snapshot of its progress, where there has been one. */
  std::optional<report> progress() const {
    bacpac_report_t *snapshot = nullptr;
    detail::check(bacpac_job_progress(raw(), &snapshot));
    return snapshot ? std::optional<report>{report{snapshot}} : std::nullopt;
  }
  /** Waits for the end and takes the result, once. */
  report result() const {
    bacpac_report_t *report = nullptr;
    bacpac_error_t *error = bacpac_job_result(raw(), &report);
    return detail::finished(error, report, nullptr);
  }
};

/* --------------------------------------------------------------------------------------------- options */

#define BACPAC_OPTIONS(TYPE, NAME)                                                                         \
  class TYPE : public detail::handle<bacpac_##NAME##_t, bacpac_##NAME##_free> {                            \
    using self = TYPE;                                                                                     \
    static constexpr auto set_json = &bacpac_##NAME##_set_json;                                            \
                                                                                                           \
   public:                                                                                                 \
    TYPE() : handle(bacpac_##NAME##_new()) {}                                                              \
    /** Sets the fields of a JSON object, by their names. */                                               \
    TYPE &set(const std::string &json) {                                                                   \
      detail::check(set_json(raw(), json.c_str()));                                                        \
      return *this;                                                                                        \
    }
#define BACPAC_VALUE(NAME, FIELD, TYPE)                                                                    \
  self &FIELD(TYPE value) {                                                                                \
    detail::check(bacpac_##NAME##_set_##FIELD(raw(), value));                                              \
    return *this;                                                                                          \
  }
#define BACPAC_TEXT(NAME, FIELD)                                                                           \
  self &FIELD(const std::string &value) {                                                                  \
    detail::check(bacpac_##NAME##_set_##FIELD(raw(), value.c_str()));                                      \
    return *this;                                                                                          \
  }
#define BACPAC_OPTIONAL_TEXT(NAME, FIELD)                                                                  \
  self &FIELD(const std::optional<std::string> &value) {                                                   \
    detail::check(bacpac_##NAME##_set_##FIELD(raw(), detail::c_str(value)));                               \
    return *this;                                                                                          \
  }

/** Options of an export; see the setters of bacpac_export_options_t. */
BACPAC_OPTIONS(export_options, export_options)
  BACPAC_VALUE(export_options, parallelism, std::size_t)
  BACPAC_VALUE(export_options, part_size, std::size_t)
  BACPAC_VALUE(export_options, rows_per_range, std::uint64_t)
  BACPAC_TEXT(export_options, compression)
  BACPAC_TEXT(export_options, consistency)
  BACPAC_VALUE(export_options, skip_unsupported, bool)
  BACPAC_VALUE(export_options, skip_permissions, bool)
  BACPAC_VALUE(export_options, skip_users, bool)
  BACPAC_TEXT(export_options, selection)
  BACPAC_TEXT(export_options, policy)
  BACPAC_OPTIONAL_TEXT(export_options, application_name)
};

/** Options of an import; see the setters of bacpac_import_options_t. */
BACPAC_OPTIONS(import_options, import_options)
  BACPAC_VALUE(import_options, parallelism, std::size_t)
  BACPAC_VALUE(import_options, skip_unsupported, bool)
  BACPAC_VALUE(import_options, skip_permissions, bool)
  BACPAC_VALUE(import_options, skip_users, bool)
  BACPAC_VALUE(import_options, keep_on_failure, bool)
  BACPAC_VALUE(import_options, verify_counts, bool)
  BACPAC_TEXT(import_options, logins)
  BACPAC_OPTIONAL_TEXT(import_options, collation)
  BACPAC_TEXT(import_options, collation_scope)
  BACPAC_VALUE(import_options, compatibility_level, std::uint16_t)
  BACPAC_TEXT(import_options, query_store)
  BACPAC_VALUE(import_options, skip_master_key, bool)
  BACPAC_TEXT(import_options, selection)
  BACPAC_OPTIONAL_TEXT(import_options, policy)
  self &azure(const std::optional<std::string> &edition, const std::optional<std::string> &service_objective,
              std::uint32_t max_size_gb = 0) {
    detail::check(bacpac_import_options_set_azure(raw(), detail::c_str(edition), detail::c_str(service_objective),
                                                  max_size_gb));
    return *this;
  }
};

/** Options of a comparison; see the setters of bacpac_diff_options_t. */
BACPAC_OPTIONS(diff_options, diff_options)
  BACPAC_TEXT(diff_options, scope)
  BACPAC_VALUE(diff_options, examples, std::size_t)
  BACPAC_VALUE(diff_options, memory, std::size_t)
  self &table(const std::string &table) {
    detail::check(bacpac_diff_options_add_table(raw(), table.c_str()));
    return *this;
  }
};

/** What to script; see the setters of bacpac_script_options_t. */
BACPAC_OPTIONS(script_options, script_options)
  BACPAC_VALUE(script_options, skip_permissions, bool)
  BACPAC_VALUE(script_options, skip_users, bool)
  BACPAC_VALUE(script_options, create_logins, bool)
  BACPAC_VALUE(script_options, skip_extended_properties, bool)
  BACPAC_VALUE(script_options, skip_unsupported, bool)
  BACPAC_VALUE(script_options, without_rows, bool)
  self &login(const std::string &login) {
    detail::check(bacpac_script_options_add_login(raw(), login.c_str()));
    return *this;
  }
};

/** Which backups to list; see the setters of bacpac_list_filter_t. */
BACPAC_OPTIONS(list_filter, list_filter)
  BACPAC_OPTIONAL_TEXT(list_filter, tenant)
  BACPAC_OPTIONAL_TEXT(list_filter, kind)
  BACPAC_OPTIONAL_TEXT(list_filter, since)
  BACPAC_OPTIONAL_TEXT(list_filter, before)
};

/** How a backup is downloaded; see the setters of bacpac_download_options_t. */
BACPAC_OPTIONS(download_options, download_options)
  BACPAC_VALUE(download_options, start, std::uint64_t)
  BACPAC_VALUE(download_options, end, std::uint64_t)
  BACPAC_OPTIONAL_TEXT(download_options, e_tag)
  BACPAC_VALUE(download_options, retries, std::uint32_t)
};

/** How a backup is restored; see the setters of bacpac_restore_options_t. */
BACPAC_OPTIONS(restore_options, restore_options)
  BACPAC_OPTIONAL_TEXT(restore_options, database)
  BACPAC_VALUE(restore_options, check_file, bool)
  BACPAC_VALUE(restore_options, verify, bool)
  self &import(const import_options &options) {
    detail::check(bacpac_restore_options_set_import(raw(), options.raw()));
    return *this;
  }
};

/** Which backups are kept; see the setters of bacpac_retention_policy_t. */
BACPAC_OPTIONS(retention_policy, retention_policy)
  BACPAC_VALUE(retention_policy, days, std::uint32_t)
  BACPAC_VALUE(retention_policy, last, std::uint32_t)
  BACPAC_VALUE(retention_policy, daily, std::uint32_t)
  BACPAC_VALUE(retention_policy, weekly, std::uint32_t)
  BACPAC_VALUE(retention_policy, monthly, std::uint32_t)
  BACPAC_VALUE(retention_policy, yearly, std::uint32_t)
  BACPAC_TEXT(retention_policy, zone)
};

#undef BACPAC_OPTIONS
#undef BACPAC_VALUE
#undef BACPAC_TEXT
#undef BACPAC_OPTIONAL_TEXT

/* --------------------------------------------------------------------------------------------- storage */

/** Storage of the caller's own to read from. Both run on threads of the library, `read` on several at a time. */
struct source {
  std::uint64_t size = 0;
  /** Fills `buffer` with the bytes that begin at `offset`. */
  std::function<void(std::uint64_t offset, std::uint8_t *buffer, std::size_t length)> read;
};

/** Storage of the caller's own to write to; see bacpac_sink_callbacks_t. */
struct sink {
  std::function<void(const std::uint8_t *bytes, std::size_t length)> write;
  std::function<void()> complete, abort;
};

/** A place: a path, the URL of an object or a folder of a store, or storage of the caller's own. */
class location : public detail::handle<bacpac_location_t, bacpac_location_free> {
 public:
  location(const std::string &path_or_url,
           std::initializer_list<std::pair<std::string, std::string>> settings = {})
      : handle(nullptr) {
    std::vector<bacpac_setting_t> given;
    for (const auto &[name, value] : settings) given.push_back({name.c_str(), value.c_str()});
    take([&](bacpac_location_t **made) {
      return bacpac_location_new(path_or_url.c_str(), given.data(), given.size(), made);
    });
  }
  location(const char *path_or_url) : location(std::string(path_or_url)) {}

  explicit location(source from) : handle(nullptr) {
    bacpac_source_callbacks_t callbacks{};
    callbacks.size = from.size;
    callbacks.user_data = new source(std::move(from));
    callbacks.read = [](void *data, std::uint64_t offset, std::uint8_t *buffer, std::size_t length) {
      return guarded([&] { static_cast<source *>(data)->read(offset, buffer, length); });
    };
    callbacks.release = [](void *data) { delete static_cast<source *>(data); };
    take([&](bacpac_location_t **made) { return bacpac_location_from_source(&callbacks, made); });
  }

  explicit location(sink to) : handle(nullptr) {
    bacpac_sink_callbacks_t callbacks{};
    callbacks.user_data = new sink(std::move(to));
    callbacks.write = [](void *data, const std::uint8_t *bytes, std::size_t length) {
      return guarded([&] { static_cast<sink *>(data)->write(bytes, length); });
    };
    callbacks.complete = [](void *data) { return guarded([&] { static_cast<sink *>(data)->complete(); }); };
    callbacks.abort = [](void *data) { return guarded([&] { static_cast<sink *>(data)->abort(); }); };
    callbacks.release = [](void *data) { delete static_cast<sink *>(data); };
    take([&](bacpac_location_t **made) { return bacpac_location_from_sink(&callbacks, made); });
  }

 private:
  template <class F>
  static bacpac_error_t *guarded(F &&work) noexcept {
    try {
      work();
      return nullptr;
    } catch (...) {
      return detail::as_error(BACPAC_ERROR_CODE_STORAGE);
    }
  }

  template <class F>
  void take(F &&make) {
    bacpac_location_t *made = nullptr;
    detail::check(make(&made));
    raw_.reset(made);
  }
};

/* -------------------------------------------------------------------------------------------- packages */

/** An open package. Any number of threads may use it at the same time. */
class package : public detail::handle<bacpac_package_t, bacpac_package_free> {
 public:
  explicit package(const location &from, const control *control = nullptr) : handle(nullptr) {
    bacpac_package_t *opened = nullptr;
    detail::check(bacpac_package_open(from.raw(), detail::raw(control), &opened));
    raw_.reset(opened);
  }

  report summary() const {
    bacpac_report_t *made = nullptr;
    detail::check(bacpac_package_summary(raw(), &made));
    return report{made};
  }

  /** Rows and SHA-256 of a table's canonical text. */
  report digest(const std::string &table, const control *control = nullptr) const {
    bacpac_report_t *made = nullptr;
    detail::check(bacpac_package_digest(raw(), table.c_str(), detail::raw(control), &made));
    return report{made};
  }

  /** Passes the rows of a table as canonical text, whole rows at a time, on the calling thread. */
  void rows(const std::string &table, const std::function<void(std::string_view text, std::uint64_t rows)> &callback,
            const control *control = nullptr) const {
    struct call {
      const std::function<void(std::string_view, std::uint64_t)> &callback;
      std::exception_ptr thrown;
    } call{callback, nullptr};
    auto pass = [](void *data, const char *text, std::size_t length, std::uint64_t rows) -> bacpac_error_t * {
      auto *call = static_cast<struct call *>(data);
      try {
        call->callback(std::string_view(text, length), rows);
        return nullptr;
      } catch (...) {
        call->thrown = std::current_exception();
        return bacpac_error_new(BACPAC_ERROR_CODE_CANCELLED, "a callback threw");
      }
    };
    std::unique_ptr<bacpac_error_t, detail::free_error> failed{
        bacpac_package_rows(raw(), table.c_str(), detail::raw(control), pass, &call)};
    if (call.thrown) std::rethrow_exception(call.thrown);
    if (failed) detail::raise(failed.release());
  }

  /** The schema as T-SQL. */
  std::string script(const script_options *options = nullptr) const {
    bacpac_report_t *made = nullptr;
    detail::check(bacpac_package_script(raw(), detail::raw(options), &made));
    return report{made}.text("text").value_or("");
  }
};

/** Writes a package anew, by the strictest rules. */
inline report rewrite(const location &from, const location &to, bool overwrite = false,
                      const std::optional<std::string> &compression = std::nullopt, const control *control = nullptr) {
  bacpac_report_t *made = nullptr;
  bacpac_error_t *error =
      bacpac_rewrite(from.raw(), to.raw(), overwrite, detail::c_str(compression), detail::raw(control), &made);
  return detail::finished(error, made, control);
}

/* --------------------------------------------------------------------------------------------- servers */

/** A server: where and how to connect. Any number of threads may use it at the same time. */
class server : public detail::handle<bacpac_server_t, bacpac_server_free> {
 public:
  explicit server(const std::string &connection_string, const std::optional<std::string> &driver = std::nullopt)
      : handle(nullptr) {
    bacpac_server_t *made = nullptr;
    detail::check(bacpac_server_new(connection_string.c_str(), detail::c_str(driver), &made));
    raw_.reset(made);
  }

  std::string name() const { return bacpac_server_name(raw()); }

  report export_to(const std::string &database, const location &to, bool overwrite = false,
                   const export_options *options = nullptr, const control *control = nullptr) const {
    bacpac_report_t *made = nullptr;
    bacpac_error_t *error = bacpac_export(raw(), database.c_str(), to.raw(), overwrite, detail::raw(options),
                                          detail::raw(control), &made);
    return detail::finished(error, made, control);
  }
  job start_export(const std::string &database, const location &to, bool overwrite = false,
                   const export_options *options = nullptr, const control *control = nullptr) const {
    bacpac_job_t *started = nullptr;
    detail::check(bacpac_export_start(raw(), database.c_str(), to.raw(), overwrite, detail::raw(options),
                                      detail::raw(control), &started));
    return job{started};
  }

  report import_from(const location &from, const std::string &database, const import_options *options = nullptr,
                     const control *control = nullptr) const {
    bacpac_report_t *made = nullptr;
    bacpac_error_t *error =
        bacpac_import(from.raw(), raw(), database.c_str(), detail::raw(options), detail::raw(control), &made);
    return detail::finished(error, made, control);
  }
  job start_import(const location &from, const std::string &database, const import_options *options = nullptr,
                   const control *control = nullptr) const {
    bacpac_job_t *started = nullptr;
    detail::check(
        bacpac_import_start(from.raw(), raw(), database.c_str(), detail::raw(options), detail::raw(control), &started));
    return job{started};
  }

  /** Compares a package with a database; see report::is_same. */
  report verify(const location &package, const std::string &database, const control *control = nullptr) const {
    bacpac_report_t *made = nullptr;
    bacpac_error_t *error = bacpac_verify(package.raw(), raw(), database.c_str(), detail::raw(control), &made);
    return detail::finished(error, made, control);
  }

  /** What an export would meet, with nothing written. */
  report preflight_export(const std::string &database, const export_options *options = nullptr,
                          const control *control = nullptr) const {
    bacpac_report_t *made = nullptr;
    bacpac_error_t *error =
        bacpac_preflight_export(raw(), database.c_str(), detail::raw(options), detail::raw(control), &made);
    return detail::finished(error, made, control);
  }

  /** What an import would meet, with nothing written. */
  report preflight_import(const location &from, const std::string &database, const import_options *options = nullptr,
                          const control *control = nullptr) const {
    bacpac_report_t *made = nullptr;
    bacpac_error_t *error = bacpac_preflight_import(from.raw(), raw(), database.c_str(), detail::raw(options),
                                                    detail::raw(control), &made);
    return detail::finished(error, made, control);
  }
};

/** One side of a comparison; it must outlive nothing but the call. */
class side {
 public:
  side(const location &package) : side_{package.raw(), nullptr, nullptr} {}
  side(const server &server, std::string database) : side_{nullptr, server.raw(), nullptr}, database_(std::move(database)) {}
  bacpac_side_t raw() const {
    bacpac_side_t side = side_;
    if (!side.package) side.database = database_.c_str();
    return side;
  }

 private:
  bacpac_side_t side_;
  std::string database_;
};

/** Compares two packages or databases. */
inline report diff(const side &a, const side &b, const diff_options *options = nullptr,
                   const control *control = nullptr) {
  bacpac_report_t *made = nullptr;
  bacpac_side_t left = a.raw(), right = b.raw();
  bacpac_error_t *error = bacpac_diff(&left, &right, detail::raw(options), detail::raw(control), &made);
  return detail::finished(error, made, control);
}

/* --------------------------------------------------------------------------------------------- backups */

/** Who asks for which backup. */
class backup_request : public detail::handle<bacpac_backup_request_t, bacpac_backup_request_free> {
 public:
  explicit backup_request(const std::string &tenant, const std::string &kind = "manual") : handle(nullptr) {
    bacpac_backup_request_t *made = nullptr;
    detail::check(bacpac_backup_request_new(tenant.c_str(), kind.c_str(), &made));
    raw_.reset(made);
  }
  backup_request &requested_by(const std::string &who) {
    detail::check(bacpac_backup_request_set_requested_by(raw(), who.c_str()));
    return *this;
  }
  backup_request &note(const std::string &note) {
    detail::check(bacpac_backup_request_set_note(raw(), note.c_str()));
    return *this;
  }
  backup_request &scheduled(const std::string &at) {
    detail::check(bacpac_backup_request_set_scheduled(raw(), at.c_str()));
    return *this;
  }
};

/** A folder in which backups are kept. */
class catalog : public detail::handle<bacpac_catalog_t, bacpac_catalog_free> {
 public:
  explicit catalog(const location &folder) : handle(nullptr) {
    bacpac_catalog_t *made = nullptr;
    detail::check(bacpac_catalog_new(folder.raw(), &made));
    raw_.reset(made);
  }

  report backup_now(const server &server, const std::string &database, const backup_request &request,
                    const export_options *options = nullptr, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_now(raw(), server.raw(), database.c_str(), request.raw(), detail::raw(options),
                               detail::raw(control), made);
    });
  }
  /** The backups, newest first. */
  report list(const list_filter *filter = nullptr, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_list(raw(), detail::raw(filter), detail::raw(control), made);
    });
  }
  report manifest(const std::string &name, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_manifest(raw(), name.c_str(), detail::raw(control), made);
    });
  }
  /** Reads a backup whole and checks it; what is wrong is in the report's "faults". */
  report verify(const std::string &name, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_verify(raw(), name.c_str(), detail::raw(control), made);
    });
  }
  /** Pins a backup; without a reason, lets it go. */
  report hold(const std::string &name, const std::optional<std::string> &reason,
              const std::optional<std::string> &until = std::nullopt, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_hold(raw(), name.c_str(), detail::c_str(reason), detail::c_str(until),
                                detail::raw(control), made);
    });
  }
  report download(const std::string &name, const location &to, bool overwrite = false,
                  const download_options *options = nullptr, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_download(raw(), name.c_str(), to.raw(), overwrite, detail::raw(options),
                                    detail::raw(control), made);
    });
  }
  report restore(const std::string &name, const server &server, const restore_options *options = nullptr,
                 const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_restore(raw(), name.c_str(), server.raw(), detail::raw(options), detail::raw(control), made);
    });
  }
  /** Decides which backups go, as of `now` (the clock's without one), and removes them if `apply`. */
  report prune(const retention_policy *policy = nullptr, bool apply = false,
               const std::optional<std::string> &now = std::nullopt, const control *control = nullptr) const {
    return call(control, [&](bacpac_report_t **made) {
      return bacpac_backup_prune(raw(), detail::raw(policy), detail::c_str(now), apply, detail::raw(control), made);
    });
  }
  void remove(const std::string &name) const { detail::check(bacpac_backup_remove(raw(), name.c_str())); }

 private:
  template <class F>
  static report call(const control *control, F &&work) {
    bacpac_report_t *made = nullptr;
    bacpac_error_t *error = work(&made);
    return detail::finished(error, made, control);
  }
};

/* ------------------------------------------------------------------------------------------------- log */

/** Passes the library's log lines up to `level` to `callback`, on any thread; without one they go nowhere. */
inline void set_log(bacpac_log_level_t level,
                    std::function<void(bacpac_log_level_t, std::string_view target, std::string_view text)> callback) {
  using function = decltype(callback);
  if (!callback) return detail::check(bacpac_set_log(level, nullptr, nullptr, nullptr));
  auto pass = [](void *data, std::uint32_t level, const char *target, const char *text) {
    try {
      (*static_cast<function *>(data))(static_cast<bacpac_log_level_t>(level), target, text);
    } catch (...) {
      // A log line that cannot be written is lost.
    }
  };
  auto release = [](void *data) { delete static_cast<function *>(data); };
  detail::check(bacpac_set_log(level, pass, new function(std::move(callback)), release));
}

}  // namespace bacpac

#endif
