#include "nn/published_names.h"

#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito::nn {

namespace {

/// `conv` is the permutation for Layout::conv; a transposed matrix is its own inverse.
Tensor permuted(const Tensor& tensor, Layout layout, const std::vector<int>& conv) {
  const NoGrad no_grad;
  switch (layout) {
    case Layout::same:
      return tensor.detach();
    case Layout::transposed:
    case Layout::pointwise:
      return permute(tensor, {1, 0});
    case Layout::conv:
      return permute(tensor, conv);
  }
  fail("published_names", "unknown layout ", static_cast<int>(layout));
}

Tensor with_two_axes(const Tensor& t) { return t.with_shape({t.size(0), t.size(1)}); }
Tensor with_pixel_axes(const Tensor& t) { return t.with_shape({t.size(0), t.size(1), 1, 1}); }

}  // namespace

Tensor from_published(const Tensor& tensor, Layout layout) {
  const bool pointwise = layout == Layout::pointwise;
  return permuted(pointwise ? with_two_axes(tensor) : tensor, layout, {2, 3, 1, 0});
}

Tensor to_published(const Tensor& tensor, Layout layout) {
  const Tensor published = permuted(tensor, layout, {3, 2, 0, 1});
  return layout == Layout::pointwise ? with_pixel_axes(published) : published;
}

Shape published_shape(const Shape& ours, Layout layout) {
  if (layout == Layout::transposed) return {ours(1), ours(0)};
  if (layout == Layout::pointwise) return {ours(1), ours(0), 1, 1};
  if (layout == Layout::conv) return {ours(3), ours(2), ours(0), ours(1)};
  return ours;
}

TensorMap to_published(const TensorMap& ours, const NameTable& table) {
  TensorMap out;
  for (const PublishedName& row : table) {
    const auto it = ours.find(row.ours);
    if (it != ours.end()) out.emplace(row.published, to_published(it->second, row.layout));
  }
  if (out.size() == ours.size()) return out;
  for (const auto& [name, tensor] : ours) {
    bool known = false;
    for (const PublishedName& row : table) known = known || row.ours == name;
    if (!known) fail("published_names", "the table has no row for ", name);
  }
  return out;
}

TensorMap from_published(const TensorMap& published, const NameTable& table) {
  TensorMap out;
  for (const PublishedName& row : table) {
    const auto it = published.find(row.published);
    if (it != published.end()) out.emplace(row.ours, from_published(it->second, row.layout));
  }
  return out;
}

void load_published(Module& network, const NameTable& table, const TensorMap& published,
                    Extra extra) {
  const TensorMap state = values(network);
  std::vector<Expected> expected;
  for (const PublishedName& row : table) {
    expected.push_back({row.published, published_shape(state.at(row.ours).shape(), row.layout)});
  }
  check_match("load_published", expected, published, extra);
  load(network, from_published(published, table));
}

}  // namespace ito::nn
