// Same bits: alone and in a batch, for any number of threads; dropout by address.

#include <gtest/gtest.h>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/threads.h"
#include "nn/networks/ddpm.h"
#include "reference.h"

namespace ito::test {
namespace {

constexpr Index ddpm_images = 17;

class DdpmBits : public ::testing::Test {
 protected:
  DdpmBits() : network_(config()) {
    randomise(network_, 1, 0.1);
    x_ = random_normal({ddpm_images, 8, 8, 3}, {.seed = 2});
    for (Index i = 0; i < ddpm_images; ++i) labels_.push_back(57.25 * static_cast<double>(i));
  }

  static nn::DdpmConfig config() {
    return {.image_size = 8,
            .width = 32,
            .multipliers = {1, 2},
            .blocks = 1,
            .attention = {4},
            .dropout = 0.5,
            .groups = {.max = 8}};
  }

  /// The network's output for images [begin, end).
  Tensor run(Index begin, Index end, const RandomStream* dropout = nullptr) const {
    const NoGrad no_grad;
    return network_.forward(slice(x_, 0, begin, end),
                            {labels_.begin() + begin, labels_.begin() + end}, dropout);
  }

  static std::vector<Real> image(const Tensor& y, Index i) {
    return slice(y.detach(), 0, i, i + 1).to_host();
  }

  nn::Ddpm network_;
  Tensor x_;
  std::vector<double> labels_;
};

TEST_F(DdpmBits, AnImageDoesNotDependOnItsBatch) {
  const Tensor all = run(0, ddpm_images);
  for (const Index i : {Index(0), Index(1), Index(7), ddpm_images - 1}) {
    EXPECT_EQ(image(run(i, i + 1), 0), image(all, i)) << i << " alone";
  }
  for (const Index i : {Index(0), Index(7), ddpm_images - 2}) {
    const Tensor two = run(i, i + 2);
    EXPECT_EQ(image(two, 0), image(all, i)) << i << " in two";
    EXPECT_EQ(image(two, 1), image(all, i + 1)) << i + 1 << " in two";
  }
}

TEST_F(DdpmBits, ThreadsDoNotMatter) {
  const int before = kernels::threads();
  std::vector<Evaluation> results;
  for (const int threads : {1, 2, 3}) {
    kernels::set_threads(threads);
    results.push_back(evaluate(
        network_, {slice(x_, 0, 0, 5)}, random_normal({5, 8, 8, 3}, {}), [&](const auto& in) {
          return network_.forward(in[0], {labels_.begin(), labels_.begin() + 5});
        }));
  }
  kernels::set_threads(before);
  for (std::size_t i = 1; i < results.size(); ++i) {
    EXPECT_EQ(results[i].y.to_host(), results[0].y.to_host());
    EXPECT_EQ(results[i].inputs[0].to_host(), results[0].inputs[0].to_host());
    for (const auto& [name, gradient] : results[0].parameters) {
      EXPECT_EQ(results[i].parameters.at(name).to_host(), gradient.to_host()) << name;
    }
  }
}

TEST_F(DdpmBits, DropoutDependsOnItsAddressOnly) {
  const RandomStream stream = {.seed = 3, .purpose = Purpose::dropout, .step = 4};
  const Tensor all = run(0, 5, &stream);
  EXPECT_EQ(run(0, 5, &stream).to_host(), all.to_host());
  RandomStream third = stream;
  third.first_image = 3;
  EXPECT_EQ(image(run(3, 4, &third), 0), image(all, 3));

  EXPECT_NE(image(run(3, 4, &stream), 0), image(all, 3)) << "another image's address";
  EXPECT_NE(run(0, 5).to_host(), all.to_host()) << "evaluation mode";
  RandomStream next_step = stream;
  next_step.step = 5;
  EXPECT_NE(run(0, 5, &next_step).to_host(), all.to_host()) << "another step";
}

TEST(Dropout, LayersOfDifferentOrdinalsHaveDifferentMasks) {
  const RandomStream stream = {.seed = 3, .purpose = Purpose::dropout};
  const Tensor x = Tensor::full({2, 50}, 1);
  const std::vector<Real> first = nn::Dropout(0.5, 0).forward(x, &stream).to_host();
  EXPECT_EQ(nn::Dropout(0.5, 0).forward(x, &stream).to_host(), first);
  EXPECT_NE(nn::Dropout(0.5, 1).forward(x, &stream).to_host(), first);
  EXPECT_EQ(nn::Dropout(0.5, 1).forward(x, nullptr).to_host(), x.to_host());
  EXPECT_EQ(nn::Dropout(0, 1).forward(x, &stream).to_host(), x.to_host());
  EXPECT_THROW(nn::Dropout(1, 0), Error);
}

}  // namespace
}  // namespace ito::test
