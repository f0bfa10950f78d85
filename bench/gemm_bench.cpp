// Times ito's matrix products beside OpenBLAS's, alternating, on the shapes that the networks of
// cases.cpp have; medians in GFLOP/s. OpenBLAS chooses its kernels by the processor or by the
// variable OPENBLAS_CORETYPE, once a process:
//   for core in Haswell SkylakeX Zen; do OPENBLAS_CORETYPE=$core gemm_bench --threads=1; done
// In a build with -DITO_BLAS=builtin every product is ito's own.

#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/arguments.h"
#include "engine/ops.h"
#include "kernels/kernels.h"

namespace {

using namespace ito;
using kernels::Gemm;

struct Case {
  const char* where;
  Gemm g;
};

/// C [m, n] = op(A) op(B); `batch` products where there are many.
const Case cases[] = {
    {"linear_512", {.m = 1024, .n = 512, .k = 512}},
    {"linear_512, input's gradient", {.m = 1024, .n = 512, .k = 512, .transpose_b = true}},
    {"linear_512, weight's gradient", {.m = 512, .n = 512, .k = 1024, .transpose_a = true}},
    {"linear_1024", {.m = 1024, .n = 1024, .k = 1024}},
    {"conv1x1_256_16", {.m = 8192, .n = 256, .k = 256}},
    {"conv1x1_256_16, input's gradient", {.m = 8192, .n = 256, .k = 256, .transpose_b = true}},
    {"conv1x1_256_16, weight's gradient", {.m = 256, .n = 256, .k = 8192, .transpose_a = true}},
    {"attention_256, scores", {.batch = 32, .m = 256, .n = 256, .k = 256, .transpose_b = true}},
    {"attention_256, values", {.batch = 32, .m = 256, .n = 256, .k = 256}},
    {"ddpm_cifar10, 1x1", {.m = 2048, .n = 256, .k = 256}},
    {"ddpm_mnist, 1x1", {.m = 16384, .n = 64, .k = 64}},
    {"ddpm_mnist, 1x1, weight's gradient", {.m = 64, .n = 64, .k = 16384, .transpose_a = true}},
    {"ddpm_tiny, 1x1", {.m = 2048, .n = 32, .k = 32}},
    {"time embedding", {.m = 128, .n = 512, .k = 512}},
};

double count(const Gemm& g) { return static_cast<double>(g.batch * g.m * g.n * g.k); }

void by_openblas(const Gemm& g, const float* a, const float* b, float* c) {
  const auto size = [](Index n) { return static_cast<blasint>(n); };
  for (Index i = 0; i < g.batch; ++i) {
    cblas_sgemm(CblasRowMajor, g.transpose_a ? CblasTrans : CblasNoTrans,
                g.transpose_b ? CblasTrans : CblasNoTrans, size(g.m), size(g.n), size(g.k), 1,
                a + i * g.stride_a, size(g.transpose_a ? g.m : g.k), b + i * g.stride_b,
                size(g.transpose_b ? g.k : g.n), 0, c + i * g.stride_c, size(g.n));
  }
}

/// Seconds that one call takes, of as many as fill 50 ms.
template <class F>
double seconds(const F& f) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::chrono::duration<double> passed{};
  int calls = 0;
  do {
    f();
    ++calls;
    passed = Clock::now() - begin;
  } while (passed.count() < 0.05);
  return passed.count() / calls;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const Case& one) {
  Gemm g = one.g;
  g.stride_a = g.m * g.k;
  g.stride_b = g.k * g.n;
  g.stride_c = g.m * g.n;
  const Tensor a = random_normal({1, g.batch * g.stride_a}, {.seed = 1});
  const Tensor b = random_normal({1, g.batch * g.stride_b}, {.seed = 2});
  Tensor ours = Tensor::zeros({1, g.batch * g.stride_c});
  Tensor theirs = Tensor::zeros(ours.shape());
  const auto ito = [&] { kernels::gemm(Device::cpu, g, a.data(), b.data(), ours.mutable_data()); };
  const auto openblas = [&] {
    openblas_set_num_threads(kernels::threads());  // ito's kernels set it to 1 on their threads
    by_openblas(g, a.data(), b.data(), theirs.mutable_data());
  };
  std::vector<double> ours_s, theirs_s, ratios;
  for (int turn = 0; turn < 7; ++turn) {
    ours_s.push_back(seconds(ito));
    theirs_s.push_back(seconds(openblas));
    ratios.push_back(theirs_s.back() / ours_s.back());
  }
  const double flops = 2e-9 * count(g);
  std::printf("%-36s %3td x [%5td %4td %5td] %9.1f %9.1f %7.2f\n", one.where, g.batch, g.m, g.n,
              g.k, flops / median(ours_s), flops / median(theirs_s), median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  bench::take_threads(argc, argv);
  std::printf("GFLOP/s on %d threads; OpenBLAS with its kernels for %s\n", kernels::threads(),
              openblas_get_corename());
  std::printf("%-36s %3s   [%5s %4s %5s] %9s %9s %7s\n", "product", "", "m", "n", "k", "ito",
              "OpenBLAS", "ratio");
  for (const Case& one : cases) compare(one);
}
