#include "diffusion/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/error.h"

namespace ito {
namespace {

constexpr int most_sweeps = 60;
constexpr double symmetry_tolerance = 1e-9;

/// A row-major square matrix.
struct Square {
  std::vector<double> elements;
  std::size_t D;

  double& operator()(std::size_t row, std::size_t column) { return elements[row * D + column]; }
  double operator()(std::size_t row, std::size_t column) const {
    return elements[row * D + column];
  }
};

/// cos and sin of the angle of a rotation.
struct Rotation {
  double c, s;
};

void check(const std::vector<double>& matrix, Index D) {
  if (D < 0 || static_cast<Index>(matrix.size()) != D * D) {
    fail("symmetric_eigen", "expected ", D, " x ", D, " elements, got ", matrix.size());
  }
  double largest = 0;
  for (const double element : matrix) {
    if (!std::isfinite(element)) fail("symmetric_eigen", "the matrix holds ", element);
    largest = std::max(largest, std::abs(element));
  }
  for (Index i = 0; i < D; ++i) {
    for (Index j = 0; j < i; ++j) {
      const double above = matrix[static_cast<std::size_t>(j * D + i)];
      const double below = matrix[static_cast<std::size_t>(i * D + j)];
      if (std::abs(above - below) > symmetry_tolerance * largest) {
        fail("symmetric_eigen", "not symmetric: ", below, " at (", i, ", ", j, "), ", above,
             " at (", j, ", ", i, ")");
      }
    }
  }
}

Square identity(std::size_t D) {
  Square one{std::vector<double>(D * D, 0.0), D};
  for (std::size_t i = 0; i < D; ++i) one(i, i) = 1;
  return one;
}

/// The rotation by at most 45 degrees that makes a(p, q) zero.
Rotation annihilate(const Square& a, std::size_t p, std::size_t q) {
  const double theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
  const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(theta, 1.0));
  const double c = 1 / std::hypot(t, 1.0);
  return {c, t * c};
}

/// Columns p and q of m become c m_p - s m_q and s m_p + c m_q.
void rotate_columns(Square& m, std::size_t p, std::size_t q, Rotation r) {
  for (std::size_t k = 0; k < m.D; ++k) {
    const double at_p = m(k, p), at_q = m(k, q);
    m(k, p) = r.c * at_p - r.s * at_q;
    m(k, q) = r.s * at_p + r.c * at_q;
  }
}

void rotate_rows(Square& m, std::size_t p, std::size_t q, Rotation r) {
  for (std::size_t k = 0; k < m.D; ++k) {
    const double at_p = m(p, k), at_q = m(q, k);
    m(p, k) = r.c * at_p - r.s * at_q;
    m(q, k) = r.s * at_p + r.c * at_q;
  }
}

/// a(p, q) no longer changes the diagonal when it is added to it.
bool negligible(const Square& a, std::size_t p, std::size_t q) {
  const double size = std::min(std::abs(a(p, p)), std::abs(a(q, q)));
  return size + std::abs(a(p, q)) == size;
}

/// One rotation in every plane whose off-diagonal element still counts; returns how many.
int sweep(Square& a, Square& vectors, double floor) {
  int rotations = 0;
  for (std::size_t p = 0; p + 1 < a.D; ++p) {
    for (std::size_t q = p + 1; q < a.D; ++q) {
      if (std::abs(a(p, q)) <= floor || negligible(a, p, q)) continue;
      const Rotation rotation = annihilate(a, p, q);
      rotate_columns(a, p, q, rotation);
      rotate_rows(a, p, q, rotation);
      a(p, q) = a(q, p) = 0;
      rotate_columns(vectors, p, q, rotation);
      ++rotations;
    }
  }
  return rotations;
}

/// Off-diagonal elements below this move no eigenvalue by more than rounding already has.
double rounding_floor(const Square& a) {
  double largest = 0;
  for (const double element : a.elements) largest = std::max(largest, std::abs(element));
  return 1e-17 * largest / static_cast<double>(std::max<std::size_t>(a.D, 1));
}

SymmetricEigen in_ascending_order(const Square& diagonal, const Square& vectors) {
  const std::size_t D = diagonal.D;
  std::vector<std::size_t> order(D);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return diagonal(i, i) < diagonal(j, j); });
  Square sorted{std::vector<double>(D * D), D};
  SymmetricEigen eigen;
  for (std::size_t k = 0; k < D; ++k) {
    eigen.values.push_back(diagonal(order[k], order[k]));
    for (std::size_t i = 0; i < D; ++i) sorted(i, k) = vectors(i, order[k]);
  }
  eigen.vectors = std::move(sorted.elements);
  return eigen;
}

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> matrix, Index D) {
  check(matrix, D);
  Square a{std::move(matrix), static_cast<std::size_t>(D)};
  Square vectors = identity(a.D);
  const double floor = rounding_floor(a);
  for (int i = 0; i < most_sweeps; ++i) {
    if (sweep(a, vectors, floor) == 0) return in_ascending_order(a, vectors);
  }
  fail("symmetric_eigen", "no convergence in ", most_sweeps, " sweeps");
}

}  // namespace ito
