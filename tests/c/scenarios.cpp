// The scenarios of tests/scenarios, run through the C++ interface. Ends with a line `N passed, N failed`.

#include <bacpac.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <regex>
#include <unistd.h>

using nlohmann::json;
namespace fs = std::filesystem;

struct different : std::runtime_error {
  using runtime_error::runtime_error;
};

static void compare(const json &expected, const json *found, const std::string &path);

static void compare_special(const std::string &rule, const json &expected, const json *found, const std::string &path) {
  auto rest = [&](bool holds) {
    if (!holds) throw different(path + " is " + (found ? found->dump() : "absent") + ", not " + rule + " " + expected.dump());
  };
  if (rule == "$absent") return rest(!found);
  if (!found) return rest(false);
  if (rule == "$length") return rest(found->is_array() && found->size() == expected.get<std::size_t>());
  if (rule == "$contains")
    return rest(found->is_string() && found->get<std::string>().find(expected.get<std::string>()) != std::string::npos);
  if (rule == "$above") return rest(found->is_number() && found->get<double>() > expected.get<double>());
  if (rule == "$matches")
    return rest(found->is_string() && std::regex_search(found->get<std::string>(), std::regex(expected.get<std::string>())));
  if (rule == "$some")
    return rest(found->is_array() && std::any_of(found->begin(), found->end(), [&](const json &item) {
                  try {
                    compare(expected, &item, path);
                    return true;
                  } catch (const different &) {
                    return false;
                  }
                }));
  throw different("there is no rule " + rule);
}

static void compare(const json &expected, const json *found, const std::string &path) {
  if (expected.is_object() && !expected.empty() && expected.begin().key()[0] == '$')
    return compare_special(expected.begin().key(), expected.begin().value(), found, path);
  if (!found) throw different(path + " is not there");
  if (expected.is_object()) {
    if (!found->is_object()) throw different(path + " is no object");
    for (const auto &[name, value] : expected.items()) {
      auto field = found->find(name);
      compare(value, field == found->end() ? nullptr : &*field, path + "." + name);
    }
  } else if (expected.is_array()) {
    if (!found->is_array() || found->size() != expected.size()) throw different(path + " has another length");
    for (std::size_t i = 0; i < expected.size(); i++) compare(expected[i], &(*found)[i], path + "." + std::to_string(i));
  } else if (expected != *found) {
    throw different(path + " is " + found->dump() + ", not " + expected.dump());
  }
}

class runner {
 public:
  runner(std::string server, std::string files, std::string folder, std::string id)
      : variables_{{"$SERVER", std::move(server)}, {"$FILES", std::move(files)}, {"$DIR", std::move(folder)}, {"$ID", std::move(id)}} {}

  void run(json step) {
    if (!step.contains("server")) step["server"] = "$SERVER";
    fill(step);
    std::vector<std::string> stages;
    bacpac::control control;
    control.on_progress([&](const bacpac::progress &p) {
      if (stages.empty() || stages.back() != p.stage) stages.emplace_back(p.stage);
      if (step.value("cancel_at", "") == p.stage) control.cancel();
    });
    try {
      json result = call(step, control);
      if (step.contains("error")) throw different("it gave " + result.dump());
      if (step.contains("expect")) compare(step["expect"], &result, "result");
      save(step, result);
    } catch (const bacpac::error &e) {
      if (!step.contains("error")) throw different(e.kind() + ": " + e.what());
      json told = json::parse(e.json());
      compare(step["error"], &told, "error");
    }
    auto at = stages.begin();
    for (const std::string wanted : step.value("progress", json::array())) {
      at = std::find(at, stages.end(), wanted);
      if (at++ == stages.end()) throw different("the stage " + wanted + " was not reported in its turn");
    }
  }

