#include "diffusion/metrics/digit_report.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>

#include "diffusion/metrics/digit_classifier.h"
#include "diffusion/metrics/frechet.h"
#include "diffusion/metrics/nearest.h"
#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito {
namespace {

/// Throws unless the generated images can be measured.
void check(const Tensor& generated, const Dataset& digits) {
  if (digits.held_out.count < 2 || digits.train.count < digits.held_out.count) {
    fail("report_digits", "expected at least 2 held-out and no fewer training digits, got ",
         digits.held_out.count, " and ", digits.train.count);
  }
  const bool digit_shaped =
      generated.rank() == 4 && generated.shape() == Shape{generated.size(0), 8, 8, 1};
  if (!digit_shaped || generated.size(0) < digits.held_out.count) {
    fail("report_digits", "expected at least ", digits.held_out.count, " images [n, 8, 8, 1], got ",
         generated.shape());
  }
  for (const Real value : generated.to_host()) {
    if (!std::isfinite(value)) fail("report_digits", "a generated image holds ", value);
  }
}

/// Mean distance of the features [n, 32] of `count` random training digits to the held-out ones.
double real_frechet(const Tensor& train_features, Index count, const FeatureMoments& held_out,
                    std::uint64_t seed) {
  double sum = 0;
  for (int draw = 0; draw < DigitReport::draws; ++draw) {
    const auto step = static_cast<std::uint32_t>(draw);
    const RandomStream stream = {.seed = seed, .purpose = Purpose::order, .step = step};
    std::vector<Index> rows = permutation(train_features.size(0), stream);
    rows.resize(static_cast<std::size_t>(count));
    sum += frechet_distance(feature_moments(embedding(train_features, rows)), held_out);
  }
  return sum / DigitReport::draws;
}

/// What the classifier says of a set.
struct Classified {
  double confidently = 0;
  std::array<Index, 10> classes{};
};

Classified classified(const DigitClassifier& classifier, const Tensor& images) {
  const std::vector<Real> p = classifier.classify(images).to_host();
  Classified result;
  Index confident = 0;
  for (auto row = p.begin(); row != p.end(); row += DigitClassifier::classes) {
    const auto best = std::max_element(row, row + DigitClassifier::classes);
    ++result.classes[static_cast<std::size_t>(best - row)];
    confident += static_cast<double>(*best) > DigitReport::confident;
  }
  result.confidently = static_cast<double>(confident) / static_cast<double>(images.size(0));
  return result;
}

/// A line of the table: what, two columns, a remark.
std::string line(const std::string& what, const std::string& generated, const std::string& real,
                 const std::string& remark) {
  std::ostringstream out;
  out << std::left << std::setw(30) << what << std::right << std::setw(10) << generated
      << std::setw(9) << real << "  " << remark << '\n';
  return out.str();
}

std::string number(double value) { return text(std::fixed, std::setprecision(3), value); }

std::string percent(double share) {
  return text(std::fixed, std::setprecision(1), 100 * share, " %");
}

}  // namespace

DigitReport report_digits(const Tensor& generated, const Dataset& digits, std::uint64_t seed) {
  check(generated, digits);
  const NoGrad no_grad;
  const Tensor made = clamp(generated.to(Device::cpu), 0, 1);
  const Tensor train = batch(digits.train, 0, digits.train.count, Range::unit);
  const Tensor held_out = batch(digits.held_out, 0, digits.held_out.count, Range::unit);
  const DigitClassifier classifier = DigitClassifier::fixed();

  DigitReport report;
  report.generated = made.size(0);
  report.held_out = held_out.size(0);
  report.training = train.size(0);
  const FeatureMoments reference = feature_moments(classifier.features(held_out));
  const Tensor as_many = slice(made, 0, 0, held_out.size(0));
  report.frechet_generated =
      frechet_distance(feature_moments(classifier.features(as_many)), reference);
  report.frechet_real = real_frechet(classifier.features(train), report.held_out, reference, seed);
  report.nearest_generated = mean_nearest_distance(made, train);
  report.nearest_real = mean_nearest_distance(held_out, train);
  const Classified of_made = classified(classifier, made);
  const Classified of_real = classified(classifier, held_out);
  report.classified_confidently = of_made.confidently;
  report.classified_confidently_real = of_real.confidently;
  report.classes_generated = of_made.classes;
  report.classes_real = of_real.classes;
  return report;
}

nlohmann::json to_json(const DigitReport& report) {
  return {{"generated", report.generated},
          {"held_out", report.held_out},
          {"training", report.training},
          {"frechet_generated", report.frechet_generated},
          {"frechet_real", report.frechet_real},
          {"nearest_generated", report.nearest_generated},
          {"nearest_real", report.nearest_real},
          {"classified_confidently", report.classified_confidently},
          {"classified_confidently_real", report.classified_confidently_real},
          {"classes_generated", report.classes_generated},
          {"classes_real", report.classes_real}};
}

std::string table(const DigitReport& report) {
  std::string out = line("", "generated", "real", "the real number is of");
  out += line("Frechet distance to held-out", number(report.frechet_generated),
              number(report.frechet_real),
              text(report.held_out, " training digits, ", DigitReport::draws, " draws"));
  out += line("distance to nearest training", number(report.nearest_generated),
              number(report.nearest_real), "the held-out digits");
  out += line("classified with p > 0.9", percent(report.classified_confidently),
              percent(report.classified_confidently_real), "the held-out digits");
  for (std::size_t digit = 0; digit < report.classes_generated.size(); ++digit) {
    const auto share = [&](Index count, Index of) {
      return percent(static_cast<double>(count) / static_cast<double>(of));
    };
    out += line(text("classified as ", digit),
                share(report.classes_generated[digit], report.generated),
                share(report.classes_real[digit], report.held_out), "the held-out digits");
  }
  return out;
}

}  // namespace ito
