#include "nn/json_reader.h"

#include "engine/file.h"
#include "engine/nearest.h"

namespace ito::nn {

JsonReader::JsonReader(const char* where, const nlohmann::json& json) : where_(where), json_(json) {
  if (!json.is_object()) fail(where, "expected a JSON object, got ", json.dump());
}

const nlohmann::json* JsonReader::find(const char* key) {
  known_.insert(key);
  const auto it = json_.find(key);
  return it == json_.end() ? nullptr : &*it;
}

void JsonReader::refuse(const char* key, const char* expected) const {
  fail(where_, "\"", key, "\": expected ", expected, ", got ", json_.at(key).dump());
}

void JsonReader::read(const char* key, Index& value) {
  const nlohmann::json* found = find(key);
  if (found == nullptr) return;
  if (!found->is_number_integer()) refuse(key, "a whole number");
  value = found->get<Index>();
}

void JsonReader::read(const char* key, double& value) {
  const nlohmann::json* found = find(key);
  if (found == nullptr) return;
  if (!found->is_number()) refuse(key, "a number");
  value = found->get<double>();
}

void JsonReader::read(const char* key, bool& value) {
  const nlohmann::json* found = find(key);
  if (found == nullptr) return;
  if (!found->is_boolean()) refuse(key, "true or false");
  value = found->get<bool>();
}

void JsonReader::read(const char* key, std::string& value) {
  const nlohmann::json* found = find(key);
  if (found == nullptr) return;
  if (!found->is_string()) refuse(key, "a string");
  value = found->get<std::string>();
}

void JsonReader::read(const char* key, std::vector<Index>& value) {
  const nlohmann::json* found = find(key);
  if (found == nullptr) return;
  if (!found->is_array()) refuse(key, "a list of whole numbers");
  for (const nlohmann::json& element : *found) {
    if (!element.is_number_integer()) refuse(key, "a list of whole numbers");
  }
  value = found->get<std::vector<Index>>();
}

void JsonReader::read(const char* key, std::vector<double>& value) {
  const nlohmann::json* found = find(key);
  if (found == nullptr) return;
  if (!found->is_array()) refuse(key, "a list of numbers");
  for (const nlohmann::json& element : *found) {
    if (!element.is_number()) refuse(key, "a list of numbers");
  }
  value = found->get<std::vector<double>>();
}

void JsonReader::finish() const {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : json_.items()) {
    if (!known_.contains(key)) {
      fail(where_, "unknown key ", printable(key), did_you_mean(key, known));
    }
  }
}

}  // namespace ito::nn
