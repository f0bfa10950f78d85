#include "kernels/precision.h"

namespace ito::kernels {
namespace {

Precision chosen_precision = Precision::full;

}  // namespace

void set_precision(Precision precision) { chosen_precision = precision; }
Precision precision() { return chosen_precision; }

}  // namespace ito::kernels
