// Rows whose kernels are not written yet.

#include <stdexcept>

#include "kernels/cuda/rows.h"

namespace ito::kernels::cuda {

#define ITO_STUB(name, ...) \
  void name(__VA_ARGS__) { throw std::runtime_error("[cuda] " #name " is not built"); }
ITO_STUB(softmax, const Real*, Real*, Index, Index)
ITO_STUB(log_softmax, const Real*, Real*, Index, Index)
ITO_STUB(attention, Attention, const Real*, const Real*, const Real*, Real*)
ITO_STUB(attention_grad, Attention, const Real*, const Real*, const Real*, const Real*, Real*,
         Real*, Real*)
ITO_STUB(upfirdn2d, Fir, const Real*, const Real*, Real*)
#undef ITO_STUB

}  // namespace ito::kernels::cuda
