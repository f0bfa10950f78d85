#pragma once
// Reading a configuration from JSON: what is absent keeps its default, what is unknown or of the
// wrong kind is an error that names the key.

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/error.h"
#include "kernels/types.h"

namespace ito::nn {

class JsonReader {
 public:
  /// `where` names the configuration in messages. Throws unless `json` is an object.
  JsonReader(const char* where, const nlohmann::json& json);

  void read(const char* key, Index& value);
  void read(const char* key, double& value);
  void read(const char* key, bool& value);
  void read(const char* key, std::string& value);
  void read(const char* key, std::vector<Index>& value);
  void read(const char* key, std::vector<double>& value);
  /// A value that is spelt as a name: `from_name` throws for names that it does not know.
  template <class Value, class FromName>
  void read(const char* key, Value& value, FromName from_name) {
    std::string name;
    read(key, name);
    if (!name.empty()) value = from_name(name);
  }

  /// Throws if the object has a key that was not read, naming the nearest one that was.
  void finish() const;

 private:
  const nlohmann::json* find(const char* key);
  [[noreturn]] void refuse(const char* key, const char* expected) const;

  const char* where_;
  const nlohmann::json& json_;
  std::set<std::string> known_;
};

}  // namespace ito::nn
