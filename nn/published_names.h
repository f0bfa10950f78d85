#pragma once
// Exchange with published checkpoints: a table per network says what each of our tensors is called
// there and how it is laid out; this file applies such a table, in both directions.

#include <string>
#include <vector>

#include "nn/module.h"

namespace ito::nn {

/// How a published tensor is laid out, beside ours.
enum class Layout {
  same,
  transposed,  ///< linear weights: [out, in], ours [in, out]
  conv,        ///< convolution weights: [O, C, KH, KW], ours [KH, KW, C, O]
  pointwise    ///< convolution weights: [O, C, 1, 1], ours [C, O]
};

struct PublishedName {
  std::string published;
  std::string ours;
  Layout layout = Layout::same;
};

/// One row for every tensor in the state of a network.
using NameTable = std::vector<PublishedName>;

Tensor from_published(const Tensor& tensor, Layout layout);
Tensor to_published(const Tensor& tensor, Layout layout);
Shape published_shape(const Shape& ours, Layout layout);

/// Tensors under our names (parameters, gradients, averages) -> under the published names and in
/// their layout. Throws for a name that is not in the table.
TensorMap to_published(const TensorMap& ours, const NameTable& table);

/// The other way; published names that are not in the table are left out.
TensorMap from_published(const TensorMap& published, const NameTable& table);

/// Overwrites the network's state. Throws, before anything is written, an error that lists the
/// first published names that are missing, not expected or of another shape.
void load_published(Module& network, const NameTable& table, const TensorMap& published,
                    Extra extra = Extra::refuse);

}  // namespace ito::nn
