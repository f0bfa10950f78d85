#pragma once
// The elementary functions that pointwise.def names, for both scalar types: our own polynomials in
// single precision (math_float.h), the C library in double.

#include "kernels/math_float.h"

namespace ito::kernels {

ITO_FN double exp_(double x) { return exp(x); }
ITO_FN double exp_minus(double x) { return exp(-x); }
ITO_FN double exp_to_infinity(double x) { return exp(x); }
ITO_FN double exp_bounded(double x) { return x > 700 ? 700 : x < -700 ? -700 : x; }
ITO_FN double exp_finite(double x) { return exp(x); }
ITO_FN double expm1_(double x) { return expm1(x); }
ITO_FN double tanh_(double x) { return tanh(x); }
ITO_FN double log_(double x) { return log(x); }
ITO_FN double log1p_unit(double x) { return log1p(x); }
ITO_FN double sqrt_(double x) { return sqrt(x); }
ITO_FN double abs_(double x) { return fabs(x); }
ITO_FN double pow_(double x, double y) { return pow(x, y); }
ITO_FN double erf_(double x) { return erf(x); }
ITO_FN double sin_(double x) { return sin(x); }
ITO_FN double cos_(double x) { return cos(x); }

/// 1 / (1 + e^-x), through e^-|x|, which cannot overflow: s for x < 0 keeps its relative accuracy
/// down to 2^-126 and is 0 below.
template <class T>
ITO_FN T sigmoid_(T x) {
  const T e = exp_minus(abs_(x));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

/// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
template <class T>
ITO_FN T softplus_(T x) {
  return (x < T(0) ? T(0) : x) + log1p_unit(exp_(-abs_(x)));
}

/// x s(x) = x / (1 + e^-x), s the sigmoid. 0 below -88.4 (-709.8 in double precision), where it is
/// smaller than 2^-121 (2^-1014).
template <class T>
ITO_FN T silu_(T x) {
  return x / (T(1) + exp_to_infinity(-x));
}

/// Derivative of x s(x): s(x) (1 + x (1 - s(x))) with 1 - s(x) = e^-x s(x). Beyond the range of the
/// exponential it is 1 or as good as 0, and x must not grow on: infinity times 0 would be NaN.
template <class T>
ITO_FN T silu_slope_(T x) {
  const T minus_x = exp_bounded(-x);
  const T e = exp_finite(minus_x);
  const T s = T(1) / (T(1) + e);
  const T slope = s * fma_(-minus_x, e * s, T(1));
  return x == x ? slope : x;
}

}  // namespace ito::kernels
