#include "nn/networks/presets.h"

#include "engine/error.h"
#include "engine/file.h"
#include "engine/nearest.h"

namespace ito::nn {

namespace {

/// CIFAR-10, VP and sub-VP: what separates DDPM++ from NCSN++.
NcsnppConfig ddpmpp(Index blocks) {
  NcsnppConfig config;
  config.blocks = blocks;
  config.fir = {};
  config.progressive_input = Pyramid::none;
  config.embedding = TimeEmbedding::Kind::positional;
  config.scale_input = false;
  config.scale_by_sigma = false;
  return config;
}

NcsnppConfig ncsnpp(Index blocks) {
  NcsnppConfig config;
  config.blocks = blocks;
  return config;
}

/// 1000 noise levels instead of continuous time: the label is an index.
NcsnppConfig ncsnpp_discrete() {
  NcsnppConfig config;
  config.embedding = TimeEmbedding::Kind::positional;
  return config;
}

/// Faces of 64x64 pixels.
NcsnppConfig ncsnpp_64() {
  NcsnppConfig config;
  config.image_size = 64;
  config.sigma_max = 90;
  return config;
}

/// LSUN, CelebA-HQ and FFHQ at 256x256 pixels.
NcsnppConfig ncsnpp_256() {
  NcsnppConfig config;
  config.image_size = 256;
  config.multipliers = {1, 1, 2, 2, 2, 2, 2};
  config.blocks = 2;
  config.dropout = 0;
  config.progressive_input = Pyramid::skip;
  config.progressive_output = Pyramid::skip;
  config.sigma_max = 348;
  config.num_scales = 2000;
  return config;
}

/// FFHQ at 1024x1024 pixels.
NcsnppConfig ncsnpp_1024() {
  NcsnppConfig config = ncsnpp_256();
  config.image_size = 1024;
  config.width = 16;
  config.multipliers = {1, 2, 4, 8, 16, 32, 32, 32};
  config.blocks = 1;
  config.sigma_max = 1348;
  return config;
}

NcsnConfig ncsnv2(Index image_size, double sigma_max, Index num_scales) {
  NcsnConfig config = ncsnv2_defaults();
  config.image_size = image_size;
  config.sigma_max = sigma_max;
  config.num_scales = num_scales;
  return config;
}

}  // namespace

const std::vector<NetworkPreset>& network_presets() {
  static const std::vector<NetworkPreset> all = {
      {"ddpm_cifar10", "DDPM for 32x32 pixels", DdpmConfig{}},
      {"ddpmpp_cifar10", "DDPM++ for 32x32 pixels, 1000 noise levels", ddpmpp(4)},
      {"ddpmpp_cifar10_continuous", "DDPM++ for 32x32 pixels, continuous time", ddpmpp(4)},
      {"ddpmpp_cifar10_deep", "DDPM++ for 32x32 pixels, 8 blocks a level", ddpmpp(8)},
      {"ncsnpp_cifar10", "NCSN++ for 32x32 pixels, 1000 noise levels", ncsnpp_discrete()},
      {"ncsnpp_cifar10_continuous", "NCSN++ for 32x32 pixels, continuous time", ncsnpp(4)},
      {"ncsnpp_cifar10_deep", "NCSN++ for 32x32 pixels, 8 blocks a level", ncsnpp(8)},
      {"ncsnpp_64", "NCSN++ for 64x64 pixels", ncsnpp_64()},
      {"ncsnpp_256", "NCSN++ for 256x256 pixels", ncsnpp_256()},
      {"ncsnpp_1024", "NCSN++ for 1024x1024 pixels", ncsnpp_1024()},
      {"ncsn_cifar10", "NCSN for 32x32 pixels, 10 noise levels", NcsnConfig{}},
      {"ncsnv2_cifar10", "NCSNv2 for 32x32 pixels, 232 noise levels", ncsnv2(32, 50, 232)},
      {"ncsnv2_64", "NCSNv2 for 64x64 pixels, 500 noise levels", ncsnv2(64, 90, 500)},
  };
  return all;
}

const NetworkPreset& network_preset(const std::string& name) {
  std::vector<std::string> known;
  for (const NetworkPreset& preset : network_presets()) {
    if (preset.name == name) return preset;
    known.push_back(preset.name);
  }
  fail("network preset", "unknown name ", printable(name), did_you_mean(name, known));
}

}  // namespace ito::nn
