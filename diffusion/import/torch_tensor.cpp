// What the values of a file of torch.save mean as storages and tensors.

#include <algorithm>

#include "diffusion/import/torch_file.h"
#include "diffusion/import/torch_names.h"
#include "engine/safetensors_dtype.h"

namespace ito {
namespace {

constexpr std::size_t most_axes = 8;

bool is_call(const PickleValue& value, const char* function) {
  return value.is(PickleValue::Kind::call) && value.text == function;
}

/// The elements of a tensor one after another, row-major.
Bytes gathered(const TorchTensor& tensor, std::size_t width) {
  Bytes out;
  out.reserve(static_cast<std::size_t>(tensor.shape.elements()) * width);
  std::vector<Index> at(tensor.shape.size(), 0);
  for (Index n = tensor.shape.elements(); n > 0; --n) {
    Index place = tensor.offset;
    for (std::size_t i = 0; i < at.size(); ++i) place += at[i] * tensor.strides[i];
    const auto element =
        tensor.storage->bytes.subspan(static_cast<std::size_t>(place) * width, width);
    out.insert(out.end(), element.begin(), element.end());
    for (std::size_t i = at.size(); i-- > 0 && ++at[i] == tensor.shape[i];) at[i] = 0;
  }
  return out;
}

}  // namespace

/// A storage is kept outside of the pickle: ("storage", type, key, device, count), in the older
/// container with None at the end.
void TorchFile::register_storages() {
  for (const PickleValue& value : pickle_->values()) {
    if (!value.is(PickleValue::Kind::persistent)) continue;
    const auto& id = value.items;
    const bool whole = id.size() == 5 || (id.size() == 6 && id[5]->is(PickleValue::Kind::none));
    if (!whole || id[0]->text != "storage" || !id[1]->is(PickleValue::Kind::function) ||
        !id[2]->is(PickleValue::Kind::text) || !id[4]->is(PickleValue::Kind::integer)) {
      bad("a storage is described in a way that is not known here");
    }
    const StoredType* type = stored_type(torch_storage_type(id[1]->text));
    if (type == nullptr) bad("expected the type of a storage, got ", id[1]->text);
    constexpr std::int64_t most = std::int64_t{1} << 48;  // so that bytes can be counted
    if (id[4]->integer < 0 || id[4]->integer > most) {
      bad("a storage of ", id[4]->integer, " elements");
    }
    const auto [known, is_new] =
        storages_.try_emplace(id[2]->text, TorchStorage{type, id[4]->integer});
    if (!is_new && (known->second.type != type || known->second.count != id[4]->integer)) {
      bad("storage ", printable(id[2]->text), " is described in two ways");
    }
  }
}

const TorchStorage& TorchFile::storage_of(const PickleValue& value) const {
  if (!value.is(PickleValue::Kind::persistent))
    bad("expected a tensor's storage, got ", describe(value));
  return storages_.at(value.items[2]->text);
}

std::vector<Index> TorchFile::sizes(const PickleValue& value) const {
  const bool wrapped = is_call(value, torch_name::size) && value.items.size() == 1;
  const PickleValue& tuple = wrapped ? *value.items[0] : value;
  if (!tuple.is(PickleValue::Kind::tuple) || tuple.items.size() > most_axes) {
    bad("expected a tensor's sizes, at most ", most_axes, ", got ", describe(value));
  }
  std::vector<Index> out;
  for (const PickleValue* size : tuple.items) {
    if (!size->is(PickleValue::Kind::integer) || size->integer < 0) {
      bad("expected a tensor's size or stride, got ", describe(*size));
    }
    out.push_back(size->integer);
  }
  return out;
}

std::optional<TorchTensor> TorchFile::tensor(const PickleValue& value) const {
  const PickleValue* inner = &value;
  if (is_call(value, torch_name::parameter) && !value.items.empty()) inner = value.items[0];
  if (!is_call(*inner, torch_name::tensor_v2) && !is_call(*inner, torch_name::tensor)) {
    return std::nullopt;
  }
  const auto& arguments = inner->items;  // storage, offset, sizes, strides, ...
  if (arguments.size() < 4 || !arguments[1]->is(PickleValue::Kind::integer))
    bad("a tensor is made of too little");
  TorchTensor tensor;
  tensor.storage = &storage_of(*arguments[0]);
  tensor.offset = arguments[1]->integer;
  const std::vector<Index> shape = sizes(*arguments[2]);
  tensor.shape = Shape(shape.begin(), shape.end());
  tensor.strides = sizes(*arguments[3]);
  check_inside(tensor);
  return tensor;
}

/// Also that there are no more elements than the storage has: none is repeated, which would let a
/// small file take any amount of memory.
void TorchFile::check_inside(const TorchTensor& tensor) const {
  const Index count = tensor.storage->count;
  const auto refuse = [&](const char* why) {
    bad("a tensor ", tensor.shape, " at ", tensor.offset, " of a storage of ", count, " elements ",
        why);
  };
  if (tensor.strides.size() != tensor.shape.size()) refuse("has another number of strides");
  if (std::ranges::find(tensor.shape, 0) != tensor.shape.end()) refuse("is empty");
  Index elements = 1, last = tensor.offset;
  if (last < 0 || last >= count) refuse("lies outside of it");
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const Index size = tensor.shape[i], stride = tensor.strides[i];
    if (elements > count / size) refuse("has more elements");
    elements *= size;
    if (size > 1 && stride > (count - 1 - last) / (size - 1)) refuse("lies outside of it");
    last += (size - 1) * (size > 1 ? stride : 0);
  }
}

Tensor TorchFile::read(const TorchTensor& tensor) {
  const StoredType& type = *tensor.storage->type;
  const Bytes bytes = gathered(tensor, type.bytes);
  StoredTensor out;
  type.convert(bytes.data(), static_cast<std::size_t>(tensor.shape.elements()), out);
  return Tensor(tensor.shape, out.values);
}

}  // namespace ito
