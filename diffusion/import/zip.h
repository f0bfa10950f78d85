#pragma once
// ZIP archives, as PyTorch writes them.

#include <deque>
#include <map>
#include <span>
#include <string>

#include "engine/file.h"

namespace ito {

bool is_zip(std::span<const std::uint8_t> file);

/// The entries of an archive, stored or deflated, of the 64-bit form too. Refused with an Error
/// that names `source`: entries of one name, entries that overlap each other or the directory,
/// encryption, several disks, entries that claim to unpack to more than their bytes can, wrong
/// checksums.
class ZipArchive {
 public:
  /// Refers to `file`, which must outlive the archive.
  ZipArchive(std::span<const std::uint8_t> file, std::string source);

  struct Entry {
    std::uint16_t flags = 0, method = 0;
    std::uint32_t checksum = 0;
    std::uint64_t packed = 0, unpacked = 0;  ///< bytes
    std::uint64_t header = 0;                ///< where its local header begins
    std::uint64_t begin = 0;                 ///< where its data begins
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }

  /// The contents of an entry; they live as long as the archive and the file. Throws for a name
  /// that is not there.
  std::span<const std::uint8_t> read(const std::string& name);

 private:
  void read_directory();
  void check_overlap(std::uint64_t directory) const;
  std::span<const std::uint8_t> unpack(const std::string& name, const Entry& entry);

  std::span<const std::uint8_t> file_;
  std::string source_;
  std::map<std::string, Entry> entries_;
  std::deque<Bytes> unpacked_;
};

}  // namespace ito