 private:
  void fill(json &value) const {
    if (value.is_string()) {
      std::string text = value;
      for (const auto &[name, meant] : variables_)
        for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += meant.size())
          text.replace(at, name.size(), meant);
      value = text;
    } else if (value.is_structured()) {
      for (auto &child : value) fill(child);
    }
  }

  void save(const json &step, const json &result) {
    const json saved = step.value("save", json::object());
    for (const auto &[name, path] : saved.items()) {
      std::string pointer = "/" + path.get<std::string>();
      std::replace(pointer.begin(), pointer.end(), '.', '/');
      variables_.emplace_back("$" + name, result.at(json::json_pointer(pointer)).get<std::string>());
    }
  }

  static json data(const bacpac::report &report) { return json::parse(report.json()); }

  static std::optional<std::string> maybe(const json &step, const char *name) {
    return step.contains(name) && step[name].is_string() ? std::optional<std::string>{step[name]} : std::nullopt;
  }

  static json call(const json &step, const bacpac::control &control) {
    const std::string what = step["do"];
    const bool overwrite = step.value("overwrite", false);
    auto text = [&](const char *name) { return step.at(name).get<std::string>(); };
    auto place = [&](const char *name) { return bacpac::location{text(name)}; };
    auto fields = [&](auto &&options, const char *name = "options") -> auto {
      options.set(step.value(name, json::object()).dump());
      return std::move(options);
    };
    if (what.rfind("backups.", 0) == 0) return backups(what.substr(8), step, control);
    if (what == "error_kinds") {
      json kinds = json::array();
      for (const auto &[number, name] : bacpac::error_kinds()) kinds.push_back({{"name", name}, {"number", number}});
      return kinds;
    }
    if (what == "exists") return {{"exists", fs::exists(text("path"))}};
    if (what == "inspect") return data(bacpac::package{place("package"), &control}.summary());
    if (what == "digest") return data(bacpac::package{place("package"), &control}.digest(text("table"), &control));
    if (what == "rows") {
      bacpac::package package{place("package"), &control};
      std::uint64_t count = 0;
      package.rows(text("table"), [&](std::string_view, std::uint64_t rows) { count += rows; }, &control);
      json columns = json::array();
      const json summary = data(package.summary());
      for (const json &table : summary["tables"])
        if (table["schema"].get<std::string>() + "." + table["table"].get<std::string>() == text("table"))
          for (const json &column : table["columns"]) columns.push_back(column["name"]);
      return {{"count", count}, {"columns", columns}};
    }
    if (what == "script") {
      auto options = fields(bacpac::script_options{});
      return {{"text", bacpac::package{place("package"), &control}.script(&options)}};
    }
    if (what == "rewrite")
      return data(bacpac::rewrite(place("package"), place("to"), overwrite, std::nullopt, &control));
    if (what == "diff") {
      auto options = fields(bacpac::diff_options{});
      bacpac::location a = place("a"), b = place("b");
      return data(bacpac::diff(a, b, &options, &control));
    }
    if (what == "export") {
      auto options = fields(bacpac::export_options{});
      bacpac::server server{text("server")};
      return data(server.export_to(text("database"), place("to"), overwrite, &options, &control));
    }
    if (what == "import") {
      auto options = fields(bacpac::import_options{});
      bacpac::server server{text("server")};
      return data(server.import_from(place("from"), text("database"), &options, &control));
    }
    if (what == "verify")
      return data(bacpac::server{text("server")}.verify(place("package"), text("database"), &control));
    throw different("the runner does not know the step " + what);
  }

  static json backups(const std::string &what, const json &step, const bacpac::control &control) {
    auto text = [&](const char *name) { return step.at(name).get<std::string>(); };
    bacpac::catalog catalog{bacpac::location{text("store")}};
    auto fields = [&](auto &&options, const char *name) -> auto {
      options.set(step.value(name, json::object()).dump());
      return std::move(options);
    };
    if (what == "now") {
      auto options = fields(bacpac::export_options{}, "options");
      bacpac::backup_request request{text("tenant"), step.value("kind", "manual")};
      if (auto note = maybe(step, "note")) request.note(*note);
      return data(catalog.backup_now(bacpac::server{text("server")}, text("database"), request, &options, &control));
    }
    if (what == "list") {
      auto filter = fields(bacpac::list_filter{}, "filter");
      return data(catalog.list(&filter, &control));
    }
    if (what == "download")
      return data(catalog.download(text("name"), bacpac::location{text("to")}, step.value("overwrite", false), nullptr, &control));
    if (what == "verify") {
      catalog.verify(text("name"), &control);
      return data(catalog.manifest(text("name"), &control));
    }
    if (what == "restore") {
      auto options = fields(bacpac::restore_options{}, "options");
      return data(catalog.restore(text("name"), bacpac::server{text("server")}, &options, &control));
    }
    if (what == "hold") return data(catalog.hold(text("name"), maybe(step, "reason"), std::nullopt, &control));
    if (what == "prune") {
      auto policy = fields(bacpac::retention_policy{}, "policy");
      return data(catalog.prune(&policy, step.value("apply", false), maybe(step, "now"), &control));
    }
    throw different("the runner does not know the step backups." + what);
  }

  std::vector<std::pair<std::string, std::string>> variables_;
};

