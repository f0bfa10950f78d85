#pragma once
// Time embeddings: what a network is told about the noise level.

#include <string>
#include <vector>

#include "nn/host_copy.h"
#include "nn/layers/activation.h"
#include "nn/layers/linear.h"
#include "nn/module.h"

namespace ito::nn {

/// Sinusoidal embedding of labels (Vaswani et al. 2017; Ho et al. 2020) -> [N, dim]:
/// [sin(t f), cos(t f)] with f_k = 10000^(-k / (half - 1)), k < half = dim / 2; a zero is appended
/// if dim is odd. Labels, frequencies and their products are rounded to float in every build, as in
/// the published networks: at t = 999 that rounding moves an angle by up to 6e-5, so a network that
/// was trained with it wants the same angles again.
Tensor positional_embedding(const std::vector<double>& labels, Index dim);

/// Gaussian Fourier features (Tancik et al. 2020) -> [N, 2 D]: [sin(2 pi x W), cos(2 pi x W)] for
/// frequencies W [D], which carry their scale. Rounded to float as above.
Tensor fourier_embedding(const std::vector<double>& x, const std::vector<Real>& frequencies);

/// Embedding of one label per sample, followed by Linear, activation, Linear -> [N, out].
class TimeEmbedding : public Module {
 public:
  enum class Kind {
    positional,  ///< of the label itself
    fourier      ///< of the logarithm of the label, a noise level sigma > 0
  };
  struct Options {
    Kind kind = Kind::positional;
    Index dim = 128;            ///< of the sinusoids; number of frequencies of the Fourier features
    Index out = 512;            ///< of both linear layers
    double fourier_scale = 16;  ///< standard deviation of the Fourier frequencies
    Activation activation = Activation::swish;
  };

  explicit TimeEmbedding(const Options& options);

  Tensor forward(const std::vector<double>& labels) const;

 private:
  Tensor features(const std::vector<double>& labels) const;

  Options options_;
  Tensor frequencies_;  ///< [dim], fourier only
  HostCopy on_host_;    ///< of them
  Linear linear_0_, linear_1_;
};

/// Throws for a name that is neither positional nor fourier.
TimeEmbedding::Kind time_embedding_named(const std::string& name);
std::string name_of(TimeEmbedding::Kind kind);

}  // namespace ito::nn
