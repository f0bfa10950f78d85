#pragma once
// What every U-Net asks of its configuration.

#include <vector>

#include "nn/layers/group_norm.h"

namespace ito::nn {

struct UnetSizes {
  Index image_size, channels, width;
  std::vector<Index> multipliers;
  Index blocks;
  std::vector<Index> attention;
  double dropout;
  Groups groups;
  bool widened = false;  ///< halving doubles the channels (NCSN++ with concatenated input)
};

/// Throws for what no network can be built from: sizes below 1, an image that cannot be halved
/// between the levels, attention at a resolution that no level has, groups that do not divide the
/// features that some block normalises. `where` begins the message.
void check_unet(const char* where, const UnetSizes& sizes);

}  // namespace ito::nn
