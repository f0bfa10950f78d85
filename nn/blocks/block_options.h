#pragma once
// What the blocks of one U-Net have in common.

#include <vector>

#include "nn/layers/activation.h"
#include "nn/layers/group_norm.h"

namespace ito::nn {

/// Whose residual blocks: those of DDPM (Ho et al. 2020), which leave the size to other layers, or
/// those of BigGAN (Brock et al. 2019), which can also halve or double it.
enum class BlockKind { ddpm, biggan };

struct BlockOptions {
  Index embedding = 512;  ///< features of the time embedding; 0: the blocks have none
  Activation activation = Activation::swish;
  Groups groups = {};
  double dropout = 0;
  BlockKind kind = BlockKind::ddpm;
  std::vector<double> fir = {};  ///< taps of the filter of all resampling; none: no filter
  bool skip_rescale = false;     ///< divide sums of two paths by sqrt 2, which keeps their variance
};

/// What the sum of two paths is multiplied by.
double join_scale(bool skip_rescale);
/// The sum of two paths, so multiplied.
Tensor joined(const Tensor& x, const Tensor& h, bool skip_rescale);

/// Throws for a name that is neither ddpm nor biggan.
BlockKind block_kind_named(const std::string& name);
std::string name_of(BlockKind kind);

}  // namespace ito::nn
