#pragma once
// Where the directory of a ZIP archive is, and how its entries are written; used by zip.cpp only.

#include "diffusion/import/byte_reader.h"
#include "diffusion/import/zip.h"

namespace ito {

struct ZipDirectory {
  std::uint64_t entries = 0, bytes = 0, begin = 0;
};

/// From the record at the end of the file, or the 64-bit one before it.
ZipDirectory find_zip_directory(std::span<const std::uint8_t> file, const std::string& source);

/// The next entry of the directory: its name, and all but `begin`.
std::pair<std::string, ZipArchive::Entry> next_zip_entry(ByteReader& directory,
                                                         const std::string& source);

/// Where the data of an entry begins, behind its local header.
std::uint64_t zip_data_begin(std::span<const std::uint8_t> file, const std::string& name,
                             const ZipArchive::Entry& entry, const std::string& source);

}  // namespace ito
