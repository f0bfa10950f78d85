#include "diffusion/metrics/class_report.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>

#include "diffusion/metrics/frechet.h"
#include "diffusion/metrics/nearest.h"
#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito {
namespace {

/// Throws unless the generated images can be measured.
void check(const Tensor& generated, const Dataset& data) {
  const Shape& item = data.train.item;
  const bool alike = generated.rank() == 4 &&
                     Shape(generated.shape().begin() + 1, generated.shape().end()) == item;
  if (!alike || generated.size(0) < 2)
    fail("report", "expected at least 2 images ", item, ", got ", generated.shape());
  const Index compared = std::min(generated.size(0), data.held_out.count);
  if (compared < 2 || data.train.count < compared)
    fail("report", "expected at least 2 held-out and no fewer training images, got ",
         data.held_out.count, " and ", data.train.count);
  for (const Real value : generated.to_host())
    if (!std::isfinite(value)) fail("report", "a generated image holds ", value);
}

/// What the recogniser makes of images, some at a time.
Recognised recognised(const Recogniser& recogniser, const Tensor& images) {
  constexpr Index at_once = 500;
  std::vector<Tensor> features, probabilities;
  for (Index first = 0; first < images.size(0); first += at_once) {
    const Index end = std::min(first + at_once, images.size(0));
    const Recognised part = recogniser(slice(images, 0, first, end));
    features.push_back(part.features);
    probabilities.push_back(part.probabilities);
  }
  return {concat(features, 0), concat(probabilities, 0)};
}

/// Mean distance of the features [n, D] of `count` random training images to the held-out ones.
double real_frechet(const Tensor& train_features, Index count, const FeatureMoments& held_out,
                    std::uint64_t seed) {
  double sum = 0;
  for (int draw = 0; draw < ClassReport::draws; ++draw) {
    const auto step = static_cast<std::uint32_t>(draw);
    const RandomStream stream = {.seed = seed, .purpose = Purpose::order, .step = step};
    std::vector<Index> rows = permutation(train_features.size(0), stream);
    rows.resize(static_cast<std::size_t>(count));
    sum += frechet_distance(feature_moments(embedding(train_features, rows)), held_out);
  }
  return sum / ClassReport::draws;
}

/// What the classifier says of a set.
struct Answers {
  double confidently = 0;
  std::vector<Index> classes;  ///< how many of each
  std::vector<Index> of;       ///< each image
};

Answers answers(const Tensor& probabilities) {
  const std::vector<Real> p = probabilities.to_host();
  const Index K = probabilities.size(1);
  Answers result = {.classes = std::vector<Index>(static_cast<std::size_t>(K)), .of = {}};
  Index confident = 0;
  for (auto row = p.begin(); row != p.end(); row += K) {
    const auto best = std::max_element(row, row + K);
    ++result.classes[static_cast<std::size_t>(best - row)];
    result.of.push_back(best - row);
    confident += static_cast<double>(*best) > ClassReport::confident;
  }
  result.confidently = static_cast<double>(confident) / static_cast<double>(probabilities.size(0));
  return result;
}

double share_equal(const std::vector<Index>& answers, const std::vector<Index>& truth) {
  Index right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) right += answers.at(i) == truth[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(truth.size());
}

void check_classes(const std::vector<Index>& classes, Index generated, std::size_t known) {
  if (static_cast<Index>(classes.size()) != generated)
    fail("report", "expected a class for each of ", generated, " images, got ", classes.size());
  for (const Index drawn_as : classes)
    if (drawn_as < 0 || drawn_as >= static_cast<Index>(known))
      fail("report", "an image was drawn as class ", drawn_as, ", the recogniser knows 0 to ",
           known - 1);
}

void recognise(ClassReport& report, const std::vector<Index>& answers,
               const std::vector<Index>& classes) {
  const std::size_t known = report.classes_generated.size();
  check_classes(classes, report.generated, known);
  report.drawn_as.resize(known);
  report.recognised_as.resize(known);
  report.recognised = share_equal(answers, classes);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto drawn_as = static_cast<std::size_t>(classes[i]);
    ++report.drawn_as[drawn_as];
    report.recognised_as[drawn_as] += answers[i] == classes[i] ? 1 : 0;
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

std::string percent(Index count, Index of) {
  return percent(static_cast<double>(count) / static_cast<double>(of));
}

std::string lines_of_classes(const ClassReport& report) {
  std::string out = line("recognised as their class", percent(report.recognised),
                         report.recognised_real < 0 ? "" : percent(report.recognised_real),
                         text("the ", report.held_out, " held-out images"));
  for (std::size_t k = 0; k < report.drawn_as.size(); ++k) {
    if (report.drawn_as[k] == 0) continue;
    out +=
        line(text("  of those drawn as ", k), percent(report.recognised_as[k], report.drawn_as[k]),
             "", text("of ", report.drawn_as[k]));
  }
  return out;
}

}  // namespace

ClassReport report_classes(const Tensor& generated, const Dataset& data,
                           const Recogniser& recogniser, std::uint64_t seed,
                           const std::vector<Index>& classes) {
  check(generated, data);
  const NoGrad no_grad;
  const Tensor made = clamp(generated.to(Device::cpu), 0, 1);
  const Tensor train = batch(data.train, 0, data.train.count, Range::unit);
  const Tensor held_out = batch(data.held_out, 0, data.held_out.count, Range::unit);

  ClassReport report;
  report.generated = made.size(0);
  report.compared = std::min(made.size(0), held_out.size(0));
  report.held_out = held_out.size(0);
  report.training = train.size(0);
  const auto first = [&](const Tensor& x, Index n = 0) {
    return slice(x, 0, 0, n > 0 ? n : report.compared);
  };

  const Recognised of_made = recognised(recogniser, made);
  const Recognised of_real = recognised(recogniser, held_out);
  const Index drawn_from = std::min(train.size(0), ClassReport::draws * report.compared);
  const Recognised of_train = recognised(recogniser, first(train, drawn_from));
  const FeatureMoments reference = feature_moments(first(of_real.features));
  report.frechet_generated = frechet_distance(feature_moments(first(of_made.features)), reference);
  report.frechet_real = real_frechet(of_train.features, report.compared, reference, seed);
  report.nearest_generated = mean_nearest_distance(made, train);
  report.nearest_real = mean_nearest_distance(first(held_out), train);

  const Answers made_answers = answers(of_made.probabilities);
  const Answers real_answers = answers(of_real.probabilities);
  report.classified_confidently = made_answers.confidently;
  report.classified_confidently_real = real_answers.confidently;
  report.classes_generated = made_answers.classes;
  report.classes_real = real_answers.classes;
  if (!classes.empty()) recognise(report, made_answers.of, classes);
  const auto& labels = data.held_out.labels;
  if (!labels.empty())
    report.recognised_real = share_equal(real_answers.of, {labels.begin(), labels.end()});
  return report;
}

nlohmann::json to_json(const ClassReport& report) {
  nlohmann::json out = {{"generated", report.generated},
                        {"compared", report.compared},
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
    out["drawn_as"] = report.drawn_as;
    out["recognised_as"] = report.recognised_as;
  }
  if (report.recognised_real >= 0) out["recognised_real"] = report.recognised_real;
  return out;
}

std::string table(const ClassReport& report) {
  std::string out = line("", "generated", "real", "the real number is of");
  out += line("Frechet distance to held-out", number(report.frechet_generated),
              number(report.frechet_real),
              text(report.compared, " training images, ", ClassReport::draws, " draws"));
  out += line("distance to nearest training", number(report.nearest_generated),
              number(report.nearest_real), text(report.compared, " held-out images"));
  out += line("classified with p > 0.9", percent(report.classified_confidently),
              percent(report.classified_confidently_real),
              text("the ", report.held_out, " held-out images"));
  if (report.recognised >= 0) out += lines_of_classes(report);
  for (std::size_t k = 0; k < report.classes_generated.size(); ++k)
    out += line(text("classified as ", k), percent(report.classes_generated[k], report.generated),
                percent(report.classes_real[k], report.held_out), "the held-out images");
  return out;
}

}  // namespace ito
