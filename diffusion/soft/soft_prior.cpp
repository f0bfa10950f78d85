#include "diffusion/soft/soft_prior.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "diffusion/soft/dense.h"
#include "diffusion/symmetric_eigen.h"
#include "engine/autograd.h"

namespace ito {

namespace {

using Doubles = std::vector<double>;

/// C_1 x_0, in batches: large images need much memory.
Tensor corrupted_images(const SoftDiffusion& diffusion, const Tensor& x_0) {
  std::vector<Tensor> parts;
  for (Index i = 0; i < x_0.size(0); i += 64) {
    const Tensor part = slice(x_0, 0, i, std::min(i + 64, x_0.size(0)));
    parts.push_back(diffusion.corrupt(part, Times(static_cast<std::size_t>(part.size(0)), 1)));
  }
  return concat(parts, 0);
}

/// Images [n, H, W, C] as planes [n C, H W], one for each image and channel.
Tensor colour_planes(const Tensor& x) {
  const Index n = x.size(0), C = x.size(3);
  return reshape(permute(x, {0, 3, 1, 2}), {n * C, x.elements() / (n * C)});
}

void scale_to_peak(Doubles& u) {
  double peak = 0;
  for (const double value : u)
    if (std::abs(value) > std::abs(peak)) peak = value;
  if (peak != 0)
    for (double& value : u) value /= peak;
}

/// The u with the least sum of |y - c u|^2 over the planes y, each with its best c: the leading
/// eigenvector of the sum of y y^T, by the power method. 0 if all planes are.
Doubles common_shape(const std::vector<Real>& y, std::size_t pixels) {
  Doubles u(pixels, 1);
  for (int i = 0; i < 200; ++i) {
    Doubles next(pixels, 0);
    for (std::size_t row = 0; row < y.size(); row += pixels) {
      const double c =
          std::inner_product(u.begin(), u.end(), y.begin() + static_cast<Index>(row), 0.0);
      for (std::size_t p = 0; p < pixels; ++p) next[p] += c * y[row + p];
    }
    scale_to_peak(next);
    double change = 0;
    for (std::size_t p = 0; p < pixels; ++p) change = std::max(change, std::abs(next[p] - u[p]));
    u = next;
    if (change < 1e-9) break;
  }
  return u;
}

/// The best c of each plane, [n, C].
Tensor colours_of(const std::vector<Real>& y, const Doubles& u, Index C) {
  const double uu = std::inner_product(u.begin(), u.end(), u.begin(), 0.0);
  std::vector<Real> colours;
  for (std::size_t row = 0; row < y.size(); row += u.size()) {
    const double uy =
        std::inner_product(u.begin(), u.end(), y.begin() + static_cast<Index>(row), 0.0);
    colours.push_back(static_cast<Real>(uu > 0 ? uy / uu : 0));
  }
  const Index n = static_cast<Index>(colours.size()) / C;
  return Tensor({n, C}, colours);
}

/// Orthonormal coordinates [D, r] of the span of vectors, by Gram and Schmidt, twice; what lies in
/// the span of those before up to 1e-6 of its length is left out.
Doubles orthonormal(std::vector<Doubles> vectors) {
  const std::size_t D = vectors.at(0).size();
  std::vector<Doubles> kept;
  for (Doubles& v : vectors) {
    const double length = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    for (int twice = 0; twice < 2; ++twice)
      for (const Doubles& q : kept) {
        const double along = std::inner_product(v.begin(), v.end(), q.begin(), 0.0);
        for (std::size_t i = 0; i < v.size(); ++i) v[i] -= along * q[i];
      }
    const double rest = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    if (!(rest > 1e-6 * length)) continue;
    for (double& value : v) value /= rest;
    kept.push_back(std::move(v));
  }
  Doubles rows;
  for (const Doubles& q : kept) rows.insert(rows.end(), q.begin(), q.end());
  return dense::transposed(rows, D);
}

/// u in the channel c, and 0 in the others: [H W C].
Doubles in_channel(const SoftPrior& prior, std::size_t c) {
  const std::vector<Real> u = prior.shape.to_host();
  const std::size_t C = prior.colour_mean.size();
  Doubles image(u.size() * C, 0);
  for (std::size_t p = 0; p < u.size(); ++p) image[p * C + c] = u[p];
  return image;
}

/// Coordinates in which x_1 and the prior differ.
Doubles differing_coordinates(const SoftPrior& prior, const Tensor& y) {
  const auto D = static_cast<std::size_t>(y.size(1));
  if (D <= 256) return dense::plus_diagonal(Doubles(D * D, 0.0), 1, D);
  std::vector<Doubles> vectors;
  for (std::size_t c = 0; c < prior.colour_mean.size(); ++c)
    vectors.push_back(in_channel(prior, c));
  const Index n = y.size(0), some = std::min<Index>(n, 200);
  for (Index i = 0; i < some; ++i) {
    const std::vector<Real> row = slice(y, 0, i * n / some, i * n / some + 1).to_host();
    vectors.emplace_back(row.begin(), row.end());
  }
  return orthonormal(std::move(vectors));
}

}  // namespace

SoftPrior fit_prior(const SoftDiffusion& diffusion, const Tensor& x_0, PriorShape shape) {
  const NoGrad no_grad;
  if (x_0.rank() != 4 || x_0.size(0) < 2)
    fail("prior", "expected at least 2 images [n, H, W, C], got ", x_0.shape());
  const bool constant = shape == PriorShape::constant;
  const Tensor y = colour_planes(constant ? x_0 : corrupted_images(diffusion, x_0));
  const std::vector<Real> values = y.to_host();
  const auto pixels = static_cast<std::size_t>(y.size(1));
  const Doubles u = constant ? Doubles(pixels, 1) : common_shape(values, pixels);
  const FeatureMoments colours = feature_moments(colours_of(values, u, x_0.size(3)));
  return {Tensor({x_0.size(1), x_0.size(2)}, std::vector<Real>(u.begin(), u.end())), colours.mean,
          colours.covariance, diffusion.sigma(1)};
}

Tensor SoftPrior::sample(const NoiseSource& noise) const {
  const Tensor eta = noise(Purpose::prior, 0, 0);
  const auto C = static_cast<Index>(colour_mean.size());
  const SymmetricEigen root = symmetric_eigen(colour_covariance, C);
  std::vector<Real> matrix, mean(colour_mean.begin(), colour_mean.end());
  for (std::size_t k = 0; k < colour_mean.size(); ++k)  // row k: the k-th axis of the colours
    for (std::size_t c = 0; c < colour_mean.size(); ++c)
      matrix.push_back(static_cast<Real>(root.vectors[c * colour_mean.size() + k] *
                                         std::sqrt(std::max(root.values[k], 0.0))));
  const Tensor draws = reshape(noise(Purpose::prior, 0, 1), {eta.size(0), -1});
  const Tensor colours =
      matmul(slice(draws, 1, 0, C), Tensor({C, C}, matrix)) + Tensor({C}, mean);  // [N, C]
  const Tensor u = reshape(shape, {shape.size(0), shape.size(1), 1});
  return reshape(colours, {eta.size(0), 1, 1, C}) * u + eta * sigma;
}

Gaussian SoftPrior::in_coordinates(const std::vector<double>& U) const {
  const std::size_t C = colour_mean.size();
  const std::size_t D = static_cast<std::size_t>(shape.elements()) * C, r = U.size() / D;
  Doubles colour_axes;  // [C, D]
  for (std::size_t c = 0; c < C; ++c) {
    const Doubles axis = in_channel(*this, c);
    colour_axes.insert(colour_axes.end(), axis.begin(), axis.end());
  }
  const Doubles A = dense::times(colour_axes, U, D);  // [C, r]
  const Doubles covariance =
      dense::times(dense::times(dense::transposed(A, r), colour_covariance, C), A, C);
  return {dense::times(colour_mean, A, C), dense::plus_diagonal(covariance, sigma * sigma, r)};
}

PriorError prior_error(const SoftPrior& prior, const SoftDiffusion& diffusion, const Tensor& x_0) {
  const NoGrad no_grad;
  const Tensor y = reshape(corrupted_images(diffusion, x_0), {x_0.size(0), -1});
  const Doubles U = differing_coordinates(prior, y);
  const Index D = y.size(1), r = static_cast<Index>(U.size()) / D;
  const double noise = prior.sigma * prior.sigma * static_cast<double>(D);
  if (r == 0) return {0, std::sqrt(noise)};  // as behind a whole mask: both are noise alone
  const Tensor projected = matmul(y, Tensor({D, r}, std::vector<Real>(U.begin(), U.end())));
  FeatureMoments truth = feature_moments(projected);
  const double sigma = diffusion.sigma(1);
  truth.covariance =
      dense::plus_diagonal(truth.covariance, sigma * sigma, static_cast<std::size_t>(r));
  double spread = sigma * sigma * static_cast<double>(D - r);
  for (Index i = 0; i < r; ++i) spread += truth.covariance[static_cast<std::size_t>(i * r + i)];
  return {std::sqrt(frechet_distance(truth, prior.in_coordinates(U))), std::sqrt(spread)};
}

}  // namespace ito
