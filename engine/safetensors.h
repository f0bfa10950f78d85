#pragma once
// The safetensors format: 8 bytes little-endian header length, a JSON header of names, types,
// shapes and byte ranges, string metadata under "__metadata__", then the elements, little-endian
// and row-major. Checkpoints and reference data are such files.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/file.h"
#include "engine/tensor.h"

namespace ito {

/// One tensor of a file. F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL are understood.
struct StoredTensor {
  std::string dtype;  ///< as in the file, "F32"
  Shape shape;
  std::vector<Real> values;            ///< converted to Real, row-major
  std::vector<std::int64_t> integers;  ///< of an integer type also exactly; else empty
};

/// A file's contents, ordered by name.
struct SafeTensors {
  std::map<std::string, std::string> metadata;
  std::map<std::string, StoredTensor> tensors;
  std::string source = "safetensors";  ///< path, for messages

  bool contains(const std::string& name) const { return tensors.contains(name); }
  /// Throws Error naming the file and the missing tensor (metadata: key).
  const StoredTensor& at(const std::string& name) const;
  const std::string& meta(const std::string& key) const;

  /// A CPU tensor of the values; the second form throws unless the shape is the expected one.
  Tensor tensor(const std::string& name) const;
  Tensor tensor(const std::string& name, const Shape& expected) const;

  /// Stores a tensor's elements (F32; F64 in the double build). Throws when the name is taken.
  void add(const std::string& name, const Tensor& values);
  void add(const std::string& name, Shape shape, std::vector<Real> values);
  /// Stores integers exactly (I64).
  void add_integers(const std::string& name, Shape shape, std::vector<std::int64_t> integers);
};

/// Reads a whole file. Every byte of it is accounted for: the tensors must cover the data without
/// overlap, gap or rest. Throws Error naming the file and what is wrong; takes memory in proportion
/// to the file's true size, whatever its header says.
SafeTensors read_safetensors(const std::string& path);
/// The same from memory; `source` names it in messages.
SafeTensors parse_safetensors(std::span<const std::uint8_t> file, const std::string& source);

/// Writes a file whose bytes depend on the contents only: names in order, 8-byte types first (so
/// that elements are aligned), header padded to 8 bytes. Values are written as F32, in the double
/// build as F64, so that reading them back is exact in the same build; integers as I64.
void write_safetensors(const std::string& path, const SafeTensors& contents, Overwrite overwrite);

}  // namespace ito
