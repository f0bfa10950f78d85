#include "diffusion/training/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "diffusion/training/objective.h"
#include "engine/file.h"
#include "nn/json_fields.h"

namespace ito {
namespace {

using nlohmann::json;

constexpr nn::Names<Range, 3> ranges = {
    {{"unit", Range::unit}, {"centered", Range::centered}, {"stored", Range::stored}}};
constexpr nn::Names<ObjectiveConfig::Type, 4> objectives = {
    {{"denoising", ObjectiveConfig::Type::denoising},
     {"smld", ObjectiveConfig::Type::smld},
     {"ddpm", ObjectiveConfig::Type::ddpm},
     {"soft", ObjectiveConfig::Type::soft}}};
constexpr nn::Names<Weighting, 2> weightings = {
    {{"variance", Weighting::variance}, {"likelihood", Weighting::likelihood}}};
constexpr nn::Names<Reduction, 2> reductions = {
    {{"mean", Reduction::mean}, {"half_sum", Reduction::half_sum}}};

using kernels::ConvolutionMode;
constexpr nn::Names<ConvolutionMode, 2> convolutions = {
    {{"fast", ConvolutionMode::fast}, {"exact", ConvolutionMode::exact}}};

void in_range(const char* where, const char* key, Index value, Index least,
              Index most = Index{1} << 31) {
  if (value < least || value > most) {
    fail(where, "\"", key, "\": expected ", least, " to ", most, ", got ", value);
  }
}

void positive(const char* where, const char* key, double value, double most) {
  if (!(value > 0 && value <= most)) {
    fail(where, "\"", key, "\": expected a number above 0 and at most ", most, ", got ", value);
  }
}

// The fields of each section, and what their values must be.

template <class Fields, SameAs<DataConfig> Config>
void fields(Fields& f, Config& c) {
  f("source", c.source);
  f("size", c.size);
  f("held_out", c.held_out);
  f("range", c.range, ranges);
  f("flip", c.flip);
}
void check(const DataConfig& c) {
  in_range("data", "size", c.size, 0, 1 << 16);
  in_range("data", "held_out", c.held_out, 0);
}

template <class Fields, SameAs<ObjectiveConfig> Config>
void fields(Fields& f, Config& c) {
  f("type", c.type, objectives);
  if (c.type == ObjectiveConfig::Type::soft) {
    fields(f, c.soft);
  } else {
    f("weighting", c.weighting, weightings);
  }
  f("reduction", c.reduction, reductions);
  f("eps", c.eps);
  if (c.weighting == Weighting::likelihood) f("importance", c.importance);
}
void check(const ObjectiveConfig& c) {
  positive("objective", "eps", c.eps, 0.5);
  if (c.importance && c.type != ObjectiveConfig::Type::denoising) {
    fail("objective", "\"importance\": times can be drawn for the type denoising only");
  }
}

template <class Fields, SameAs<nn::AdamConfig> Config>
void fields(Fields& f, Config& c) {
  f("learning_rate", c.learning_rate);
  f("beta1", c.beta1);
  f("beta2", c.beta2);
  f("eps", c.eps);
  f("weight_decay", c.weight_decay);
  f("warmup", c.warmup);
  f("clip", c.clip);
}
void check(const nn::AdamConfig& /*checks itself*/) {}

template <class Fields, SameAs<EmaConfig> Config>
void fields(Fields& f, Config& c) {
  f("decay", c.decay);
  f("warmup", c.warmup);
}
void check(const EmaConfig& c) {
  if (!(c.decay >= 0 && c.decay <= 1)) {
    fail("ema", "\"decay\": expected a number in [0, 1], got ", c.decay);
  }
}

template <class Fields, SameAs<BatchConfig> Config>
void fields(Fields& f, Config& c) {
  f("size", c.size);
  f("accumulate", c.accumulate);
  f("recompute", c.recompute);
}
void check(const BatchConfig& c) {
  in_range("batch", "size", c.size, 1, 1 << 20);
  in_range("batch", "accumulate", c.accumulate, 1, c.size);
}

template <class Fields, SameAs<SamplingConfig> Config>
void fields(Fields& f, Config& c) {
  f("predictor", c.predictor);
  f("corrector", c.corrector);
  f("steps", c.steps);
  f("eps", c.eps);
  f("snr", c.snr);
  f("corrector_steps", c.corrector_steps);
  f("denoise", c.denoise);
  f("probability_flow", c.probability_flow);
  f("sampler", c.sampler);
  f("grid", c.grid);
  f("tolerance", c.tolerance);
  f("step_size", c.step_size);
  f("leapfrog", c.leapfrog);
  f("quadrature", c.quadrature);
  if (std::is_same_v<Fields, nn::ReadFields> || c.k != 0) f("k", c.k);
  if (c.predictor != "edm" && !std::is_same_v<Fields, nn::ReadFields>) return;
  f("churn", c.churn);
  f("churn_min", c.churn_min);
  f("churn_max", c.churn_max);
  f("churn_noise", c.churn_noise);
}
void check(const SamplingConfig& c) {
  in_range("sampling", "steps", c.steps, 1, 1 << 24);
  in_range("sampling", "corrector_steps", c.corrector_steps, 1, 1 << 16);
  positive("sampling", "eps", c.eps, 0.5);
  positive("sampling", "snr", c.snr, 1e3);
  positive("sampling", "tolerance", c.tolerance, 1);
  if (c.step_size != 0) positive("sampling", "step_size", c.step_size, 1e6);
  in_range("sampling", "leapfrog", c.leapfrog, 1, 1 << 16);
  if (!(c.k >= 0 && c.k <= 1)) fail("sampling", "\"k\": expected 0 to 1, got ", c.k);
  if (c.churn != 0) positive("sampling", "churn", c.churn, 1e6);
  if (c.churn != 0 && c.predictor != "edm")
    fail("sampling", "\"churn\": is for the predictor edm, got ", c.predictor);
  positive("sampling", "churn_noise", c.churn_noise, 1e3);
  if (!(c.churn_min >= 0 && c.churn_max >= c.churn_min))
    fail("sampling", "expected 0 <= churn_min <= churn_max, got ", c.churn_min, " and ",
         c.churn_max);
}

template <class Fields, SameAs<RunConfig> Config>
void fields(Fields& f, Config& c) {
  f("steps", c.steps);
  f("threads", c.threads);
  f("log_every", c.log_every);
  f("held_out_every", c.held_out_every);
  f("held_out_images", c.held_out_images);
  f("checkpoint_every", c.checkpoint_every);
  f("sample_every", c.sample_every);
  f("samples", c.samples);
}
void check(const RunConfig& c) {
  in_range("run", "steps", c.steps, 1);
  in_range("run", "threads", c.threads, 0, 1024);
  in_range("run", "samples", c.samples, 0, 1 << 16);
  for (const Index every : {c.log_every, c.held_out_every, c.checkpoint_every, c.sample_every}) {
    in_range("run", "..._every", every, 1);
  }
  in_range("run", "held_out_images", c.held_out_images, 0);
}

template <class Config>
void read(const char* name, const json& section, Config& c) {
  nn::ReadFields reader(name, section);
  fields(reader, c);
  reader.finish();
  check(c);
}
void read(const char* /*name*/, const json& section, ModelConfig& c) {
  c = model_from_json(section);
}
void read(const char* /*name*/, const json& section, SdeConfig& c) { c = sde_from_json(section); }
void read(const char* /*name*/, const json& value, std::uint64_t& seed) {
  const bool negative = !value.is_number_unsigned() && value.is_number_integer() && value < 0;
  if (!value.is_number_integer() || negative) {
    fail("config", "\"seed\": expected a whole number of at least 0, got ", value.dump());
  }
  seed = value.get<std::uint64_t>();
}

void read(const char* name, const json& value, ConvolutionMode& mode) {
  if (!value.is_string()) fail(name, "expected fast or exact, got ", value.dump());
  mode = nn::value_named(name, convolutions, value.get<std::string>());
}

template <class Config>
json write(const Config& c) {
  nn::WriteFields writer;
  fields(writer, c);
  return writer.json();
}
json write(const ModelConfig& c) { return model_to_json(c); }
json write(const SdeConfig& c) { return sde_to_json(c); }
json write(std::uint64_t seed) { return seed; }
json write(ConvolutionMode mode) { return nn::name_of(convolutions, mode); }

/// Calls f(name, section) for every section, in the order of the file.
template <class Config, class F>
void for_each_section(Config& c, F f) {
  f("data", c.data);
  f("model", c.model);
  f("sde", c.sde);
  f("objective", c.objective);
  f("optimiser", c.optimiser);
  f("ema", c.ema);
  f("batch", c.batch);
  f("seed", c.seed);
  f("convolution", c.convolution);
  f("sampling", c.sampling);
  f("run", c.run);
}

}  // namespace

TrainingConfig config_from_json(const json& config) {
  if (!config.is_object()) fail("config", "expected a JSON object, got ", config.dump());
  TrainingConfig out;
  std::vector<std::string> sections;
  for_each_section(out, [&](const char* name, auto&) { sections.emplace_back(name); });
  for (const auto& [key, value] : config.items()) {
    if (std::ranges::find(sections, key) == sections.end()) {
      fail("config", "unknown key ", printable(key), did_you_mean(key, sections));
    }
  }
  for_each_section(out, [&](const char* name, auto& section) {
    if (config.contains(name)) read(name, config.at(name), section);
  });
  return out;
}

json config_to_json(const TrainingConfig& config) {
  json out;
  for_each_section(config,
                   [&](const char* name, const auto& section) { out[name] = write(section); });
  return out;
}

SamplingConfig sampling_from_json(const json& section) {
  SamplingConfig out;
  read("sampling", section, out);
  return out;
}

json sampling_to_json(const SamplingConfig& config) { return write(config); }

json definition(const TrainingConfig& config) {
  json out = config_to_json(config);
  out.erase("run");
  for (const char* key : {"source", "size", "held_out"}) out["data"].erase(key);
  return out;
}

void overlay(json& base, const json& patch) {
  for (const auto& [section, value] : patch.items()) {
    json& into = base[section];
    const bool merge = value.is_object() && into.is_object();
    const bool retyped =
        merge && value.contains("type") && into.contains("type") && value["type"] != into["type"];
    if (!merge || retyped) {
      into = value;
    } else {
      into.update(value);
    }
  }
}

TrainingConfig resolve(json config, const ImageSet& images) {
  if (config.is_object()) {
    json& model = config["model"];
    if (model.is_null()) model = json::object();
    if (config.contains("sde")) load_schedule(config["sde"], images);
    fill_sizes(model, images.item);
    fill_noise_levels(model, sde_from_json(config.value("sde", json::object())));
  }
  TrainingConfig out = config_from_json(config);
  if (item_shape(out.model) != images.item) {
    fail("train", "the model is for images ", item_shape(out.model), ", those of ", images.source,
         " are ", images.item);
  }
  if (out.sde.type == SdeConfig::Type::soft || out.objective.type == ObjectiveConfig::Type::soft)
    make_objective(out.objective, out.sde, images.item);  // throws for what cannot be
  return out;
}

}  // namespace ito
