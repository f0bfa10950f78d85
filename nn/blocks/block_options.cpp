#include "nn/blocks/block_options.h"

#include <numbers>

#include "engine/ops.h"

namespace ito::nn {

double join_scale(bool skip_rescale) { return skip_rescale ? 1 / std::numbers::sqrt2 : 1; }

Tensor joined(const Tensor& x, const Tensor& h, bool skip_rescale) {
  const Tensor sum = x + h;
  return skip_rescale ? sum * join_scale(true) : sum;
}

BlockKind block_kind_named(const std::string& name) {
  if (name == "ddpm") return BlockKind::ddpm;
  if (name == "biggan") return BlockKind::biggan;
  fail("residual_block", "expected the kind ddpm or biggan, got \"", name, "\"");
}

std::string name_of(BlockKind kind) { return kind == BlockKind::ddpm ? "ddpm" : "biggan"; }

}  // namespace ito::nn
