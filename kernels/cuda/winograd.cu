// Winograd's algorithms in four steps: transform the filter, U; transform tiles of the input, V;
// multiply, M[f] = V[f] U[f] for each of the 36 (16) elements f of a transformed tile; transform
// back and add. Thread by thread, one tile of one channel, channels next to each other, so that
// reads and writes are whole lines; tiles of a row overlap, and find their shared pixels in the
// first-level cache.
//
// V and M hold 36/16 (4) times the image. They are made for a chunk of tiles at a time, so that a
// large batch needs no more than 256 MiB for them. The products of a chunk are one batched product
// of 36 (16), with tiles x C x O each.
//
// The weight gradient turns this round: dU[f] = sum over tiles V[f]^T dM[f], chunk after chunk,
// each added to what there is. These 36 (16) products of C x O are few for a device; so their sums
// are cut into up to eight parts, and the parts' results added where they are transformed back.

#include "kernels/cuda/product.h"
#include "kernels/cuda/scratch.h"
#include "kernels/cuda/winograd.h"
#include "kernels/cuda/winograd_transforms.h"

namespace ito::kernels::cuda {
namespace {

/// Numbers in V and M together, and the tiles that a chunk is a multiple of: the rows of a large
/// product tile. Many, as what counts is that each product fills the device, not that V and M stay
/// in the L2: on an H100 the convolutions of a step of cifar10-ddpm take 91 ms with 4 << 20 of
/// them, 63 with 8, 53 with 32 and 51 with 64. Few in the emulation, so that there are several
/// chunks.
constexpr bool small_chunks = block_threads < 256;
constexpr Index chunk_numbers = small_chunks ? 1 << 15 : 64 << 20;
constexpr Index chunk_unit = small_chunks ? 8 : 128;

/// Blocks of 128 x 128 that fill a device, and the most parts of a weight gradient's sum.
constexpr Index filling_blocks = 192;
constexpr Index most_parts = 8;

/// The tiles of a chunk, [first, first + count); those from all() on are zeros.
struct Chunk {
  Index first = 0, count = 0;
};

/// How the outputs of an image are cut into tiles.
template <class F>
struct Tiles {
  Correlation s;
  Index across, of_image;

  explicit Tiles(const Correlation& correlation)
      : s(correlation),
        across(pieces_of(s.Q, F::outputs)),
        of_image(across * pieces_of(s.P, F::outputs)) {}

  Index all() const { return s.N * of_image; }
  Index in_chunk() const {
    const Index fit = chunk_numbers / (F::size * F::size * (s.C + s.O)) / chunk_unit * chunk_unit;
    const Index most = fit > chunk_unit ? fit : chunk_unit;
    return most < all() ? most : all();
  }
  template <class Do>
  void for_each_chunk(const Do& f) const {
    const Index step = in_chunk();
    for (Index first = 0; first < all(); first += step) {
      f(Chunk{first, first + step < all() ? step : all() - first});
    }
  }
};

/// Image, and first row and column of the outputs, of a tile.
struct Spot {
  Index image;
  int row, column;
};
template <class F>
__device__ inline Spot spot_of(const Tiles<F>& t, Index tile) {
  const auto place = static_cast<int>(tile % t.of_image);
  const auto across = static_cast<int>(t.across);
  return {tile / t.of_image, place / across * F::outputs, place % across * F::outputs};
}

/// Reads (i, j) from `corner` of channel c of an image [height, width, channels]; zeros outside.
struct Window {
  const Real* channel;
  Index channels;
  int row, column, height, width;

