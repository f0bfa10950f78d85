// The two containers; what a value means as a tensor is in torch_tensor.cpp.

#include "diffusion/import/torch_file.h"

#include <algorithm>

#include "diffusion/import/torch_names.h"
#include "engine/safetensors_dtype.h"

namespace ito {
namespace {

/// A pickle of protocol 2 with the number by which the older container begins.
constexpr std::uint8_t legacy_magic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                         0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
constexpr std::int64_t legacy_version = 1001;

bool is_legacy(std::span<const std::uint8_t> file) {
  return file.size() >= std::size(legacy_magic) &&
         std::equal(std::begin(legacy_magic), std::end(legacy_magic), file.begin());
}

/// "NAME/data.pkl" of the one folder that an archive has; empty if there is none.
std::string pickle_name(const ZipArchive& zip) {
  for (const auto& [name, entry] : zip.entries()) {
    const auto slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash) == "/data.pkl") return name;
  }
  return "";
}

}  // namespace

bool is_torch_file(std::span<const std::uint8_t> file) { return is_zip(file) || is_legacy(file); }

TorchFile::TorchFile(std::span<const std::uint8_t> file, const std::string& source)
    : source_(source) {
  if (is_zip(file)) {
    read_zip(file);
  } else if (is_legacy(file)) {
    read_legacy(file);
  } else {
    bad("is not a file of torch.save");
  }
}

void TorchFile::read_zip(std::span<const std::uint8_t> file) {
  zip_ = std::make_unique<ZipArchive>(file, source_);
  const std::string name = pickle_name(*zip_);
  if (name.empty()) bad("is a ZIP archive without data.pkl, not a file of torch.save");
  const std::string folder = name.substr(0, name.find('/') + 1);
  if (zip_->entries().contains(folder + "byteorder")) {
    const auto order = zip_->read(folder + "byteorder");
    if (std::string(order.begin(), order.end()) != "little") bad("its numbers are big-endian");
  }
  ByteReader in(zip_->read(name), source_);
  pickle_ = std::make_unique<Pickle>(in, source_, torch_names());
  if (in.left() > 0) bad("its pickle is followed by ", in.left(), " bytes");
  register_storages();
  for (auto& [key, storage] : storages_) {
    storage.bytes = zip_->read(folder + "data/" + key);
    check_bytes(key, storage);
  }
}

/// Magic number, version, facts of the machine, the values, the keys of the storages, and for each
/// key the number of elements and the elements.
void TorchFile::read_legacy(std::span<const std::uint8_t> file) {
  ByteReader in(file, source_);
  in.take(std::size(legacy_magic));
  read_header(in);
  pickle_ = std::make_unique<Pickle>(in, source_, torch_names());
  register_storages();
  const Pickle keys(in, source_, {});
  if (keys.root().items.size() != storages_.size()) {
    bad("lists ", keys.root().items.size(), " storages, its tensors are of ", storages_.size());
  }
  for (const PickleValue* key : keys.root().items) {
    const auto found = storages_.find(key->text);
    if (found == storages_.end() || !found->second.bytes.empty()) {
      bad("lists the storage ", describe(*key), ", which no tensor is of, or twice");
    }
    TorchStorage& storage = found->second;
    if (in.number<std::int64_t>() != storage.count) {
      bad("storage ", printable(key->text), " is of another size than its tensors say");
    }
    storage.bytes = in.take(static_cast<std::uint64_t>(storage.count) * storage.type->bytes);
  }
  if (in.left() > 0) bad(in.left(), " bytes follow the last storage");
}

void TorchFile::read_header(ByteReader& in) {
  const Pickle version(in, source_, {});
  if (version.root().integer != legacy_version) {
    bad("expected the container version ", legacy_version, ", got ", describe(version.root()));
  }
  const Pickle machine(in, source_, {});
  const PickleValue* little = machine.root().find("little_endian");
  if (little == nullptr || little->integer == 0) bad("its numbers are big-endian");
}

void TorchFile::check_bytes(const std::string& key, const TorchStorage& storage) const {
  const std::uint64_t expected = static_cast<std::uint64_t>(storage.count) * storage.type->bytes;
  if (storage.bytes.size() == expected) return;
  bad("storage ", printable(key), ": expected ", storage.count, " elements of ",
      storage.type->bytes, " bytes, got ", storage.bytes.size(), " bytes");
}

Index TorchFile::elements() const {
  Index sum = 0;
  for (const auto& [key, storage] : storages_) sum += storage.count;
  return sum;
}

}  // namespace ito
