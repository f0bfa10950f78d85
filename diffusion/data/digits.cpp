#include "diffusion/data/digits.h"

#include <numeric>
#include <string_view>

namespace ito {
namespace {

constexpr Index images = 1797, train_images = 1500;
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

Dataset digits_split() {
  const ImageSet all = digits();
  std::vector<Index> rows(static_cast<std::size_t>(images));
  std::iota(rows.begin(), rows.end(), Index{0});
  const std::span<const Index> order = rows;
  return {subset(all, order.first(train_images)), subset(all, order.subspan(train_images))};
}

}  // namespace ito
