// Convolutions and their two gradients as implicit matrix products (tile.h): the rows of the left
// operand are pixels' neighbourhoods, read from the image as they are needed.
//
//   forward       y[pixel, o]  = sum over (kh, kw, c)  x[pixel under the tap, c] w[kh, kw, c, o]
//   input grad    dx[pixel, c] = sum over (kh, kw, o)  dy[pixel that read it, o] w[kh, kw, c, o]
//   (under a stride, for each class of pixels that the same taps reach, these taps alone)
//   weight grad   dw[(kh, kw, c), o] = sum over pixels x[pixel under the tap, c] dy[pixel, o]
//
// With C and O multiples of four all reads are 16 bytes of neighbouring channels. The weight
// gradient's sum is long and its result small: it is cut into pieces, as the shape says, whose sums
// are added in order. Blocks that share pixels are neighbours, so that these come from the L2.

#include "kernels/cuda/conv_choice.h"
#include "kernels/cuda/gather.h"
#include "kernels/cuda/product.h"
#include "kernels/cuda/rows.h"
#include "kernels/cuda/scratch.h"
#include "kernels/cuda/winograd.h"
#include "kernels/precision.h"

namespace ito::kernels::cuda {
namespace {

/// Blocks of large tiles that fill the device: one for each processor of an H100.
constexpr bool small_device = block_threads < 256;  ///< the emulation
constexpr Index filling_blocks = small_device ? 4 : 132;
/// Threads among which a weight gradient is divided, and the fewest pixels a piece has.
constexpr Index weight_grad_threads = filling_blocks * 512;
constexpr Index piece_pixels = small_device ? 32 : 512;

/// The tile of a product of rows x columns: large ones where they fill the device.
template <class F>
void with_tile(Index rows, Index columns, bool fours, const F& f) {
  const Index large = pieces_of(rows, LargeTile::rows) * pieces_of(columns, LargeTile::columns);
  if (columns <= NarrowTile::columns) return f(NarrowTile());
  if (fours && columns > SmallTile::columns && large >= filling_blocks) return f(LargeTile());
  f(SmallTile());
}

/// Tile of this block, columns first.
struct Place {
  Index row, column;
};
template <class T>
__device__ inline Place place_of(Index columns) {
  const Index across = (columns + T::columns - 1) / T::columns;
  const Index block = blockIdx.x;
  return {block / across * T::rows, block % across * T::columns};
}
template <class T>
dim3 tiles_of(Index rows, Index columns, Index pieces = 1) {
  const Index tiles = pieces_of(rows, T::rows) * pieces_of(columns, T::columns);
  return dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(pieces));
}

/// Blocks that share a processor: where numbers are read one by one, each with an address of its
/// own, a thread wants more registers.
template <class T>
constexpr int blocks_of_width(int width) {
  return width == 4 ? T::blocks : T::blocks / 2;
}

/// y <- (y + shift + residual) scale, for four channels of a pixel.
__device__ inline Four with_addend(Four y, const Addend& a, Index pixel, Index positions,
                                   Index channel, Index channels) {
  if (a.shift == nullptr) return y;
  const Real* const shift = a.shift + (a.per_image ? pixel / positions * channels : 0);
  const Real* const residual = a.residual == nullptr ? nullptr : a.residual + pixel * channels;
  ITO_UNROLL
  for (int j = 0; j < 4; ++j) {
    if (channel + j >= channels) continue;
    Real sum = y.v[j] + shift[channel + j];
    if (residual != nullptr) sum += residual[channel + j];
    y.v[j] = sum * a.scale;
  }
  return y;
}

template <class T, int ImageWidth, int FilterWidth>
__global__ void __launch_bounds__(T::threads, T::blocks)
    forward_tiles(Gather g, Index pixels, Index O, const Real* w, Addend a, bool fours, Real* y) {
  __shared__ typename T::Memory memory;
  const Place place = place_of<T>(O);
  const Index depth = static_cast<Index>(g.KH) * g.KW * g.depth;
  PixelRows<ImageWidth, false, AlongDepth<T::threads, T::rows>> image(g, place.row, pixels);
  DenseColumns<FilterWidth, AcrossDepth<T::threads, T::columns>> filter({w, depth, O}, 0,
                                                                        place.column);
  DepthLoader left(image);
  SideLoader right(filter);
  typename T::Sums sums;
  clear<T>(sums);
  multiply_tile<T>(memory, left, right, depth, sums);
  const Index positions = static_cast<Index>(g.rows) * g.columns;
  for_each_four<T>(sums, place.row, pixels, place.column, [&](Index row, Index column, Four x) {
    x = with_addend(x, a, row, positions, column, O);
    put_four(y, row, column, O, fours, x);
  });
}

template <class T, int Width>
__global__ void __launch_bounds__(T::threads, blocks_of_width<T>(Width))
    backward_tiles(PixelClass of, Index pixels, Index C, const Real* w, bool fours, Real* dx) {
  __shared__ typename T::Memory memory;
  const Place place = place_of<T>(C);
  const Gather& g = of.gather;
  PixelRows<Width, true, AlongDepth<T::threads, T::rows>> image(g, place.row, pixels);
  FilterRows<Width, AlongDepth<T::threads, T::columns>> filter(of, w, place.column, C);
  DepthLoader left(image);
  DepthLoader right(filter);
  typename T::Sums sums;
  clear<T>(sums);
  multiply_tile<T>(memory, left, right, static_cast<Index>(g.KH) * g.KW * g.depth, sums);
  for_each_four<T>(sums, place.row, pixels, place.column,
                   [&](Index row, Index column, const Four& x) {
                     put_four(dx, of.pixel(row), column, C, fours, x);
                   });
}

/// Piece blockIdx.y of the sum over pixels, to dw + blockIdx.y * (its size).
template <class T, int ImageWidth, int GradWidth>
__global__ void __launch_bounds__(T::threads, blocks_of_width<T>(ImageWidth))
    weight_grad_tiles(Gather g, Index pixels, Index O, Index piece, const Real* dy, bool fours,
                      Real* dw) {
  __shared__ typename T::Memory memory;
  const Place place = place_of<T>(O);
  const Index rows = static_cast<Index>(g.KH) * g.KW * g.depth;
  const Index first = blockIdx.y * piece, end = first + piece;
  const Index last = end < pixels ? end : pixels;
  PixelColumns<ImageWidth, AcrossDepth<T::threads, T::rows>> image(g, first, last, place.row);
  DenseColumns<GradWidth, AcrossDepth<T::threads, T::columns>> grad({dy, last, O}, first,
                                                                    place.column);
  SideLoader left(image);
  SideLoader right(grad);
  typename T::Sums sums;
  clear<T>(sums);
  multiply_tile<T>(memory, left, right, last - first, sums);
  Real* const to = dw + blockIdx.y * rows * O;
  for_each_four<T>(
      sums, place.row, rows, place.column,
      [&](Index row, Index column, const Four& x) { put_four(to, row, column, O, fours, x); });
}

/// y = sum of `pieces` arrays of n, added in order.
template <int Threads>
__global__ void add_pieces(const Real* x, Index pieces, Index n, Real* y) {
  const Index i = static_cast<Index>(blockIdx.x) * Threads + threadIdx.x;
  if (i >= n) return;
  Real sum = x[i];
  for (Index p = 1; p < pieces; ++p) sum += x[p * n + i];
  y[i] = sum;
}

template <int Value>
using Int = std::integral_constant<int, Value>;

/// f(width of the left operand's reads, of the right's), as constants.
template <class F>
void with_widths(bool left, bool right, const F& f) {
  if (left) return right ? f(Int<4>(), Int<4>()) : f(Int<4>(), Int<1>());
  right ? f(Int<1>(), Int<4>()) : f(Int<1>(), Int<1>());
}

void forward(const Conv& s, const Real* x, const Real* w, const Addend& a, Real* y) {
  const Index pixels = s.N * s.P * s.Q;
  const Gather g = forward_gather(s, x);
  const bool image = in_fours(s.C, x), filter = in_fours(s.O, w), out = in_fours(s.O, y);
  with_tile(pixels, s.O, image && filter, [&](auto tile) {
    using T = decltype(tile);
    with_widths(image, filter && T::columns > 4, [&](auto left, auto right) {
      constexpr bool large = T::threads == LargeTile::threads;
      constexpr int l = large ? 4 : left.value, r = large ? 4 : T::columns > 4 ? right.value : 1;
      launch("conv2d", forward_tiles<T, l, r>, tiles_of<T>(pixels, s.O), T::threads, 0, g, pixels,
             s.O, w, a, out, y);
    });
  });
}

void backward_class(const Conv& s, const PixelClass& of, const Real* w, Real* dx) {
  const Index pixels = s.N * of.y.count * of.x.count;
  const bool fours = in_fours(s.O, of.gather.image) && in_fours(s.O, w), out = in_fours(s.C, dx);
  with_tile(pixels, s.C, fours, [&](auto tile) {
    using T = decltype(tile);
    with_widths(fours, fours, [&](auto width, auto) {
      constexpr int wide = T::threads == LargeTile::threads ? 4 : width.value;
      launch("conv2d_input_grad", backward_tiles<T, wide>, tiles_of<T>(pixels, s.C), T::threads, 0,
             of, pixels, s.C, w, out, dx);
    });
  });
}

void backward(const Conv& s, const Real* dy, const Real* w, Real* dx) {
  for (int row = 0; row < s.stride && row < s.H; ++row) {
    for (int column = 0; column < s.stride && column < s.W; ++column) {
      backward_class(s, pixel_class(s, row, column, dy), w, dx);
    }
  }
}

/// How many pieces a weight gradient's sum is cut into: enough for the device, each long enough.
Index weight_grad_pieces(Index threads, Index pixels) {
  const Index wanted = pieces_of(weight_grad_threads, threads);
  const Index most = pieces_of(pixels, piece_pixels);
  return wanted < most ? wanted : most;
}

void weight_grad(const Conv& s, const Real* x, const Real* dy, Real* dw) {
  const Index rows = s.KH * s.KW * s.C, pixels = s.N * s.P * s.Q, size = rows * s.O;
  const Gather g = forward_gather(s, x);
  const bool image = in_fours(s.C, x), grad = in_fours(s.O, dy), out = in_fours(s.O, dw);
  const auto run = [&](auto tile, auto left, auto right) {
    using T = decltype(tile);
    const Index tiles = pieces_of(rows, T::rows) * pieces_of(s.O, T::columns);
    const Index piece = pieces_of(pixels, weight_grad_pieces(tiles * T::threads, pixels));
    const Index pieces = pieces_of(pixels, piece);
    const Scratch<Real> partial(pieces > 1 ? pieces * size : 1, "conv2d_weight_grad");
    Real* const sums = pieces > 1 ? partial.data() : dw;
    launch("conv2d_weight_grad", weight_grad_tiles<T, left.value, right.value>,
           tiles_of<T>(rows, s.O, pieces), T::threads, 0, g, pixels, s.O, piece, dy, out, sums);
    if (pieces == 1) return;
    launch("conv2d_weight_grad: add_pieces", add_pieces<block_threads>,
           blocks_of(size, block_threads), block_threads, 0, sums, pieces, size, dw);
  };
  with_widths(image, grad, [&](auto left, auto right) {
    if (s.O <= NarrowTile::columns) return run(NarrowTile(), left, Int<1>());
    if constexpr (left.value == 4 && right.value == 4) {
      const bool large = rows > SmallTile::rows && s.O > SmallTile::columns;
      if (large) return run(LargeTile(), left, right);
    }
    run(SmallTile(), left, right);
  });
}

}  // namespace

