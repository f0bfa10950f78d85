#pragma once
// Weights as others have published them.

#include <string>

#include "diffusion/training/trained_model.h"

namespace ito {

/// Tensors under published names and in published layouts.
struct PublishedWeights {
  nn::TensorMap tensors;
  Index step = 0;         ///< training steps; 0 if the file does not tell
  bool averaged = false;  ///< of the EMA
  std::string source;
  std::string config = {};  ///< JSON of a TrainingConfig, where the file itself tells it
};

/// Reads a file of torch.save (read_training_state) or safetensors (of diffusers, or with the names
/// of Song et al., as `ito export` writes). Averaged weights are taken where there are any, if
/// asked for. Throws Error naming the file.
PublishedWeights read_published_weights(const std::string& path, Weights wanted);

/// A checkpoint of the weights alone, from which samples can be drawn. Throws Error listing the
/// first names and shapes that are not those of the configured network.
SafeTensors import_weights(const PublishedWeights& weights, const TrainingConfig& config);

/// A checkpoint's weights under their published names, with its configuration in the metadata.
SafeTensors export_weights(const Checkpoint& checkpoint, Weights wanted);

}  // namespace ito
