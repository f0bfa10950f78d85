#include "engine/random.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "kernels/kernels.h"
#include "kernels/philox.h"

namespace ito {
namespace {

constexpr std::uint64_t two_to_32 = std::uint64_t{1} << 32;

/// Images are addressed by 32 bits.
void check_images(const char* where, Index images, const RandomStream& stream) {
  const Index limit = Index{1} << 32;
  if (images < 0 || stream.first_image < 0 || stream.first_image > limit - images)
    fail(where, "expected images within 0...2^32, got ", images, " from ", stream.first_image);
}

Tensor random_tensor(const char* where, kernels::Distribution distribution, const Shape& shape,
                     const RandomStream& stream, Device device) {
  if (shape.rank() == 0) fail(where, "expected a shape [N, ...], got a scalar's");
  const Index images = shape(0);
  check_images(where, images, stream);
  Tensor y(shape, device);
  const Index elements = images == 0 ? 0 : y.elements() / images;
  kernels::random(device, distribution, stream.key(), stream.first_image, images, elements,
                  y.mutable_data());
  return y;
}

/// The first words of image `n` of a batch.
kernels::Words words_of_image(const RandomStream& stream, const kernels::RandomKey& key, Index n) {
  return kernels::random_words(key, static_cast<std::uint32_t>(stream.first_image + n), 0);
}

}  // namespace

kernels::RandomKey RandomStream::key() const {
  if (sub >= 1u << 16) fail("random", "expected sub below 65536, got ", sub);
  return {seed, step, static_cast<std::uint32_t>(purpose), sub};
}

Tensor random_normal(const Shape& shape, const RandomStream& stream, Device device) {
  return random_tensor("random_normal", kernels::Distribution::normal, shape, stream, device);
}

Tensor random_uniform(const Shape& shape, const RandomStream& stream, Device device) {
  return random_tensor("random_uniform", kernels::Distribution::uniform, shape, stream, device);
}

Tensor random_rademacher(const Shape& shape, const RandomStream& stream, Device device) {
  return random_tensor("random_rademacher", kernels::Distribution::rademacher, shape, stream,
                       device);
}

std::vector<double> uniform_per_image(Index images, const RandomStream& stream) {
  check_images("uniform_per_image", images, stream);
  const kernels::RandomKey key = stream.key();
  std::vector<double> u;
  u.reserve(static_cast<std::size_t>(images));
  for (Index n = 0; n < images; ++n)
    u.push_back((words_of_image(stream, key, n).w[0] + 0.5) / static_cast<double>(two_to_32));
  return u;
}

std::vector<Index> integer_per_image(Index images, Index bound, const RandomStream& stream) {
  check_images("integer_per_image", images, stream);
  if (bound < 1 || static_cast<std::uint64_t>(bound) > two_to_32)
    fail("integer_per_image", "expected a bound in 1...2^32, got ", bound);
  const kernels::RandomKey key = stream.key();
  std::vector<Index> k;
  k.reserve(static_cast<std::size_t>(images));
  for (Index n = 0; n < images; ++n) {
    const std::uint64_t word = words_of_image(stream, key, n).w[0];
    k.push_back(static_cast<Index>(word * static_cast<std::uint64_t>(bound) >> 32));
  }
  return k;
}

std::vector<Index> permutation(Index n, const RandomStream& stream) {
  if (n < 0 || n > std::numeric_limits<std::uint32_t>::max())
    fail("permutation", "expected a length in 0...2^32 - 1, got ", n);
  check_images("permutation", 1, stream);
  const kernels::RandomKey key = stream.key();
  const auto image = static_cast<std::uint32_t>(stream.first_image);
  std::vector<std::pair<std::uint64_t, Index>> order;  // key, then index should keys be equal
  order.reserve(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) {
    const kernels::Words words = kernels::random_words(key, image, static_cast<std::uint32_t>(i));
    order.emplace_back(std::uint64_t{words.w[1]} << 32 | words.w[0], i);
  }
  std::sort(order.begin(), order.end());
  std::vector<Index> result;
  result.reserve(order.size());
  for (const auto& [sort_key, index] : order) result.push_back(index);
  return result;
}

}  // namespace ito
