// What a training step costs on an H100, on paper: runs one step of each CIFAR-10 preset with
// kernels that only count, and prints bench/cuda_model.md.
//   build/bench/cuda_model > bench/cuda_model.md

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "diffusion/training/config.h"
#include "diffusion/training/presets.h"
#include "diffusion/training/trainer.h"
#include "kernels/cuda/conv_choice.h"
#include "kernels/kernels.h"

namespace ito::bench {
namespace {

using namespace kernels;
using kernels::cuda::Algorithm;

// The card. Measured on one: copies, products in bf16, and what our large products reach of fp32,
// 31 to 35 TFLOP/s; by its data sheet: fp32. Assumed: the L2, and the time that a launch takes in a
// stream that is never empty.
constexpr double copy_rate = 3.0e12, bf16_rate = 798e12, fp32_rate = 67e12;
constexpr double l2_rate = 5.5e12, tile_share = 0.5, launch_seconds = 2e-6;
constexpr double real_bytes = 4;

/// What one call needs at least, and what our design does.
struct Work {
  double flops = 0, bytes = 0;            ///< needed: each operand once
  double done_flops = 0, done_bytes = 0;  ///< of arithmetic; through main memory
  double l2_bytes = 0;                    ///< through the L2
  double launches = 1;
  bool in_turn = false;  ///< arithmetic and memory traffic are different kernels

  double floor() const { return std::max(flops / fp32_rate, bytes / copy_rate); }
  double bf16_floor() const { return std::max(flops / bf16_rate, bytes / copy_rate); }
  double modelled() const {
    const double arithmetic = done_flops / (tile_share * fp32_rate);
    const double memory = std::max(done_bytes / copy_rate, l2_bytes / l2_rate);
    return in_turn ? arithmetic + memory : std::max(arithmetic, memory);
  }
};

/// The sums of a kernel's calls.
struct Line {
  Index calls = 0;
  double flops = 0, bytes = 0, done_flops = 0, done_bytes = 0, launches = 0;
  double floor = 0, bf16_floor = 0, modelled = 0;

