#pragma once
// The published names of the tensors within one layer or block.

#include "nn/published_names.h"

namespace ito::nn {

NameTable published_linear();
NameTable published_conv2d();
NameTable published_group_norm();
NameTable published_residual_block(bool with_shortcut);
NameTable published_attention_block();
/// Downsample and Upsample; empty without convolution.
NameTable published_resample(bool with_conv);

/// Appends the rows of a part: under `published`.NAME there, `ours`.NAME here.
void append_part(NameTable& table, const std::string& published, const std::string& ours,
                 const NameTable& part);

}  // namespace ito::nn
