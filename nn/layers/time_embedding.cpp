#include "nn/layers/time_embedding.h"

#include <cmath>
#include <numbers>

#include "engine/ops.h"
#include "nn/device.h"

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

/// exp(x) as the vector library of the published code rounds it: for the rest r that remains of x
/// after whole powers of 2, expm1(r) is rounded to float before 1 is added. That differs from the
/// nearest float in one of ten cases, by an ulp, which an angle multiplies by a time near 1000.
float published_exp(float x) {
  const double powers = std::nearbyint(x * std::numbers::log2e);
  const auto rest = static_cast<float>(x - powers * std::numbers::ln2);
  const auto minus_one = static_cast<float>(std::expm1(static_cast<double>(rest)));
  return std::ldexp(1.0F + minus_one, static_cast<int>(powers));
}

/// f_k = 10000^(-k / (half - 1)).
std::vector<float> positional_frequencies(Index half) {
  const auto rate = static_cast<float>(-std::log(10000.0) / static_cast<double>(half - 1));
  std::vector<float> f;
  for (Index k = 0; k < half; ++k) f.push_back(published_exp(static_cast<float>(k) * rate));
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

Tensor fourier_embedding(const std::vector<double>& x, const std::vector<Real>& frequencies) {
  check_labels(x);
  const auto D = static_cast<Index>(frequencies.size());
  return sinusoids(
      static_cast<Index>(x.size()), D, 2 * D, [&](std::size_t n, std::size_t k) -> double {
        const float turns = static_cast<float>(x[n]) * static_cast<float>(frequencies[k]);
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
  return fourier_embedding(logs, *on_host_.of(frequencies_));
}

Tensor TimeEmbedding::forward(const std::vector<double>& labels) const {
  const Tensor at = features(labels).to(device_of(linear_0_));
  const Tensor h = activate(options_.activation, linear_0_.forward(at));
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
