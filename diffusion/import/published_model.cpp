#include "diffusion/import/published_model.h"

#include <nlohmann/json.hpp>

#include "engine/file.h"
#include "nn/networks/ddpm_diffusers.h"
#include "nn/networks/ddpm_published.h"
#include "nn/networks/ncsn_published.h"
#include "nn/networks/ncsnpp_published.h"
#include "nn/networks/presets.h"

namespace ito {
namespace {

using nlohmann::json;

constexpr const char* where = "published config";

struct PublishedNames {
  nn::NameTable operator()(const nn::DdpmConfig& c) const {
    return c.attention_each_up ? ddpm_diffusers_names(c) : ddpm_published_names(c);
  }
  nn::NameTable operator()(const nn::NcsnppConfig& c) const { return ncsnpp_published_names(c); }
  nn::NameTable operator()(const nn::NcsnConfig& c) const { return ncsn_published_names(c); }
  nn::NameTable operator()(const nn::MlpConfig&) const {
    fail("published names", "there are none for an MLP");
  }
};

ModelConfig published_model(const json& config) {
  const std::string name = config.at("model").at("name");
  if (name == "ddpm") return nn::ddpm_config_from_published(config);
  if (name == "ncsnpp") return nn::ncsnpp_config_from_published(config);
  if (name.starts_with("ncsn")) return nn::ncsn_config_from_published(config);
  fail(where, "expected the model ddpm, ncsnpp, ncsn or ncsnv2_..., got ", printable(name));
}

/// What the rest of a configuration follows from when nobody says it.
struct Kind {
  SdeConfig::Type sde = SdeConfig::Type::vp;
  bool continuous = false;
};

Kind kind_of(const nn::DdpmConfig& c) {
  return {c.scale_by_sigma ? SdeConfig::Type::ve : SdeConfig::Type::vp, false};
}
Kind kind_of(const nn::NcsnppConfig& c) {
  return {c.scale_by_sigma ? SdeConfig::Type::ve : SdeConfig::Type::vp,
          c.embedding == nn::TimeEmbedding::Kind::fourier};
}
Kind kind_of(const nn::NcsnConfig&) { return {SdeConfig::Type::ve, false}; }
Kind kind_of(const nn::MlpConfig&) { return {}; }

bool centered(const nn::MlpConfig&) { return false; }
template <class ImageConfig>
bool centered(const ImageConfig& c) {
  return !c.scale_input;
}

/// As Song et al. (2021) sample: predictor and corrector for VE, the predictor alone for VP.
SamplingConfig usual_sampling(SdeConfig::Type sde) {
  SamplingConfig sampling;
  if (sde == SdeConfig::Type::ve) {
    sampling.predictor = "reverse_diffusion";
    sampling.corrector = "langevin";
    sampling.eps = 1e-5;
  }
  return sampling;
}

TrainingConfig complete(const ModelConfig& model, Kind kind) {
  TrainingConfig config;
  config.model = model;
  const bool is_centered = std::visit([](const auto& c) { return centered(c); }, model);
  config.data.range = is_centered ? Range::centered : Range::unit;
  config.sde.type = kind.sde;
  config.objective.type = ObjectiveConfig::Type::denoising;
  if (!kind.continuous) {
    config.objective.type =
        kind.sde == SdeConfig::Type::ve ? ObjectiveConfig::Type::smld : ObjectiveConfig::Type::ddpm;
  }
  config.sampling = usual_sampling(kind.sde);
  return config;
}

SdeConfig::Type sde_named(const std::string& name) {
  if (name == "vpsde") return SdeConfig::Type::vp;
  if (name == "subvpsde") return SdeConfig::Type::subvp;
  if (name == "vesde") return SdeConfig::Type::ve;
  fail(where, "expected the SDE vpsde, subvpsde or vesde, got ", printable(name));
}

void read_sde(const json& model, SdeConfig& sde) {
  sde.beta_min = model.value("beta_min", sde.beta_min);
  sde.beta_max = model.value("beta_max", sde.beta_max);
  sde.sigma_min = model.value("sigma_min", sde.sigma_min);
  sde.sigma_max = model.value("sigma_max", sde.sigma_max);
  sde.N = model.value("num_scales", sde.N);
}

void read_sampling(const json& sampling, SamplingConfig& out) {
  out.predictor = sampling.value("predictor", out.predictor);
  if (out.predictor == "ancestral_sampling") out.predictor = "ancestral";
  out.corrector = sampling.value("corrector", out.corrector);
  out.snr = sampling.value("snr", out.snr);
  out.corrector_steps = sampling.value("n_steps_each", out.corrector_steps);
  out.denoise = sampling.value("noise_removal", out.denoise);
  out.probability_flow = sampling.value("probability_flow", out.probability_flow);
}

TrainingConfig song_config(const json& json_config) {
  const ModelConfig model = published_model(json_config);
  Kind kind = std::visit([](const auto& c) { return kind_of(c); }, model);
  const json training = json_config.value("training", json::object());
  kind.continuous = training.value("continuous", kind.continuous);
  if (training.contains("sde")) kind.sde = sde_named(training.at("sde"));
  TrainingConfig config = complete(model, kind);
  read_sde(json_config.at("model"), config.sde);
  config.sampling.steps = config.sde.N;
  read_sampling(json_config.value("sampling", json::object()), config.sampling);
  return config;
}

TrainingConfig diffusers_config(const json& json_config) {
  TrainingConfig config = complete(nn::ddpm_config_from_diffusers(json_config), {});
  config.sampling.predictor = "ancestral";
  return config;
}

/// Noise levels that the network itself knows.
void take_levels(const nn::NcsnppConfig& c, SdeConfig& sde) {
  sde.sigma_min = c.sigma_min;
  sde.sigma_max = c.sigma_max;
  sde.N = c.num_scales;
}
void take_levels(const nn::NcsnConfig& c, SdeConfig& sde) {
  sde.sigma_min = c.sigma_min;
  sde.sigma_max = c.sigma_max;
  sde.N = c.num_scales;
}
void take_levels(const nn::DdpmConfig&, SdeConfig&) {}

}  // namespace

TrainingConfig published_config(const json& config) try {
  if (!config.is_object()) fail(where, "expected a JSON object");
  if (config.contains("_class_name")) return diffusers_config(config);
  const json model = config.value("model", json::object());
  if (model.contains("name")) return song_config(config);
  return config_from_json(config);
} catch (const json::exception& e) {
  fail(where, e.what());
}

TrainingConfig published_preset(const std::string& name) {
  const nn::NetworkPreset& preset = nn::network_preset(name);
  return std::visit(
      [&](const auto& network) {
        Kind kind = kind_of(network);
        const bool named = name.find("continuous") != name.npos || name.find("deep") != name.npos;
        kind.continuous = kind.continuous || named;
        TrainingConfig config = complete(network, kind);
        take_levels(network, config.sde);
        config.sampling.steps = config.sde.N;
        return config;
      },
      preset.config);
}

nn::NameTable published_names(const ModelConfig& model) {
  return std::visit(PublishedNames{}, model);
}

}  // namespace ito
