// The score of a mixture's marginal, as operations on tensors:
//   s(x, t) = sum_k p(k | x, t) s_k(x, t),  s_k = -Q diag(1 / v) Q^T (x - m mu_k),
// with v = m^2 variances_k + std^2 and m, std those of the SDE at t.

#include <algorithm>
#include <cmath>

#include "diffusion/mixture.h"

namespace ito {

namespace {

using Component = GaussianMixture::Component;

/// What one component contributes.
struct ComponentPart {
  Tensor log_joint;  ///< log(weight_k N(x; k)) up to a constant that all k share, [N, 1]
  Tensor score;      ///< s_k [N, D]
};

/// The times of the rows that are needed: one for all samples where they share it.
Times distinct(const Times& t) {
  const bool shared = std::ranges::all_of(t, [&](double t_n) { return t_n == t[0]; });
  return shared && !t.empty() ? Times{t[0]} : t;
}

/// The mean m mu_k at each time, [n, D].
Tensor means(const Component& c, const Sde& sde, const Times& t, Device device) {
  std::vector<Real> values;
  for (double t_n : t) {
    const double m = sde.mean_scale(t_n);
    for (double mu : c.mean) values.push_back(static_cast<Real>(m * mu));
  }
  return Tensor({static_cast<Index>(t.size()), static_cast<Index>(c.mean.size())}, values, device);
}

/// The eigenvalues v at each time, [n][D].
std::vector<double> eigenvalues(const Component& c, const Sde& sde, const Times& t) {
  std::vector<double> v;
  for (double t_n : t) {
    double m = sde.mean_scale(t_n), std = sde.std(t_n);
    for (double variance : c.variances) v.push_back(m * m * variance + std * std);
  }
  return v;
}

/// x [N, D] at times t, one for each sample or one for all.
ComponentPart contribution(const Component& c, const Sde& sde, const Tensor& x, const Times& t) {
  const auto n = static_cast<Index>(t.size());
  Index D = x.size(1);
  std::vector<double> v = eigenvalues(c, sde, t);
  std::vector<Real> precision, log_normaliser;
  for (std::size_t row = 0, i = 0; row < t.size(); ++row) {
    double log_det = 0;
    for (Index d = 0; d < D; ++d, ++i) {
      precision.push_back(static_cast<Real>(1 / v[i]));
      log_det += std::log(v[i]);
    }
    log_normaliser.push_back(static_cast<Real>(std::log(c.weight) - 0.5 * log_det));
  }

  Tensor Q;
  if (!c.Q.empty()) Q = Tensor({D, D}, std::vector<Real>(c.Q.begin(), c.Q.end()), x.device());
  Tensor d = x - means(c, sde, t, x.device());
  if (Q.defined()) d = matmul(d, Q);
  Tensor whitened = d * Tensor({n, D}, precision, x.device());
  Tensor log_joint =
      Tensor({n, 1}, log_normaliser, x.device()) - 0.5 * sum(d * whitened, {1}, true);
  return {log_joint, -(Q.defined() ? matmul(whitened, Q, false, true) : whitened)};
}

/// x as [N, D].
Tensor flat(const GaussianMixture& mixture, const Tensor& input, const Times& t) {
  Index N = input.size(0), D = mixture.dimension();
  if (input.elements() != N * D || static_cast<Index>(t.size()) != N)
    fail("mixture", "expected [N, ", D, "] with N times, got ", input.shape(), " with ", t.size());
  return reshape(input, {N, D});
}

}  // namespace

std::function<Tensor(const Tensor&, const Times&)> GaussianMixture::class_logits(
    const Sde& sde) const {
  return [mixture = *this, &sde](const Tensor& input, const Times& t) {
    const Tensor x = flat(mixture, input, t);
    std::vector<Tensor> log_joints;
    for (const Component& c : mixture.components())
      log_joints.push_back(contribution(c, sde, x, t).log_joint);
    return concat(log_joints, 1);
  };
}

Score GaussianMixture::score(const Sde& sde) const {
  return [mixture = *this, &sde](const Tensor& input, const Times& t) {
    Tensor x = flat(mixture, input, t);
    const Times times = distinct(t);
    std::vector<Tensor> log_joints, scores;
    for (const Component& c : mixture.components()) {
      ComponentPart part = contribution(c, sde, x, times);
      log_joints.push_back(part.log_joint);
      scores.push_back(part.score);
    }
    Tensor posterior = softmax(concat(log_joints, 1));  // [N, K]
    Tensor score = slice(posterior, 1, 0, 1) * scores[0];
    for (std::size_t k = 1; k < scores.size(); ++k) {
      auto column = static_cast<Index>(k);
      score = score + slice(posterior, 1, column, column + 1) * scores[k];
    }
    return reshape(score, input.shape());
  };
}

}  // namespace ito