  __device__ Real operator()(int i, int j) const {
    const int r = row + i, k = column + j;
    const bool in = r >= 0 && r < height && k >= 0 && k < width;
    return in ? channel[(static_cast<Index>(r) * width + k) * channels] : Real(0);
  }
};

/// v[f][tile][C] of a chunk.
template <int Threads, class F>
__global__ void __launch_bounds__(Threads)
    transform_inputs(Tiles<F> t, Chunk chunk, const Real* x, Real* v) {
  const Index i = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x, n = chunk.count * t.s.C;
  if (i >= n) return;
  const Spot spot = spot_of(t, chunk.first + i / t.s.C);
  const auto pad = static_cast<int>(t.s.pad);
  const auto height = static_cast<int>(spot.image < t.s.N ? t.s.H : 0);
  const Window window{x + spot.image * t.s.H * t.s.W * t.s.C + i % t.s.C,
                      t.s.C,
                      spot.row - pad,
                      spot.column - pad,
                      height,
                      static_cast<int>(t.s.W)};
  transform_both<F::size, F::size>(
      [](const Real(&d)[F::size], Real(&out)[F::size]) { F::input(d, out); }, window,
      [=](int r, int k, Real value) { v[(r * F::size + k) * n + i] = value; });
}

/// m[f][tile][O] of a chunk, from the gradient of the outputs.
template <int Threads, class F>
__global__ void __launch_bounds__(Threads)
    transform_output_grads(Tiles<F> t, Chunk chunk, const Real* dy, Real* m) {
  const Index i = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x, n = chunk.count * t.s.O;
  if (i >= n) return;
  const Spot spot = spot_of(t, chunk.first + i / t.s.O);
  const Window window{dy + spot.image * t.s.P * t.s.Q * t.s.O + i % t.s.O,
                      t.s.O,
                      spot.row,
                      spot.column,
                      static_cast<int>(spot.image < t.s.N ? t.s.P : 0),
                      static_cast<int>(t.s.Q)};
  transform_both<F::outputs, F::size>(
      [](const Real(&d)[F::outputs], Real(&out)[F::size]) { F::output_adjoint(d, out); }, window,
      [=](int r, int k, Real value) { m[(r * F::size + k) * n + i] = value; });
}

/// y, and what is added to it, from m[f][tile][O] of a chunk.
template <int Threads, class F>
__global__ void __launch_bounds__(Threads)
    transform_outputs(Tiles<F> t, Chunk chunk, const Real* m, Addend a, Real* y) {
  const Index i = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x, n = chunk.count * t.s.O;
  if (i >= n) return;
  const Index O = t.s.O, o = i % O;
  const Spot spot = spot_of(t, chunk.first + i / O);
  const bool adds = a.shift != nullptr;
  const Real shift = adds ? a.shift[(a.per_image ? spot.image * O : 0) + o] : Real(0);
  transform_both<F::size, F::outputs>(
      [](const Real(&d)[F::size], Real(&out)[F::outputs]) { F::output(d, out); },
      [=](int r, int k) { return m[(r * F::size + k) * n + i]; },
      [&](int r, int k, Real value) {
        const Index p = spot.row + r, q = spot.column + k;
        if (p >= t.s.P || q >= t.s.Q) return;
        const Index at = ((spot.image * t.s.P + p) * t.s.Q + q) * O + o;
        if (adds) value += shift;
        if (adds && a.residual != nullptr) value += a.residual[at];
        y[at] = adds ? value * a.scale : value;
      });
}

/// u[f][i] of the n = C O filters w[tap][i], i in their own order.
template <int Threads, class F>
__global__ void transform_filters(Filter filter, Index n, Real* u) {
  const Index i = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x;
  if (i >= n) return;
  const Real* const w = filter.w + i;
  const bool turned = filter.turned;
  transform_both<3, F::size>(
      [](const Real(&d)[3], Real(&out)[F::size]) { F::filter(d, out); },
      [=](int r, int k) { return w[(turned ? 8 - r * 3 - k : r * 3 + k) * n]; },
      [=](int r, int k, Real value) { u[(r * F::size + k) * n + i] = value; });
}

/// dw[tap][i] from du[f][part][i], the sum over the parts in order.
template <int Threads, class F>
__global__ void transform_filter_grads(const Real* du, Index parts, Index n, Real* dw) {
  const Index i = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x;
  if (i >= n) return;
  transform_both<F::size, 3>(
      [](const Real(&d)[F::size], Real(&out)[3]) { F::filter_adjoint(d, out); },
      [=](int r, int k) {
        const Real* const from = du + (r * F::size + k) * parts * n + i;
        Real sum = 0;
        for (Index part = 0; part < parts; ++part) sum += from[part * n];
        return sum;
      },
      [=](int r, int k, Real value) { dw[(r * 3 + k) * n + i] = value; });
}

template <class... Parameters>
void launch_all(const char* name, void (*kernel)(Parameters...), Index n,
                std::type_identity_t<Parameters>... arguments) {
  launch(name, kernel, blocks_of(n, block_threads), block_threads, 0, arguments...);
}

template <class F>
void forward_by(const Correlation& s, const Real* x, const Filter& w, const Addend& a, Real* y) {
  constexpr const char* name = "conv2d: Winograd's products";
  constexpr Index elements = F::size * F::size;
  const Tiles<F> tiles(s);
  const Index filters = s.C * s.O, most = tiles.in_chunk();
  const Scratch<Real> u(elements * filters, name), v(elements * most * s.C, name),
      m(elements * most * s.O, name);
  launch_all("conv2d: transform_filters", transform_filters<block_threads, F>, filters, w, filters,
             u.data());
  tiles.for_each_chunk([&](const Chunk& chunk) {
    launch_all("conv2d: transform_inputs", transform_inputs<block_threads, F>, chunk.count * s.C,
               tiles, chunk, x, v.data());
    const Gemm product{.batch = elements,
                       .m = chunk.count,
                       .n = s.O,
                       .k = s.C,
                       .transpose_b = w.turned,
                       .stride_a = chunk.count * s.C,
                       .stride_b = filters,
                       .stride_c = chunk.count * s.O};
    ordered_product(product, v.data(), u.data(), m.data(), name);
    launch_all("conv2d: transform_outputs", transform_outputs<block_threads, F>, chunk.count * s.O,
               tiles, chunk, m.data(), a, y);
  });
}

/// Into how many parts the sum over a chunk's tiles is cut, by the shape alone: a power of two.
template <class F>
Index parts_of_sum(const Correlation& s) {
  const Index blocks = F::size * F::size * pieces_of(s.C, 128) * pieces_of(s.O, 128);
  Index parts = 1;
  while (parts < most_parts && parts * blocks < filling_blocks) parts *= 2;
  return parts;
}

template <class F>
void weight_grad_by(const Correlation& s, const Real* x, const Real* dy, Real* dw) {
  constexpr const char* name = "conv2d_weight_grad: Winograd's products";
  constexpr Index elements = F::size * F::size;
  const Tiles<F> tiles(s);
  const Index parts = parts_of_sum<F>(s);
  const Index filters = s.C * s.O, most = pieces_of(tiles.in_chunk(), parts) * parts;
  const Scratch<Real> du(elements * parts * filters, name), v(elements * most * s.C, name),
      dm(elements * most * s.O, name);
  tiles.for_each_chunk([&](const Chunk& some) {
    const Index of_part = pieces_of(some.count, parts);  // chunks but the last are whole parts
    const Chunk chunk{some.first, of_part * parts};
    launch_all("conv2d_weight_grad: transform_inputs", transform_inputs<block_threads, F>,
               chunk.count * s.C, tiles, chunk, x, v.data());
    launch_all("conv2d_weight_grad: transform_output_grads",
               transform_output_grads<block_threads, F>, chunk.count * s.O, tiles, chunk, dy,
               dm.data());
    const Gemm product{.batch = elements * parts,
                       .m = s.C,
                       .n = s.O,
                       .k = of_part,
                       .transpose_a = true,
                       .stride_a = of_part * s.C,
                       .stride_b = of_part * s.O,
                       .stride_c = filters,
                       .accumulate = chunk.first > 0};
    ordered_product(product, v.data(), dm.data(), du.data(), name);
  });
  launch_all("conv2d_weight_grad: transform_filter_grads", transform_filter_grads<block_threads, F>,
             filters, du.data(), parts, filters, dw);
}

}  // namespace

void winograd(Algorithm algorithm, const Correlation& s, const Real* x, const Filter& w,
              const Addend& a, Real* y) {
  algorithm == Algorithm::winograd_two ? forward_by<F2>(s, x, w, a, y)
                                       : forward_by<F4>(s, x, w, a, y);
}

void winograd_weight_grad(Algorithm algorithm, const Correlation& s, const Real* x, const Real* dy,
                          Real* dw) {
  algorithm == Algorithm::winograd_two ? weight_grad_by<F2>(s, x, dy, dw)
                                       : weight_grad_by<F4>(s, x, dy, dw);
}

}  // namespace ito::kernels::cuda
