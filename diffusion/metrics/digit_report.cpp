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
  std::vector<Index> answers;  ///< of each image
};

Classified classified(const DigitClassifier& classifier, const Tensor& images) {
  const std::vector<Real> p = classifier.classify(images).to_host();
  Classified result;
  Index confident = 0;
  for (auto row = p.begin(); row != p.end(); row += DigitClassifier::classes) {
    const auto best = std::max_element(row, row + DigitClassifier::classes);
    ++result.classes[static_cast<std::size_t>(best - row)];
    result.answers.push_back(best - row);
    confident += static_cast<double>(*best) > DigitReport::confident;
  }
  result.confidently = static_cast<double>(confident) / static_cast<double>(images.size(0));
  return result;
}

double share_equal(const std::vector<Index>& answers, const std::vector<Index>& truth) {
  Index right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) right += answers.at(i) == truth[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

void recognise(DigitReport& report, const std::vector<Index>& answers,
               const std::vector<Index>& classes) {
  report.recognised = share_equal(answers, classes);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto drawn_as = static_cast<std::size_t>(classes[i]);
    ++report.drawn_as.at(drawn_as);
    report.recognised_as.at(drawn_as) += answers[i] == classes[i] ? 1 : 0;
  }
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

DigitReport report_digits(const Tensor& generated, const Dataset& digits, std::uint64_t seed,
                          const std::vector<Index>& classes) {
  check(generated, digits);
  if (!classes.empty() && static_cast<Index>(classes.size()) != generated.size(0))
    fail("report_digits", "expected a class for each of ", generated.size(0), " images, got ",
         classes.size());
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
  if (!classes.empty()) recognise(report, of_made.answers, classes);
  if (!digits.held_out.labels.empty())
    report.recognised_real = share_equal(
        of_real.answers, {digits.held_out.labels.begin(), digits.held_out.labels.end()});
  return report;
}

nlohmann::json to_json(const DigitReport& report) {
  nlohmann::json out = {{"generated", report.generated},
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
  if (report.recognised >= 0) {
    out["recognised"] = report.recognised;
    out["recognised_real"] = report.recognised_real;
    out["drawn_as"] = report.drawn_as;
    out["recognised_as"] = report.recognised_as;
  }
  return out;
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
  if (report.recognised >= 0) {
    out += line("recognised as their class", percent(report.recognised),
                percent(report.recognised_real), "the held-out digits");
    for (std::size_t digit = 0; digit < report.drawn_as.size(); ++digit) {
      if (report.drawn_as[digit] == 0) continue;
      out += line(text("  of those drawn as ", digit),
                  percent(static_cast<double>(report.recognised_as[digit]) /
                          static_cast<double>(report.drawn_as[digit])),
                  "", text("of ", report.drawn_as[digit]));
    }
  }
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
