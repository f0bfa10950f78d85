// Every reader against arbitrary bytes: only ito::Error may come out, and memory stays in
// proportion to the input. The same file is a libFuzzer target:
//
//   cmake -S . -B build-fuzz -DCMAKE_CXX_COMPILER=clang++ -DITO_BLAS=builtin
//     -DITO_SANITIZE=address,undefined,fuzzer-no-link
//   cmake --build build-fuzz --target ito_libfuzzer_readers
//   mkdir found
//   build-fuzz/tests/ito_libfuzzer_readers found tests/fuzz/corpus tests/data/torch

#include <cstddef>
#include <cstdint>
#include <span>

#include "diffusion/data/cifar.h"
#include "diffusion/data/gzip.h"
#include "diffusion/data/idx.h"
#include "diffusion/data/npy.h"
#include "diffusion/data/picture.h"
#include "diffusion/import/training_state.h"
#include "engine/safetensors.h"

namespace {

using ito::Bytes;
using File = std::span<const std::uint8_t>;

/// What is right about a value that a reader has accepted; reached only for valid input.
void require(bool holds) {
  if (!holds) __builtin_trap();
}

void check(const ito::ImageSet& set) {
  const auto elements = static_cast<std::size_t>(set.count * set.item.elements());
  require(elements == (set.levels > 0 ? set.pixels.size() : set.reals.size()));
  require(set.labels.empty() || static_cast<ito::Index>(set.labels.size()) == set.count);
}

void check(const ito::Picture& picture) {
  const ito::Index size = picture.height * picture.width * picture.channels;
  require(static_cast<std::size_t>(size) == picture.pixels.size());
}

void check(const ito::SafeTensors& contents) {
  for (const auto& [name, tensor] : contents.tensors) {
    require(static_cast<std::size_t>(tensor.shape.elements()) == tensor.values.size());
  }
}

/// Every tensor of a file of torch.save, one by one and as a training state.
void check(const ito::TorchFile& file) {
  for (const ito::PickleValue* value : file.root().items) {
    const auto tensor = file.tensor(*value);
    if (!tensor) continue;
    const ito::Index count = tensor->shape.elements();
    require(count <= tensor->storage->count);
    require(ito::TorchFile::read(*tensor).elements() == count);
  }
  for (const ito::Weights weights : {ito::Weights::averaged, ito::Weights::raw}) {
    ito::read_training_state(file, weights);
  }
}

template <class Reader>
void attempt(const Reader& reader) {
  try {
    reader();
  } catch (const ito::Error&) {
  }
}

/// Each reader looks at the input; all but one refuse most inputs at their first bytes.
void read_all(File file) {
  attempt([&] { check(ito::parse_safetensors(file, "fuzz")); });
  attempt([&] { check(ito::parse_idx_images(file, "fuzz")); });
  attempt([&] { ito::parse_idx_labels(file, "fuzz"); });
  attempt([&] { check(ito::parse_cifar10(file, "fuzz")); });
  attempt([&] { check(ito::to_image_set(ito::parse_npy(file, "fuzz"), "fuzz")); });
  if (ito::is_torch_file(file)) attempt([&] { check(ito::TorchFile(file, "fuzz")); });
  if (ito::is_png(file)) attempt([&] { check(ito::decode_png(file, "fuzz")); });
  if (ito::is_png(file)) attempt([&] { ito::read_png_text(file, "fuzz"); });
  if (ito::is_jpeg(file)) attempt([&] { check(ito::decode_jpeg(file, "fuzz")); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const File file(data, size);
  read_all(file);
  if (ito::is_gzip(file)) {
    constexpr std::size_t most = 1 << 20;
    attempt([&] { read_all(ito::unzip(file, "fuzz", most)); });
  }
  return 0;
}
