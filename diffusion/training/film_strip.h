#pragma once
// Pictures of time: images on their way to noise, and noise on its way to images.

#include "diffusion/training/sampling.h"

namespace ito {

/// Each image x_0 [n, item...] on one path of the SDE, at `frames` >= 2 times evenly from 0 to T:
/// [n * frames, item...], one row of frames after another.
Tensor forward_frames(const Sde& sde, const Tensor& x_0, Index frames, std::uint64_t seed);

/// The n samples of a range, one batch, on their way from T to 0, as many frames, the last of them
/// the sample itself: [n * frames, item...].
Tensor reverse_frames(const Sde& sde, const Score& score, const Shape& item,
                      const SamplingConfig& config, const SampleRange& range, Index frames);

/// Frames [n, item...] -> [n * frames, item...], those of one image beside each other.
Tensor beside_each_other(const std::vector<Tensor>& frames);

}  // namespace ito
