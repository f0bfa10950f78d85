#pragma once
// Winograd's F(4x4, 3x3): 4 x 4 outputs of a 3 x 3 correlation by 36 products instead of 144.
//
// In one dimension, four outputs y_i = sum_k d_{i+k} g_k are the transpose of multiplying two
// polynomials, of degrees 3 and 2. The product, of degree 5, is known from its values at six
// points: p = 0, a, -a, b, -b and "infinity" (the leading coefficient). Evaluation there costs one
// product a point; Lagrange interpolation gives the rest. With M(x) = x (x^2 - a^2) (x^2 - b^2) and
// M_p(x) = M(x) / (x - p) this is y = A^T ((G g) * (B^T d)), where
//   A^T   has the column 1, p, p^2, p^3 for each point p, and 0, 0, 0, 1 for infinity;
//   G     has the row (1, p, p^2) / M_p(p), and 0, 0, 1 for infinity;
//   B^T   has the coefficients of M_p(x) as its row, and those of M(x) for infinity.
// In two dimensions each is applied to rows and columns: y = A^T ((G g G^T) * (B^T d B)) A.
// The gradient in g of <dy, y> is G^T ((A dy A^T) * (B^T d B)) G.
//
// The points decide the rounding error. Relative L2 error against a sum in double, forward, 1e-6:
//   a, b                   1, 2   1/2, 1   1/2, 5/4   5/8, 5/4   3/4, 3/2   direct
//   128 channels, 32x32    2.3    2.3      1.5        1.2        1.1        0.6
//   256 channels, 16x16    3.3    3.3      2.1        1.7        1.6        0.8
// The powers of these points are exact in float.
//
// The points come in the order 0, infinity, a, -a, b, -b: two by two they share half of their sums.

#include "kernels/cpu/simd.h"

namespace ito::kernels {
namespace {

struct F4 {
  static constexpr int outputs = 4;  ///< outputs a side
  static constexpr int size = 6;     ///< inputs and products a side

  static constexpr double a = 0.75, b = 1.5;
  static constexpr double a2 = a * a, b2 = b * b;
  static constexpr double at_zero = 1 / (a2 * b2);  ///< 1 / M_0(0)
  static constexpr double at_a = 1 / (2 * a2 * (a2 - b2));
  static constexpr double at_b = 1 / (2 * b2 * (b2 - a2));

  static Vec constant(double x) { return broadcast(static_cast<Real>(x)); }

  /// B^T d
  static ITO_INLINE void input(const Vec (&d)[6], Vec (&v)[6]) {
    const Vec sum = constant(-(a2 + b2)), product = constant(a2 * b2);
    v[0] = multiply_add(product, d[0], multiply_add(sum, d[2], d[4]));
    v[1] = multiply_add(product, d[1], multiply_add(sum, d[3], d[5]));
    const Vec even_a = multiply_add(constant(-b2), d[2], d[4]);
    const Vec odd_a = multiply_add(constant(-b2), d[1], d[3]);
    v[2] = multiply_add(constant(a), odd_a, even_a);
    v[3] = multiply_add(constant(-a), odd_a, even_a);
    const Vec even_b = multiply_add(constant(-a2), d[2], d[4]);
    const Vec odd_b = multiply_add(constant(-a2), d[1], d[3]);
    v[4] = multiply_add(constant(b), odd_b, even_b);
    v[5] = multiply_add(constant(-b), odd_b, even_b);
  }

  /// G g
  static ITO_INLINE void filter(const Vec (&g)[3], Vec (&u)[6]) {
    u[0] = constant(at_zero) * g[0];
    u[1] = g[2];
    const Vec even_a = constant(at_a) * multiply_add(constant(a2), g[2], g[0]);
    u[2] = multiply_add(constant(at_a * a), g[1], even_a);
    u[3] = multiply_add(constant(-at_a * a), g[1], even_a);
    const Vec even_b = constant(at_b) * multiply_add(constant(b2), g[2], g[0]);
    u[4] = multiply_add(constant(at_b * b), g[1], even_b);
    u[5] = multiply_add(constant(-at_b * b), g[1], even_b);
  }

  /// A^T m
  static ITO_INLINE void output(const Vec (&m)[6], Vec (&y)[4]) {
    const Vec sum_a = m[2] + m[3], difference_a = m[2] - m[3];
    const Vec sum_b = m[4] + m[5], difference_b = m[4] - m[5];
    y[0] = m[0] + (sum_a + sum_b);
    y[1] = multiply_add(constant(b), difference_b, constant(a) * difference_a);
    y[2] = multiply_add(constant(b2), sum_b, constant(a2) * sum_a);
    y[3] = multiply_add(constant(b * b2), difference_b,
                        multiply_add(constant(a * a2), difference_a, m[1]));
  }

  /// A y
  static ITO_INLINE void output_adjoint(const Vec (&y)[4], Vec (&m)[6]) {
    m[0] = y[0];
    m[1] = y[3];
    const Vec even_a = multiply_add(constant(a2), y[2], y[0]);
    const Vec odd_a = multiply_add(constant(a2), y[3], y[1]);
    m[2] = multiply_add(constant(a), odd_a, even_a);
    m[3] = multiply_add(constant(-a), odd_a, even_a);
    const Vec even_b = multiply_add(constant(b2), y[2], y[0]);
    const Vec odd_b = multiply_add(constant(b2), y[3], y[1]);
    m[4] = multiply_add(constant(b), odd_b, even_b);
    m[5] = multiply_add(constant(-b), odd_b, even_b);
  }

  /// G^T u
  static ITO_INLINE void filter_adjoint(const Vec (&u)[6], Vec (&g)[3]) {
    const Vec sum_a = constant(at_a) * (u[2] + u[3]), sum_b = constant(at_b) * (u[4] + u[5]);
    g[0] = multiply_add(constant(at_zero), u[0], sum_a + sum_b);
    g[1] = multiply_add(constant(at_a * a), u[2] - u[3], constant(at_b * b) * (u[4] - u[5]));
    g[2] = multiply_add(constant(a2), sum_a, multiply_add(constant(b2), sum_b, u[1]));
  }
};

}  // namespace
}  // namespace ito::kernels
