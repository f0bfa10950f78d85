#include "diffusion/data/digits.h"

#include <string_view>

namespace ito {
namespace {

constexpr Index images = 1797, held_out_images = 297;
constexpr std::size_t values = 64, characters = 1 + values;

}  // namespace

ImageSet digits() {
  ImageSet set;
  set.count = images;
  set.item = {8, 8, 1};
  set.levels = 17;
  set.source = "digits";
  std::string_view rest = detail::digits_text;
  for (; !rest.empty(); rest.remove_prefix(characters)) {
    set.labels.push_back(rest[0] - '0');
    for (const char c : rest.substr(1, values)) {
      set.pixels.push_back(static_cast<std::uint8_t>(c - 'A'));
    }
  }
  return set;
}

Dataset digits_split() { return hold_out(digits(), held_out_images); }

}  // namespace ito
