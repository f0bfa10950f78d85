#pragma once
// The published names of the tensors within the blocks of NCSN and NCSNv2.

#include "nn/blocks/ncsn_residual.h"
#include "nn/blocks/refine.h"
#include "nn/published_names.h"

namespace ito::nn {

NameTable published_instance_norm(const InstanceNormOptions& options);
NameTable published_conv_mean_pool();
NameTable published_ncsn_block(Index in, Index out, const NcsnBlockOptions& options);
NameTable published_units(Index blocks, Index stages, const RefineOptions& options);
NameTable published_pooling(Index stages, const RefineOptions& options);
NameTable published_fusion(Index inputs, const RefineOptions& options);
NameTable published_refine(Index inputs, Index output_blocks, const RefineOptions& options);

}  // namespace ito::nn
