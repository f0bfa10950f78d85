#include "diffusion/metrics/image_report.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>

#include "diffusion/metrics/frechet.h"
#include "diffusion/metrics/nearest.h"
#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito {
namespace {

/// Mean distance of `count` random training images to the held-out ones.
double real_block_frechet(const ImageSet& train, Index count, const FeatureMoments& held_out,
                          std::uint64_t seed) {
  double sum = 0;
  for (int draw = 0; draw < ImageReport::draws; ++draw) {
    const auto step = static_cast<std::uint32_t>(draw);
    std::vector<Index> rows =
        permutation(train.count, {.seed = seed, .purpose = Purpose::order, .step = step});
    rows.resize(static_cast<std::size_t>(count));
    sum +=
        frechet_distance(feature_moments(block_means(batch(train, rows, Range::unit))), held_out);
  }
  return sum / ImageReport::draws;
}

void check_generated(const Tensor& generated, const Dataset& data) {
  const Shape& item = data.train.item;
  const bool alike = generated.rank() == 4 && item.rank() == 3 &&
                     Shape(generated.shape().begin() + 1, generated.shape().end()) == item;
  if (!alike || generated.size(0) < 2)
    fail("report_images", "expected at least 2 images ", item, ", got ", generated.shape());
  if (data.held_out.count < 2 || data.train.count < 2)
    fail("report_images", "expected at least 2 held-out and 2 training images, got ",
         data.held_out.count, " and ", data.train.count);
}

std::string report_line(const std::string& what, const std::string& generated,
                        const std::string& real, const std::string& remark) {
  return text(std::left, std::setw(30), what, std::right, std::setw(10), generated, std::setw(9),
              real, "  ", remark, '\n');
}

std::string three_digits(double value) { return text(std::fixed, std::setprecision(3), value); }

}  // namespace

Tensor block_means(const Tensor& images) {
  const Index H = images.size(1), W = images.size(2);
  Index block = 1;
  while (H % block != 0 || W % block != 0 || std::max(H, W) / block > 8)
    if (++block > std::max(H, W))
      fail("report_images", "images of ", H, " x ", W, " cannot be cut into few square blocks");
  return reshape(downsample_mean(images, block), {images.size(0), -1});
}

ImageReport report_images(const Tensor& generated, const Dataset& data, std::uint64_t seed) {
  check_generated(generated, data);
  const NoGrad no_grad;
  ImageReport report;
  report.generated = generated.size(0);
  report.training = data.train.count;
  report.compared = std::min({report.generated, data.held_out.count, data.train.count});
  const Tensor made = clamp(slice(generated, 0, 0, report.compared), 0, 1);
  const Tensor held_out = batch(data.held_out, 0, report.compared, Range::unit);
  const Tensor train = batch(data.train, 0, data.train.count, Range::unit);
  const FeatureMoments reference = feature_moments(block_means(held_out));
  report.frechet_generated = frechet_distance(feature_moments(block_means(made)), reference);
  report.frechet_real = real_block_frechet(data.train, report.compared, reference, seed);
  report.nearest_generated = mean_nearest_distance(made, train);
  report.nearest_real = mean_nearest_distance(held_out, train);
  return report;
}

nlohmann::json to_json(const ImageReport& report) {
  return {{"generated", report.generated},       {"compared", report.compared},
          {"training", report.training},         {"frechet_generated", report.frechet_generated},
          {"frechet_real", report.frechet_real}, {"nearest_generated", report.nearest_generated},
          {"nearest_real", report.nearest_real}};
}

std::string table(const ImageReport& report) {
  return report_line("", "generated", "real", "the real number is of") +
         report_line("Frechet distance, block means", three_digits(report.frechet_generated),
                     three_digits(report.frechet_real),
                     text(report.compared, " training images, ", ImageReport::draws, " draws")) +
         report_line("distance to nearest training", three_digits(report.nearest_generated),
                     three_digits(report.nearest_real), text(report.compared, " held-out images"));
}

}  // namespace ito
