// ito_reference: see runner.h.

#include <iostream>

#include "tests/reference/runner.h"

int main(int argc, char** argv) {
  return ito::reference::run(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}
