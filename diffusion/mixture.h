#pragma once
// Gaussian mixtures: the truth that everything in diffusion/ is tested against. Under a linear SDE
// a mixture stays one, so its density and its score are known at every time.

#include <vector>

#include "diffusion/sde/sde.h"

namespace ito {

class GaussianMixture {
 public:
  /// N(mean, Q diag(variances) Q^T), its covariance held as eigenvalues and eigenvectors.
  struct Component {
    double weight;
    std::vector<double> mean;       ///< [D]
    std::vector<double> variances;  ///< [D], each positive
    std::vector<double> Q;          ///< [D, D], orthonormal columns; empty: the identity
  };

  /// Weights are normalised to sum to 1. Throws unless all components have one dimension.
  explicit GaussianMixture(std::vector<Component> components);
  /// With full covariances, each row-major [D, D].
  static GaussianMixture full(const std::vector<double>& weights,
                              const std::vector<std::vector<double>>& means,
                              const std::vector<std::vector<double>>& covariances);
  /// With diagonal covariances, each [D].
  static GaussianMixture diagonal(const std::vector<double>& weights,
                                  const std::vector<std::vector<double>>& means,
                                  const std::vector<std::vector<double>>& variances);

  Index dimension() const { return static_cast<Index>(components_[0].mean.size()); }
  const std::vector<Component>& components() const { return components_; }
  std::vector<double> mean() const;        ///< [D]
  std::vector<double> covariance() const;  ///< [D, D]

  /// x [N, D]. Uses the draws `sub` (component) and `sub` + 1 (normals) of the stream.
  Tensor sample(Index N, const RandomStream& stream) const;
  /// log p(x) per sample, in nats and in double; x [N, ...] with D elements each.
  std::vector<double> log_density(const Tensor& x) const;
  /// log p_t under `sde`, exactly; refers to it.
  LogDensity log_density(const Sde& sde) const;
  /// p(component k | x) for each sample: [N][K].
  std::vector<std::vector<double>> responsibilities(const Tensor& x) const;

  /// p_t: the distribution of x_t under `sde` when x_0 has this one.
  GaussianMixture marginal(const Sde& sde, double t) const;
  /// p(x | y) for y = A x + n, n ~ N(0, noise_std^2 I): A is row-major [M, D], y [M]; noise_std >
  /// 0.
  GaussianMixture posterior(const std::vector<double>& A, const std::vector<double>& y,
                            double noise_std) const;
  /// The exact score of p_t under `sde`, made of differentiable operations, so that it can stand in
  /// for a network anywhere; x [N, ...] with D elements each. Refers to `sde`.
  Score score(const Sde& sde) const;
  /// log p_t(component k | x) but for a constant per sample, likewise: -> [N, components].
  std::function<Tensor(const Tensor& x, const Times& t)> class_logits(const Sde& sde) const;

 private:
  std::vector<double> log_joint(const Real* x) const;

  std::vector<Component> components_;
};

}  // namespace ito
