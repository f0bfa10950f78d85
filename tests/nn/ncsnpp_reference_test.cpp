// NCSN++ and DDPM++ against published numbers: outputs, gradients of the input and of every
// parameter, and what loading says of weights that are not the network's.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "nn/networks/ncsnpp.h"
#include "nn/networks/ncsnpp_published.h"
#include "published_network.h"
#include "tests/errors.h"

namespace ito::test {
namespace {

nn::NcsnppConfig ncsnpp_config_of(const std::string& name) {
  return nn::ncsnpp_config_from_published(nlohmann::json::parse(reference(name).meta("config")));
}

void expect_ncsnpp(const std::string& name) {
  const nn::NcsnppConfig config = ncsnpp_config_of(name);
  nn::Ncsnpp network(config);
  expect_published(name, network, nn::ncsnpp_published_names(config));
}

TEST(NcsnppReference, DiscreteLevelsWithPositionalEmbedding) {
  expect_ncsnpp("net_ncsnpp_ve_discrete");
}

TEST(NcsnppReference, ResidualPyramidsWithFilters) { expect_ncsnpp("net_ncsnpp_residual_fir"); }

TEST(NcsnppReference, ResidualPyramidsWithoutFilters) {
  expect_ncsnpp("net_ncsnpp_residual_nofir");
}

TEST(NcsnppReference, ImagePyramidsConcatenated) { expect_ncsnpp("net_ncsnpp_skip_cat"); }

TEST(NcsnppReference, BlocksOfDdpmWithFilters) { expect_ncsnpp("net_ncsnpp_ddpmblock_fir_noconv"); }

TEST(NcsnppReference, Unconditional) { expect_ncsnpp("net_ncsnpp_unconditional"); }

TEST(NcsnppReference, PublishedNamesGoThereAndBack) {
  for (const char* name : {"net_ncsnpp_residual_fir", "net_ncsnpp_skip_cat"}) {
    const nn::NcsnppConfig config = ncsnpp_config_of(name);
    nn::Ncsnpp network(config);
    const nn::NameTable table = nn::ncsnpp_published_names(config);
    const nn::TensorMap published = with_prefix(reference(name), "param.");
    nn::load_published(network, table, published, nn::Extra::refuse);
    const nn::TensorMap back = nn::to_published(nn::values(network), table);
    ASSERT_EQ(back.size(), published.size());
    for (const auto& [key, tensor] : published) {
      EXPECT_EQ(difference(back.at(key), tensor), 0) << key;
    }
  }
}

TEST(NcsnppReference, LoadingAnotherArchitectureListsTheDifferences) {
  nn::NcsnppConfig config = ncsnpp_config_of("net_ncsnpp_residual_fir");
  config.fir = {};
  config.channels = 1;
  nn::Ncsnpp network(config);
  nn::TensorMap published = with_prefix(reference("net_ncsnpp_residual_fir"), "param.");
  expect_error([&] { nn::load_published(network, nn::ncsnpp_published_names(config), published); },
               {"all_modules.3.weight: expected [8, 1, 3, 3], got [8, 3, 3, 3]",
                "all_modules.6.Conv_0.weight: expected [8, 1, 3, 3], missing",
                "all_modules.20.Conv_0.bias: expected [8], missing", "and 6 more"});
  EXPECT_EQ(largest(nn::values(network).at("first.weight")), 0) << "something was written";
}

}  // namespace
}  // namespace ito::test
