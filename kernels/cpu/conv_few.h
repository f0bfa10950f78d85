#pragma once
// Convolutions to few channels, as the last of a score network is. In the general product they
// would leave most lanes of the vectors empty; here the filter's taps, or the other side's
// channels, lie along the vectors.

#include "kernels/cpu/gather.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

/// From many channels to few.
constexpr bool to_few_channels(const Conv& s) { return s.O < few_channels && s.C >= few_channels; }

/// One image of y: products z[H W, taps O] of every pixel with every tap first, then each output is
/// the sum over the taps of the z of the pixel under them.
void conv_to_few_image(const Conv& s, const Gather& under, const RightOperand& taps, const Real* x,
                       Real* z, Real* y) {
  multiply({.m = s.H * s.W, .n = under.depth, .k = s.C}, x, taps, z);
  for (Index p = 0; p < under.positions; ++p) {
    for (Index o = 0; o < s.O; ++o) {
      Real sum = 0;
      for (Index t = 0; t < under.taps; ++t) {
        const Index pixel = under.offsets[t * under.positions + p];
        const Real* const from = pixel < 0 ? under.zeros : z + pixel + t * s.O;
        sum += from[o];
      }
      y[p * s.O + o] = sum;
    }
  }
}

/// The depth of z: taps O rounded up to whole vectors, which products are made of.
constexpr Index products_of_pixel(const Conv& s) { return whole_vectors(s.KH * s.KW * s.O); }

/// `memory` gathers what lies under the taps of an output from images like z.
void conv_to_few(const Conv& s, const GatherMemory& memory, const Real* x, const Real* w, Real* y) {
  const Gather under = memory.gather(nullptr);
  const Scratch turned(s.C * under.depth);  // [C, depth], of each row [taps, O] and zeros
  for (Index i = 0; i < s.C * under.depth; ++i) turned.data()[i] = 0;
  for (Index t = 0; t < under.taps; ++t)
    for (Index c = 0; c < s.C; ++c)
      for (Index o = 0; o < s.O; ++o)
        turned.data()[c * under.depth + t * s.O + o] = w[(t * s.C + c) * s.O + o];
  const RightOperand taps({.m = s.H * s.W, .n = under.depth, .k = s.C}, turned.data());
  parallel_for(s.N, [&](Index n) {
    const Scratch z(s.H * s.W * under.depth);
    conv_to_few_image(s, under, taps, x + n * s.H * s.W * s.C, z.data(), y + n * s.P * s.Q * s.O);
  });
}

}  // namespace
}  // namespace ito::kernels::ITO_LEVEL