  void add(const Work& w) {
    ++calls;
    flops += w.flops, bytes += w.bytes, done_flops += w.done_flops, done_bytes += w.done_bytes;
    floor += w.floor(), bf16_floor += w.bf16_floor(), modelled += w.modelled();
    launches += w.launches;
  }
  void add(const Line& l) {
    calls += l.calls, launches += l.launches;
    flops += l.flops, bytes += l.bytes, done_flops += l.done_flops, done_bytes += l.done_bytes;
    floor += l.floor, bf16_floor += l.bf16_floor, modelled += l.modelled;
  }
};

std::map<std::string, Line>& lines() {
  static std::map<std::string, Line> all;
  return all;
}
void count(const std::string& kernel, const Work& work) { lines()[kernel].add(work); }

double real(Index n) { return static_cast<double>(n); }
Index whole(Index n, Index unit) { return (n + unit - 1) / unit * unit; }

/// Work that only moves `reals` numbers, where `least` would do.
Work moving(double least, double reals) {
  return {.bytes = least * real_bytes, .done_bytes = reals * real_bytes};
}
Work moving(double reals) { return moving(reals, reals); }

/// A product of rows x columns x depth, by tiles of 128 or 64 (or 4 columns) as conv.cu has them.
Work by_tiles(Index rows, Index columns, Index depth) {
  const bool large = columns > 64 && rows * columns >= 132 * 128 * 128;
  const Index side = large ? 128 : 64, width = columns <= 4 ? 4 : side;
  const Index height = columns <= 4 ? 256 : side;
  const double outputs = real(whole(rows, height)) * real(whole(columns, width));
  return {.flops = 2 * real(rows) * real(columns) * real(depth),
          .done_flops = 2 * outputs * real(depth),
          .l2_bytes = outputs * real(depth) * (1 / real(height) + 1 / real(width)) * real_bytes};
}

/// One of a convolution's three forms: the pixels written or summed, channels in and out, and
/// `operands` numbers read and written once. `classes`: of pixels, each with its part of the taps.
void count_conv(const std::string& name, const Conv& s, Index rows, Index columns, Index C, Index O,
                double operands, double classes = 1) {
  const Index N = s.N;
  const Algorithm algorithm = cuda::choose(s, rows, columns, C, O);
  const double needed = 2 * real(N * s.P * s.Q * s.KH * s.KW) * real(s.C * s.O);
  Work w;
  double transformed = 0;  ///< numbers that are written and read again
  if (algorithm == Algorithm::direct) {
    w = by_tiles(N * rows * columns, O, s.KH * s.KW * C);
    w.done_flops /= classes;
    w.l2_bytes /= classes;
    w.launches = classes;
  } else {
    const Index side = algorithm == Algorithm::winograd_four ? 4 : 2, size = side + 2;
    const double tiles = real(N * (whole(rows, side) / side) * (whole(columns, side) / side));
    const double elements = real(size * size);
    w.done_flops = 2 * elements * tiles * real(C * O);
    transformed = elements * tiles * real(C + O);
    w.in_turn = true;
    const double chunks = std::ceil(transformed / real(64 << 20));
    w.launches = 1 + 3 * chunks;
  }
  w.flops = needed;
  w.bytes = operands * real_bytes;
  w.done_bytes = w.bytes + 2 * transformed * real_bytes;
  count(name + (algorithm == Algorithm::direct ? ", direct" : ", Winograd"), w);
}

void count_weight_grad(const Conv& s) {
  const double operands =
      real(s.N * s.H * s.W * s.C) + real(s.N * s.P * s.Q * s.O) + real(s.KH * s.KW * s.C * s.O);
  const Algorithm algorithm = cuda::choose(s, s.P, s.Q, s.C, s.O);
  if (algorithm != Algorithm::direct) {
    return count_conv("conv2d_weight_grad", s, s.P, s.Q, s.C, s.O, operands);
  }
  const Index rows = s.KH * s.KW * s.C, pixels = s.N * s.P * s.Q;
  const bool large = rows > 64 && s.O > 64 && s.C % 4 == 0;
  const Index side = large ? 128 : 64, threads = large ? 256 : 64;
  const Index tiles = whole(rows, side) / side * (whole(s.O, side) / side);
  const Index wanted = (132 * 512 + tiles * threads - 1) / (tiles * threads);
  const Index pieces = std::min(wanted, (pixels + 511) / 512);
  Work w = by_tiles(rows, s.O, pixels);
  w.bytes = operands * real_bytes;
  w.done_bytes = w.bytes + 2 * real(pieces) * real(rows * s.O) * real_bytes;
  w.launches = 2;
  count("conv2d_weight_grad, direct", w);
}

/// Numbers that an operand of a loop nest has.
double distinct(const Strided& s, const Index* strides) {
  double n = 1;
  for (int i = 0; i < s.rank; ++i) n *= strides[i] == 0 ? 1 : real(s.size[i]);
  return n;
}
double all(const Strided& s) {
  double n = 1;
  for (int i = 0; i < s.rank; ++i) n *= real(s.size[i]);
  return n;
}

void count_norm_grad(const Norm& s) {
  const double n = real(s.N * s.S * s.C);
  Work w = moving(3 * n, 5 * n);
  w.launches = 2;
  count("group_norm_grad", w);
}

double attention_operands(const Attention& s) {
  return real(s.B) * (real(s.T * s.D) + real(s.M * s.D) + real(s.M * s.E) + real(s.T * s.E));
}

/// `needed` and `done` products of T x M x D, the needed ones with `reals` operands.
void count_attention(const char* name, const Attention& s, double needed, double done, double reals,
                     double launches) {
  const double product = 2 * real(s.B * s.T * s.M) * real(s.D + s.E) / 2;
  count(name, {.flops = needed * product,
               .bytes = reals * real_bytes,
               .done_flops = done * product,
               .done_bytes = reals * real_bytes,
               .l2_bytes = done * product / 64 * real_bytes,
               .launches = launches});
}

/// Becomes any kernel, and does nothing.
struct Nothing {
  template <class... Arguments>
  using Kernel = void (*)(Arguments...);
  template <class... Arguments>
  operator Kernel<Arguments...>() const {
    return [](Arguments...) {};
  }
};

/// Kernels that count. Those with one result write 0: a training step looks at its loss.
Table counting_table() {
  Table t;
#define ITO_KERNEL(name, ...) t.name = Nothing();
#include "kernels/kernels.def"
#undef ITO_KERNEL
  t.fill = [](Real* y, Index n, Real) {
    if (n == 1) *y = 0;
    count("fill", moving(real(n)));
  };
  t.unary = [](Unary, const Real*, Real* y, Index n, Real, Real) {
    if (n == 1) *y = 0;
    count("unary", moving(2 * real(n)));
  };
  t.binary = [](Binary, const Real*, const Real*, Real* y, Strided s) {
    if (all(s) == 1) *y = 0;
    count("binary", moving(distinct(s, s.a) + distinct(s, s.b) + all(s)));
  };
  t.select = [](const Real*, const Real*, const Real*, Real*, Index n) {
    count("select", moving(4 * real(n)));
  };
  t.add_shift = [](Addend a, Real*, Index N, Index S, Index C) {
    count("add_shift", moving((a.residual == nullptr ? 2 : 3) * real(N * S * C)));
  };
  t.copy_strided = [](const Real*, Real*, Strided s) {
    count("copy_strided", moving(distinct(s, s.a) + all(s)));
  };
  t.concat = [](const Real* const*, const Index* widths, int parts, Real*, Index rows) {
    double width = 0;
    for (int i = 0; i < parts; ++i) width += real(widths[i]);
    count("concat", moving(2 * width * real(rows)));
  };
  t.reduce = [](Reduce, const Real*, Real* y, Index outer, Index n, Index inner) {
    if (outer * inner == 1) *y = 0;
    count("reduce", moving(real(outer * inner) * (real(n) + 1)));
  };
  t.sum_squares = [](const Real*, double* y, Index n) {
    *y = 0;
    Work w = moving(real(n));
    w.launches = 2;
    count("sum_squares", w);
  };
  t.sum_squares_all = [](const Real* const*, const Index* n, Index tensors, double* y) {
    Index all = 0;
    for (Index i = 0; i < tensors; ++i) all += n[i], y[i] = 0;
    Work w = moving(real(all));
    w.launches = 2;
    count("sum_squares", w);
  };
  t.gemm = [](Gemm g, const Real*, const Real*, Real*) {
    Work w = by_tiles(g.m, g.n, g.k);
    for (double* x : {&w.flops, &w.done_flops, &w.l2_bytes}) *x *= real(g.batch);
    w.done_flops = w.flops;
    w.bytes = w.done_bytes =
        real(g.batch) * (real(g.m * g.k) + real(g.k * g.n) + real(g.m * g.n)) * real_bytes;
    count("gemm", w);
  };
  t.conv2d = [](Conv s, const Real*, const Real*, Real*) {
    count_conv(
        "conv2d", s, s.P, s.Q, s.C, s.O,
        real(s.N * s.H * s.W * s.C) + real(s.N * s.P * s.Q * s.O) + real(s.KH * s.KW * s.C * s.O));
  };
  t.conv2d_add = [](Conv s, const Real*, const Real*, Addend a, Real*) {
    const double y = real(s.N * s.P * s.Q * s.O);
    count_conv("conv2d", s, s.P, s.Q, s.C, s.O,
               real(s.N * s.H * s.W * s.C) + (a.residual == nullptr ? y : 2 * y) +
                   real(s.KH * s.KW * s.C * s.O));
  };
  t.conv2d_input_grad = [](Conv s, const Real*, const Real*, Real*) {
    count_conv(
        "conv2d_input_grad", s, s.H, s.W, s.O, s.C,
        real(s.N * s.H * s.W * s.C) + real(s.N * s.P * s.Q * s.O) + real(s.KH * s.KW * s.C * s.O),
        real(s.stride * s.stride));
  };
  t.conv2d_weight_grad = [](Conv s, const Real*, const Real*, Real*) { count_weight_grad(s); };
  t.group_norm = [](Norm s, const Real*, const Real*, const Real*, Real*, Real*, Real*) {
    const double n = real(s.N * s.S * s.C);
    count("group_norm", moving(2 * n, 3 * n));
  };
  t.group_norm_grad = [](Norm s, const Real*, const Real*, const Real*, const Real*, const Real*,
                         const Real*, Real*, Real*, Real*) { count_norm_grad(s); };
  t.attention = [](Attention s, const Real*, const Real*, const Real*, Real*, Real*) {
    count_attention("attention", s, 2, 2, attention_operands(s), 1);
  };
  t.attention_grad = [](Attention s, const Real*, const Real*, const Real*, const Real*,
                        const Real*, Real*, Real*, Real*) {
    count_attention("attention_grad", s, 7, 10, 2 * attention_operands(s), 5);
  };
  t.upfirdn2d = [](Fir s, const Real*, const Real*, Real*) {
    Work w = moving(real(s.N * s.H * s.W * s.C) + real(s.N * s.P * s.Q * s.C));
    w.flops = w.done_flops =
        2 * real(s.N * s.P * s.Q * s.C) * real(s.KH * s.KW) / real(s.up * s.up);
    count("upfirdn2d", w);
  };
  t.random = [](Distribution, RandomKey, Index, Index images, Index elements, Real*) {
    count("random", moving(real(images * elements)));
  };
  t.dropout = [](RandomKey, Index, Index images, Index elements, double, const Real*, Real*) {
    count("dropout", moving(2 * real(images * elements)));
  };
  t.dropout_grad = [](double, const Real*, const Real*, Real*, Index n) {
    count("dropout_grad", moving(3 * real(n)));
  };
  t.adam_all = [](Adam, const AdamTensor* tensors, Index n) {
    double transfers = 0;
    for (Index i = 0; i < n; ++i)
      transfers += (tensors[i].average == nullptr ? 7 : 9) * real(tensors[i].n);
    count("adam", moving(transfers));
  };
  return t;
}

const char* const notes[][2] = {
    {"conv2d, Winograd",
     "a quarter of the products (F(4x4)); the transformed tiles, 2.25 times the "
     "image, are written and read again, for y as for x"},
    {"conv2d, direct",
     "stride 2, 1x1, few channels: tiles reach half of fp32; last columns of a "
     "narrow result are computed in fours"},
    {"conv2d_weight_grad, Winograd",
     "as conv2d, Winograd; 36 products of C x O alone are few blocks for 132 processors, so that "
     "their sums over tiles are cut into up to 8 parts; what these are read and written again, in "
     "the L2, is not counted"},
    {"conv2d_input_grad, direct",
     "under a stride a launch for each class of pixels, with the taps that reach it alone"},
    {"conv2d_weight_grad, direct", "partial sums of the pieces are written and read once more"},
    {"gemm",
     "our tiles, so that a sample does not depend on its batch, at half of fp32; gradients of "
     "weights "
     "by cuBLAS"},
    {"group_norm", "x is read twice: 3 passes for 2, the second from the L2 where an image fits"},
    {"group_norm_grad", "x and dy are read twice: 5 passes for 3"},
    {"attention", "single precision without tensor cores"},
    {"attention_grad",
     "scores made for each of dq, dk, dv: 10 products for 7; in exchange no atomics "
     "and no order that changes"},
    {"adam", "one launch for all tensors; 9 transfers a parameter are all needed"}};

std::string note_of(const std::string& kernel) {
  for (const auto& note : notes) {
    if (kernel == note[0]) return note[1];
  }
  return kernel.find("Winograd") != std::string::npos ? "as conv2d, Winograd" : "memory alone";
}

void print_line(const std::string& name, const Line& l, const std::string& note) {
  std::printf("| %s | %lld | %.0f | %.1f | %.2f | %.2f | %.1f | %.1f | %.0f | %.2f | %.1f | %s |\n",
              name.c_str(), static_cast<long long>(l.calls), l.launches, l.flops / 1e9,
              l.bytes / 1e9, 1e3 * l.floor, l.done_flops / 1e9, l.done_bytes / 1e9,
              1e6 * l.bf16_floor, 1e3 * l.modelled, l.modelled / l.floor, note.c_str());
}

ImageSet blank_images(const TrainingConfig& config) {
  ImageSet set;
  set.count = config.batch.size;
  set.item = item_shape(config.model);
  set.source = "blank images";
  Index size = set.count;
  for (const Index n : set.item) size *= n;
  set.pixels.assign(static_cast<std::size_t>(size), 0);
  return set;
}

void print_preset(const Preset& preset) {
  static const Table table = counting_table();
  const TrainingConfig config = config_from_json(preset_named(preset.name));
  const ImageSet images = blank_images(config);
  replace_kernels(&table);
  Trainer trainer(config, images);
  lines().clear();
  trainer.step();
  replace_kernels(nullptr);
  Line total;
  std::printf("\n## %s\n\nBatch %lld.\n\n", preset.name, static_cast<long long>(config.batch.size));
  std::printf(
      "| kernel | calls | launches | GFLOP needed | GB needed | floor, ms | GFLOP done | GB "
      "moved | floor in bf16, us | model, ms | model / floor | why |\n");
  std::printf("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n");
  for (const auto& [name, line] : lines()) {
    print_line(name, line, note_of(name));
    total.add(line);
  }
  print_line("all", total, "");
  const double launches = total.launches * launch_seconds;
  std::printf(
      "\nA step: floor %.1f ms in fp32, %.1f ms in bf16; model %.1f ms; %.0f launches, which "
      "hide behind work but where a kernel takes less than %.0f us (at worst %.1f ms).\n",
      1e3 * total.floor, 1e3 * total.bf16_floor, 1e3 * total.modelled, total.launches,
      1e6 * launch_seconds, 1e3 * launches);
}

}  // namespace
}  // namespace ito::bench

