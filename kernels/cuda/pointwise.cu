// Elementwise kernels: one functor per row of pointwise.def.

#include "kernels/cuda/nest.h"
#include "kernels/cuda/rows.h"
#include "kernels/math.h"

namespace ito::kernels::cuda {
namespace {

template <Unary f>
struct UnaryFormula;
template <Binary f>
struct BinaryFormula;

#define ITO_UNARY(name, formula)                                                                 \
  template <>                                                                                    \
  struct UnaryFormula<Unary::name> {                                                             \
    __device__ Real operator()(Real x, [[maybe_unused]] Real p, [[maybe_unused]] Real q) const { \
      return formula;                                                                            \
    }                                                                                            \
  };
#define ITO_BINARY(name, formula)                                        \
  template <>                                                            \
  struct BinaryFormula<Binary::name> {                                   \
    __device__ Real operator()(Real a, Real b) const { return formula; } \
  };
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY

struct Fill {
  Real* y;
  Real value;
  template <int width>
  __device__ void at(Index i) const {
    Pack<width> to;
    for (int k = 0; k < width; ++k) to.v[k] = value;
    store<width>(y + i, to);
  }
};

template <class F>
struct UnaryMap {
  const Real* x;
  Real* y;
  Real p, q;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> from = load<width>(x + i);
    Pack<width> to;
    for (int k = 0; k < width; ++k) to.v[k] = F()(from.v[k], p, q);
    store<width>(y + i, to);
  }
};

template <class F, class Count>
struct BinaryMap {
  const Real *a, *b;
  Real* y;
  Strided s;
  template <int width>
  __device__ void at(Index i) const {
    const Place place = place_of<Count>(s, i);
    const Pack<width> left = load_run<width>(a + place.a, s.a[s.rank - 1]);
    const Pack<width> right = load_run<width>(b + place.b, s.b[s.rank - 1]);
    Pack<width> to;
    for (int k = 0; k < width; ++k) to.v[k] = F()(left.v[k], right.v[k]);
    store<width>(y + place.y, to);
  }
};

struct Select {
  const Real *mask, *a, *b;
  Real* y;
  template <int width>
  __device__ void at(Index i) const {
    const Pack<width> set = load<width>(mask + i), yes = load<width>(a + i),
                      no = load<width>(b + i);
    Pack<width> to;
    for (int k = 0; k < width; ++k) to.v[k] = set.v[k] != Real(0) ? yes.v[k] : no.v[k];
    store<width>(y + i, to);
  }
};

/// Element i of y[N, S, C] has the channel i mod C of its image.
template <class Count>
struct AddShift {
  Addend a;
  Real* y;
  Index C, image_size;
  template <int width>
  __device__ void at(Index i) const {
    const Count n = static_cast<Count>(i), channels = static_cast<Count>(C);
    const Count first = a.per_image ? n / static_cast<Count>(image_size) * channels : 0;
    const Pack<width> shift = load<width>(a.shift + (first + n % channels));
    Pack<width> to = load<width>(y + i);
    for (int k = 0; k < width; ++k) to.v[k] += shift.v[k];
    if (a.residual != nullptr) {
      const Pack<width> other = load<width>(a.residual + i);
      for (int k = 0; k < width; ++k) to.v[k] += other.v[k];
    }
    for (int k = 0; k < width; ++k) to.v[k] *= a.scale;
    store<width>(y + i, to);
  }
};

template <class F>
void map(const char* name, const Real* a, const Real* b, Real* y, const Strided& nest) {
  const Strided s = joined(nest);
  const Index n = elements_of(s);
  const bool in_packs = packs_fit(s, a, b, y);
  if (fits_32_bits(n)) {
    for_each(name, BinaryMap<F, std::uint32_t>{a, b, y, s}, n, in_packs);
  } else {
    for_each(name, BinaryMap<F, Index>{a, b, y, s}, n, in_packs);
  }
}

}  // namespace

void fill(Real* y, Index n, Real value) { for_each("fill", Fill{y, value}, n, aligned(y)); }

void unary(Unary f, const Real* x, Real* y, Index n, Real p, Real q) {
  switch (f) {
#define ITO_UNARY(name, formula)                                                        \
  case Unary::name:                                                                     \
    return for_each("unary " #name, UnaryMap<UnaryFormula<Unary::name>>{x, y, p, q}, n, \
                    aligned(x, y));
#define ITO_BINARY(name, formula)
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
  }
}

void binary(Binary f, const Real* a, const Real* b, Real* y, Strided s) {
  switch (f) {
#define ITO_UNARY(name, formula)
#define ITO_BINARY(name, formula) \
  case Binary::name:              \
    return map<BinaryFormula<Binary::name>>("binary " #name, a, b, y, s);
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
  }
}

void select(const Real* mask, const Real* a, const Real* b, Real* y, Index n) {
  for_each("select", Select{mask, a, b, y}, n, aligned(mask, a, b, y));
}

void add_shift(Addend a, Real* y, Index N, Index S, Index C) {
  const Index n = N * S * C;
  if (n == 0 || a.shift == nullptr) return;
  const bool in_packs = C % pack_size == 0 && aligned(a.shift, a.residual, y);
  if (fits_32_bits(n)) {
    for_each("add_shift", AddShift<std::uint32_t>{a, y, C, S * C}, n, in_packs);
  } else {
    for_each("add_shift", AddShift<Index>{a, y, C, S * C}, n, in_packs);
  }
}

}  // namespace ito::kernels::cuda
