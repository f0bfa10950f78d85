#include "nn/blocks/published_refine.h"

#include "engine/error.h"
#include "nn/blocks/published_pieces.h"

namespace ito::nn {

namespace {

NameTable published_conv(bool bias) {
  NameTable table = published_conv2d();
  if (!bias) table.pop_back();
  return table;
}

/// Parts numbered 0, 1, ... of a pooling or a fusion.
NameTable numbered(Index count, bool bias, const RefineOptions& options) {
  NameTable table;
  for (Index i = 0; i < count; ++i) {
    append_part(table, text("convs.", i), text("conv.", i), published_conv(bias));
    if (!options.norm) continue;
    append_part(table, text("norms.", i), text("norm.", i), published_instance_norm(*options.norm));
  }
  return table;
}

}  // namespace

NameTable published_instance_norm(const InstanceNormOptions& options) {
  using Kind = InstanceNormOptions::Kind;
  if (options.classes > 0) return {{"embed.weight", "table"}};
  NameTable table;
  if (options.kind != Kind::variance) table.push_back({"gamma", "gamma"});
  if (options.kind != Kind::plain) table.push_back({"alpha", "alpha"});
  if (options.bias && options.kind != Kind::variance) table.push_back({"beta", "beta"});
  return table;
}

NameTable published_conv_mean_pool() {
  NameTable table;
  append_part(table, "conv", "conv", published_conv2d());
  return table;
}

NameTable published_ncsn_block(Index in, Index out, const NcsnBlockOptions& options) {
  const NameTable norm = published_instance_norm(options.norm);
  const NameTable last = options.halves() ? published_conv_mean_pool() : published_conv2d();
  NameTable table;
  append_part(table, "normalize1", "norm_1", norm);
  append_part(table, "conv1", "conv_1", published_conv2d());
  append_part(table, "normalize2", "norm_2", norm);
  append_part(table, "conv2", "conv_2", last);
  if (in != out || options.down) append_part(table, "shortcut", "shortcut", last);
  return table;
}

NameTable published_units(Index blocks, Index stages, const RefineOptions& options) {
  NameTable table;
  for (Index b = 0; b < blocks; ++b) {
    for (Index s = 0; s < stages; ++s) {
      const std::string published = text(b + 1, "_", s + 1, "_");
      const std::string ours = text("block.", b, ".stage.", s);
      append_part(table, published + "conv", ours + ".conv", published_conv(false));
      if (!options.norm) continue;
      append_part(table, published + "norm", ours + ".norm",
                  published_instance_norm(*options.norm));
    }
  }
  return table;
}

NameTable published_pooling(Index stages, const RefineOptions& options) {
  return numbered(stages, false, options);
}

NameTable published_fusion(Index inputs, const RefineOptions& options) {
  return numbered(inputs, true, options);
}

NameTable published_refine(Index inputs, Index output_blocks, const RefineOptions& options) {
  NameTable table;
  for (Index i = 0; i < inputs; ++i) {
    append_part(table, text("adapt_convs.", i), text("adapt.", i), published_units(2, 2, options));
  }
  if (inputs > 1) append_part(table, "msf", "fusion", published_fusion(inputs, options));
  append_part(table, "crp", "pooling", published_pooling(2, options));
  append_part(table, "output_convs", "output", published_units(output_blocks, 2, options));
  return table;
}

}  // namespace ito::nn
