#pragma once
// The two image pyramids of NCSN++ (Song et al. 2021, section 4.4, after Karras et al. 2020): the
// input at every resolution joins the way down, the output is gathered on the way up.

#include <memory>

#include "nn/blocks/resample.h"
#include "nn/blocks/residual.h"

namespace ito::nn {

/// How a pyramid takes part: not at all, as images beside the features ("input_skip",
/// "output_skip"), or as features itself ("residual").
enum class Pyramid { none, skip, residual };

/// How an image of the input pyramid joins the features.
enum class Combine { sum, cat };

/// [conv(image), h] or conv(image) + h, with a convolution of 1x1 to `out` channels.
class CombineBlock : public Module {
 public:
  CombineBlock(Index in, Index out, Combine method);

  /// image [N, H, W, in], h [N, H, W, C] (with `sum` C = out) -> [N, H, W, out or out + C].
  Tensor forward(const Tensor& image, const Tensor& h) const;

 private:
  Combine method_;
  Linear conv_;
};

/// One step of the input pyramid, after a halving.
class InputPyramid : public Module {
 public:
  /// `pyramid`, `channels`: of the pyramid before the step and of the features. `kind` is not none.
  InputPyramid(Pyramid kind, Combine combine, Index pyramid, Index channels,
               const BlockOptions& options);

  /// Halves the pyramid and joins it with h, the features at the new resolution. skip: the halved
  /// image joins h. residual: pyramid = convolved and halved pyramid + h, which is the new h.
  Tensor forward(const Tensor& h, Tensor& pyramid) const;

 private:
  BlockOptions options_;
  std::unique_ptr<CombineBlock> combine_;
  std::unique_ptr<Downsample> downsample_;
};

/// One step of the output pyramid, at the end of a level.
class OutputPyramid : public Module {
 public:
  /// `pyramid`: channels of the pyramid before the step, 0 at the lowest resolution; `channels`: of
  /// the features; `image`: of the images. `kind` is not none.
  OutputPyramid(Pyramid kind, Index pyramid, Index channels, Index image,
                const BlockOptions& options);

  /// Doubles the pyramid (empty at the lowest resolution) and adds what h gives. skip: an image
  /// made of h, which goes on as it was. residual: h itself, and the sum is the new h; but at the
  /// lowest resolution the pyramid begins with a convolution of h.
  Tensor forward(const Tensor& h, Tensor& pyramid) const;

 private:
  Tensor made_of(const Tensor& h) const;

  BlockOptions options_;
  std::unique_ptr<GroupNorm> norm_;
  std::unique_ptr<Conv2d> conv_;
  std::unique_ptr<Upsample> upsample_;
};

/// Throws for a name that is none of none, skip, residual; of sum, cat.
Pyramid pyramid_named(const std::string& name);
std::string name_of(Pyramid kind);
Combine combine_named(const std::string& name);
std::string name_of(Combine combine);

}  // namespace ito::nn
