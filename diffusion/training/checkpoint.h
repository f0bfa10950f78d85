#pragma once
// Checkpoints: a safetensors file with everything that a run needs to go on bit for bit, and that
// samples need. It holds only what defines the result, so equal runs write equal bytes.
//
//   network.NAME, ema.NAME, ...   see diffusion/training/optimiser_state.h
//   prior.NAME                    the prior that a soft diffusion was given by the data
//   metadata: "format", "step" (steps done), "config" (definition() as JSON), "data" (JSON: what
//   the images were, with a digest of their pixels)

#include <nlohmann/json.hpp>
#include <string>

#include "diffusion/training/trainer.h"
#include "engine/safetensors.h"

namespace ito {

/// What the training images were.
struct DataDescription {
  Index images = 0;
  Shape item;
  int levels = 256;
  std::string digest;  ///< of sizes and values (64-bit FNV-1a), as hexadecimal digits

  bool operator==(const DataDescription&) const = default;
};
/// `labelled`: the digest covers the labels too.
DataDescription describe(const ImageSet& images, bool labelled = false);

/// A checkpoint in memory.
struct Checkpoint {
  Index step = 0;
  nlohmann::json config;
  DataDescription data;
  SafeTensors file;

  /// The tensors of a group ("network", "ema", ...) by the names that follow.
  nn::TensorMap group(const std::string& name) const;
};

/// Writes the trainer's state. A failure leaves an older file as it was.
void write_checkpoint(const std::string& path, Trainer& trainer, Overwrite overwrite);

/// A checkpoint of a network's state alone, got elsewhere: samples can be drawn from it, but no
/// training goes on from it.
SafeTensors weights_checkpoint(const TrainingConfig& config, Index step,
                               const nn::TensorMap& network, bool averaged);

bool is_checkpoint(const SafeTensors& file);
/// Is there nothing but the network in it?
bool is_weights_alone(const Checkpoint& checkpoint);
/// And are they known to be averages?
bool is_average_alone(const Checkpoint& checkpoint);
/// Throws Error naming the file for one that is not a checkpoint of this program.
Checkpoint read_checkpoint(const std::string& path);
Checkpoint to_checkpoint(SafeTensors file);

/// Throws Error naming the file and the first names and shapes that differ unless the checkpoint is
/// of this network.
void check_network(const nn::Module& network, const Checkpoint& checkpoint);

/// Brings the trainer to the state of the checkpoint. Throws Error, with nothing changed, when it
/// holds weights alone, when the network is another one (listing the first names and shapes that
/// differ), when the configuration differs in what defines the result (listing the keys), or when
/// the images are others.
void restore(Trainer& trainer, const Checkpoint& checkpoint);

}  // namespace ito