namespace {

/// Whether it is a product of all pixels with a matrix that cuBLAS is to compute: on tensor cores.
bool is_rounded_product(const Conv& s) {
  return precision() != Precision::full && s.KH == 1 && s.KW == 1 && s.stride == 1 && s.pad == 0 &&
         s.P == s.H && s.Q == s.W;
}

}  // namespace

void conv2d_add(Conv s, const Real* x, const Real* w, Addend a, Real* y) {
  const Index pixels = s.N * s.P * s.Q;
  if (pixels * s.O == 0) return;
  if (s.KH * s.KW * s.C * s.H * s.W == 0) {
    fill(y, pixels * s.O, 0);
    return add_shift(a, y, s.N, s.P * s.Q, s.O);
  }
  if (is_rounded_product(s)) {
    blas_product({.m = pixels, .n = s.O, .k = s.C}, x, w, y, "conv2d");
    return add_shift(a, y, s.N, s.P * s.Q, s.O);
  }
  const Algorithm algorithm = choose(s, s.P, s.Q, s.C, s.O);
  if (algorithm == Algorithm::direct) return forward(s, x, w, a, y);
  winograd(algorithm, {s.N, s.H, s.W, s.C, s.P, s.Q, s.O, s.pad}, x, {w, false}, a, y);
}

