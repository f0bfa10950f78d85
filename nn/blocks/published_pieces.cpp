#include "nn/blocks/published_pieces.h"

#include "engine/error.h"

namespace ito::nn {

namespace {

NameTable published_nin() { return {{"W", "weight"}, {"b", "bias"}}; }

NameTable published_pointwise() {
  return {{"weight", "weight", Layout::pointwise}, {"bias", "bias"}};
}

}  // namespace

NameTable published_linear() {
  return {{"weight", "weight", Layout::transposed}, {"bias", "bias"}};
}

NameTable published_conv2d() { return {{"weight", "weight", Layout::conv}, {"bias", "bias"}}; }

NameTable published_group_norm() { return {{"weight", "weight"}, {"bias", "bias"}}; }

NameTable published_residual_block(const BlockOptions& options, Shortcut shortcut) {
  NameTable table;
  append_part(table, "GroupNorm_0", "norm_0", published_group_norm());
  append_part(table, "Conv_0", "conv_0", published_conv2d());
  if (options.embedding > 0) append_part(table, "Dense_0", "time", published_linear());
  append_part(table, "GroupNorm_1", "norm_1", published_group_norm());
  append_part(table, "Conv_1", "conv_1", published_conv2d());
  if (shortcut == Shortcut::wide) append_part(table, "Conv_2", "shortcut", published_conv2d());
  if (shortcut != Shortcut::pointwise) return table;
  if (options.kind == BlockKind::ddpm) {
    append_part(table, "NIN_0", "shortcut", published_nin());
  } else {
    append_part(table, "Conv_2", "shortcut", published_pointwise());
  }
  return table;
}

NameTable published_attention_block() {
  NameTable table;
  append_part(table, "GroupNorm_0", "norm", published_group_norm());
  append_part(table, "NIN_0", "query", published_nin());
  append_part(table, "NIN_1", "key", published_nin());
  append_part(table, "NIN_2", "value", published_nin());
  append_part(table, "NIN_3", "out", published_nin());
  return table;
}

NameTable published_resample(bool with_conv, bool with_fir) {
  NameTable table;
  if (with_conv) append_part(table, with_fir ? "Conv2d_0" : "Conv_0", "conv", published_conv2d());
  return table;
}

NameTable published_combine() {
  NameTable table;
  append_part(table, "Conv_0", "conv", published_pointwise());
  return table;
}

void append_part(NameTable& table, const std::string& published, const std::string& ours,
                 const NameTable& part) {
  for (const PublishedName& row : part) {
    table.push_back({published + "." + row.published, ours + "." + row.ours, row.layout});
  }
}

void PublishedWalk::module(const std::string& ours, const NameTable& part) {
  append_part(table, text("all_modules.", index_), ours, part);
  ++index_;
}

}  // namespace ito::nn
