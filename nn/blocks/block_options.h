#pragma once
// What the blocks of one U-Net have in common.

#include "nn/layers/activation.h"
#include "nn/layers/group_norm.h"

namespace ito::nn {

struct BlockOptions {
  Index embedding = 512;  ///< features of the time embedding
  Activation activation = Activation::swish;
  Groups groups = {};
  double dropout = 0;
};

}  // namespace ito::nn
