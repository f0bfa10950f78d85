#pragma once

#include <gtest/gtest.h>

#include <stdexcept>

#include "kernels/backend.h"

namespace ito::test {

/// Skipped where the program is built for real devices and there is none. The emulated one is
/// always there.
class OnDevice : public testing::Test {
 protected:
  void SetUp() override {
    if (kernels::cuda_backend().keeps_blocks) {
      try {
        kernels::cuda_backend().devices();
      } catch (const std::runtime_error& e) {
        GTEST_SKIP() << e.what();
      }
    }
  }
};

}  // namespace ito::test
