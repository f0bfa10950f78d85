#include <gtest/gtest.h>

#include "everywhere.h"
#include "kernels/kernels.h"

namespace ito::kernels::test {
namespace {

void check(Index N, Index S, Index C, bool per_image, bool with_residual) {
  SCOPED_TRACE(testing::Message() << N << " " << S << " " << C << " per image " << per_image
                                  << " residual " << with_residual);
  const Values start = values(1, N * S * C), residual = values(2, N * S * C);
  const Values shift = values(3, per_image ? N * C : C);
  const Real scale = with_residual ? Real(0.7) : Real(1);
  const std::vector<Result> results = run_everywhere({start}, [&](const std::vector<Real*>& y) {
    const Addend addend{shift.data(), with_residual ? residual.data() : nullptr, per_image, scale};
    add_shift(Device::cpu, addend, y[0], N, S, C);
  });
  for (const Result& result : results) {
    for (Index i = 0; i < N * S * C; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const Index c = per_image ? i / (S * C) * C + i % C : i % C;
      const Real shifted = start[at] + shift[static_cast<std::size_t>(c)];
      const Real expected = (with_residual ? shifted + residual[at] : shifted) * scale;
      ASSERT_EQ(result.outputs[0][at], expected) << result.level << " element " << i;
    }
  }
}

// Two additions in the order of the definition: the very same bits.
TEST(AddShift, AddsInOrder) {
  for (const bool per_image : {false, true}) {
    for (const bool residual : {false, true}) {
      check(2, 3, 5, per_image, residual);
      check(3, 8, 16, per_image, residual);  // several positions in a row
      check(1, 1, 1, per_image, residual);
      check(2, 300, 130, per_image, residual);  // several pieces
    }
  }
}

}  // namespace
}  // namespace ito::kernels::test
