#include "nn/layers/time_embedding.h"

#include <cmath>
#include <numbers>

#include "engine/ops.h"

namespace ito::nn {

namespace {

/// [sin, cos] of angle(n, k) for n < images, k < half, in rows of `dim` with zeros at the end.
template <class Angle>
Tensor sinusoids(Index images, Index half, Index dim, Angle angle) {
  std::vector<Real> rows(static_cast<std::size_t>(images * dim), Real(0));
  for (Index n = 0; n < images; ++n) {
    Real* row = rows.data() + n * dim;
    for (Index k = 0; k < half; ++k) {
      const double a = angle(static_cast<std::size_t>(n), static_cast<std::size_t>(k));
      row[k] = static_cast<Real>(std::sin(a));
      row[half + k] = static_cast<Real>(std::cos(a));
    }
  }
  return Tensor({images, dim}, rows);
}

/// f_k = 10000^(-k / (half - 1)).
std::vector<float> positional_frequencies(Index half) {
  const auto rate = static_cast<float>(-std::log(10000.0) / static_cast<double>(half - 1));
  std::vector<float> f;
  for (Index k = 0; k < half; ++k) {
    const double exponent = static_cast<float>(k) * rate;
    f.push_back(static_cast<float>(std::exp(exponent)));
  }
  return f;
}

void check_labels(const std::vector<double>& labels) {
  for (const double label : labels) {
    if (!std::isfinite(label)) fail("time_embedding", "expected finite labels, got ", label);
  }
}

Index feature_count(const TimeEmbedding::Options& options) {
  return options.kind == TimeEmbedding::Kind::positional ? options.dim : 2 * options.dim;
}

}  // namespace

Tensor positional_embedding(const std::vector<double>& labels, Index dim) {
  if (dim < 4) fail("time_embedding", "expected at least 4 sinusoids, got ", dim);
  check_labels(labels);
  const std::vector<float> f = positional_frequencies(dim / 2);
  return sinusoids(static_cast<Index>(labels.size()), dim / 2, dim,
                   [&](std::size_t n, std::size_t k) -> double {
                     const float product = static_cast<float>(labels[n]) * f[k];
                     return product;
                   });
}

Tensor fourier_embedding(const std::vector<double>& x, const Tensor& frequencies) {
  check_labels(x);
  const std::vector<Real> w = frequencies.to_host();
  const Index D = frequencies.elements();
  return sinusoids(static_cast<Index>(x.size()), D, 2 * D,
                   [&](std::size_t n, std::size_t k) -> double {
                     const float turns = static_cast<float>(x[n]) * static_cast<float>(w[k]);
                     const float angle = turns * 2 * std::numbers::pi_v<float>;
                     return angle;
                   });
}

TimeEmbedding::TimeEmbedding(const Options& options)
    : options_(options),
      linear_0_(feature_count(options), options.out),
      linear_1_(options.out, options.out) {
  if (options.kind == Kind::fourier) {
    add_constant("frequencies", frequencies_, {options.dim},
                 {.kind = Init::Kind::normal, .scale = options.fourier_scale});
  } else if (options.dim < 4) {
    fail("time_embedding", "expected at least 4 sinusoids, got ", options.dim);
  }
  add_child("linear_0", linear_0_);
  add_child("linear_1", linear_1_);
}

Tensor TimeEmbedding::features(const std::vector<double>& labels) const {
  if (options_.kind == Kind::positional) return positional_embedding(labels, options_.dim);
  std::vector<double> logs;
  for (const double sigma : labels) {
    if (!(sigma > 0)) fail("time_embedding", "expected noise levels above 0, got ", sigma);
    logs.push_back(std::log(sigma));
  }
  return fourier_embedding(logs, frequencies_);
}

Tensor TimeEmbedding::forward(const std::vector<double>& labels) const {
  const Tensor h = activate(options_.activation, linear_0_.forward(features(labels)));
  return linear_1_.forward(h);
}

TimeEmbedding::Kind time_embedding_named(const std::string& name) {
  if (name == "positional") return TimeEmbedding::Kind::positional;
  if (name == "fourier") return TimeEmbedding::Kind::fourier;
  fail("time_embedding", "expected positional or fourier, got \"", name, "\"");
}

std::string name_of(TimeEmbedding::Kind kind) {
  return kind == TimeEmbedding::Kind::positional ? "positional" : "fourier";
}

}  // namespace ito::nn