void conv2d(Conv s, const Real* x, const Real* w, Real* y) { conv2d_add(s, x, w, {}, y); }

void conv2d_input_grad(Conv s, const Real* dy, const Real* w, Real* dx) {
  const Index pixels = s.N * s.H * s.W;
  if (pixels * s.C == 0) return;
  if (s.KH * s.KW * s.O * s.P * s.Q == 0) return fill(dx, pixels * s.C, 0);
  if (is_rounded_product(s)) {
    return blas_product({.m = pixels, .n = s.C, .k = s.O, .transpose_b = true}, dy, w, dx,
                        "conv2d_input_grad");
  }
  const Algorithm algorithm = choose(s, s.H, s.W, s.O, s.C);
  if (algorithm == Algorithm::direct) return backward(s, dy, w, dx);
  winograd(algorithm, {s.N, s.P, s.Q, s.O, s.H, s.W, s.C, 2 - s.pad}, dy, {w, true}, {}, dx);
}

void conv2d_weight_grad(Conv s, const Real* x, const Real* dy, Real* dw) {
  const Index size = s.KH * s.KW * s.C * s.O;
  if (size == 0) return;
  if (s.N * s.P * s.Q * s.H * s.W == 0) return fill(dw, size, 0);
  if (is_rounded_product(s)) {
    return blas_product({.m = s.C, .n = s.O, .k = s.N * s.P * s.Q, .transpose_a = true}, x, dy, dw,
                        "conv2d_weight_grad");
  }
  const Algorithm algorithm = choose(s, s.P, s.Q, s.C, s.O);
  if (algorithm == Algorithm::direct) return weight_grad(s, x, dy, dw);
  winograd_weight_grad(algorithm, {s.N, s.H, s.W, s.C, s.P, s.Q, s.O, s.pad}, x, dy, dw);
}

}  // namespace ito::kernels::cuda
