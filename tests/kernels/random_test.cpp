// The random generator: published known answers, the same bits however the work is done, and
// statistics within four standard errors (fixed seeds: a test either always passes or never).

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "everywhere.h"
#include "kernels/kernels.h"
#include "kernels/philox.h"
#include "kernels/threads.h"

namespace ito::kernels::test {
namespace {

constexpr double allowed_z = 4;

std::vector<Real> draw(Distribution d, const RandomKey& key, Index first, Index images,
                       Index elements) {
  std::vector<Real> y(static_cast<std::size_t>(images * elements));
  random(Device::cpu, d, key, first, images, elements, y.data());
  return y;
}

std::vector<std::uint32_t> float_bits(const std::vector<Real>& y) {
  std::vector<std::uint32_t> bits;
  for (Real v : y) bits.push_back(bits_as<std::uint32_t>(static_cast<float>(v)));
  return bits;
}

// Vectors of the Random123 library for philox4x32 with 10 rounds.
TEST(Philox, KnownAnswers) {
  struct {
    Words counter;
    std::uint32_t key0, key1;
    std::array<std::uint32_t, 4> answer;
  } const cases[] = {
      {{{0, 0, 0, 0}}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       0xa4093822,
       0x299f31d0,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const auto& c : cases) {
    const Words words = philox(c.counter, c.key0, c.key1);
    for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(words.w[k], c.answer[k]);
  }
}

TEST(Random, EveryPartOfTheAddressIsInItsPlace) {
  const RandomKey key{0x299f31d0a4093822, 0x13198a2e, 0x0370, 0x7344};
  const Words words = random_words(key, 0x85a308d3, 0x243f6a88);
  EXPECT_EQ(words.w[0], 0xd16cfe09u);
  EXPECT_EQ(words.w[3], 0x24126ea1u);
}

// The transformation again, in double and with the C library.
TEST(Random, NumbersAreTheirFormulas) {
  const RandomKey key{99, 1, 2, 3};
  const Index images = 3, elements = 1003, first = 40;
  const std::vector<Real> normal = draw(Distribution::normal, key, first, images, elements);
  const std::vector<Real> uniform = draw(Distribution::uniform, key, first, images, elements);
  const std::vector<Real> sign = draw(Distribution::rademacher, key, first, images, elements);
  for (Index i = 0; i < images * elements; ++i) {
    const Index element = i % elements;
    const Words words = random_words(key, static_cast<std::uint32_t>(first + i / elements),
                                     static_cast<std::uint32_t>(element / 4));
    const Index k = element % 4;
    const std::uint32_t word = words.w[k];
    const Index pair = k / 2 * 2;
    const double radius_word = words.w[pair], angle_word = words.w[pair + 1];
    const double radius = std::sqrt(-2 * std::log((radius_word + 0.5) / 4294967296));
    const double angle = 2 * 3.14159265358979323846 * angle_word / 4294967296;
    const double z = radius * (k % 2 == 0 ? std::cos(angle) : std::sin(angle));
    const auto at = static_cast<std::size_t>(i);
    // u and the angle are floats: 2^-24 relative each; near u = 1, log u = -r^2/2 is off by 2^-24
    ASSERT_NEAR(normal[at], z, 1e-6 + 6e-8 / (radius + 1e-4)) << i;
    ASSERT_NEAR(uniform[at], word / 4294967296.0, 1.2e-7) << i;
    ASSERT_EQ(sign[at], word >> 31 != 0 ? 1 : -1) << i;
  }
}

// The first numbers of seed 2021, and a checksum (FNV-1a) of many: no release may change them.
TEST(Random, KnownNormals) {
  const RandomKey key{2021, 5, 4, 1};
  const std::vector<std::uint32_t> known = {0x3f9679f3, 0xbfa3d8b5, 0x3f9f5bb8, 0xbf96ba7b,
                                            0x3fb40c78, 0xbe5e6a23, 0xbf7756bc, 0xbf890545};
  for_each_level([&](const std::string&) {
    EXPECT_EQ(float_bits(draw(Distribution::normal, key, 7, 1, 8)), known);
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (std::uint32_t bits : float_bits(draw(Distribution::normal, key, 0, 100, 3072)))
      hash = (hash ^ bits) * 0x100000001b3u;
    EXPECT_EQ(hash, 0x55ba6b01035180ecu);
  });
}

TEST(Random, SameBitsForLevelsThreadsAndBatches) {
  const RandomKey key{12345678901234567, 3, 2, 1};
  for (Distribution d : {Distribution::uniform, Distribution::normal, Distribution::rademacher}) {
    for (Index elements : {1, 2, 3, 4, 5, 257, 3072}) {
      const Index images = elements < 10 ? 9001 : 37;
      const std::vector<Real> expected = draw(d, key, 100, images, elements);
      for_each_level([&](const std::string&) {
        for (int count : {1, 2, 3}) {
          const int before = threads();
          set_threads(count);
          EXPECT_EQ(draw(d, key, 100, images, elements), expected);
          set_threads(before);
        }
        const Index split = images / 3;
        std::vector<Real> parts = draw(d, key, 100, split, elements);
        const std::vector<Real> rest = draw(d, key, 100 + split, images - split, elements);
        parts.insert(parts.end(), rest.begin(), rest.end());
        EXPECT_EQ(parts, expected);
      });
    }
  }
}

TEST(Random, WritesItsRangeOnly) {
  for (Index elements : {1, 3, 4, 6}) {
    std::vector<Real> y(static_cast<std::size_t>(5 * elements) + 1, 77);
    random(Device::cpu, Distribution::normal, RandomKey{}, Index{0}, Index{5}, elements, y.data());
    EXPECT_EQ(y.back(), 77);
    EXPECT_NE(y[y.size() - 2], 77);
  }
}

TEST(Random, UniformsAreInsideTheOpenInterval) {
  EXPECT_EQ(uniform_of(0), std::ldexp(1.0f, -24));
  EXPECT_EQ(uniform_of(~0u), 1 - std::ldexp(1.0f, -24));
}

TEST(Random, ExtremesOfTheNormals) {
  const float largest = std::sqrt(2 * 33 * std::log(2.0f));  // u = 2^-33
  EXPECT_NEAR(normals_of(0, 0).first, largest, 1e-6f);
  EXPECT_EQ(normals_of(0, 0).second, 0);
  EXPECT_NEAR(normals_of(0, 1u << 30).second, largest, 1e-6f);
  EXPECT_NEAR(normals_of(0, 2u << 30).first, -largest, 1e-6f);
  EXPECT_NEAR(normals_of(0, 3u << 30).second, -largest, 1e-6f);
  EXPECT_EQ(normals_of(~0u, 1u << 29).first, 0);  // u = 1
}

/// How many standard errors the mean of `count` numbers with variance `variance` is off.
double z_of_mean(double sum, double count, double mean, double variance) {
  return (sum / count - mean) / std::sqrt(variance / count);
}

// Standard errors from the moments of the normal distribution: E z^4 = 3, E z^6 = 15, E z^8 = 105.
TEST(Random, MomentsAndTailOfTheNormals) {
  const std::vector<Real> z = draw(Distribution::normal, RandomKey{1, 0, 4, 0}, 0, 1000, 2000);
  const auto n = static_cast<double>(z.size());
  double power[5] = {}, beyond3 = 0, beyond4 = 0;
  for (Real v : z) {
    const double x = v;
    for (int k = 1; k <= 4; ++k) power[k] += std::pow(x, k);
    beyond3 += std::fabs(x) > 3;
    beyond4 += std::fabs(x) > 4;
  }
  EXPECT_LT(std::fabs(z_of_mean(power[1], n, 0, 1)), allowed_z);
  EXPECT_LT(std::fabs(z_of_mean(power[2], n, 1, 2)), allowed_z);
  EXPECT_LT(std::fabs(z_of_mean(power[3], n, 0, 15)), allowed_z);
  EXPECT_LT(std::fabs(z_of_mean(power[4], n, 3, 96)), allowed_z);
  for (const auto& [limit, count] : {std::pair{3.0, beyond3}, std::pair{4.0, beyond4}}) {
    const double p = std::erfc(limit / std::sqrt(2.0));
    EXPECT_LT(std::fabs(z_of_mean(count, n, p, p * (1 - p))), allowed_z) << limit;
  }
}

TEST(Random, UniformsFillTheirIntervalEvenly) {
  const std::vector<Real> u = draw(Distribution::uniform, RandomKey{2, 0, 3, 0}, 0, 500, 2000);
  const auto n = static_cast<double>(u.size());
  const int bins = 256;
  std::vector<double> count(bins, 0);
  double sum = 0;
  for (Real v : u) {
    count[static_cast<std::size_t>(v * bins)] += 1;
    sum += v;
  }
  EXPECT_LT(std::fabs(z_of_mean(sum, n, 0.5, 1.0 / 12)), allowed_z);
  double chi2 = 0;
  for (double c : count) chi2 += (c - n / bins) * (c - n / bins) / (n / bins);
  EXPECT_LT(std::fabs((chi2 - (bins - 1)) / std::sqrt(2.0 * (bins - 1))), allowed_z);
}

double correlation_z(const std::vector<Real>& a, const std::vector<Real>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum / std::sqrt(static_cast<double>(a.size()));  // products have mean 0, variance 1
}

TEST(Random, StreamsAreUncorrelated) {
  const RandomKey base{7, 1, 2, 3};
  RandomKey other[5] = {base, base, base, base, base};
  other[0].seed += 1;
  other[1].seed += std::uint64_t{1} << 32;
  other[2].step += 1;
  other[3].purpose += 1;
  other[4].sub += 1;
  for (Distribution d : {Distribution::normal, Distribution::rademacher}) {
    const std::vector<Real> a = draw(d, base, 0, 100, 1000);
    const std::vector<Real> ones(a.size(), 1);
    EXPECT_LT(std::fabs(correlation_z(a, ones)), allowed_z) << "mean";
    for (const RandomKey& key : other)
      EXPECT_LT(std::fabs(correlation_z(a, draw(d, key, 0, 100, 1000))), allowed_z);
    EXPECT_LT(std::fabs(correlation_z(a, draw(d, base, 100, 100, 1000))), allowed_z) << "images";
    for (std::size_t lag = 1; lag <= 4; ++lag) {
      const std::vector<Real> early(a.begin(), a.end() - 4);
      const std::vector<Real> late(a.begin() + static_cast<std::ptrdiff_t>(lag),
                                   a.end() - 4 + static_cast<std::ptrdiff_t>(lag));
      EXPECT_LT(std::fabs(correlation_z(early, late)), allowed_z) << "lag " << lag;
    }
  }
}

}  // namespace
}  // namespace ito::kernels::test
