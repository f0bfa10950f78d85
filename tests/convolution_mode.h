#pragma once

#include "kernels/convolution.h"

namespace ito::test {

/// Chooses how convolutions are computed, for the duration of a scope.
class WithConvolutionMode {
 public:
  explicit WithConvolutionMode(kernels::ConvolutionMode mode)
      : before_(kernels::convolution_mode()) {
    kernels::set_convolution_mode(mode);
  }
  ~WithConvolutionMode() { kernels::set_convolution_mode(before_); }
  WithConvolutionMode(const WithConvolutionMode&) = delete;
  WithConvolutionMode& operator=(const WithConvolutionMode&) = delete;

 private:
  kernels::ConvolutionMode before_;
};

}  // namespace ito::test
