#include "kernels/convolution.h"

#include "kernels/types.h"

namespace ito::kernels {
namespace {

ConvolutionMode chosen = sizeof(Real) == sizeof(float) ? ConvolutionMode::fast  //
                                                       : ConvolutionMode::exact;

}  // namespace

void set_convolution_mode(ConvolutionMode mode) { chosen = mode; }
ConvolutionMode convolution_mode() { return chosen; }

}  // namespace ito::kernels
