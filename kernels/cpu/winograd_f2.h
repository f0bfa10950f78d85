#pragma once
// Winograd's F(2x2, 3x3): 2 x 2 outputs of a 3 x 3 correlation by 16 products instead of 36. The
// derivation is that of F(4x4, 3x3) (winograd_f4.h) with the points 0, infinity, 1, -1:
//         1  0 -1  0          1    0    0
//   B^T = 0 -1  0  1     G =  0    0    1      A^T = 1 0 1  1
//         0  1  1  0         1/2  1/2  1/2           0 1 1 -1
//         0 -1  1  0         1/2 -1/2  1/2

#include "kernels/cpu/simd.h"

namespace ito::kernels {
namespace {

struct F2 {
  static constexpr int outputs = 2;  ///< outputs a side
  static constexpr int size = 4;     ///< inputs and products a side

  /// B^T d
  static ITO_INLINE void input(const Vec (&d)[4], Vec (&v)[4]) {
    v[0] = d[0] - d[2];
    v[2] = d[1] + d[2];
    v[3] = d[2] - d[1];
    v[1] = d[3] - d[1];
  }

  /// G g
  static ITO_INLINE void filter(const Vec (&g)[3], Vec (&u)[4]) {
    const Vec half = broadcast(Real(0.5));
    const Vec even = half * (g[0] + g[2]);
    u[0] = g[0];
    u[2] = multiply_add(half, g[1], even);
    u[3] = multiply_add(broadcast(Real(-0.5)), g[1], even);
    u[1] = g[2];
  }

  /// A^T m
  static ITO_INLINE void output(const Vec (&m)[4], Vec (&y)[2]) {
    y[0] = m[0] + (m[2] + m[3]);
    y[1] = (m[2] - m[3]) + m[1];
  }

  /// A y
  static ITO_INLINE void output_adjoint(const Vec (&y)[2], Vec (&m)[4]) {
    m[0] = y[0];
    m[2] = y[0] + y[1];
    m[3] = y[0] - y[1];
    m[1] = y[1];
  }

  /// G^T u
  static ITO_INLINE void filter_adjoint(const Vec (&u)[4], Vec (&g)[3]) {
    const Vec half = broadcast(Real(0.5));
    const Vec even = half * (u[2] + u[3]);
    g[0] = u[0] + even;
    g[1] = half * (u[2] - u[3]);
    g[2] = u[1] + even;
  }
};

}  // namespace
}  // namespace ito::kernels
