#include "diffusion/soft/gaussian_truth.h"

#include <algorithm>
#include <map>

#include "diffusion/soft/dense.h"
#include "engine/autograd.h"

namespace ito {

namespace {

std::vector<double> doubles_of(const Tensor& x) {
  const std::vector<Real> values = x.to_host();
  return {values.begin(), values.end()};
}

Tensor tensor_of(Shape shape, const std::vector<double>& values) {
  return Tensor(std::move(shape), std::vector<Real>(values.begin(), values.end()));
}

/// The basis e_i of items, [D, item...].
Tensor basis(const Shape& item) {
  const Index D = item.elements();
  Tensor e = Tensor::zeros({D, D});
  for (Index i = 0; i < D; ++i) e.mutable_data()[i * D + i] = 1;
  Shape shape = {D};
  shape.insert(shape.end(), item.begin(), item.end());
  return reshape(e, shape);
}

}  // namespace

std::vector<double> corruption_matrix(const SoftDiffusion& diffusion, double t) {
  const NoGrad no_grad;
  const auto D = static_cast<std::size_t>(diffusion.item().elements());
  return dense::transposed(doubles_of(diffusion.corrupt(basis(diffusion.item()), Times(D, t))), D);
}

GaussianTruth::GaussianTruth(Gaussian data, const SoftDiffusion& diffusion)
    : data_(std::move(data)), diffusion_(diffusion) {
  const auto D = static_cast<std::size_t>(diffusion.item().elements());
  if (data_.mean.size() != D || data_.covariance.size() != D * D)
    fail("gaussian_truth", "expected ", D, " means and as many rows of covariances, got ",
         data_.mean.size(), " and ", data_.covariance.size(), " numbers");
}

Gaussian GaussianTruth::marginal(double t) const {
  const std::size_t D = data_.mean.size();
  const dense::Matrix C = corruption_matrix(diffusion_, t);
  const dense::Matrix CSC =
      dense::times(dense::times(C, data_.covariance, D), dense::transposed(C, D), D);
  const double sigma = diffusion_.sigma(t);
  return {dense::times(C, data_.mean, D), dense::plus_diagonal(CSC, sigma * sigma, D)};
}

GaussianTruth::Affine GaussianTruth::conditional_mean(double t) const {
  const std::size_t D = data_.mean.size();
  const Gaussian p_t = marginal(t);
  const dense::Matrix CS = dense::times(corruption_matrix(diffusion_, t), data_.covariance, D);
  const dense::Matrix K_transposed = dense::solve(p_t.covariance, CS, D);  // V^-1 C S
  dense::Matrix shift = data_.mean;
  const dense::Matrix K_C_m = dense::times(p_t.mean, K_transposed, D);
  for (std::size_t i = 0; i < D; ++i) shift[i] -= K_C_m[i];
  const auto n = static_cast<Index>(D);
  return {tensor_of({n, n}, K_transposed), tensor_of({n}, shift)};
}

Denoiser GaussianTruth::denoiser() const {
  auto known = std::make_shared<std::map<double, Affine>>();
  return [this, known](const Tensor& x, const Times& t) {
    if (std::ranges::any_of(t, [&](double t_n) { return t_n != t[0]; }))
      fail("gaussian_truth", "expected one time for all samples");
    auto found = known->find(t.at(0));
    if (found == known->end()) found = known->emplace(t[0], conditional_mean(t[0])).first;
    const auto& [matrix, shift] = found->second;
    const Tensor flat = reshape(x, {x.size(0), -1});
    return reshape(matmul(flat, matrix) + shift, x.shape());
  };
}

}  // namespace ito
