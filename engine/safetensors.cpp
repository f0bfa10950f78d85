// The container and its writing; reading is in safetensors_read.cpp.

#include "engine/safetensors.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/safetensors_dtype.h"

namespace ito {
namespace {

#ifdef ITO_DOUBLE
constexpr const char* real_dtype = "F64";
#else
constexpr const char* real_dtype = "F32";
#endif

bool is_integer(const StoredTensor& stored) {
  const StoredType* type = stored_type(stored.dtype);
  return type != nullptr && type->integer;
}

std::size_t element_bytes(const StoredTensor& stored) {
  return is_integer(stored) ? sizeof(std::int64_t) : sizeof(Real);
}

std::size_t stored_bytes(const StoredTensor& stored) {
  return static_cast<std::size_t>(stored.shape.elements()) * element_bytes(stored);
}

using Item = std::pair<const std::string, StoredTensor>;

/// In the order of the file: types of 8 bytes first, names in order.
std::vector<const Item*> file_order(const SafeTensors& contents) {
  std::vector<const Item*> order;
  for (const bool wide : {true, false}) {
    for (const Item& item : contents.tensors) {
      if ((element_bytes(item.second) == 8) == wide) order.push_back(&item);
    }
  }
  return order;
}

std::string header_of(const SafeTensors& contents, const std::vector<const Item*>& order) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!contents.metadata.empty()) header["__metadata__"] = contents.metadata;
  std::size_t begin = 0;
  for (const Item* item : order) {
    const StoredTensor& stored = item->second;
    const std::size_t end = begin + stored_bytes(stored);
    header[item->first] = {
        {"dtype", is_integer(stored) ? "I64" : real_dtype},
        {"shape", std::vector<Index>(stored.shape.begin(), stored.shape.end())},
        {"data_offsets", {begin, end}},
    };
    begin = end;
  }
  std::string bytes;
  try {
    bytes = header.dump();
  } catch (const nlohmann::json::exception&) {
    fail("safetensors", contents.source, ": a name or metadata string is not UTF-8");
  }
  bytes.resize((bytes.size() + 7) / 8 * 8, ' ');
  return bytes;
}

void check_sizes(const std::string& name, const StoredTensor& stored) {
  const std::size_t count = is_integer(stored) ? stored.integers.size() : stored.values.size();
  if (static_cast<Index>(count) != stored.shape.elements()) {
    fail("safetensors", "tensor ", printable(name), ": shape ", stored.shape, " for ", count,
         " elements");
  }
}

template <class Map>
const auto& look_up(const Map& map, const std::string& key, const std::string& source,
                    const char* kind) {
  const auto found = map.find(key);
  if (found == map.end()) fail("safetensors", source, ": has no ", kind, " ", printable(key));
  return found->second;
}

void insert(SafeTensors& contents, const std::string& name, StoredTensor stored) {
  check_sizes(name, stored);
  if (name == "__metadata__") fail("safetensors", "a tensor cannot be called __metadata__");
  if (!contents.tensors.emplace(name, std::move(stored)).second) {
    fail("safetensors", contents.source, ": tensor ", printable(name), " is there already");
  }
}

}  // namespace

const StoredTensor& SafeTensors::at(const std::string& name) const {
  return look_up(tensors, name, source, "tensor");
}

const std::string& SafeTensors::meta(const std::string& key) const {
  return look_up(metadata, key, source, "metadata");
}

Tensor SafeTensors::tensor(const std::string& name) const {
  const StoredTensor& stored = at(name);
  return Tensor(stored.shape, stored.values);
}

Tensor SafeTensors::tensor(const std::string& name, const Shape& expected) const {
  const StoredTensor& stored = at(name);
  if (stored.shape != expected) {
    fail("safetensors", source, ": tensor ", printable(name), ": expected shape ", expected,
         ", got ", stored.shape);
  }
  return Tensor(stored.shape, stored.values);
}

void SafeTensors::add(const std::string& name, const Tensor& values) {
  add(name, values.shape(), values.to_host());
}

void SafeTensors::add(const std::string& name, Shape shape, std::vector<Real> values) {
  insert(*this, name, {real_dtype, std::move(shape), std::move(values), {}});
}

void SafeTensors::add_integers(const std::string& name, Shape shape,
                               std::vector<std::int64_t> integers) {
  std::vector<Real> values(integers.begin(), integers.end());
  insert(*this, name, {"I64", std::move(shape), std::move(values), std::move(integers)});
}

void write_safetensors(const std::string& path, const SafeTensors& contents, Overwrite overwrite) {
  const std::vector<const Item*> order = file_order(contents);
  for (const Item* item : order) check_sizes(item->first, item->second);
  const std::string header = header_of(contents, order);
  const std::uint64_t length = header.size();
  AtomicFile file(path, overwrite);
  file.write(&length, sizeof length);
  file.write(header);
  for (const Item* item : order) {
    const StoredTensor& stored = item->second;
    const void* elements = stored.values.data();
    if (is_integer(stored)) elements = stored.integers.data();
    file.write(elements, stored_bytes(stored));
  }
  file.commit();
}

}  // namespace ito
