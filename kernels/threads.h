#pragma once
// The threads of the CPU kernels. A pool of our own, since frameworks for threads make every thread
// of a team arrive at a barrier: where another program has one of the cores, each of the hundreds
// of small kernels in a network then waits for the scheduler. Here the caller works too, and waits
// only for pieces that another thread has begun.

#include "kernels/types.h"

namespace ito::kernels {

/// How many threads the CPU kernels use, at first one a core; results do not depend on it. Built
/// without ITO_THREADS always 1. Not to be called while kernels run.
void set_threads(int threads);
int threads();

/// Calls f(context, i) once for every i in [0, pieces), on this thread and those of the pool, and
/// returns when all are done. `f` must not throw. Calls from within a piece, or while another
/// thread has the pool, run on the calling thread alone.
void run_pieces(Index pieces, void (*f)(const void* context, Index piece), const void* context);

}  // namespace ito::kernels
