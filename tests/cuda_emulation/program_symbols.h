#pragma once
// The program's own symbol table: where the linker has put its functions and its data.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cuda_emulation {

struct Symbol {
  std::string name;  ///< mangled
  char* begin;
  std::size_t bytes;
};

/// All functions, or all data, whose names `wanted` accepts. Empty if the program is stripped.
enum class SymbolKind { function, data };
std::vector<Symbol> program_symbols(SymbolKind kind, bool (*wanted)(std::string_view name));

}  // namespace cuda_emulation
