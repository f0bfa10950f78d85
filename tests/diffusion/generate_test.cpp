// Samples by number: the same bits in any batch, with an exact score.

#include <gtest/gtest.h>

#include "diffusion/score.h"
#include "diffusion/sde/ve.h"
#include "diffusion/sde/vp.h"
#include "diffusion/training/film_strip.h"
#include "diffusion/training/sampling.h"
#include "engine/ops.h"

namespace ito {
namespace {

/// The score of data that are N(0, 1): every p_t is, under VP.
Tensor standard_normal_score(const Tensor& x, const Times&) { return -x; }

Samples draw(Index first, Index count, Index batch, SamplingHooks hooks = {}) {
  const VpSde sde;
  SamplingConfig config;
  config.steps = 8;
  config.corrector = "langevin";
  return draw_samples(sde, standard_normal_score, {3, 2, 1}, config,
                      {.seed = 5, .first = first, .count = count, .batch = batch}, hooks);
}

TEST(Generate, ASampleDoesNotDependOnItsBatch) {
  const auto all = draw(0, 20, 20).x.to_host();
  EXPECT_EQ(draw(0, 20, 7).x.to_host(), all);
  const auto alone = draw(17, 1, 4).x.to_host();
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), all.begin() + 17 * 6));
}

TEST(Generate, ProgressCountsAllBatchesAndStops) {
  std::vector<int> done;
  draw(0, 5, 2, {.progress = [&](int d, int total) {
         EXPECT_EQ(total, 24);
         done.push_back(d);
         return true;
       }});
  EXPECT_EQ(done.size(), 24u);
  EXPECT_EQ(done.back(), 24);
  const Samples stopped = draw(0, 5, 2, {.progress = [](int d, int) { return d < 10; }});
  EXPECT_FALSE(stopped.complete);
  EXPECT_FALSE(stopped.x.defined());
}

TEST(Generate, RefusesNonsense) {
  EXPECT_THROW(draw(0, 0, 1), Error);
  EXPECT_THROW(draw(0, 1, 0), Error);
  EXPECT_THROW(draw(-1, 1, 1), Error);
}

/// x + sigma^2 s at the last level: of data that are N(0, 1), x / (1 + sigma^2), by one evaluation.
TEST(Generate, ACorrectorAloneEndsDenoised) {
  const VeSde sde(0.01, 10);
  Index calls = 0;
  const Score score = counted(
      [&](const Tensor& x, const Times& t) {
        return scale_per_sample(
            x, per_sample(t, [&](double t_n) { return -1 / (1 + sde.std(t_n) * sde.std(t_n)); }));
      },
      calls);
  SamplingConfig config;
  config.predictor = "none";
  config.corrector = "ald";
  config.steps = 5;
  config.eps = 0.6;
  const auto drawn = [&] {
    return draw_samples(sde, score, {2}, config, {.count = 3}).x.to_host();
  };
  const auto denoised = drawn();
  EXPECT_EQ(calls, 6);
  config.denoise = false;
  const auto noisy = drawn();
  EXPECT_EQ(calls, 11);
  const double variance = sde.std(config.eps) * sde.std(config.eps);
  EXPECT_GT(variance, 0.1);
  for (std::size_t i = 0; i < noisy.size(); ++i)
    EXPECT_NEAR(denoised[i], static_cast<double>(noisy[i]) / (1 + variance), 1e-6);  // a few ulps
}

TEST(FilmStrip, BeginsAndEndsWithTheImages) {
  const VpSde sde;
  const Tensor x_0 = random_normal({2, 3, 2, 1}, {.seed = 1});
  const Tensor there = forward_frames(sde, x_0, 4, 9);
  EXPECT_EQ(there.shape(), (Shape{8, 3, 2, 1}));
  EXPECT_EQ(slice(there, 0, 4, 5).to_host(), slice(x_0, 0, 1, 2).to_host());

  SamplingConfig config;
  config.steps = 8;
  const SampleRange range = {.seed = 9, .first = 0, .count = 2, .batch = 2};
  const Tensor back = reverse_frames(sde, standard_normal_score, {3, 2, 1}, config, range, 4);
  const Tensor sample = draw_samples(sde, standard_normal_score, {3, 2, 1}, config, range).x;
  EXPECT_EQ(slice(back, 0, 3, 4).to_host(), slice(sample, 0, 0, 1).to_host());
  EXPECT_EQ(slice(back, 0, 7, 8).to_host(), slice(sample, 0, 1, 2).to_host());
}

}  // namespace
}  // namespace ito
