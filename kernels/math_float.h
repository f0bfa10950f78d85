#pragma once
// Elementary functions in single precision: one formula for every back end, without branches, so
// that compilers vectorise loops over them. Each reduces its argument to a small interval and
// evaluates a minimax polynomial there (weighted Lawson fits, coefficients rounded to float one
// after the other and the rest refitted). "Error" is that of the polynomial, rounding apart;
// tests/kernels/math_test.cpp measures the whole functions against the C library in double.

#include "kernels/arithmetic.h"

namespace ito::kernels {

constexpr float infinity = __builtin_inff();
constexpr float not_a_number = __builtin_nanf("");

/// 2^n for -126 <= n <= 127, and 0 for -127.
ITO_FN float power_of_two(std::uint32_t n) { return bits_as<float>((n + 127u) << 23); }

// ---- exponentials --------------------------------------------------------------------------

/// x = n ln 2 + r with |r| <= ln(2)/2, and p = e^r - 1. For |x| < 2^22.
struct ExpParts {
  std::uint32_t n;
  float p;
};

/// e^r - 1 = r + r^2 Q(r), Q of degree 4: relative error below 2^-26.
ITO_FN ExpParts exp_parts(float x) {
  const float shifted = fma_(x, 1.44269504f, round_shift(0.0f));
  const float n = unshift(shifted);
  // ln 2 in two parts, the first so short that n times it is exact
  const float r = fma_(n, -1.42860677e-06f, fma_(n, -0.693145752f, x));
  float q = fma_(r, 0.00139406626f, 0.00836659689f);
  q = fma_(q, r, 0.0416664034f);
  q = fma_(q, r, 0.166665435f);
  q = fma_(q, r, 0.5f);
  return {shifted_integer(shifted), fma_(r * r, q, r)};
}

ITO_FN float exp_(float x) {
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  const ExpParts e = exp_parts(x);
  // 2^n in two factors: results below 2^-126 are rounded once, those above 2^128 become infinite
  const auto half = static_cast<std::uint32_t>(static_cast<std::int32_t>(e.n) >> 1);
  return (1.0f + e.p) * power_of_two(half) * power_of_two(e.n - half);
}

/// e^-x for x >= 0, in fewer steps: results below 2^-126 become 0 (2^-127 is made as 0).
ITO_FN float exp_minus(float x) {
  const ExpParts e = exp_parts(x > 88.0f ? -88.0f : -x);
  return (1.0f + e.p) * power_of_two(e.n);
}

/// x kept between -87 and `most`; NaN becomes a number. By integer minima, as sign and magnitude
/// order floats: minima of floats that keep NaN take several instructions.
ITO_FN float bounded(float x, float most) {
  const auto bits = bits_as<std::int32_t>(x), upper = bits_as<std::int32_t>(most);
  const auto below = static_cast<std::uint32_t>(bits < upper ? bits : upper);
  const auto lower = bits_as<std::uint32_t>(-87.0f);
  return bits_as<float>(below < lower ? below : lower);
}
/// x where e^x and its reciprocal are finite, else the nearest such number.
ITO_FN float exp_bounded(float x) { return bounded(x, 88.0f); }
/// e^x for what is so bounded: neither it nor 1 + p is subnormal or infinite, and 2^n is multiplied
/// by in the exponent's bits.
ITO_FN float exp_finite(float x) {
  const ExpParts e = exp_parts(x);
  return bits_as<float>(bits_as<std::uint32_t>(1.0f + e.p) + (e.n << 23));
}
/// e^x or, from x = 88.4 on, infinity.
ITO_FN float exp_to_infinity(float x) {
  const ExpParts e = exp_parts(bounded(x, 88.9f));
  return (1.0f + e.p) * power_of_two(e.n);
}

ITO_FN float expm1_(float x) {
  x = x < -18.0f ? -18.0f : x;
  x = x > 89.0f ? 89.0f : x;
  const ExpParts e = exp_parts(x);
  const float half_scale = power_of_two(e.n - 1);  // 2^128 would not be a float
  const float y = 2.0f * fma_(e.p, half_scale, half_scale - 0.5f);
  return e.n == 0 ? e.p : y;
}

/// (e^{2|x|} - 1) / (e^{2|x|} + 1), with the sign of x.
ITO_FN float tanh_(float x) {
  float a = 2.0f * fabsf(x);
  a = a > 20.0f ? 20.0f : a;
  const ExpParts e = exp_parts(a);
  const float scale = power_of_two(e.n);
  const float m = fma_(e.p, scale, scale - 1.0f);
  return copysignf(m / (m + 2.0f), x);
}

// ---- logarithms ----------------------------------------------------------------------------

/// log(2^e (1 + f)) for sqrt(1/2) <= 1 + f < sqrt(2).
/// log(1 + f) = f - f^2/2 + f^3 P(f), P of degree 8: relative error below 2^-30.
template <bool fused>
ITO_FN float log_sum(float e, float f) {
  float p = mul_add<fused>(f, 0.0691561103f, -0.117893696f);
  p = mul_add<fused>(p, f, 0.118726194f);
  p = mul_add<fused>(p, f, -0.12384402f);
  p = mul_add<fused>(p, f, 0.142187163f);
  p = mul_add<fused>(p, f, -0.166692495f);
  p = mul_add<fused>(p, f, 0.200022236f);
  p = mul_add<fused>(p, f, -0.249999866f);
  p = mul_add<fused>(p, f, 0.333333105f);
  const float f2 = f * f;
  float tail = mul_add<fused>(e, 1.42860677e-06f, f * f2 * p);
  tail = mul_add<fused>(f2, -0.5f, tail);
  return mul_add<fused>(e, 0.693145752f, f + tail);
}

/// log of a normal positive float, with `offset` added to its exponent.
template <bool fused>
ITO_FN float log_normal(float x, float offset) {
  const std::uint32_t sqrt_half = 0x3f3504f3u;
  const std::uint32_t shifted = bits_as<std::uint32_t>(x) - sqrt_half;
  const auto e = static_cast<float>(static_cast<std::int32_t>(shifted) >> 23);
  const auto m = bits_as<float>((shifted & 0x007fffffu) + sqrt_half);
  return log_sum<fused>(e + offset, m - 1.0f);
}

ITO_FN float log_(float x) {
  const bool tiny = x < 1.17549435e-38f;
  float y = log_normal<fused>(tiny ? x * 33554432.0f : x, tiny ? -25.0f : 0.0f);
  y = x == infinity ? x : y;
  y = x == 0.0f ? -infinity : y;
  return x >= 0.0f ? y : not_a_number;
}

/// log(1 + x) for 0 <= x <= 1.
ITO_FN float log1p_unit(float x) {
  const bool above = x > 0.41421356f;
  return log_sum<fused>(above ? 1.0f : 0.0f, above ? 0.5f * x - 0.5f : x);
}

// ---- powers --------------------------------------------------------------------------------

ITO_FN float sqrt_(float x) { return sqrtf(x); }
ITO_FN float abs_(float x) { return fabsf(x); }

ITO_FN float round_to_integer(float x) {
  const float a = fabsf(x);
  return a < 8388608.0f ? (a + 8388608.0f) - 8388608.0f : a;
}
ITO_FN bool is_integer(float x) { return round_to_integer(x) == fabsf(x); }

/// log2 of a positive float, in double: log2(m) = s L(s^2) with s = (m - 1)/(m + 1), L of degree
/// 4: relative error below 2^-37.
ITO_FN double log2_double(float x) {
  const bool tiny = x < 1.17549435e-38f;
  const std::uint32_t sqrt_half = 0x3f3504f3u;
  const std::uint32_t shifted = bits_as<std::uint32_t>(tiny ? x * 33554432.0f : x) - sqrt_half;
  const std::int32_t e = (static_cast<std::int32_t>(shifted) >> 23) - (tiny ? 25 : 0);
  const double m = bits_as<float>((shifted & 0x007fffffu) + sqrt_half);
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double l = z * 0.34073847894678855 + 0.41167228700801412;
  l = l * z + 0.57708359178679556;
  l = l * z + 0.96179667330809204;
  l = l * z + 2.8853900817901112;
  return e + s * l;
}

/// 2^y rounded to float, through double; the polynomial on [-1/2, 1/2] has degree 7 and relative
/// error below 2^-34.
ITO_FN float exp2_float(double y) {
  y = y < -160.0 ? -160.0 : y;
  y = y > 140.0 ? 140.0 : y;
  const double shifted = round_shift(y);
  const double r = y - unshift(shifted);
  double p = r * 1.5201815789166089e-05 + 0.00015469421982974274;
  p = p * r + 0.0013333924031845249;
  p = p * r + 0.0096180268487412249;
  p = p * r + 0.055504103503664151;
  p = p * r + 0.24022651201149181;
  p = p * r + 0.69314718072979631;
  p = p * r + 0.99999999996137878;
  // times 2^n by adding n to the exponent: the low bits of `shifted` are n, its high bits constant
  const auto scaled =
      bits_as<double>(bits_as<std::uint64_t>(p) + (bits_as<std::uint64_t>(shifted) << 52));
  return static_cast<float>(y == y ? scaled : y);
}

/// x^y as C defines it, special cases included. |y| times log2|x| needs 8 bits more than a float
/// has: hence double. In a loop y is one number: what depends on it alone is kept in numbers and
/// masks, since compilers do not vectorise selections by a fixed condition.
ITO_FN float pow_(float x, float y) {
  const bool integer = is_integer(y);
  const bool odd = integer & !is_integer(0.5f * y);
  const std::uint32_t sign = odd ? 0x80000000u : 0u;
  const float lowest = integer ? -infinity : 0.0f;  // below it (but at -infinity) is no power
  const float of_nan = y == 0.0f ? 1.0f : not_a_number;
  double exponent = y < -1e38f ? -1e38f : y;
  exponent = y > 1e38f ? 1e38f : exponent;

  const float a = fabsf(x);
  double l = log2_double(a);
  l = a == 0.0f ? -1e300 : l;  // finite, so that times 0 is 0
  l = a == infinity ? 1e300 : l;
  float z = exp2_float(exponent * l);
  z = bits_as<float>(bits_as<std::uint32_t>(z) | (bits_as<std::uint32_t>(x) & sign));
  z = (a == infinity ? a : x) < lowest ? not_a_number : z;
  z = x == 1.0f ? 1.0f : z;
  return x != x ? of_nan : z;
}

// ---- the error function --------------------------------------------------------------------

/// Up to 1: x + x P(x^2), P of degree 6, relative error below 2^-29. Beyond: 1 - exp(R(|x| - 1))
/// with R ~ log erfc of degree 7, error below 2^-26. Beyond 4, erf rounds to 1.
ITO_FN float erf_(float x) {
  float a = fabsf(x);
  a = a > 4.0f ? 4.0f : a;
  const float z = a * a;
  float p = fma_(z, 7.80690316e-05f, -0.00079978531f);
  p = fma_(p, z, 0.0051871622f);
  p = fma_(p, z, -0.0268533472f);
  p = fma_(p, z, 0.112835787f);
  p = fma_(p, z, -0.37612626f);
  p = fma_(p, z, 0.128379166f);
  const float near = fma_(a, p, a);
  const float t = a - 1.0f;
  float r = fma_(t, 0.000174108965f, -0.000642467174f);
  r = fma_(r, t, -0.000361482176f);
  r = fma_(r, t, 0.00868144725f);
  r = fma_(r, t, -0.0410214327f);
  r = fma_(r, t, -0.843202114f);
  r = fma_(r, t, -2.63896179f);
  r = fma_(r, t, -1.84960556f);
  const ExpParts e = exp_parts(r);
  const float scale = power_of_two(e.n);
  const float far = 1.0f - fma_(e.p, scale, scale);
  return copysignf(a > 1.0f ? far : near, x);
}

// ---- sine and cosine -----------------------------------------------------------------------

/// sin(r) = r + r^3 S(r^2) for |r| <= pi/4: relative error below 2^-28.
template <bool fused>
ITO_FN float sin_small(float r) {
  const float z = r * r;
  float s = mul_add<fused>(z, -0.000195186105f, 0.00833219104f);
  s = mul_add<fused>(s, z, -0.166666552f);
  return mul_add<fused>(r * z, s, r);
}

/// cos(r) = 1 - r^2/2 + r^4 C(r^2) for |r| <= pi/4: relative error below 2^-32.
template <bool fused>
ITO_FN float cos_small(float r) {
  const float z = r * r;
  float c = mul_add<fused>(z, 2.44306684e-05f, -0.00138873013f);
  c = mul_add<fused>(c, z, 0.0416666456f);
  return mul_add<fused>(z * z, c, mul_add<fused>(z, -0.5f, 1.0f));
}

/// sin(quadrant pi/2 + r).
template <bool fused>
ITO_FN float sin_quadrant(std::uint32_t quadrant, float r) {
  const float y = (quadrant & 1u) != 0 ? cos_small<fused>(r) : sin_small<fused>(r);
  return bits_as<float>(bits_as<std::uint32_t>(y) ^ ((quadrant & 2u) << 30));
}

/// sin(x + shift pi/2). The multiple of pi/2 is taken off in double, in two parts of which the
/// first has 25 bits: full accuracy up to |x| = 4e8. Beyond, where floats lie 32 apart, the result
/// is only sure to be between -1 and 1.
ITO_FN float sin_shifted(float x, std::uint32_t shift) {
  const double shifted = round_shift(x * 0.63661977236758134);
  const double n = unshift(shifted);
  auto r = static_cast<float>((x - n * 1.5707963109016418) - n * 1.5893254773528196e-08);
  r = r < -0.8f ? -0.8f : r;
  r = r > 0.8f ? 0.8f : r;
  return sin_quadrant<fused>(shifted_integer(shifted) + shift, r);
}

ITO_FN float sin_(float x) { return sin_shifted(x, 0); }
ITO_FN float cos_(float x) { return sin_shifted(x, 1); }

}  // namespace ito::kernels
