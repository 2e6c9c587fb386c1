// Runs the piece of docs/c.md, which stands above this.

int main(int count, char **arguments) {
  if (count != 5) return 2;
  try {
    there_and_back(arguments[1], std::string(arguments[3]) + "/cpp.bacpac", std::string(arguments[4]) + "_cpp");
  } catch (const std::exception &e) {
    std::cerr << e.what() << "\n0 passed, 1 failed\n";
    return 1;
  }
  std::cout << "1 passed, 0 failed\n";
}
