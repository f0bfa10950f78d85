#pragma once
// A configuration's fields, listed once for reading and for writing: a function template
//
//   template <class Fields, SameAs<MyConfig> Config>
//   void fields(Fields& f, Config& c) {
//     f("width", c.width);
//     f("activation", c.activation, activation_names);  // or the function activation_named
//   }
//
// is handed a ReadFields or a WriteFields.

#include <type_traits>

#include "nn/json_reader.h"
#include "nn/named.h"

namespace ito {

/// `Type` is Config or const Config.
template <class Type, class Config>
concept SameAs = std::is_same_v<std::remove_const_t<Type>, Config>;

namespace nn {

/// Takes each field from a JSON object: an absent one keeps its value. Throws Error for a value of
/// the wrong kind; `finish` for a key that is no field.
class ReadFields {
 public:
  ReadFields(const char* where, const nlohmann::json& json) : where_(where), reader_(where, json) {}

  template <class Value>
  void operator()(const char* key, Value& value) {
    reader_.read(key, value);
  }
  template <class Value, std::size_t n>
  void operator()(const char* key, Value& value, const Names<Value, n>& names) {
    reader_.read(key, value, [&](const auto& name) { return value_named(where_, names, name); });
  }
  template <class Value>
  void operator()(const char* key, Value& value, Value (*named)(const std::string&)) {
    reader_.read(key, value, named);
  }
  void finish() const { reader_.finish(); }

 private:
  const char* where_;
  JsonReader reader_;
};

/// Puts each field into a JSON object.
class WriteFields {
 public:
  template <class Value>
  void operator()(const char* key, const Value& value) {
    json_[key] = value;
  }
  template <class Value, std::size_t n>
  void operator()(const char* key, Value value, const Names<Value, n>& names) {
    json_[key] = name_of(names, value);
  }
  template <class Value>
  void operator()(const char* key, Value value, Value (*)(const std::string&)) {
    json_[key] = name_of(value);
  }
  const nlohmann::json& json() const { return json_; }

 private:
  nlohmann::json json_ = nlohmann::json::object();
};

}  // namespace nn
}  // namespace ito
