#pragma once
// The training states that PyTorch implementations of score models save.

#include "diffusion/import/published_weights.h"
#include "diffusion/import/torch_file.h"

namespace ito {

/// Takes the weights from one of
///   - the state of Song et al. (2021): {"model": state dict, "ema": {"shadow_params": [...]},
///     "step": k, ...}, where the averages are listed in the order of the trained parameters;
///   - the list of Song and Ermon (2020): [state dict, optimiser, epoch, step, averages], the
///     averages under the names of the parameters, if present;
///   - a state dict alone.
/// A prefix "module." of names is dropped. Throws Error when the file is none of these, or when the
/// averages do not fit the model.
PublishedWeights read_training_state(const TorchFile& file, Weights wanted);

}  // namespace ito
