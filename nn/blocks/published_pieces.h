#pragma once
// The published names of the tensors within one layer or block.

#include "nn/blocks/block_options.h"
#include "nn/published_names.h"

namespace ito::nn {

NameTable published_linear();
NameTable published_conv2d();
NameTable published_group_norm();

/// What a residual block has between its input and the sum.
enum class Shortcut { none, pointwise, wide };
/// The published blocks of BigGAN's kind call a pointwise shortcut otherwise than those of DDPM.
NameTable published_residual_block(const BlockOptions& options, Shortcut shortcut);
NameTable published_attention_block();
/// Downsample and Upsample; empty without convolution.
NameTable published_resample(bool with_conv, bool with_fir);
NameTable published_combine();

/// Appends the rows of a part: under `published`.NAME there, `ours`.NAME here.
void append_part(NameTable& table, const std::string& published, const std::string& ours,
                 const NameTable& part);

/// Walks the published list of modules, "all_modules.I", in the order of their use.
class PublishedWalk {
 public:
  void module(const std::string& ours, const NameTable& part);

  NameTable table;

 private:
  Index index_ = 0;
};

}  // namespace ito::nn
