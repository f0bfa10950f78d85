#pragma once
// A score network for vectors: a residual multilayer perceptron with a time embedding.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "nn/layers/time_embedding.h"
#include "nn/networks/score_network.h"

namespace ito::nn {

struct MlpConfig {
  Index dimension = 2;
  Index width = 128;  ///< features of every layer
  Index blocks = 3;   ///< residual blocks
  TimeEmbedding::Kind embedding = TimeEmbedding::Kind::positional;
  Index embedding_dim = 64;
  double fourier_scale = 16;
  Activation activation = Activation::swish;
};

/// Throws for sizes that no network can be built from.
void check(const MlpConfig& config);

/// Throws for unknown keys and values of the wrong kind; absent keys keep their defaults.
void from_json(const nlohmann::json& json, MlpConfig& config);
void to_json(nlohmann::json& json, const MlpConfig& config);

/// h + linear_1(act(linear_0(act(h)) + time(act(temb)))); linear_1 starts at zero.
class MlpBlock : public Module {
 public:
  MlpBlock(Index width, Activation activation);

  /// h, temb [N, width] -> [N, width].
  Tensor forward(const Tensor& h, const Tensor& temb) const;

 private:
  Activation activation_;
  Linear linear_0_, time_, linear_1_;
};

/// x [N, D] -> like x. Positional labels as for images (t * 999), Fourier labels are noise levels.
class Mlp : public ScoreNetwork {
 public:
  /// Throws what `check` throws. All parameters are zero until initialised or loaded.
  explicit Mlp(const MlpConfig& config);

  Tensor forward(const Tensor& x, const std::vector<double>& labels,
                 const RandomStream* dropout = nullptr) const override;

  const MlpConfig& config() const { return config_; }

 private:
  MlpConfig config_;
  TimeEmbedding time_;
  Linear first_;
  std::vector<std::unique_ptr<MlpBlock>> blocks_;
  Linear last_;
};

}  // namespace ito::nn
