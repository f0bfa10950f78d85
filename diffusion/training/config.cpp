#include "diffusion/training/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "diffusion/training/named.h"
#include "engine/file.h"
#include "nn/json_reader.h"

namespace ito {
namespace {

using nlohmann::json;
using nn::JsonReader;

constexpr std::array<Named<Range>, 3> ranges = {
    {{"unit", Range::unit}, {"centered", Range::centered}, {"stored", Range::stored}}};
constexpr std::array<Named<ObjectiveConfig::Type>, 2> objectives = {
    {{"denoising", ObjectiveConfig::Type::denoising}, {"ddpm", ObjectiveConfig::Type::ddpm}}};
constexpr std::array<Named<Weighting>, 2> weightings = {
    {{"variance", Weighting::variance}, {"likelihood", Weighting::likelihood}}};
constexpr std::array<Named<Reduction>, 2> reductions = {
    {{"mean", Reduction::mean}, {"half_sum", Reduction::half_sum}}};

template <class Value, std::size_t n>
void read_name(JsonReader& reader, const char* where, const char* key, Value& value,
               const std::array<Named<Value>, n>& table) {
  reader.read(key, value, [&](const auto& name) { return value_named(where, table, name); });
}

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

void read(const json& section, DataConfig& c) {
  JsonReader reader("data", section);
  reader.read("source", c.source);
  reader.read("size", c.size);
  reader.read("held_out", c.held_out);
  read_name(reader, "data", "range", c.range, ranges);
  reader.read("flip", c.flip);
  reader.finish();
  in_range("data", "size", c.size, 0, 1 << 16);
  in_range("data", "held_out", c.held_out, 0);
}

void read(const json& section, ModelConfig& c) { c = model_from_json(section); }
void read(const json& section, SdeConfig& c) { c = sde_from_json(section); }

void read(const json& section, ObjectiveConfig& c) {
  JsonReader reader("objective", section);
  read_name(reader, "objective", "type", c.type, objectives);
  read_name(reader, "objective", "weighting", c.weighting, weightings);
  read_name(reader, "objective", "reduction", c.reduction, reductions);
  reader.read("eps", c.eps);
  reader.finish();
  positive("objective", "eps", c.eps, 0.5);
}

void read(const json& section, nn::AdamConfig& c) {
  JsonReader reader("optimiser", section);
  reader.read("learning_rate", c.learning_rate);
  reader.read("beta1", c.beta1);
  reader.read("beta2", c.beta2);
  reader.read("eps", c.eps);
  reader.read("weight_decay", c.weight_decay);
  reader.read("warmup", c.warmup);
  reader.read("clip", c.clip);
  reader.finish();
}

void read(const json& section, EmaConfig& c) {
  JsonReader reader("ema", section);
  reader.read("decay", c.decay);
  reader.read("warmup", c.warmup);
  reader.finish();
  if (!(c.decay >= 0 && c.decay <= 1)) {
    fail("ema", "\"decay\": expected a number in [0, 1], got ", c.decay);
  }
}

void read(const json& section, BatchConfig& c) {
  JsonReader reader("batch", section);
  reader.read("size", c.size);
  reader.read("accumulate", c.accumulate);
  reader.finish();
  in_range("batch", "size", c.size, 1, 1 << 20);
  in_range("batch", "accumulate", c.accumulate, 1, c.size);
}

void read(const json& value, std::uint64_t& seed) {
  const bool negative = !value.is_number_unsigned() && value.is_number_integer() && value < 0;
  if (!value.is_number_integer() || negative) {
    fail("config", "\"seed\": expected a whole number of at least 0, got ", value.dump());
  }
  seed = value.get<std::uint64_t>();
}

void read(const json& section, SamplingConfig& c) {
  JsonReader reader("sampling", section);
  reader.read("predictor", c.predictor);
  reader.read("corrector", c.corrector);
  reader.read("steps", c.steps);
  reader.read("eps", c.eps);
  reader.read("snr", c.snr);
  reader.read("corrector_steps", c.corrector_steps);
  reader.read("denoise", c.denoise);
  reader.read("probability_flow", c.probability_flow);
  reader.finish();
  in_range("sampling", "steps", c.steps, 1, 1 << 24);
  in_range("sampling", "corrector_steps", c.corrector_steps, 1, 1 << 16);
  positive("sampling", "eps", c.eps, 0.5);
  positive("sampling", "snr", c.snr, 1e3);
}

void read(const json& section, RunConfig& c) {
  JsonReader reader("run", section);
  reader.read("steps", c.steps);
  reader.read("threads", c.threads);
  reader.read("log_every", c.log_every);
  reader.read("held_out_every", c.held_out_every);
  reader.read("held_out_images", c.held_out_images);
  reader.read("checkpoint_every", c.checkpoint_every);
  reader.read("sample_every", c.sample_every);
  reader.read("samples", c.samples);
  reader.finish();
  in_range("run", "steps", c.steps, 1);
  in_range("run", "threads", c.threads, 0, 1024);
  in_range("run", "samples", c.samples, 0, 1 << 16);
  for (const Index every : {c.log_every, c.held_out_every, c.checkpoint_every, c.sample_every}) {
    in_range("run", "..._every", every, 1);
  }
  in_range("run", "held_out_images", c.held_out_images, 0);
}

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
  f("sampling", c.sampling);
  f("run", c.run);
}

json write(const DataConfig& c) {
  return {{"source", c.source},
          {"size", c.size},
          {"held_out", c.held_out},
          {"range", name_of(ranges, c.range)},
          {"flip", c.flip}};
}

json write(const ModelConfig& c) { return model_to_json(c); }
json write(const SdeConfig& c) { return sde_to_json(c); }

json write(const ObjectiveConfig& c) {
  return {{"type", name_of(objectives, c.type)},
          {"weighting", name_of(weightings, c.weighting)},
          {"reduction", name_of(reductions, c.reduction)},
          {"eps", c.eps}};
}

json write(const nn::AdamConfig& c) {
  return {
      {"learning_rate", c.learning_rate}, {"beta1", c.beta1},   {"beta2", c.beta2}, {"eps", c.eps},
      {"weight_decay", c.weight_decay},   {"warmup", c.warmup}, {"clip", c.clip}};
}

json write(const EmaConfig& c) { return {{"decay", c.decay}, {"warmup", c.warmup}}; }
json write(const BatchConfig& c) { return {{"size", c.size}, {"accumulate", c.accumulate}}; }
json write(std::uint64_t seed) { return seed; }

json write(const SamplingConfig& c) {
  return {{"predictor", c.predictor},
          {"corrector", c.corrector},
          {"steps", c.steps},
          {"eps", c.eps},
          {"snr", c.snr},
          {"corrector_steps", c.corrector_steps},
          {"denoise", c.denoise},
          {"probability_flow", c.probability_flow}};
}

json write(const RunConfig& c) {
  return {{"steps", c.steps},
          {"threads", c.threads},
          {"log_every", c.log_every},
          {"held_out_every", c.held_out_every},
          {"held_out_images", c.held_out_images},
          {"checkpoint_every", c.checkpoint_every},
          {"sample_every", c.sample_every},
          {"samples", c.samples}};
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
    if (config.contains(name)) read(config.at(name), section);
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
  read(section, out);
  return out;
}

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
    fill_sizes(model, images.item);
  }
  TrainingConfig out = config_from_json(config);
  if (item_shape(out.model) != images.item) {
    fail("train", "the model is for images ", item_shape(out.model), ", those of ", images.source,
         " are ", images.item);
  }
  return out;
}

}  // namespace ito
