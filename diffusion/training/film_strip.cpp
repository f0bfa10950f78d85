#include "diffusion/training/film_strip.h"

#include "engine/autograd.h"

namespace ito {

Tensor beside_each_other(const std::vector<Tensor>& frames) {
  std::vector<Tensor> parts;
  Shape shape = frames[0].shape();
  for (Index i = 0; i < shape[0]; ++i) {
    for (const Tensor& frame : frames) parts.push_back(slice(frame, 0, i, i + 1));
  }
  return concat(parts, 0);
}

namespace {

void check_frames(Index frames) {
  if (frames < 2) fail("film_strip", "expected at least 2 frames, got ", frames);
}

}  // namespace

Tensor forward_frames(const Sde& sde, const Tensor& x_0, Index frames, std::uint64_t seed) {
  check_frames(frames);
  const NoGrad no_grad;
  const NoiseSource noise = random_noise(x_0.shape(), seed, 0, x_0.device());
  const double dt = sde.T() / static_cast<double>(frames - 1);
  std::vector<Tensor> out = {x_0};
  for (Index j = 1; j < frames; ++j) {
    const auto k = static_cast<double>(j);
    const Transition step = sde.transition((k - 1) * dt, k * dt);
    out.push_back(out.back() * step.scale +
                  noise(Purpose::noise, static_cast<std::uint32_t>(j), 0) * step.noise);
  }
  return beside_each_other(out);
}

Tensor reverse_frames(const Sde& sde, const Score& score, const Shape& item,
                      const SamplingConfig& config, const SampleRange& range, Index frames) {
  check_frames(frames);
  const NoGrad no_grad;
  if (config.sampler == "ode") {
    Times times;  // evenly from T to eps; the last frame is the sample itself
    for (Index j = 0; j + 1 < frames; ++j)
      times.push_back(sde.T() + (config.eps - sde.T()) * static_cast<double>(j) /
                                    static_cast<double>(frames - 1));
    return beside_each_other(ode_frames(sde, score, item, config, range, times));
  }
  std::vector<Tensor> out(static_cast<std::size_t>(frames));
  const auto remember = [&](const Observation& seen) {
    for (Index j = 0; j + 1 < frames; ++j) {
      if (seen.step == j * (config.steps - 1) / (frames - 1)) {
        out[static_cast<std::size_t>(j)] = seen.state.x;
      }
    }
  };
  out.back() =
      draw_samples(sde, score, item, config, range, {.progress = {}, .observe = remember}).x;
  return beside_each_other(out);
}

}  // namespace ito
