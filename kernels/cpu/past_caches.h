#pragma once
// Results of large tensors that go to memory past the caches. What is in the caches stays there,
// and memory is not read for lines that are about to be written whole.

#include <cstdint>

#include "kernels/cpu/scratch.h"
#include "kernels/cpu/simd.h"

namespace ito::kernels {
namespace {

/// Bytes of a tensor that goes past the caches: in a training step whose tensors have this size,
/// group norm takes a tenth less and what reads its result takes no longer.
constexpr Index large_tensor = Index{8} << 20;
/// Other levels write as usual.
constexpr bool has_stores_past_caches = vector_bytes > 16;

/// Stores a vector at `p`, a multiple of its size.
ITO_INLINE void store_past_caches(Real* p, Vec v) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), __builtin_bit_cast(__m512i, v));
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), __builtin_bit_cast(__m256i, v));
#else
  store(p, v);
#endif
}

/// Rows of `width` elements in a tensor of `reals`, the first at `first`, `stride` elements apart.
struct RowsOf {
  Index reals;
  Real* first;
  Index width, stride;

  bool whole_vectors() const {
    const auto start = reinterpret_cast<std::uintptr_t>(first);
    return start % vector_bytes == 0 && width % lanes == 0 && stride % lanes == 0;
  }
};

/// Writes rows, past the caches where their tensor is large.
class RowWriter {
 public:
  explicit RowWriter(const RowsOf& rows)
      : rows_(rows),
        past_(has_stores_past_caches &&
              rows.reals * static_cast<Index>(sizeof(Real)) >= large_tensor &&
              rows.whole_vectors()),
        computed_(past_ ? rows.width : 0) {}
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  ~RowWriter() {
#if defined(__AVX2__)
    if (past_) _mm_sfence();  // the rows are there before another thread is told so
#endif
  }

  /// compute(to) makes row r at `to`.
  template <class Compute>
  ITO_INLINE void write(Index r, const Compute& compute) const {
    Real* const to = rows_.first + r * rows_.stride;
    if (!past_) return compute(to);
    compute(computed_.data());
    for (Index i = 0; i < rows_.width; i += lanes) {
      store_past_caches(to + i, load(computed_.data() + i));
    }
  }

 private:
  RowsOf rows_;
  bool past_;
  Scratch computed_;
};

}  // namespace
}  // namespace ito::kernels
