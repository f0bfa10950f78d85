// Strided copies: permutations, slices, padding, broadcasting; concatenation; row lookup.

#include "kernels/cuda/nest.h"
#include "kernels/cuda/rows.h"

namespace ito::kernels::cuda {
namespace {

/// The flat index runs over y's elements in order, so that what is written lies together.
template <class Count>
struct CopyStrided {
  const Real* a;
  Real* y;
  Strided s;
  template <int width>
  __device__ void at(Index i) const {
    const Place place = place_of<Count>(s, i);
    store<width>(y + place.y, load_run<width>(a + place.a, s.a[s.rank - 1]));
  }
};

/// A part's rows, to columns [column, column + width) of y[rows, y_width].
template <class Count>
struct CopyColumns {
  const Real* part;
  Real* y;
  Index width, y_width;
  template <int run>
  __device__ void at(Index i) const {
    const Count n = static_cast<Count>(i), row = n / static_cast<Count>(width);
    const Count column = n - row * static_cast<Count>(width);
    store<run>(y + static_cast<Index>(row) * y_width + column, load<run>(part + i));
  }
};

struct GatherRows {
  const Real *table, *row;
  Real* y;
  Index width;
  template <int run>
  __device__ void at(Index i) const {
    const Index n = i / width;
    store<run>(y + i, load<run>(table + static_cast<Index>(row[n]) * width + (i - n * width)));
  }
};

/// An element of the table sums the rows that are its own, in their order.
struct ScatterRows {
  const Real *y, *row;
  Real* table;
  Index n, width;
  template <int run>
  __device__ void at(Index i) const {
    const Index own = i / width, column = i - own * width;
    Pack<run> sum = {};
    for (Index k = 0; k < n; ++k) {
      if (static_cast<Index>(row[k]) != own) continue;
      const Pack<run> term = load<run>(y + k * width + column);
      for (int j = 0; j < run; ++j) sum.v[j] += term.v[j];
    }
    store<run>(table + i, sum);
  }
};

}  // namespace

void copy_strided(const Real* a, Real* y, Strided nest) {
  const Strided s = joined(nest);
  const Index n = elements_of(s);
  const bool in_packs = packs_fit(s, a, nullptr, y);
  if (fits_32_bits(n)) {
    for_each("copy_strided", CopyStrided<std::uint32_t>{a, y, s}, n, in_packs);
  } else {
    for_each("copy_strided", CopyStrided<Index>{a, y, s}, n, in_packs);
  }
}

void concat(const Real* const* parts, const Index* widths, int count, Real* y, Index rows) {
  Index y_width = 0;
  for (int i = 0; i < count; ++i) y_width += widths[i];
  Real* column = y;
  for (int i = 0; i < count; column += widths[i++]) {
    const Index n = rows * widths[i];
    const bool in_packs =
        widths[i] % pack_size == 0 && y_width % pack_size == 0 && aligned(parts[i], column);
    if (fits_32_bits(n)) {
      for_each("concat", CopyColumns<std::uint32_t>{parts[i], column, widths[i], y_width}, n,
               in_packs);
    } else {
      for_each("concat", CopyColumns<Index>{parts[i], column, widths[i], y_width}, n, in_packs);
    }
  }
}

void gather_rows(const Real* table, const Real* row, Real* y, Index n, Index width) {
  const bool in_packs = width % pack_size == 0 && aligned(table, y);
  for_each("gather_rows", GatherRows{table, row, y, width}, n * width, in_packs);
}

void scatter_rows(const Real* y, const Real* row, Real* table, Index n, Index width, Index rows) {
  const bool in_packs = width % pack_size == 0 && aligned(y, table);
  for_each("scatter_rows", ScatterRows{y, row, table, n, width}, rows * width, in_packs);
}

}  // namespace ito::kernels::cuda
