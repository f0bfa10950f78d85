#include "diffusion/import/zip_directory.h"

#include <algorithm>

namespace ito {
namespace {

constexpr std::uint32_t end_mark = 0x06054b50, end64_mark = 0x06064b50;
constexpr std::uint32_t locator_mark = 0x07064b50, entry_mark = 0x02014b50;
constexpr std::uint32_t local_mark = 0x04034b50;
constexpr std::size_t end_bytes = 22, locator_bytes = 20, most_comment = 0xffff;
constexpr std::uint16_t wide16 = 0xffff;      // the number is in a 64-bit field
constexpr std::uint32_t wide32 = 0xffffffff;  // elsewhere

template <class... Parts>
[[noreturn]] void bad(const std::string& source, const Parts&... parts) {
  fail("zip", source, ": ", parts...);
}

ByteReader reader_at(std::span<const std::uint8_t> file, std::uint64_t at,
                     const std::string& source) {
  if (at > file.size()) bad(source, "refers to byte ", at, " of a file of ", file.size());
  return {file.subspan(at), source};
}

/// The record ends the file, but for a comment whose length it tells.
std::size_t find_end(std::span<const std::uint8_t> file, const std::string& source) {
  const std::size_t most = std::min(file.size(), end_bytes + most_comment);
  for (std::size_t back = end_bytes; back <= most; ++back) {
    ByteReader in(file.subspan(file.size() - back), source);
    if (in.number<std::uint32_t>() != end_mark) continue;
    in.take(16);
    if (in.number<std::uint16_t>() == back - end_bytes) return file.size() - back;
  }
  bad(source, "has no directory at its end; it is truncated or no ZIP archive");
}

/// The 64-bit record, for which a locator stands before the end record.
ZipDirectory find_wide(std::span<const std::uint8_t> file, std::size_t end,
                       const std::string& source) {
  if (end < locator_bytes) bad(source, "its 64-bit directory is missing");
  ByteReader locator(file.subspan(end - locator_bytes), source);
  if (locator.number<std::uint32_t>() != locator_mark) {
    bad(source, "its 64-bit directory is missing");
  }
  locator.take(4);
  ByteReader in = reader_at(file, locator.number<std::uint64_t>(), source);
  if (in.number<std::uint32_t>() != end64_mark) bad(source, "its 64-bit directory is damaged");
  in.take(28);
  ZipDirectory found;
  found.entries = in.number<std::uint64_t>();
  found.bytes = in.number<std::uint64_t>();
  found.begin = in.number<std::uint64_t>();
  return found;
}

/// The extra field 1 holds, in this order, those of the sizes and the offset that did not fit.
void read_wide_fields(std::span<const std::uint8_t> extra, ZipArchive::Entry& entry,
                      const std::string& source) {
  ByteReader in(extra, source);
  while (in.left() >= 4) {
    const auto kind = in.number<std::uint16_t>();
    ByteReader field(in.take(in.number<std::uint16_t>()), source);
    if (kind != 1) continue;
    for (std::uint64_t* number : {&entry.unpacked, &entry.packed, &entry.header}) {
      if (*number == wide32) *number = field.number<std::uint64_t>();
    }
  }
}

}  // namespace

ZipDirectory find_zip_directory(std::span<const std::uint8_t> file, const std::string& source) {
  const std::size_t end = find_end(file, source);
  ByteReader in(file.subspan(end), source);
  in.take(4);
  const auto disk = in.number<std::uint16_t>(), first_disk = in.number<std::uint16_t>();
  if (disk != first_disk) bad(source, "is one of several parts of an archive");
  in.take(2);
  ZipDirectory found;
  found.entries = in.number<std::uint16_t>();
  found.bytes = in.number<std::uint32_t>();
  found.begin = in.number<std::uint32_t>();
  if (found.entries == wide16 || found.bytes == wide32 || found.begin == wide32) {
    found = find_wide(file, end, source);
  }
  if (found.begin > end || found.bytes > end - found.begin) {
    bad(source, "its directory lies outside of the file");
  }
  return found;
}

std::pair<std::string, ZipArchive::Entry> next_zip_entry(ByteReader& in,
                                                         const std::string& source) {
  if (in.number<std::uint32_t>() != entry_mark) bad(source, "its directory is damaged");
  in.take(4);
  ZipArchive::Entry entry;
  entry.flags = in.number<std::uint16_t>();
  entry.method = in.number<std::uint16_t>();
  in.take(4);
  entry.checksum = in.number<std::uint32_t>();
  entry.packed = in.number<std::uint32_t>();
  entry.unpacked = in.number<std::uint32_t>();
  const auto name_bytes = in.number<std::uint16_t>();
  const auto extra_bytes = in.number<std::uint16_t>();
  const auto comment_bytes = in.number<std::uint16_t>();
  in.take(8);
  entry.header = in.number<std::uint32_t>();
  const std::string name(in.take_text(name_bytes));
  read_wide_fields(in.take(extra_bytes), entry, source);
  in.take(comment_bytes);
  return {name, entry};
}

std::uint64_t zip_data_begin(std::span<const std::uint8_t> file, const std::string& name,
                             const ZipArchive::Entry& entry, const std::string& source) {
  ByteReader in = reader_at(file, entry.header, source);
  const auto mark = in.number<std::uint32_t>();
  in.take(22);
  const auto name_bytes = in.number<std::uint16_t>();
  const auto extra_bytes = in.number<std::uint16_t>();
  if (mark != local_mark || in.take_text(name_bytes) != name) {
    bad(source, "the header of ", printable(name), " is not where the directory says");
  }
  in.take(extra_bytes);
  if (entry.packed > in.left()) bad(source, printable(name), " lies outside of the file");
  return entry.header + in.position();
}

}  // namespace ito
