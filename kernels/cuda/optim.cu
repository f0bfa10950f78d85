// The optimiser's step and the moving average, in one pass over the memory.

#include <vector>

#include "kernels/adam_update.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/parts.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/scratch.h"

namespace ito::kernels::cuda {
namespace {

template <bool averaging>
struct AdamMap {
  AdamStep step;
  Real* p;
  const Real* g;
  Real *m, *v, *average;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> gradient = load<width>(g + i);
    Pack<width> value = load<width>(p + i), first = load<width>(m + i), second = load<width>(v + i);
    for (int k = 0; k < width; ++k) {
      adam_update(step, gradient.v[k], value.v[k], first.v[k], second.v[k]);
    }
    store<width>(p + i, value);
    store<width>(m + i, first);
    store<width>(v + i, second);
    if constexpr (averaging) {
      Pack<width> mean = load<width>(average + i);
      for (int k = 0; k < width; ++k) mean.v[k] = moved(mean.v[k], value.v[k], step.average_rate);
      store<width>(average + i, mean);
    }
  }
};

/// A tensor and the first block that works on it; each block does `adam_chunk` elements.
struct AdamPart {
  AdamTensor tensor;
  Index first_block;
  bool in_packs;
};
constexpr Index adam_chunk = 16 * block_threads;

template <int threads, class Map>
__device__ void adam_elements(const Map& map, Index first, Index end, bool in_packs) {
  const Index whole = in_packs ? first + (end - first) / pack_size * pack_size : first;
  for (Index i = first + threadIdx.x * pack_size; i < whole; i += threads * pack_size) {
    map.template at<pack_size>(i);
  }
  for (Index i = whole + threadIdx.x; i < end; i += threads) map.template at<1>(i);
}

template <int threads>
__global__ void adam_parts(AdamStep step, const AdamPart* parts, Index count) {
  const AdamPart part = part_of(parts, count, blockIdx.x);
  const AdamTensor& t = part.tensor;
  const Index first = (blockIdx.x - part.first_block) * adam_chunk;
  const Index end = first + adam_chunk < t.n ? first + adam_chunk : t.n;
  if (t.average == nullptr) {
    const AdamMap<false> map = {step, t.p, t.g, t.m, t.v, nullptr};
    adam_elements<threads>(map, first, end, part.in_packs);
  } else {
    const AdamMap<true> map = {step, t.p, t.g, t.m, t.v, t.average};
    adam_elements<threads>(map, first, end, part.in_packs);
  }
}

struct EmaMap {
  Real* average;
  const Real* p;
  Real rate;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> value = load<width>(p + i);
    Pack<width> mean = load<width>(average + i);
    for (int k = 0; k < width; ++k) mean.v[k] = moved(mean.v[k], value.v[k], rate);
    store<width>(average + i, mean);
  }
};

}  // namespace

void adam(Adam a, Real* p, const Real* g, Real* m, Real* v, Real* average, Index n) {
  const AdamStep step = adam_step(a);
  const bool in_packs = aligned(p, g, m, v, average);
  if (average == nullptr) {
    for_each("adam", AdamMap<false>{step, p, g, m, v, nullptr}, n, in_packs);
  } else {
    for_each("adam", AdamMap<true>{step, p, g, m, v, average}, n, in_packs);
  }
}

void adam_all(Adam a, const AdamTensor* tensors, Index count) {
  std::vector<AdamPart> parts;
  Index blocks = 0;
  for (Index i = 0; i < count; ++i) {
    const AdamTensor& t = tensors[i];
    if (t.n == 0) continue;
    parts.push_back({t, blocks, aligned(t.p, t.g, t.m, t.v, t.average)});
    blocks += (t.n + adam_chunk - 1) / adam_chunk;
  }
  const auto kept = static_cast<Index>(parts.size());
  if (kept == 0) return;
  const Scratch<AdamPart> on_device(kept, "adam");
  copy_from_host(on_device.data(), parts.data(), parts.size() * sizeof(AdamPart));
  launch("adam", adam_parts<block_threads>, blocks_of(blocks, 1), block_threads, 0, adam_step(a),
         on_device.data(), kept);
}

void ema(Real* average, const Real* p, Index n, double rate) {
  for_each("ema", EmaMap{average, p, static_cast<Real>(rate)}, n, aligned(average, p));
}

}  // namespace ito::kernels::cuda
