// Exports a database to a file and says what is in it.
//
//     export CONNECTION-STRING DATABASE FILE.bacpac

#include <bacpac.hpp>
#include <iostream>

int main(int count, char **arguments) {
  if (count != 4) return std::cerr << "export CONNECTION-STRING DATABASE FILE.bacpac\n", 2;
  try {
    bacpac::check_abi();
    bacpac::server server{arguments[1]};
    bacpac::control control{[](const bacpac::progress &p) {
      if (p.table_done) std::cerr << *p.table << ": " << p.table_rows << " rows\n";
    }};
    bacpac::report report = server.export_to(arguments[2], arguments[3], false, nullptr, &control);
    std::cout << report.rows() << " rows, " << report.package_bytes() << " bytes\n";
    bacpac::report summary = bacpac::package{arguments[3]}.summary();
    for (std::size_t i = 0; i < summary.tables(); i++) {
      const std::string table = "tables." + std::to_string(i);
      std::cout << *summary.text(table + ".schema") << '.' << *summary.text(table + ".table") << ": "
                << summary.count(table + ".columns") << " columns\n";
    }
  } catch (const bacpac::error &e) {
    std::cerr << "error: " << e.what() << '\n';
    if (e.help()) std::cerr << "help: " << *e.help() << '\n';
    return 1;
  }
}