int main() {
  std::printf(
      "# A training step on an H100, on paper\n\n"
      "Generated by `build/bench/cuda_model > bench/cuda_model.md`: one training step of each "
      "CIFAR-10 preset (forward, backward, clip, Adam, moving average; dropout on) is run with "
      "kernels that only count. What a card measured is in README.md.\n\n"
      "- *Needed*: each operand read or written once, multiply-adds of the definition (two "
      "operations each; zeros of the padding included). *Floor*: the larger of operations at 67 "
      "TFLOP/s (fp32, data sheet) and bytes at 3.0 TB/s (measured copy), call by call; in bf16 "
      "operations at 798 TFLOP/s (measured).\n"
      "- *Done* and *moved*: what the kernels of `kernels/cuda` do. *Model*: the larger of "
      "operations at half of 67 TFLOP/s (measured: our large products reach 31 to 35) and of bytes "
      "at 3.0 TB/s (main memory) or 5.5 TB/s (L2); Winograd's steps, which follow each other, are "
      "added. The 5.5 TB/s and the 2 us a launch are assumptions.\n"
      "- A model below the floor (model / floor < 1) is no contradiction: the floor counts the "
      "products of the definition, of which Winograd's algorithm does a quarter.\n");
  for (const ito::Preset& preset : ito::presets()) {
    if (std::string(preset.name).rfind("cifar10", 0) == 0) ito::bench::print_preset(preset);
  }
}
