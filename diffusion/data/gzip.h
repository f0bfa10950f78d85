#pragma once
// Compressed files.

#include <span>
#include <string>

#include "engine/file.h"

namespace ito {

/// A gzip file's contents unpacked, several members one after another. Memory grows with what comes
/// out, up to `max_bytes`. Throws Error naming `source` when the data is damaged, truncated or
/// larger.
Bytes unzip(std::span<const std::uint8_t> file, const std::string& source,
            std::size_t max_bytes = std::size_t{16} << 30);

/// Does it begin like a gzip file?
bool is_gzip(std::span<const std::uint8_t> file);

/// A file's contents, unpacked if it is a gzip file (known by its first bytes, not by its name).
Bytes read_unzipped(const std::string& path);

}  // namespace ito
