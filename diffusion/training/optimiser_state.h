#pragma once
// What a training needs to go on bit for bit, as tensors of a file:
//   network.NAME                        the state of the network (parameters and constants)
//   ema.NAME                            the averaged parameters
//   adam.first.NAME, adam.second.NAME   the optimiser's moments

#include "engine/safetensors.h"
#include "nn/adam.h"

namespace ito {

/// Adds them to `file`.
void add_training_state(SafeTensors& file, const nn::Module& network, const nn::Adam& adam,
                        const nn::Ema& ema);
/// Brings all three to the state after `step` steps that the file holds. Throws Error naming it,
/// with nothing changed, unless names and shapes fit.
void restore_training_state(const SafeTensors& file, Index step, nn::Module& network,
                            nn::Adam& adam, nn::Ema& ema);

/// The tensors of a group ("network", "ema", ...) by the names that follow.
nn::TensorMap group_of(const SafeTensors& file, const std::string& group);

}  // namespace ito
