#include "nn/networks/mlp.h"

#include "engine/ops.h"
#include "nn/json_fields.h"

namespace ito::nn {

namespace {

constexpr const char* in_mlp_config = "mlp config";

const MlpConfig& checked(const MlpConfig& config) {
  check(config);
  return config;
}

template <class Fields, SameAs<MlpConfig> Config>
void fields(Fields& f, Config& c) {
  f("dimension", c.dimension);
  f("width", c.width);
  f("blocks", c.blocks);
  f("embedding", c.embedding, time_embedding_named);
  f("embedding_dim", c.embedding_dim);
  f("fourier_scale", c.fourier_scale);
  f("activation", c.activation, activation_named);
}

TimeEmbedding::Options time_options(const MlpConfig& config) {
  return {.kind = config.embedding,
          .dim = config.embedding_dim,
          .out = config.width,
          .fourier_scale = config.fourier_scale,
          .activation = config.activation};
}

}  // namespace

void check(const MlpConfig& config) {
  const auto at_least = [](const char* key, Index value, Index least) {
    if (value < least)
      fail(in_mlp_config, "\"", key, "\": expected at least ", least, ", got ", value);
  };
  at_least("dimension", config.dimension, 1);
  at_least("width", config.width, 1);
  at_least("blocks", config.blocks, 0);
  at_least("embedding_dim", config.embedding_dim,
           config.embedding == TimeEmbedding::Kind::positional ? 4 : 1);
}

void from_json(const nlohmann::json& json, MlpConfig& config) {
  ReadFields reader(in_mlp_config, json);
  fields(reader, config);
  reader.finish();
  check(config);
}

void to_json(nlohmann::json& json, const MlpConfig& config) {
  WriteFields writer;
  fields(writer, config);
  json = writer.json();
}

MlpBlock::MlpBlock(Index width, Activation activation)
    : activation_(activation),
      linear_0_(width, width),
      time_(width, width),
      linear_1_(width, width, 0) {
  add_child("linear_0", linear_0_);
  add_child("time", time_);
  add_child("linear_1", linear_1_);
}

Tensor MlpBlock::forward(const Tensor& h, const Tensor& temb) const {
  const Tensor t = time_.forward(activate(activation_, temb));
  const Tensor inner = linear_0_.forward(activate(activation_, h)) + t;
  return h + linear_1_.forward(activate(activation_, inner));
}

Mlp::Mlp(const MlpConfig& config)
    : config_(checked(config)),
      time_(time_options(config)),
      first_(config.dimension, config.width),
      last_(config.width, config.dimension, 0) {
  add_child("time", time_);
  add_child("first", first_);
  for (Index i = 0; i < config.blocks; ++i) {
    blocks_.push_back(std::make_unique<MlpBlock>(config.width, config.activation));
    add_child(text("block.", i), *blocks_.back());
  }
  add_child("last", last_);
}

Tensor Mlp::forward(const Tensor& x, const std::vector<double>& labels,
                    const RandomStream* /*dropout*/) const {
  if (x.rank() != 2 || x.size(1) != config_.dimension) {
    fail("mlp", "expected vectors [N, ", config_.dimension, "], got ", x.shape());
  }
  if (static_cast<Index>(labels.size()) != x.size(0)) {
    fail("mlp", "expected one label per vector, ", x.size(0), ", got ", labels.size());
  }
  const Tensor temb = time_.forward(labels);
  Tensor h = first_.forward(x);
  for (const auto& block : blocks_) h = block->forward(h, temb);
  return last_.forward(activate(config_.activation, h));
}

}  // namespace ito::nn
