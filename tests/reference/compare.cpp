#include "tests/reference/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/autograd.h"
#include "engine/ops.h"

namespace ito::reference {

namespace {

/// Rounding of a stored float and of ours, with a factor 2 for values just above a power of 2.
constexpr double rounding = 4 * 0x1p-24;

/// Infinite where a difference that is not a number hides an error.
double share(double error, double allowed) {
  if (error == 0) return 0;
  if (!(allowed > 0) || !std::isfinite(error)) return std::numeric_limits<double>::infinity();
  return error / allowed;
}

/// The largest difference of two blocks of elements; infinite where one is not a number.
double block_error(const Real* ours, const Real* stored, std::size_t count) {
  double error = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double difference =
        std::abs(static_cast<double>(ours[i]) - static_cast<double>(stored[i]));
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    error = std::max(error, difference);
  }
  return error;
}

double block_size(const Real* values, std::size_t count) {
  double size = 0;
  for (std::size_t i = 0; i < count; ++i)
    size = std::max(size, std::abs(static_cast<double>(values[i])));
  return size;
}

/// Adds a block of elements that share a limit.
void add_block(Comparison& result, double error, double allowed, double scale) {
  result.error = std::max(result.error, error);
  result.relative = std::max(result.relative, error == 0 ? 0 : error / scale);
  const double used = share(error, allowed);
  if (used < result.used) return;
  result.used = used;
  result.allowed = allowed;
}

/// What a computation starts from, by its name.
bool is_input(const std::string& name) {
  const std::string path = "." + name;
  const auto has = [&](const char* part) { return path.find(part) != std::string::npos; };
  return has(".in.") || (has(".param.") && !has(".grad"));
}

}  // namespace

Rule rule(double allowed, std::string why, double scale) {
  return {{allowed}, {scale}, std::move(why)};
}

Rule floor_rule(double factor, std::optional<double> floor, double fallback, double largest) {
  if (!floor) {
    return rule(fallback * largest, text("no recorded floor: ", fallback, " of the largest value"),
                largest);
  }
  return rule(std::max(factor * *floor, rounding * largest),
              text(factor, " x the recorded floor ", *floor), largest);
}

double largest(const Tensor& x) {
  double result = 0;
  for (const Real value : x.to_host())
    result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

void Report::compare(const std::string& name, const Tensor& ours, const Rule& rule) {
  if (!file_.has(name)) return;
  const StoredTensor& stored = file_.contents().at(name);
  const bool both_scalar = ours.elements() == 1 && stored.shape.elements() == 1;
  if (ours.shape() != stored.shape && !both_scalar)
    fail(name.c_str(), "recomputed with shape ", ours.shape(), ", stored with ", stored.shape);
  compare_elements(name, ours, rule);
}

void Report::compare_first_rows(const std::string& name, const Tensor& ours, const Rule& rule) {
  if (!file_.has(name)) return;
  Shape first = file_.contents().at(name).shape;
  first[0] = std::min(first(0), ours.size(0));
  if (ours.shape() != first)
    fail(name.c_str(), "recomputed with shape ", ours.shape(), ", stored first rows ", first);
  compare_elements(name, ours, rule);
}

void Report::compare_elements(const std::string& name, const Tensor& ours, const Rule& rule) {
  const StoredTensor& stored = file_.contents().at(name);
  const std::vector<Real> values = ours.to_host();
  const std::size_t blocks = rule.allowed.size(),
                    size = values.size() / std::max<std::size_t>(blocks, 1);
  if (blocks == 0 || blocks * size != values.size())
    fail(name.c_str(), "a rule for ", blocks, " rows, but the shape is ", ours.shape());
  Comparison result{.name = name, .why = rule.why};
  for (std::size_t i = 0; i < blocks; ++i) {
    const Real *block = values.data() + i * size, *reference = stored.values.data() + i * size;
    const double scale = rule.scale.empty() ? block_size(reference, size) : rule.scale.at(i);
    add_block(result, block_error(block, reference, size), rule.allowed[i], scale);
  }
  comparisons_.push_back(result);
  recomputed_.add(name, ours.elements() == stored.shape.elements() ? stored.shape : ours.shape(),
                  values);
}

void Report::compare_images(const std::string& name, const Tensor& ours, const Rule& rule) {
  const NoGrad no_grad;
  compare(name, channels_first(ours), rule);
}

void Report::compare_integers(const std::string& name, const std::vector<std::int64_t>& ours) {
  if (!file_.has(name)) return;
  const std::vector<std::int64_t>& stored = file_.contents().at(name).integers;
  if (ours.size() != stored.size())
    fail(name.c_str(), "recomputed ", ours.size(), " integers, stored ", stored.size());
  Comparison result{.name = name, .why = "integers: equal"};
  for (std::size_t i = 0; i < ours.size(); ++i)
    result.error = std::max(result.error, std::abs(static_cast<double>(ours[i] - stored[i])));
  result.relative = result.error;
  result.used = share(result.error, 0);
  comparisons_.push_back(result);
  recomputed_.add_integers(name, file_.contents().at(name).shape, ours);
}

void Report::expect_equal(const std::string& what, std::int64_t ours, std::int64_t stored) {
  if (ours != stored) fail(what.c_str(), "recomputed ", ours, ", stored ", stored);
}

std::vector<std::string> Report::not_compared() const {
  std::vector<std::string> names;
  for (const auto& [name, stored] : file_.contents().tensors) {
    if (!recomputed_.contains(name) && !file_.was_read(name) && !is_input(name))
      names.push_back(name);
  }
  return names;
}

}  // namespace ito::reference
