#include "diffusion/data/image_set.h"

#include <algorithm>
#include <numeric>

namespace ito {
namespace {

/// Network value of every 8-bit value.
std::vector<Real> value_table(int levels, Range range) {
  std::vector<Real> table(256);
  for (int v = 0; v < 256; ++v) {
    const double unit = static_cast<double>(v) / (levels - 1);
    double value = unit;
    if (range == Range::centered) value = 2.0 * v / (levels - 1) - 1;
    if (range == Range::stored) value = v;
    table[static_cast<std::size_t>(v)] = static_cast<Real>(value);
  }
  return table;
}

/// Copies one item, calling `value(i)` for its element i, mirrored left to right on request.
template <class Value>
void copy_item(const ImageSet& set, bool flip, Real* to, const Value& value) {
  const Index W = set.width(), C = set.channels();
  const Index lines = set.item.elements() / std::max<Index>(1, W * C);
  for (Index line = 0; line < lines; ++line) {
    for (Index x = 0; x < W; ++x) {
      const Index from_x = flip ? W - 1 - x : x;
      for (Index c = 0; c < C; ++c) *to++ = value((line * W + from_x) * C + c);
    }
  }
}

Real scaled_real(const ImageSet& set, Index row, Real value, Range range) {
  if (range == Range::stored) return value;
  if (!(value >= 0 && value <= 1)) {
    fail("data", set.source, ": image ", row, " holds the value ", value,
         "; real-valued images are expected in [0, 1]");
  }
  return range == Range::unit ? value : 2 * value - 1;
}

void check_row(const ImageSet& set, Index row) {
  if (row < 0 || row >= set.count) {
    fail("data", set.source, ": there is no image ", row, " among ", set.count);
  }
}

void check_flips(const ImageSet& set, std::span<const Index> rows,
                 std::span<const std::uint8_t> flips) {
  if (flips.empty()) return;
  if (flips.size() != rows.size()) {
    fail("data", set.source, ": ", flips.size(), " flips for ", rows.size(), " rows");
  }
  const bool any = std::any_of(flips.begin(), flips.end(), [](std::uint8_t f) { return f != 0; });
  if (any && !set.is_image()) fail("data", set.source, ": vectors cannot be flipped");
}

}  // namespace

Tensor batch(const ImageSet& set, std::span<const Index> rows, Range range,
             std::span<const std::uint8_t> flips) {
  check_flips(set, rows, flips);
  Shape shape = set.item;
  shape.insert(shape.begin(), static_cast<Index>(rows.size()));
  Tensor x(shape);  // [n, item...]
  Real* to = x.mutable_data();
  const Index size = set.item.elements();
  const std::vector<Real> table = value_table(set.levels, range);
  for (std::size_t i = 0; i < rows.size(); ++i, to += size) {
    const Index row = rows[i];
    check_row(set, row);
    const bool flip = !flips.empty() && flips[i] != 0;
    if (set.levels > 0) {
      const std::uint8_t* from = set.pixels.data() + row * size;
      copy_item(set, flip, to, [&](Index j) { return table[from[j]]; });
    } else {
      const Real* from = set.reals.data() + row * size;
      copy_item(set, flip, to, [&](Index j) { return scaled_real(set, row, from[j], range); });
    }
  }
  return x;
}

Tensor batch(const ImageSet& set, Index first, Index n, Range range) {
  std::vector<Index> rows(static_cast<std::size_t>(std::max<Index>(n, 0)));
  std::iota(rows.begin(), rows.end(), first);
  return batch(set, rows, range);
}

namespace {

void check_labelled(const ImageSet& set) {
  if (set.labels.empty()) fail("data", set.source, ": these images have no labels to learn from");
}

}  // namespace

std::vector<Index> labels_of(const ImageSet& set, std::span<const Index> rows) {
  check_labelled(set);
  std::vector<Index> labels;
  for (const Index row : rows) {
    check_row(set, row);
    labels.push_back(set.labels[static_cast<std::size_t>(row)]);
  }
  return labels;
}

Index classes_of(const ImageSet& set) {
  check_labelled(set);
  return 1 + *std::max_element(set.labels.begin(), set.labels.end());
}

ImageSet subset(const ImageSet& set, std::span<const Index> rows) {
  ImageSet part;
  part.count = static_cast<Index>(rows.size());
  part.item = set.item;
  part.levels = set.levels;
  part.source = set.source;
  const Index size = set.item.elements();
  for (const Index row : rows) {
    check_row(set, row);
    const auto append = [&](const auto& from, auto& to, Index width) {
      const auto begin = from.begin() + row * width;
      to.insert(to.end(), begin, begin + width);
    };
    if (set.levels > 0) append(set.pixels, part.pixels, size);
    if (set.levels == 0) append(set.reals, part.reals, size);
    if (!set.labels.empty()) append(set.labels, part.labels, 1);
  }
  return part;
}

Dataset hold_out(const ImageSet& set, Index n) {
  if (n < 0 || n >= set.count) {
    fail("data", set.source, ": cannot hold out ", n, " of ", set.count, " images");
  }
  std::vector<Index> train, held_out;
  for (Index i = 0; i < set.count; ++i) {
    const bool held = (i + 1) * n / set.count != i * n / set.count;
    (held ? held_out : train).push_back(i);
  }
  return {subset(set, train), subset(set, held_out)};
}

}  // namespace ito
