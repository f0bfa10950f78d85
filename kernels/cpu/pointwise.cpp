// Elementwise kernels: one vectorised loop per row of pointwise.def.

#include "kernels/cpu/level.h"
#include "kernels/cpu/simd.h"
#include "kernels/cpu/strided.h"
#include "kernels/math.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

// p and q are arguments, not captures: read from a closure within one arm of a selection they would
// keep the loop from being vectorised.
template <class F>
void map(const Real* in, Real* out, Index n, Real p, Real q, const F& f) {
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    const Real* __restrict from = in;
    Real* __restrict to = out;
    const Real first = p;
    const Real second = q;
    for (Index i = begin; i < end; ++i) to[i] = f(from[i], first, second);
  });
}

/// One run of a binary operation. Broadcasting leaves few patterns of strides; the common ones
/// have loops of their own that vectorise.
template <class F>
void run(const Real* a, Index stride_a, const Real* b, Index stride_b, Real* y, Index stride_y,
         Index n, const F& f) {
  if (stride_a == 1 && stride_b == 1 && stride_y == 1) {
    ITO_INDEPENDENT
    for (Index i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
  } else if (stride_a == 1 && stride_b == 0 && stride_y == 1) {
    const Real scalar = *b;
    ITO_INDEPENDENT
    for (Index i = 0; i < n; ++i) y[i] = f(a[i], scalar);
  } else if (stride_a == 0 && stride_b == 1 && stride_y == 1) {
    const Real scalar = *a;
    ITO_INDEPENDENT
    for (Index i = 0; i < n; ++i) y[i] = f(scalar, b[i]);
  } else {
    for (Index i = 0; i < n; ++i) y[i * stride_y] = f(a[i * stride_a], b[i * stride_b]);
  }
}

template <class F>
void map(const Real* a, const Real* b, Real* y, const Strided& nest, const F& f) {
  const Strided s = joined(nest);
  const int last = s.rank - 1;
  for_each_run(s, [&](const Offsets& at, Index n) {
    run(a + at.a, s.a[last], b + at.b, s.b[last], y + at.y, s.y[last], n, f);
  });
}

}  // namespace

void fill(Real* y, Index n, Real value) {
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] = value;
  });
}

void unary(Unary f, const Real* in, Real* out, Index n, Real first, Real second) {
  switch (f) {
#define ITO_UNARY(name, formula)   \
  case Unary::name:                \
    return map(                    \
        in, out, n, first, second, \
        [](Real x, [[maybe_unused]] Real p, [[maybe_unused]] Real q) -> Real { return formula; });
#define ITO_BINARY(name, formula)
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
  }
}

void binary(Binary f, const Real* in_a, const Real* in_b, Real* out, Strided s) {
  switch (f) {
#define ITO_UNARY(name, formula)
#define ITO_BINARY(name, formula) \
  case Binary::name:              \
    return map(in_a, in_b, out, s, [](Real a, Real b) -> Real { return formula; });
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
  }
}

void select(const Real* mask, const Real* a, const Real* b, Real* y, Index n) {
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    const Real* __restrict if_set = a;
    const Real* __restrict if_not = b;
    Real* __restrict to = y;
    for (Index i = begin; i < end; ++i) {
      const Real yes = if_set[i];
      const Real no = if_not[i];
      to[i] = mask[i] != Real(0) ? yes : no;
    }
  });
}

}  // namespace ito::kernels::ITO_LEVEL
