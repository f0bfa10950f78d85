#pragma once
// Loop nests over strided operands, for for_each: an element of the flat y is found in a and b by
// dividing its number through the axes.

#include "kernels/cuda/pack.h"
#include "kernels/loop_nest.h"

namespace ito::kernels::cuda {

/// Where an element lies in the operands.
struct Place {
  Index a = 0, b = 0, y = 0;
};

/// The place of element i. Count is std::uint32_t where that suffices: it divides faster.
template <class Count>
__device__ inline Place place_of(const Strided& s, Index i) {
  Place at;
  auto rest = static_cast<Count>(i);
  for (int axis = s.rank - 1; axis >= 0; --axis) {
    const auto size = static_cast<Count>(s.size[axis]);
    const Count whole = axis > 0 ? rest / size : 0;
    const auto k = static_cast<Index>(rest - whole * size);
    at.a += k * s.a[axis];
    at.b += k * s.b[axis];
    at.y += k * s.y[axis];
    rest = whole;
  }
  return at;
}

/// `width` elements along an inner axis whose stride is 0 or, with width > 1, else 1.
template <int width>
__device__ inline Pack<width> load_run(const Real* from, Index stride) {
  if constexpr (width > 1) {
    if (stride == 0) {
      Pack<width> pack;
      for (int k = 0; k < width; ++k) pack.v[k] = *from;
      return pack;
    }
  }
  return load<width>(from);
}

inline Index elements_of(const Strided& s) {
  Index n = 1;
  for (int axis = 0; axis < s.rank; ++axis) n *= s.size[axis];
  return n;
}

inline bool fits_32_bits(Index n) { return n < Index{1} << 31; }

/// Whether runs of pack_size elements of this operand are packs, or one element repeated.
inline bool packs_along(const Strided& s, const Index* stride, const Real* operand) {
  const int last = s.rank - 1;
  if (stride[last] == 0) return true;
  if (stride[last] != 1 || !aligned(operand)) return false;
  for (int axis = 0; axis < last; ++axis) {
    if (stride[axis] % pack_size != 0) return false;
  }
  return true;
}

/// Whether a joined nest may be done in packs.
inline bool packs_fit(const Strided& s, const Real* a, const Real* b, const Real* y) {
  const int last = s.rank - 1;
  const bool whole = last == 0 || s.size[last] % pack_size == 0;
  return whole && s.y[last] == 1 && packs_along(s, s.a, a) && packs_along(s, s.b, b) &&
         packs_along(s, s.y, y);
}

}  // namespace ito::kernels::cuda
