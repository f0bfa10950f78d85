#pragma once

namespace ito::kernels {

/// How matrix products on a GPU round their operands; sums are always single precision. The CPU and
/// builds with Real = double know only `full`.
enum class Precision {
  full,  ///< not at all
  tf32,  ///< to 11 bits of significand, on tensor cores
  bf16,  ///< to 8 bits of significand, on tensor cores
};

/// The precision of the whole process, `full` at first. Not to be changed while kernels run.
void set_precision(Precision precision);
Precision precision();

}  // namespace ito::kernels
