#include "nn/networks/unet_check.h"

namespace ito::nn {

namespace {

void check_numbers(const char* where, const UnetSizes& s) {
  const auto at_least = [&](const char* key, Index value, Index least) {
    if (value < least) fail(where, "\"", key, "\": expected at least ", least, ", got ", value);
  };
  at_least("image_size", s.image_size, 1);
  at_least("channels", s.channels, 1);
  at_least("width", s.width, 4);
  at_least("blocks", s.blocks, 1);
  at_least("groups", s.groups.max, 1);
  at_least("multipliers (their number)", static_cast<Index>(s.multipliers.size()), 1);
  for (const Index m : s.multipliers) at_least("multipliers", m, 1);
  if (!(s.dropout >= 0 && s.dropout < 1)) {
    fail(where, "\"dropout\": expected a probability in [0, 1), got ", s.dropout);
  }
}

void check_resolutions(const char* where, const UnetSizes& s) {
  const auto halvings = static_cast<Index>(s.multipliers.size()) - 1;
  if (halvings > 30 || s.image_size % (Index(1) << halvings) != 0) {
    fail(where, "\"image_size\": expected a multiple of 2^", halvings, " for ", halvings + 1,
         " levels, got ", s.image_size);
  }
  for (const Index wanted : s.attention) {
    bool found = false;
    for (Index i = 0; i <= halvings; ++i) found = found || s.image_size >> i == wanted;
    if (!found) {
      fail(where, "\"attention\": no level has resolution ", wanted, "; the levels have ",
           s.image_size, " down to ", s.image_size >> halvings);
    }
  }
}

/// Follows the features through the network: the way up also normalises them beside the skips.
void check_groups(const UnetSizes& s) {
  std::vector<Index> skips = {s.width};
  Index h = s.width;
  const auto normalised = [&](Index channels, Index out) {
    s.groups.of(channels);
    s.groups.of(out);
    h = out;
  };
  for (std::size_t level = 0; level < s.multipliers.size(); ++level) {
    for (Index b = 0; b < s.blocks; ++b) {
      normalised(h, s.width * s.multipliers[level]);
      skips.push_back(h);
    }
    if (level + 1 == s.multipliers.size()) continue;
    if (s.widened) h *= 2;
    skips.push_back(h);
  }
  for (std::size_t level = s.multipliers.size(); level-- > 0;) {
    for (Index b = 0; b <= s.blocks; ++b) {
      normalised(h + skips.back(), s.width * s.multipliers[level]);
      skips.pop_back();
    }
  }
}

}  // namespace

void check_unet(const char* where, const UnetSizes& sizes) {
  check_numbers(where, sizes);
  check_resolutions(where, sizes);
  check_groups(sizes);
}

}  // namespace ito::nn
