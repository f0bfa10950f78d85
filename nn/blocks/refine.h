#pragma once
// RefineNet (Lin et al. 2017) as NCSN and NCSNv2 use it: how features of several resolutions become
// those of the highest one.

#include <memory>
#include <optional>
#include <vector>

#include "nn/layers/activation.h"
#include "nn/layers/conv2d.h"
#include "nn/layers/instance_norm.h"

namespace ito::nn {

struct RefineOptions {
  enum class Pool { max, mean };
  Activation activation = Activation::elu;
  Pool pool = Pool::max;
  Index pool_size = 5;  ///< of the windows
  /// In front of every convolution and pooling; NCSNv2 has none.
  std::optional<InstanceNormOptions> norm = {};
};

/// Residual convolution units: per block x + conv(act(norm(... x ...))), one 3x3 convolution
/// without bias per stage.
class ResidualConvUnits : public Module {
 public:
  ResidualConvUnits(Index channels, Index blocks, Index stages, const RefineOptions& options);

  Tensor forward(Tensor x, const std::vector<Index>& classes) const;

 private:
  Activation activation_;
  Index stages_;
  std::vector<std::unique_ptr<InstanceNorm>> norms_;  ///< one per stage of every block, or none
  std::vector<std::unique_ptr<Conv2d>> convs_;
};

/// Chained residual pooling: x = act(x), p = x; per stage p = conv(pool(norm(p))), x = x + p.
class ChainedPooling : public Module {
 public:
  ChainedPooling(Index channels, Index stages, const RefineOptions& options);

  Tensor forward(Tensor x, const std::vector<Index>& classes) const;

 private:
  RefineOptions options_;
  std::vector<std::unique_ptr<InstanceNorm>> norms_;
  std::vector<std::unique_ptr<Conv2d>> convs_;
};

/// Multi-resolution fusion: the sum of conv(norm(x_i)), each enlarged to the size of the output.
class Fusion : public Module {
 public:
  Fusion(const std::vector<Index>& in, Index out, const RefineOptions& options);

  /// xs[i] [N, H_i, W_i, in_i] -> [N, H, W, out].
  Tensor forward(const std::vector<Tensor>& xs, Index H, Index W,
                 const std::vector<Index>& classes) const;

 private:
  std::vector<std::unique_ptr<InstanceNorm>> norms_;
  std::vector<std::unique_ptr<Conv2d>> convs_;
};

/// Units for every input, their fusion (of one input: none), chained pooling, units at the end.
class RefineBlock : public Module {
 public:
  /// `output_blocks`: blocks of units at the end. Throws unless a single input has as many channels
  /// as the output.
  RefineBlock(const std::vector<Index>& in, Index out, Index output_blocks,
              const RefineOptions& options);

  /// xs[0] has the size of the output, [N, H, W, in_0] -> [N, H, W, out].
  Tensor forward(const std::vector<Tensor>& xs, const std::vector<Index>& classes) const;

 private:
  std::vector<std::unique_ptr<ResidualConvUnits>> adapt_;
  std::unique_ptr<Fusion> fusion_;
  ChainedPooling pooling_;
  ResidualConvUnits output_;
};

}  // namespace ito::nn
