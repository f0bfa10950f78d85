#pragma once
// Files of torch.save: values with tensors among them, in the ZIP container or in the one that
// PyTorch wrote before 1.6.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "diffusion/import/pickle.h"
#include "diffusion/import/zip.h"
#include "engine/tensor.h"

namespace ito {

struct StoredType;

/// Numbers of one type that tensors are views of.
struct TorchStorage {
  const StoredType* type = nullptr;
  Index count = 0;
  std::span<const std::uint8_t> bytes = {};
};

/// A tensor of a file: which elements of a storage it is.
struct TorchTensor {
  const TorchStorage* storage = nullptr;
  Index offset = 0;
  Shape shape;
  std::vector<Index> strides;
};

bool is_torch_file(std::span<const std::uint8_t> file);

class TorchFile {
 public:
  /// Reads the values; tensors are looked at when asked for. Refers to `file`. Throws Error naming
  /// `source` for what is damaged, truncated, too large for its own bytes, or names anything that
  /// tensors do not need.
  TorchFile(std::span<const std::uint8_t> file, const std::string& source);

  const PickleValue& root() const { return pickle_->root(); }
  const std::string& source() const { return source_; }

  /// The tensor (or parameter) that a value is; none when it is another value. Throws when it lies
  /// outside of its storage or has more elements than that.
  std::optional<TorchTensor> tensor(const PickleValue& value) const;
  /// Its elements as a CPU tensor, converted to Real.
  static Tensor read(const TorchTensor& tensor);
  /// Elements of all storages together.
  Index elements() const;

 private:
  void read_zip(std::span<const std::uint8_t> file);
  void read_legacy(std::span<const std::uint8_t> file);
  void read_header(ByteReader& in);
  void register_storages();
  void check_bytes(const std::string& key, const TorchStorage& storage) const;
  const TorchStorage& storage_of(const PickleValue& value) const;
  std::vector<Index> sizes(const PickleValue& value) const;
  void check_inside(const TorchTensor& tensor) const;
  template <class... Parts>
  [[noreturn]] void bad(const Parts&... parts) const {
    fail("torch file", source_, ": ", parts...);
  }

  std::string source_;
  std::unique_ptr<ZipArchive> zip_;
  std::unique_ptr<Pickle> pickle_;
  std::map<std::string, TorchStorage> storages_;  ///< by key
};

}  // namespace ito
