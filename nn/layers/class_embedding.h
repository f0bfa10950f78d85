#pragma once
// Class embedding: what a network is told about the class.

#include <vector>

#include "engine/random.h"
#include "nn/module.h"

namespace ito::nn {

/// Which classes a network knows and how often it learns without them.
struct ClassOptions {
  Index classes = 0;           ///< 0: it is told none
  double label_dropout = 0.1;  ///< share of the training images whose class it is not told

  bool operator==(const ClassOptions&) const = default;
};
/// Throws for a negative number of classes and for a share outside [0, 1]; `where` begins the
/// message.
void check(const char* where, const ClassOptions& options);

/// Rows of the identity: labels 0, ..., classes - 1 -> [N, classes]; a label of -1 tells nothing
/// and gives a row of zeros. Throws for other labels.
Tensor one_hot(const std::vector<Index>& labels, Index classes);

/// A learnt vector for each class, added to the time embedding. Ho and Salimans (2022) learn one
/// more for "no class"; here that is zero, which loses nothing, since the bias of the time
/// embedding stands for it. The vectors start at zero: at first the network does not tell classes
/// apart.
class ClassEmbedding : public Module {
 public:
  /// `ordinal` is that of its dropout among the network's.
  ClassEmbedding(const ClassOptions& options, Index out, std::uint32_t ordinal);

  /// weights [N, classes], or one row for all, as `one_hot` gives them, or mixtures of such rows ->
  /// [N, out]. With `dropout`, the stream of the training mode, whole rows are left out.
  Tensor forward(const Tensor& weights, Index N, const RandomStream* dropout) const;

 private:
  ClassOptions options_;
  std::uint32_t ordinal_;
  Tensor weight_;  ///< [classes, out]
};

}  // namespace ito::nn
