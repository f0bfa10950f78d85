#include "nn/layers/class_embedding.h"

#include "engine/ops.h"

namespace ito::nn {

void check(const char* where, const ClassOptions& options) {
  if (options.classes < 0) fail(where, "\"classes\": expected at least 0, got ", options.classes);
  if (!(options.label_dropout >= 0 && options.label_dropout <= 1))
    fail(where, "\"label_dropout\": expected a share in [0, 1], got ", options.label_dropout);
}

Tensor one_hot(const std::vector<Index>& labels, Index classes) {
  const auto N = static_cast<Index>(labels.size());
  std::vector<Real> rows(static_cast<std::size_t>(N * classes), Real(0));
  for (Index n = 0; n < N; ++n) {
    const Index label = labels[static_cast<std::size_t>(n)];
    if (label < -1 || label >= classes)
      fail("classes", "there is no class ", label, " among 0 to ", classes - 1);
    if (label >= 0) rows[static_cast<std::size_t>(n * classes + label)] = 1;
  }
  return Tensor({N, classes}, rows);
}

ClassEmbedding::ClassEmbedding(const ClassOptions& options, Index out, std::uint32_t ordinal)
    : options_(options), ordinal_(ordinal) {
  add_parameter("weight", weight_, {options.classes, out}, {});
}

Tensor ClassEmbedding::forward(const Tensor& weights, Index N, const RandomStream* dropout) const {
  const bool fits = weights.rank() == 2 && weights.size(1) == options_.classes &&
                    (weights.size(0) == N || weights.size(0) == 1);
  if (!fits)
    fail("classes", "expected weights [", N, ", ", options_.classes, "] or [1, ", options_.classes,
         "], got ", weights.shape());
  const Device device = weight_.device();
  Tensor rows = broadcast_to(weights.to(device), {N, options_.classes});
  if (dropout != nullptr && options_.label_dropout > 0) {
    RandomStream mine = *dropout;
    mine.sub = ordinal_;
    std::vector<Real> told;
    for (const double u : uniform_per_image(N, mine))
      told.push_back(u < options_.label_dropout ? 0 : 1);
    rows = rows * broadcast_to(Tensor({N, 1}, told, device), rows.shape());
  }
  return matmul(rows, weight_);
}

}  // namespace ito::nn
