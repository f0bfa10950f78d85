#pragma once
// A small emulation of CUDA, so that its kernels run where there is no GPU: this stands in for the
// toolkit's header of the same name. README.md says what it checks and what it cannot.

#define ITO_CUDA_EMULATION

#include "device_functions.h"
#include "emulation.h"
#include "launch_kernel.h"
#include "runtime_api.h"
#include "vector_types.h"
