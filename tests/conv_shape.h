#pragma once

#include "kernels/types.h"

namespace ito::kernels::test {

/// The usual output size for padding `pad` on both sides.
inline Conv shape(Index N, Index H, Index W, Index C, Index KH, Index KW, Index O, Index stride = 1,
                  Index pad = 0, Index dilation = 1) {
  Conv s{N, H, W, C, KH, KW, 0, 0, O, stride, pad, dilation};
  s.P = (H + 2 * pad - dilation * (KH - 1) - 1) / stride + 1;
  s.Q = (W + 2 * pad - dilation * (KW - 1) - 1) / stride + 1;
  return s;
}

}  // namespace ito::kernels::test
