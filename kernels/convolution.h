#pragma once

namespace ito::kernels {

/// How 3x3 convolutions of stride 1, and their two gradients, are computed. Every other convolution
/// is direct in both modes.
enum class ConvolutionMode {
  fast,   ///< by Winograd's algorithm where it is measured to be faster: relative L2 error < 2e-5
  exact,  ///< direct: the error of a plain sum of products
};

/// The mode of the whole process, `fast` at first; in builds with Real = double, which exist for
/// the sake of accuracy, `exact`. Not to be changed while kernels run.
void set_convolution_mode(ConvolutionMode mode);
ConvolutionMode convolution_mode();

}  // namespace ito::kernels
