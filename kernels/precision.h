#pragma once

namespace ito::kernels {

/// How matrix products on a GPU round their operands; sums are always single precision. That is so
/// of products, 1x1 convolutions and the products of fast ones; other convolutions (with strides,
/// or few channels: some hundredths of a network's work) and attention are in full precision
/// always. The CPU and builds with Real = double know only `full`. But for `full` a sample's last
/// bits may depend on its batch.
enum class Precision {
  full,  ///< not at all
  tf32,  ///< to 11 bits of significand, on tensor cores
  bf16,  ///< to 8 bits of significand, on tensor cores
};

/// The precision of the whole process, `full` at first. Not to be changed while kernels run.
void set_precision(Precision precision);
Precision precision();

}  // namespace ito::kernels
