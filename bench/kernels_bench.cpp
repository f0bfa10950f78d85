// Times the kernels that training and sampling spend their time in. Prints the median and the best
// of repeated runs, and the rate. Usage: kernels_bench [threads] [filter]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/threads.h"

using namespace ito;
using namespace ito::kernels;

namespace {

std::string filter;

std::vector<Real> numbers(Index n) {
  std::vector<Real> values(static_cast<std::size_t>(n));
  unsigned state = 1;
  for (Real& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<Real>(state >> 8) * Real(0x1p-23) - 1;
  }
  return values;
}

double seconds(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs f for about 0.3 s and prints one line; `work` is in operations.
void report(const std::string& name, double work, const char* unit,
            const std::function<void()>& f) {
  if (name.find(filter) == std::string::npos) return;
  const double once = std::min(seconds(f), seconds(f));
  const int repeats = std::max(1, static_cast<int>(1e-4 / once));
  std::vector<double> times;
  for (double total = 0; total < 0.3 || times.size() < 5;) {
    const double time = seconds([&] {
      for (int i = 0; i < repeats; ++i) f();
    });
    times.push_back(time / repeats);
    total += time;
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  std::printf("%-46s %10.2f us  best %10.2f us  %8.2f %s\n", name.c_str(), 1e6 * median,
              1e6 * times[0], 1e-9 * work / times[0], unit);
  std::fflush(stdout);
}

std::string text(const char* name, std::initializer_list<Index> sizes) {
  std::string result = name;
  for (const Index size : sizes) result.append(" ").append(std::to_string(size));
  return result;
}

void time_gemm(Index m, Index n, Index k, bool transpose_a, bool transpose_b) {
  Gemm g;
  g.m = m;
  g.n = n;
  g.k = k;
  g.transpose_a = transpose_a;
  g.transpose_b = transpose_b;
  const std::vector<Real> a = numbers(m * k), b = numbers(k * n);
  std::vector<Real> c(static_cast<std::size_t>(m * n));
  const std::string name =
      text("gemm", {m, n, k}) + (transpose_a ? " A^T" : "") + (transpose_b ? " B^T" : "");
  report(name, 2.0 * static_cast<double>(m * n * k), "GFLOP/s",
         [&] { gemm(Device::cpu, g, a.data(), b.data(), c.data()); });
}

void time_conv(Index N, Index H, Index C, Index O, Index K, Index stride) {
  const Index P = (H - 1) / stride + 1;
  const Conv s{N, H, H, C, K, K, P, P, O, stride, K / 2, 1};
  const std::vector<Real> x = numbers(N * H * H * C), w = numbers(K * K * C * O);
  const std::vector<Real> dy = numbers(N * P * P * O);
  std::vector<Real> y(dy.size()), dx(x.size()), dw(w.size());
  const std::string sizes = text("", {N, H, C, O, K, stride});
  const double work = 2.0 * static_cast<double>(N * P * P * K * K * C * O);
  report("conv2d" + sizes, work, "GFLOP/s",
         [&] { conv2d(Device::cpu, s, x.data(), w.data(), y.data()); });
  report("conv2d input grad" + sizes, work, "GFLOP/s",
         [&] { conv2d_input_grad(Device::cpu, s, dy.data(), w.data(), dx.data()); });
  report("conv2d weight grad" + sizes, work, "GFLOP/s",
         [&] { conv2d_weight_grad(Device::cpu, s, x.data(), dy.data(), dw.data()); });
}

void time_norm(Index N, Index S, Index C, Index G) {
  const Norm s{N, S, C, G, 1e-6};
  const std::vector<Real> x = numbers(N * S * C), dy = numbers(N * S * C);
  const std::vector<Real> gamma = numbers(C), beta = numbers(C);
  std::vector<Real> y(x.size()), dx(x.size()), dgamma(gamma.size()), dbeta(gamma.size());
  std::vector<Real> mean(static_cast<std::size_t>(N * G)), rstd(mean.size());
  const auto elements = static_cast<double>(N * S * C);
  report(text("group_norm", {N, S, C, G}), elements, "G elements/s", [&] {
    group_norm(Device::cpu, s, x.data(), gamma.data(), beta.data(), y.data(), mean.data(),
               rstd.data());
  });
  report(text("group_norm grad", {N, S, C, G}), elements, "G elements/s", [&] {
    group_norm_grad(Device::cpu, s, x.data(), gamma.data(), mean.data(), rstd.data(), dy.data(),
                    dx.data(), dgamma.data(), dbeta.data());
  });
}

void time_attention(Index B, Index T, Index D) {
  const Attention s{B, T, T, D, D, 0.1};
  const std::vector<Real> q = numbers(B * T * D), k = q, v = q, dy = q;
  std::vector<Real> y(q.size()), dq(q.size()), dk(q.size()), dv(q.size());
  const double work = 4.0 * static_cast<double>(B * T * T * D);
  report(text("attention", {B, T, D}), work, "GFLOP/s",
         [&] { attention(Device::cpu, s, q.data(), k.data(), v.data(), y.data()); });
  report(text("attention grad", {B, T, D}), 2.5 * work, "GFLOP/s", [&] {
    attention_grad(Device::cpu, s, q.data(), k.data(), v.data(), dy.data(), dq.data(), dk.data(),
                   dv.data());
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) set_threads(std::atoi(argv[1]));
  if (argc > 2) filter = argv[2];
  std::printf("level %s, %d threads\n", simd_level(), threads());
  const Index products[][3] = {{64, 128, 32},   {64, 32, 128},     {128, 128, 128},
                               {1, 128, 128},   {1, 512, 512},     {64, 512, 512},
                               {256, 256, 256}, {512, 512, 512},   {1024, 1024, 1024},
                               {4096, 64, 64},  {16384, 128, 1152}};
  for (const auto& s : products) time_gemm(s[0], s[1], s[2], false, false);
  for (const Index n : {64, 512}) {
    time_gemm(n, n, n, true, false);
    time_gemm(n, n, n, false, true);
  }
  time_gemm(128, 128, 4096, true, false);
  for (const Index N : {64, 128}) {
    time_conv(N, 8, 1, 32, 3, 1);
    time_conv(N, 8, 32, 32, 3, 1);
    time_conv(N, 8, 32, 1, 3, 1);
  }
  time_conv(64, 8, 16, 16, 3, 1);
  time_conv(64, 4, 64, 64, 3, 1);
  time_conv(64, 8, 64, 32, 1, 1);
  time_conv(64, 8, 32, 32, 3, 2);
  time_conv(8, 32, 3, 128, 3, 1);
  time_conv(8, 32, 128, 128, 3, 1);
  time_conv(8, 16, 256, 256, 3, 1);
  time_norm(64, 64, 32, 8);
  time_norm(64, 16, 64, 16);
  time_norm(8, 1024, 128, 32);
  time_attention(64, 16, 64);
  time_attention(8, 256, 256);
}
