#pragma once
// The names of the elementwise functions, from the rows in pointwise.def.

namespace ito::kernels {

enum class Unary {
#define ITO_UNARY(name, formula) name,
#define ITO_BINARY(name, formula)
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
};

enum class Binary {
#define ITO_UNARY(name, formula)
#define ITO_BINARY(name, formula) name,
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
};

enum class Reduce { sum, max };

}  // namespace ito::kernels
