#pragma once
// The benchmarks' own options, taken out before Google Benchmark reads the rest.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "kernels/threads.h"

namespace ito::bench {

/// The value of --NAME=value, removed from the arguments; empty when it is not there.
inline std::string take_option(int& argc, char** argv, const std::string& name) {
  const std::string prefix = "--" + name + "=";
  char** const end = argv + argc;
  char** const found = std::find_if(
      argv, end, [&](const char* argument) { return std::string(argument).starts_with(prefix); });
  if (found == end) return "";
  const std::string value = std::string(*found).substr(prefix.size());
  std::rotate(found, found + 1, end);
  --argc;
  return value;
}

/// --threads=N
inline void take_threads(int& argc, char** argv) {
  const std::string threads = take_option(argc, argv, "threads");
  if (!threads.empty()) kernels::set_threads(std::atoi(threads.c_str()));
}

}  // namespace ito::bench
