#pragma once
// log p(y) - log p(x) from the score alone: its line integral along the straight segment,
//   integral over u in [0, 1] of <y - x, s(x + u (y - x), t)> du,
// by a quadrature that is symmetric about the middle, so that the way back is the exact negative.
// For a score that is no gradient, as a network's is not, the value depends on the path: the
// integral around a closed loop tells by how much.

#include <string>

#include "diffusion/sde/sde.h"
#include "engine/random.h"

namespace ito {

/// A closed Newton-Cotes rule: evenly spaced nodes, both ends included.
struct Quadrature {
  std::string name;
  std::vector<double> weights;  ///< of the nodes, their sum is 1

  /// Evaluations between the ends.
  Index interior() const { return static_cast<Index>(weights.size()) - 2; }
};

/// "trapezoid" (2 nodes), "simpson" (3), "boole" (5).
const std::vector<Quadrature>& quadratures();
/// By its name; throws for another.
const Quadrature& quadrature_named(const std::string& name);

/// Sum over the elements of a sample of a b, in double; a and b [N, ...].
std::vector<double> inner_products(const Tensor& a, const Tensor& b);

/// The integral from x to y, per sample, given the score at both ends. Evaluates `score` at the
/// interior nodes: rule.interior() times.
std::vector<double> line_integral(const Score& score, const Tensor& x, const Tensor& y,
                                  const Tensor& score_x, const Tensor& score_y, const Times& t,
                                  const Quadrature& rule);

/// The integral around the triangle x, y, w, per sample: 0 for a gradient, up to the rule's error.
/// Costs 3 + 3 rule.interior() evaluations.
std::vector<double> loop_integral(const Score& score, const Tensor& x, const Tensor& y,
                                  const Tensor& w, const Times& t, const Quadrature& rule);

/// Root mean square of loop_integral over triangles x, x + reach a, x + reach b at time t, one a
/// sample, with a and b standard normal (the draws `sub` and `sub` + 1 of the stream).
double loop_rms(const Score& score, const Tensor& x, double t, double reach, const Quadrature& rule,
                const RandomStream& stream);

}  // namespace ito
