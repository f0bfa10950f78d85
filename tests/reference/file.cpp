#include "tests/reference/file.h"

#include <filesystem>

#include "engine/ops.h"

namespace ito::reference {

namespace {

/// Moves one of the last three axes: `from` counts from the end.
Tensor move_axis(const Tensor& x, int from, int to) {
  if (x.rank() < 3) fail("reference", "expected images, got a tensor ", x.shape());
  std::vector<int> axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  axes.erase(axes.begin() + (x.rank() - from));
  axes.insert(axes.begin() + (x.rank() - to), x.rank() - from);
  return permute(x, axes);
}

nlohmann::json parse_json(const std::string& content, const std::string& where) try {
  return nlohmann::json::parse(content);
} catch (const nlohmann::json::exception& e) {
  fail(where.c_str(), "not JSON: ", e.what());
}

}  // namespace

void require_setting(const nlohmann::json& settings, const char* key,
                     const nlohmann::json& expected) {
  if (settings.contains(key) && settings.at(key) != expected)
    throw NotBuilt{text(key, " = ", settings.at(key))};
}

Tensor channels_last(const Tensor& stored) { return move_axis(stored, 3, 1); }

Tensor channels_first(const Tensor& ours) { return move_axis(ours, 1, 3); }

Tensor row(const Tensor& rows, Index i) {
  Shape shape = rows.shape();
  shape.erase(shape.begin());
  return reshape(slice(rows, 0, i, i + 1), shape);
}

ReferenceFile::ReferenceFile(const std::string& path, const ReplayOptions& options)
    : path_(path), options_(options), contents_(read_safetensors(path)) {
  settings_ = metadata("settings");
  if (!settings_.is_object()) fail(path.c_str(), "\"settings\": expected an object");
}

std::string ReferenceFile::name() const { return std::filesystem::path(path_).filename().string(); }

ReferenceFile ReferenceFile::beside(const std::string& name) const {
  return ReferenceFile((std::filesystem::path(path_).parent_path() / name).string(), options_);
}

nlohmann::json ReferenceFile::metadata(const std::string& key) const {
  return parse_json(contents_.meta(key), text(path_, ", \"", key, "\""));
}

std::optional<double> ReferenceFile::number(const std::string& key) const {
  if (!contents_.metadata.contains(key)) return std::nullopt;
  return metadata(key).get<double>();
}

std::optional<double> ReferenceFile::case_number(const std::string& name,
                                                 const std::string& key) const {
  if (!contents_.metadata.contains("cases")) return std::nullopt;
  const nlohmann::json cases = metadata("cases");
  if (!cases.contains(name) || !cases.at(name).contains(key)) return std::nullopt;
  return cases.at(name).at(key).get<double>();
}

Tensor ReferenceFile::tensor(const std::string& name) const {
  read_.insert(name);
  return contents_.tensor(name).to(options_.device);
}

Tensor ReferenceFile::images(const std::string& name) const { return channels_last(tensor(name)); }

std::vector<Tensor> ReferenceFile::image_rows(const std::string& name) const {
  const Tensor all = images(name);
  std::vector<Tensor> rows;
  for (Index i = 0; i < all.size(0); ++i) rows.push_back(row(all, i));
  return rows;
}

std::vector<double> ReferenceFile::numbers(const std::string& name) const {
  read_.insert(name);
  const std::vector<Real>& values = contents_.at(name).values;
  return {values.begin(), values.end()};
}

std::vector<std::int64_t> ReferenceFile::integers(const std::string& name) const {
  read_.insert(name);
  const StoredTensor& stored = contents_.at(name);
  if (stored.integers.size() != stored.values.size())
    fail(path_.c_str(), name, ": expected integers, got ", stored.dtype);
  return stored.integers;
}

std::map<std::string, Tensor> ReferenceFile::tensors_below(const std::string& prefix) const {
  std::map<std::string, Tensor> found;
  const std::string start = prefix + ".";
  for (const auto& [name, stored] : contents_.tensors) {
    if (name.starts_with(start)) found.emplace(name.substr(start.size()), tensor(name));
  }
  return found;
}

}  // namespace ito::reference
