#include "nn/blocks/published_pieces.h"

namespace ito::nn {

NameTable published_linear() {
  return {{"weight", "weight", Layout::transposed}, {"bias", "bias"}};
}

NameTable published_conv2d() { return {{"weight", "weight", Layout::conv}, {"bias", "bias"}}; }

NameTable published_group_norm() { return {{"weight", "weight"}, {"bias", "bias"}}; }

NameTable published_residual_block(bool with_shortcut) {
  NameTable table;
  append_part(table, "GroupNorm_0", "norm_0", published_group_norm());
  append_part(table, "Conv_0", "conv_0", published_conv2d());
  append_part(table, "Dense_0", "time", published_linear());
  append_part(table, "GroupNorm_1", "norm_1", published_group_norm());
  append_part(table, "Conv_1", "conv_1", published_conv2d());
  if (with_shortcut) append_part(table, "NIN_0", "shortcut", {{"W", "weight"}, {"b", "bias"}});
  return table;
}

NameTable published_attention_block() {
  const NameTable nin = {{"W", "weight"}, {"b", "bias"}};
  NameTable table;
  append_part(table, "GroupNorm_0", "norm", published_group_norm());
  append_part(table, "NIN_0", "query", nin);
  append_part(table, "NIN_1", "key", nin);
  append_part(table, "NIN_2", "value", nin);
  append_part(table, "NIN_3", "out", nin);
  return table;
}

NameTable published_resample(bool with_conv) {
  NameTable table;
  if (with_conv) append_part(table, "Conv_0", "conv", published_conv2d());
  return table;
}

void append_part(NameTable& table, const std::string& published, const std::string& ours,
                 const NameTable& part) {
  for (const PublishedName& row : part) {
    table.push_back({published + "." + row.published, ours + "." + row.ours, row.layout});
  }
}

}  // namespace ito::nn
