// The report on generated images, here digits, on sets whose numbers are known beforehand.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "diffusion/data/digits.h"
#include "diffusion/metrics/class_report.h"
#include "engine/ops.h"

namespace ito::test {
namespace {

const Dataset& dataset() {
  static const Dataset digits = digits_split();
  return digits;
}

ClassReport report_digits(const Tensor& generated, const Dataset& data, std::uint64_t seed = 0,
                          const std::vector<Index>& classes = {}) {
  return report_classes(generated, data, digit_recogniser(), seed, classes);
}

Tensor train_images(Index first, Index n) { return batch(dataset().train, first, n, Range::unit); }
Tensor held_out_images() { return batch(dataset().held_out, 0, 297, Range::unit); }

// The Frechet distance of a set to itself is 0 up to roots of rounding errors (1e-7 of its size).
TEST(ClassReport, HeldOutDigitsStandBesideThemselves) {
  const ClassReport report = report_digits(held_out_images(), dataset());
  EXPECT_EQ(report.generated, 297);
  EXPECT_EQ(report.held_out, 297);
  EXPECT_EQ(report.training, 1500);
  EXPECT_NEAR(report.frechet_generated, 0, 1e-5);
  EXPECT_EQ(report.nearest_generated, report.nearest_real);
  EXPECT_EQ(report.classified_confidently, report.classified_confidently_real);
  EXPECT_EQ(report.classes_generated, report.classes_real);
  EXPECT_EQ(std::accumulate(report.classes_real.begin(), report.classes_real.end(), Index{0}), 297);
}

// Held-out digits as if drawn as their labels: 294 of 297 are recognised; as if all were sevens,
// the sevens are.
TEST(ClassReport, RecognisesWhatWasDrawn) {
  const auto& labels = dataset().held_out.labels;
  const std::vector<Index> classes(labels.begin(), labels.end());
  const ClassReport report = report_digits(held_out_images(), dataset(), 0, classes);
  EXPECT_DOUBLE_EQ(report.recognised, 294.0 / 297);
  EXPECT_DOUBLE_EQ(report.recognised_real, 294.0 / 297);
  EXPECT_EQ(std::accumulate(report.drawn_as.begin(), report.drawn_as.end(), Index{0}), 297);
  EXPECT_EQ(std::accumulate(report.recognised_as.begin(), report.recognised_as.end(), Index{0}),
            294);
  EXPECT_NE(table(report).find("recognised as their class"), std::string::npos);
  const ClassReport sevens =
      report_digits(held_out_images(), dataset(), 0, std::vector<Index>(297, 7));
  EXPECT_DOUBLE_EQ(sevens.recognised, static_cast<double>(report.classes_real[7]) / 297);
  EXPECT_EQ(to_json(report_digits(held_out_images(), dataset())).count("recognised"), 0U);
}

// Training digits are at distance 0 from the nearest training digit, whatever else is good.
TEST(ClassReport, ShowsMemorisedDigits) {
  const ClassReport report = report_digits(train_images(0, 297), dataset());
  EXPECT_EQ(report.nearest_generated, 0);
  EXPECT_GT(report.nearest_real, 1);
  EXPECT_GT(report.frechet_generated, 0.1);
  EXPECT_GT(report.classified_confidently, 0.9);
}

// Half of the pixels' range as noise: the digits fall out of the margins asked of good samples (a
// Frechet distance within 3 times the real one, a nearest distance within 1.25 times).
TEST(ClassReport, ShowsNoise) {
  const Tensor noise = random_normal({297, 8, 8, 1}, {.seed = 3}) * 0.5;
  const ClassReport report = report_digits(train_images(0, 297) + noise, dataset());
  EXPECT_GT(report.frechet_generated, 3 * report.frechet_real);
  EXPECT_GT(report.nearest_generated, 1.25 * report.nearest_real);
  EXPECT_LT(report.classified_confidently, report.classified_confidently_real);
}

TEST(ClassReport, ClampsAndDoesNotRound) {
  const Tensor beyond = affine(train_images(100, 300), 1.5, -0.2);
  const ClassReport a = report_digits(beyond, dataset());
  const ClassReport b = report_digits(clamp(beyond, 0, 1), dataset());
  EXPECT_EQ(to_json(a), to_json(b));
  const Tensor greyer = affine(train_images(0, 297), 0.99, 0);  // half a level at most
  EXPECT_GT(report_digits(greyer, dataset()).nearest_generated, 0);
}

// Only the Frechet distance keeps to as many images as there are held-out digits.
TEST(ClassReport, MoreImagesThanHeldOut) {
  const ClassReport few = report_digits(train_images(0, 297), dataset());
  const ClassReport many =
      report_digits(concat({train_images(0, 297), held_out_images()}, 0), dataset());
  EXPECT_EQ(many.generated, 594);
  EXPECT_EQ(many.frechet_generated, few.frechet_generated);
  EXPECT_NEAR(many.nearest_generated, many.nearest_real / 2, 1e-12);
}

// Another seed draws other training digits, and no other number depends on it. The mean of 20 draws
// moves by far less than a quarter: it is the same quantity.
TEST(ClassReport, SeedsTheDraws) {
  const ClassReport a = report_digits(held_out_images(), dataset(), 1);
  const ClassReport again = report_digits(held_out_images(), dataset(), 1);
  const ClassReport b = report_digits(held_out_images(), dataset(), 2);
  EXPECT_EQ(a.frechet_real, again.frechet_real);
  EXPECT_NE(a.frechet_real, b.frechet_real);
  EXPECT_NEAR(a.frechet_real / b.frechet_real, 1, 0.25);
  EXPECT_EQ(a.nearest_real, b.nearest_real);
}

TEST(ClassReport, PrintsEveryNumberBesideTheRealOne) {
  const ClassReport report = report_digits(held_out_images(), dataset());
  const nlohmann::json json = to_json(report);
  for (const char* key : {"frechet_generated", "frechet_real", "nearest_generated", "nearest_real",
                          "classified_confidently", "classified_confidently_real"}) {
    EXPECT_TRUE(json.at(key).is_number()) << key;
  }
  EXPECT_EQ(json.at("frechet_real"), report.frechet_real);
  EXPECT_EQ(json.at("classes_real").size(), 10u);
  std::istringstream lines(table(report));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_EQ(count, 14);
}

TEST(ClassReport, RefusesWhatItCannotMeasure) {
  EXPECT_THROW(report_digits(train_images(0, 1), dataset()), Error);
  EXPECT_THROW(report_digits(Tensor::zeros({297, 64}), dataset()), Error);
  EXPECT_THROW(report_digits(Tensor::zeros({297, 28, 28, 1}), dataset()), Error);
  EXPECT_THROW(report_digits(Tensor::full({297, 8, 8, 1}, NAN), dataset()), Error);
  EXPECT_THROW(report_digits(train_images(0, 300), {dataset().held_out, dataset().train}), Error);
  EXPECT_THROW(report_digits(train_images(0, 2), dataset(), 0, {7}), Error);
  EXPECT_THROW(report_digits(train_images(0, 2), dataset(), 0, {7, 10}), Error);
}

}  // namespace
}  // namespace ito::test