/* What no scenario says of C++: exceptions and objects. */
static void checks(const std::string &connection_string, const std::string &files, const fs::path &folder, unsigned &passed) {
  auto check = [&](bool holds, const char *what) {
    if (!holds) throw different(what);
    passed++;
  };
  bacpac::check_abi();
  bacpac::server server{connection_string};
  const std::string to = (folder / "thrown.bacpac").string();
  try {
    bacpac::control control{[](const bacpac::progress &p) {
      if (p.stage == "rows") throw std::logic_error("of a callback");
    }};
    server.export_to("acmecorp", to, false, nullptr, &control);
    check(false, "an exception of a callback is lost");
  } catch (const std::logic_error &e) {
    check(e.what() == std::string("of a callback") && !fs::exists(to), "it comes out of the call, which is undone");
  }
  try {
    bacpac::package{files + "/acmecorp.bacpac"}.rows("dbo.Items", [](std::string_view, std::uint64_t) { throw 7; });
    check(false, "an exception of a row callback is lost");
  } catch (int thrown) {
    check(thrown == 7, "it comes out as it is");
  }
  std::vector<std::uint8_t> bytes;
  bool complete = false, aborted = false;
  bacpac::location memory{bacpac::sink{[&](const std::uint8_t *piece, std::size_t length) { bytes.insert(bytes.end(), piece, piece + length); },
                                       [&] { complete = true; }, [&] { aborted = true; }}};
  bacpac::report report = server.export_to("acmecorp", memory);
  check(complete && !aborted && report.package_bytes() == bytes.size(), "a sink of one's own takes a package");
  bacpac::location from{bacpac::source{bytes.size(), [&](std::uint64_t offset, std::uint8_t *buffer, std::size_t length) {
                                         std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), length, buffer);
                                       }}};
  check(bacpac::package{from}.summary().uint("rows") == report.rows(), "a source of one's own gives it back");
  try {
    bacpac::location full{bacpac::sink{[](const std::uint8_t *, std::size_t) { throw std::runtime_error("full"); }, [] {}, [] {}}};
    server.export_to("acmecorp", full);
    check(false, "a sink that fails is not noticed");
  } catch (const bacpac::storage_error &e) {
    check(e.message().find("full") != std::string::npos, "an exception of a sink is an error");
  }
  {
    bacpac::control control;
    bacpac::job job = server.start_export("big", bacpac::location{to}, false, nullptr, &control);
    check(!job.wait_for(std::chrono::milliseconds(1)), "a job takes its time");
    bacpac::job moved = std::move(job);
    moved.cancel();
    try {
      moved.result();
      check(false, "a job that was cancelled succeeds");
    } catch (const bacpac::cancelled &e) {
      check(e.code() == BACPAC_ERROR_CODE_CANCELLED && !fs::exists(to), "a cancelled job is undone");
    }
  }
  for (const auto &[number, name] : bacpac::error_kinds()) {
    try {
      bacpac::detail::check(bacpac_error_new(number, "made up"));
      check(false, "no exception");
    } catch (const bacpac::error &e) {
      check(e.kind() == name && e.code() == number && e.message() == "made up" && !e.server() && typeid(e) != typeid(bacpac::error),
            "every kind of error has an exception");
    }
  }
}

int main(int count, char **files) {
  const char *server = std::getenv("BACPAC_SCENARIO_SERVER"), *made = std::getenv("BACPAC_SCENARIO_FILES");
  if (!server || !made) return std::cerr << "BACPAC_SCENARIO_SERVER or BACPAC_SCENARIO_FILES is not set\n", 2;
  unsigned passed = 0, failed = 0;
  for (int f = 1; f <= count; f++) {
    std::string folder = "/tmp/bacpac-cpp-XXXXXX";
    if (!mkdtemp(folder.data())) return 2;
    std::string name = "C++";
    int number = 0;
    try {
      if (f == count) {
        checks(server, made, folder, passed);
      } else {
        json scenario = json::parse(std::ifstream(files[f]));
        name = scenario["name"];
        runner runner{server, made, folder, "cpp_" + std::to_string(getpid()) + "_" + std::to_string(f)};
        for (const json &step : scenario["steps"]) {
          number++;
          runner.run(step);
          passed++;
        }
      }
    } catch (const std::exception &e) {
      std::cerr << name << ": step " << number << ": " << e.what() << '\n';
      failed++;
    }
    fs::remove_all(folder);
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed != 0;
}
