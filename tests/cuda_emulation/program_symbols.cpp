#include "program_symbols.h"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <fstream>
#include <iterator>

namespace cuda_emulation {
namespace {

static_assert(sizeof(void*) == 8, "the emulation reads 64-bit programs");

/// What the system has added to the addresses that stand in the file.
std::size_t load_offset() {
  std::size_t offset = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* program, std::size_t, void* result) {
        *static_cast<std::size_t*>(result) = program->dlpi_addr;
        return 1;  // the first is the program itself
      },
      &offset);
  return offset;
}

template <class T>
T read_at(const std::string& file, std::size_t offset) {
  T value = {};
  if (offset + sizeof(T) <= file.size()) std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

const std::string& program_file() {
  static const std::string file = [] {
    std::ifstream stream("/proc/self/exe", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }();
  return file;
}

Elf64_Shdr section(std::size_t i) {
  const auto header = read_at<Elf64_Ehdr>(program_file(), 0);
  return read_at<Elf64_Shdr>(program_file(), header.e_shoff + i * header.e_shentsize);
}

}  // namespace

std::vector<Symbol> program_symbols(SymbolKind kind, bool (*wanted)(std::string_view name)) {
  const std::string& file = program_file();
  const unsigned type = kind == SymbolKind::function ? STT_FUNC : STT_OBJECT;
  std::vector<Symbol> found;
  for (std::size_t i = 0; i < read_at<Elf64_Ehdr>(file, 0).e_shnum; ++i) {
    const Elf64_Shdr table = section(i);
    if (table.sh_type != SHT_SYMTAB) continue;
    const std::size_t names = section(table.sh_link).sh_offset;
    for (std::size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
      const auto symbol = read_at<Elf64_Sym>(file, table.sh_offset + at);
      const char* const name = file.data() + names + symbol.st_name;
      if (ELF64_ST_TYPE(symbol.st_info) != type || symbol.st_shndx == SHN_UNDEF) continue;
      if (!wanted(name)) continue;
      found.push_back({name, reinterpret_cast<char*>(load_offset() + symbol.st_value),
                       static_cast<std::size_t>(symbol.st_size)});
    }
  }
  return found;
}

}  // namespace cuda_emulation
