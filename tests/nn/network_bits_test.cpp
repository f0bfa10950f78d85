// Every network gives the same bits alone and in a batch, and for any number of threads.

#include <gtest/gtest.h>

#include <functional>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/threads.h"
#include "nn/networks/ncsn.h"
#include "nn/networks/ncsnpp.h"
#include "nn/networks/wide_resnet.h"
#include "reference.h"

namespace ito::test {
namespace {

constexpr Index images_in_all = 5;

/// A network for images 8x8x3 with labels between 0 and 4.
struct Subject {
  std::shared_ptr<nn::Module> module;
  std::function<Tensor(const Tensor&, const std::vector<double>&)> forward;
};

template <class Network, class Config>
Subject subject(const Config& config) {
  const auto network = std::make_shared<Network>(config);
  nn::initialise(*network, 1);
  randomise(*network, 1, 0.1);
  return {network, [network](const Tensor& x, const std::vector<double>& labels) {
            return network->forward(x, labels);
          }};
}

/// With filters, attention and both pyramids.
Subject ncsnpp() {
  nn::NcsnppConfig config;
  config.image_size = 8;
  config.width = 16;
  config.multipliers = {1, 2};
  config.blocks = 1;
  config.attention = {4};
  config.progressive_output = nn::Pyramid::residual;
  return subject<nn::Ncsnpp>(config);
}

Subject ncsn(nn::NcsnConfig config) {
  config.image_size = 8;
  config.width = 8;
  return subject<nn::Ncsn>(config);
}

Subject classifier() {
  nn::WideResnetConfig config;
  config.image_size = 8;
  config.width = 8;
  config.multiplier = 2;
  config.blocks = 1;
  return subject<nn::WideResnet>(config);
}

class NetworkBits : public ::testing::TestWithParam<Subject (*)()> {
 protected:
  NetworkBits() : subject_(GetParam()()) {
    x_ = random_normal({images_in_all, 8, 8, 3}, {.seed = 2});
  }
  const std::vector<double> labels_ = {0.5, 1, 2, 3, 4};
  Subject subject_;
  Tensor x_;
};

TEST_P(NetworkBits, AnImageDoesNotDependOnItsBatch) {
  const NoGrad no_grad;
  const Tensor all = subject_.forward(x_, labels_);
  for (Index i = 0; i < images_in_all; ++i) {
    const Tensor alone =
        subject_.forward(slice(x_, 0, i, i + 1), {labels_[static_cast<std::size_t>(i)]});
    EXPECT_EQ(alone.to_host(), slice(all, 0, i, i + 1).to_host()) << i;
  }
}

TEST_P(NetworkBits, ThreadsDoNotMatter) {
  const int before = kernels::threads();
  std::vector<Evaluation> results;
  for (const int threads : {1, 2, 3}) {
    kernels::set_threads(threads);
    const Tensor y = subject_.forward(x_, labels_);
    results.push_back(evaluate(*subject_.module, {x_}, random_normal(y.shape(), {}),
                               [&](const auto& in) { return subject_.forward(in[0], labels_); }));
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

INSTANTIATE_TEST_SUITE_P(All, NetworkBits,
                         ::testing::Values(
                             +[] { return ncsnpp(); }, +[] { return ncsn(nn::NcsnConfig()); },
                             +[] { return ncsn(nn::ncsnv2_defaults()); },
                             +[] { return classifier(); }));

}  // namespace
}  // namespace ito::test
