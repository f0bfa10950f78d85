#pragma once
// Files: read whole, written whole or not at all. Everything in ito that writes a file does it
// here.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace ito {

using Bytes = std::vector<std::uint8_t>;

/// May an existing file be replaced?
enum class Overwrite { no, yes };

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// The contents of a regular file. Throws Error naming the path when it is missing, unreadable, a
/// folder or another kind of file, or larger than `max_bytes` (checked before memory is taken).
Bytes read_file(const std::string& path, std::size_t max_bytes = no_limit);
/// The same as text, of at most 64 MiB.
std::string read_text(const std::string& path);

/// A file that appears under its name complete, or not at all: bytes go to a temporary file in the
/// same folder; `commit` flushes it to the disk and renames it. Whatever fails before that (full
/// disk, unwritable folder, an exception in the caller), the temporary file is removed, an older
/// file of that name is untouched, and Error names the path and the reason. Replacing keeps the
/// older file's permissions and follows a symbolic link.
class AtomicFile {
 public:
  /// Throws when `path` exists (unless it may be overwritten) or cannot be written.
  AtomicFile(const std::string& path, Overwrite overwrite);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }
  /// With Overwrite::no, refuses also a file that has appeared since construction.
  void commit();

 private:
  [[noreturn]] void fail_with(const char* action, int error) const;
  void publish();

  std::string path_;       ///< as the caller named it
  std::string target_;     ///< path_ with symbolic links resolved
  std::string folder_;     ///< of target_
  std::string temporary_;  ///< empty once it is gone
  Overwrite overwrite_;
  int descriptor_ = -1;
};

/// Writes a whole file through AtomicFile.
void write_file(const std::string& path, std::string_view bytes, Overwrite overwrite);
void write_file(const std::string& path, const Bytes& bytes, Overwrite overwrite);

/// Throws unless a file could be written at `path` now: for a program to ask before hours of work.
/// Leaves nothing behind.
void check_writable(const std::string& path, Overwrite overwrite);

/// Adds a line (a newline is appended) to the end of a log, creating the file if need be. When the
/// disk is full the file is cut back, so that no part of a line stays, and Error is thrown.
void append_line(const std::string& path, std::string_view line);

/// Creates a folder and those above it; one that exists is fine.
void create_folders(const std::string& path);

/// Text from a file or a user made safe to print on one line: control characters and bytes outside
/// ASCII escaped, quoted, cut after 120 characters.
std::string printable(std::string_view text);

}  // namespace ito
