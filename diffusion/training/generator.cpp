#include "diffusion/training/generator.h"

#include "diffusion/score.h"
#include "diffusion/training/film_strip.h"
#include "diffusion/training/objective.h"
#include "diffusion/training/soft_generator.h"

namespace ito {

namespace {

class SdeGenerator : public Generator {
 public:
  explicit SdeGenerator(const TrainingConfig& config)
      : sde_(make_sde(config.sde)),
        labels_(labels_of(config.objective)),
        item_(item_shape(config.model)) {}

  const Sde& sde() const override { return *sde_; }
  Score evaluated(const nn::ScoreNetwork& network) const override {
    return network_score(network, *sde_, labels_);
  }
  void check(const SamplingConfig& config) const override { check_sampler(*sde_, config); }

  Samples draw(const Score& score, const SamplingConfig& config, const SampleRange& range,
               const SamplingHooks& hooks) const override {
    return draw_samples(*sde_, score, item_, config, range, hooks);
  }
  Tensor forward_film(const Tensor& x_0, Index frames, std::uint64_t seed) const override {
    return forward_frames(*sde_, x_0, frames, seed);
  }
  Tensor reverse_film(const Score& score, const SamplingConfig& config, const SampleRange& range,
                      Index frames) const override {
    return reverse_frames(*sde_, score, item_, config, range, frames);
  }

 private:
  std::unique_ptr<Sde> sde_;
  Labels labels_;
  Shape item_;
};

bool is_soft(const TrainingConfig& config) { return config.sde.type == SdeConfig::Type::soft; }

}  // namespace

void check_device(const TrainingConfig& config, Device device) {
  if (is_soft(config) && device != Device::cpu)
    fail("soft", "a soft diffusion runs on the CPU only");
}

std::unique_ptr<Generator> make_generator(const TrainingConfig& config, const ImageSet& images) {
  if (is_soft(config)) return std::make_unique<SoftGenerator>(config, images);
  return std::make_unique<SdeGenerator>(config);
}

std::unique_ptr<Generator> make_generator(const TrainingConfig& config,
                                          const nn::TensorMap& state) {
  if (is_soft(config)) return std::make_unique<SoftGenerator>(config, state);
  return std::make_unique<SdeGenerator>(config);
}

}  // namespace ito
