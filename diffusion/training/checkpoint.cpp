#include "diffusion/training/checkpoint.h"

#include <charconv>

#include "diffusion/training/optimiser_state.h"
#include "engine/digest.h"

namespace ito {
namespace {

using nlohmann::json;

constexpr const char* format = "ito checkpoint 1";

json to_json(const DataDescription& data) {
  return {{"images", data.images},
          {"shape", std::vector<Index>(data.item.begin(), data.item.end())},
          {"levels", data.levels},
          {"digest", data.digest}};
}

DataDescription data_from_json(const json& data) {
  DataDescription out;
  out.images = data.at("images").get<Index>();
  const auto sizes = data.at("shape").get<std::vector<Index>>();
  out.item = Shape(sizes.begin(), sizes.end());
  out.levels = data.at("levels").get<int>();
  out.digest = data.at("digest").get<std::string>();
  return out;
}

/// Lists "section.key: theirs, here ours" for what differs.
std::string differences(const json& theirs, const json& ours) {
  std::string out;
  for (const json& change : json::diff(theirs, ours)) {
    const json::json_pointer key(change.at("path").get<std::string>());
    const auto show = [&](const json& in) {
      return in.contains(key) ? in.at(key).dump() : std::string("absent");
    };
    out += (out.empty() ? "" : "; ") + key.to_string().substr(1) + " was " + show(theirs) +
           ", is " + show(ours);
  }
  return out;
}

/// What the trainer learns from: labels too where the network is told classes.
DataDescription description_for(const Trainer& trainer) {
  return describe(trainer.images(), trainer.network().classes() > 0);
}

void check_same_run(const Trainer& trainer, const Checkpoint& checkpoint) {
  const std::string changed = differences(checkpoint.config, definition(trainer.config()));
  if (!changed.empty()) {
    fail("resume", checkpoint.file.source, ": the configuration has changed: ", changed);
  }
  if (description_for(trainer) != checkpoint.data) {
    fail("resume", checkpoint.file.source, ": trained on ", checkpoint.data.images, " images ",
         checkpoint.data.item, "; those of ", trainer.images().source, " are others");
  }
}

Index parse_step(const std::string& digits, const std::string& source) {
  Index step = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (error != std::errc() || end != digits.data() + digits.size() || step < 0) {
    fail("checkpoint", source, ": its \"step\" is not a number: ", printable(digits));
  }
  return step;
}

}  // namespace

DataDescription describe(const ImageSet& images, bool labelled) {
  Digest digest;
  digest.add(&images.count, sizeof images.count);
  digest.add(images.item.begin(), images.item.size() * sizeof(Index));
  digest.add(images.pixels.data(), images.pixels.size());
  digest.add(images.reals.data(), images.reals.size() * sizeof(Real));
  if (labelled) digest.add(images.labels.data(), images.labels.size() * sizeof(int));
  return {images.count, images.item, images.levels, digest.text()};
}

nn::TensorMap Checkpoint::group(const std::string& name) const { return group_of(file, name); }

void write_checkpoint(const std::string& path, Trainer& trainer, Overwrite overwrite) {
  SafeTensors file;
  add_training_state(file, trainer.network(), trainer.adam(), trainer.ema());
  for (const auto& [name, value] : trainer.generator().state()) file.add("prior." + name, value);
  file.metadata = {{"format", format},
                   {"step", text(trainer.steps_done())},
                   {"config", definition(trainer.config()).dump()},
                   {"data", to_json(description_for(trainer)).dump()}};
  write_safetensors(path, file, overwrite);
}

SafeTensors weights_checkpoint(const TrainingConfig& config, Index step,
                               const nn::TensorMap& network, bool averaged) {
  SafeTensors file;
  for (const auto& [name, value] : network) file.add("network." + name, value);
  const DataDescription unknown = {.images = 0, .item = item_shape(config.model), .digest = ""};
  file.metadata = {{"format", format},
                   {"step", text(step)},
                   {"config", definition(config).dump()},
                   {"data", to_json(unknown).dump()}};
  if (averaged) file.metadata["weights"] = "averaged";
  return file;
}

bool is_average_alone(const Checkpoint& checkpoint) {
  const auto it = checkpoint.file.metadata.find("weights");
  return it != checkpoint.file.metadata.end() && it->second == "averaged";
}

bool is_weights_alone(const Checkpoint& checkpoint) { return checkpoint.group("ema").empty(); }

bool is_checkpoint(const SafeTensors& file) {
  const auto it = file.metadata.find("format");
  return it != file.metadata.end() && it->second == format;
}

Checkpoint to_checkpoint(SafeTensors file) {
  if (!is_checkpoint(file)) fail("checkpoint", file.source, ": not a checkpoint of ito train");
  Checkpoint out;
  out.step = parse_step(file.meta("step"), file.source);
  try {
    out.config = json::parse(file.meta("config"));
    out.data = data_from_json(json::parse(file.meta("data")));
  } catch (const json::exception& e) {
    fail("checkpoint", file.source, ": its metadata is damaged: ", e.what());
  }
  out.file = std::move(file);
  return out;
}

Checkpoint read_checkpoint(const std::string& path) {
  return to_checkpoint(read_safetensors(path));
}

void check_network(const nn::Module& network, const Checkpoint& checkpoint) {
  std::vector<nn::Expected> state;
  for (const nn::Parameter& p : network.state()) state.push_back({p.name, p.value->shape()});
  nn::check_match(checkpoint.file.source.c_str(), state, checkpoint.group("network"),
                  nn::Extra::refuse);
}

void restore(Trainer& trainer, const Checkpoint& checkpoint) {
  check_network(trainer.network(), checkpoint);
  if (is_weights_alone(checkpoint)) {
    fail("resume", checkpoint.file.source, ": holds weights alone; training cannot go on from it");
  }
  check_same_run(trainer, checkpoint);
  restore_training_state(checkpoint.file, checkpoint.step, trainer.network(), trainer.adam(),
                         trainer.ema());
}

}  // namespace ito
