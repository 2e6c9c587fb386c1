// Says what a package holds.
#include <bacpac.hpp>
#include <iostream>

int main(int count, char **arguments) {
  if (count != 2) return 2;
  try {
    bacpac::package package{bacpac::location{arguments[1]}};
    bacpac::report summary = package.summary();
    std::cout << summary.text("name").value_or("?") << ": " << summary.tables() << " tables\n";
  } catch (const bacpac::error &e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
