#pragma once

namespace ito::kernels {

/// How many threads the CPU kernels use; results do not depend on it. Without OpenMP always 1.
void set_threads(int threads);
int threads();

}  // namespace ito::kernels
