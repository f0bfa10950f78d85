// Rows whose kernels are not written yet.

#include <stdexcept>

#include "kernels/cuda/rows.h"

namespace ito::kernels::cuda {

#define ITO_STUB(name, ...) \
  void name(__VA_ARGS__) { throw std::runtime_error("[cuda] " #name " is not built"); }
ITO_STUB(upfirdn2d, Fir, const Real*, const Real*, Real*)
#undef ITO_STUB

}  // namespace ito::kernels::cuda
