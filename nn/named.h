#pragma once
// Choices that a configuration spells as a name.

#include <array>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/nearest.h"

namespace ito::nn {

template <class Value>
struct Named {
  const char* name;
  Value value;
};

template <class Value, std::size_t n>
using Names = std::array<Named<Value>, n>;

template <class Value, std::size_t n>
std::string name_of(const Names<Value, n>& table, Value value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return "";
}

/// Throws, naming the nearest known name, for one that is not in the table.
template <class Value, std::size_t n>
Value value_named(const char* where, const Names<Value, n>& table, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& entry : table) {
    if (entry.name == name) return entry.value;
    known.emplace_back(entry.name);
  }
  fail(where, "unknown name \"", name, "\"", did_you_mean(name, known));
}

}  // namespace ito::nn
