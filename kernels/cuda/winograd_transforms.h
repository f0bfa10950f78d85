#pragma once
// The transforms of F(4x4, 3x3) and F(2x2, 3x3), a thread's numbers in registers. They are those of
// kernels/cpu/winograd_f4.h and winograd_f2.h, where their derivation and choice of points are:
// input B^T d, filter G g, output A^T m, and the adjoints of the last two.

#include "kernels/cuda/four.h"

namespace ito::kernels::cuda {

struct F4 {
  static constexpr int outputs = 4;  ///< outputs a side
  static constexpr int size = 6;     ///< inputs and products a side

  static constexpr Real a = 0.75, b = 1.5;  // points 0, infinity, a, -a, b, -b
  static constexpr Real a2 = a * a, b2 = b * b;
  static constexpr Real at_zero = static_cast<Real>(1 / (0.5625 * 2.25));
  static constexpr Real at_a = static_cast<Real>(1 / (2 * 0.5625 * (0.5625 - 2.25)));
  static constexpr Real at_b = static_cast<Real>(1 / (2 * 2.25 * (2.25 - 0.5625)));

  static __device__ void input(const Real (&d)[6], Real (&v)[6]) {
    v[0] = fma_(a2 * b2, d[0], fma_(-(a2 + b2), d[2], d[4]));
    v[1] = fma_(a2 * b2, d[1], fma_(-(a2 + b2), d[3], d[5]));
    const Real even_a = fma_(-b2, d[2], d[4]), odd_a = fma_(-b2, d[1], d[3]);
    v[2] = fma_(a, odd_a, even_a);
    v[3] = fma_(-a, odd_a, even_a);
    const Real even_b = fma_(-a2, d[2], d[4]), odd_b = fma_(-a2, d[1], d[3]);
    v[4] = fma_(b, odd_b, even_b);
    v[5] = fma_(-b, odd_b, even_b);
  }
  static __device__ void filter(const Real (&g)[3], Real (&u)[6]) {
    u[0] = at_zero * g[0];
    u[1] = g[2];
    const Real even_a = at_a * fma_(a2, g[2], g[0]);
    u[2] = fma_(at_a * a, g[1], even_a);
    u[3] = fma_(-at_a * a, g[1], even_a);
    const Real even_b = at_b * fma_(b2, g[2], g[0]);
    u[4] = fma_(at_b * b, g[1], even_b);
    u[5] = fma_(-at_b * b, g[1], even_b);
  }
  static __device__ void output(const Real (&m)[6], Real (&y)[4]) {
    const Real sum_a = m[2] + m[3], difference_a = m[2] - m[3];
    const Real sum_b = m[4] + m[5], difference_b = m[4] - m[5];
    y[0] = m[0] + (sum_a + sum_b);
    y[1] = fma_(b, difference_b, a * difference_a);
    y[2] = fma_(b2, sum_b, a2 * sum_a);
    y[3] = fma_(b * b2, difference_b, fma_(a * a2, difference_a, m[1]));
  }
  static __device__ void output_adjoint(const Real (&y)[4], Real (&m)[6]) {
    m[0] = y[0];
    m[1] = y[3];
    const Real even_a = fma_(a2, y[2], y[0]), odd_a = fma_(a2, y[3], y[1]);
    m[2] = fma_(a, odd_a, even_a);
    m[3] = fma_(-a, odd_a, even_a);
    const Real even_b = fma_(b2, y[2], y[0]), odd_b = fma_(b2, y[3], y[1]);
    m[4] = fma_(b, odd_b, even_b);
    m[5] = fma_(-b, odd_b, even_b);
  }
  static __device__ void filter_adjoint(const Real (&u)[6], Real (&g)[3]) {
    const Real sum_a = at_a * (u[2] + u[3]), sum_b = at_b * (u[4] + u[5]);
    g[0] = fma_(at_zero, u[0], sum_a + sum_b);
    g[1] = fma_(at_a * a, u[2] - u[3], at_b * b * (u[4] - u[5]));
    g[2] = fma_(a2, sum_a, fma_(b2, sum_b, u[1]));
  }
};

struct F2 {
  static constexpr int outputs = 2;  ///< outputs a side
  static constexpr int size = 4;     ///< inputs and products a side

  static __device__ void input(const Real (&d)[4], Real (&v)[4]) {
    v[0] = d[0] - d[2];
    v[1] = d[3] - d[1];
    v[2] = d[1] + d[2];
    v[3] = d[2] - d[1];
  }
  static __device__ void filter(const Real (&g)[3], Real (&u)[4]) {
    const Real even = Real(0.5) * (g[0] + g[2]);
    u[0] = g[0];
    u[1] = g[2];
    u[2] = fma_(Real(0.5), g[1], even);
    u[3] = fma_(Real(-0.5), g[1], even);
  }
  static __device__ void output(const Real (&m)[4], Real (&y)[2]) {
    y[0] = m[0] + (m[2] + m[3]);
    y[1] = (m[2] - m[3]) + m[1];
  }
  static __device__ void output_adjoint(const Real (&y)[2], Real (&m)[4]) {
    m[0] = y[0];
    m[1] = y[1];
    m[2] = y[0] + y[1];
    m[3] = y[0] - y[1];
  }
  static __device__ void filter_adjoint(const Real (&u)[4], Real (&g)[3]) {
    const Real even = Real(0.5) * (u[2] + u[3]);
    g[0] = u[0] + even;
    g[1] = Real(0.5) * (u[2] - u[3]);
    g[2] = u[1] + even;
  }
};

/// A transform of a line of numbers on both axes: out = T in T^T with T of To x From. `f` is called
/// as f(line, result); element (i, j) of `in` is got by read(i, j), the results go to write(i, j,
/// .).
template <int From, int To, class F, class Read, class Write>
__device__ inline void transform_both(const F& f, const Read& read, const Write& write) {
  Real half[To][From];
  ITO_UNROLL
  for (int j = 0; j < From; ++j) {
    Real line[From], result[To];
    ITO_UNROLL
    for (int i = 0; i < From; ++i) line[i] = read(i, j);
    f(line, result);
    ITO_UNROLL
    for (int i = 0; i < To; ++i) half[i][j] = result[i];
  }
  ITO_UNROLL
  for (int i = 0; i < To; ++i) {
    Real result[To];
    f(half[i], result);
    ITO_UNROLL
    for (int j = 0; j < To; ++j) write(i, j, result[j]);
  }
}

}  // namespace ito::kernels::cuda
