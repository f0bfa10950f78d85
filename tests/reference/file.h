#pragma once
// A file of published numbers: tensors of a replayed computation, its settings and its results, in
// the safetensors format. Images are stored [N, C, H, W]; here they become [N, H, W, C].

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/safetensors.h"
#include "engine/tensor.h"

namespace ito::reference {

/// What a case needs and this version does not have; the case is then skipped with that reason.
struct NotBuilt {
  std::string what;
};

/// Throws NotBuilt unless settings[key], if it is there at all, has the one value that is built.
void require_setting(const nlohmann::json& settings, const char* key,
                     const nlohmann::json& expected);

/// Pixels last to pixels first, on the last three axes, and back: [..., C, H, W] <-> [..., H, W,
/// C].
Tensor channels_last(const Tensor& stored);
Tensor channels_first(const Tensor& ours);

/// Where a file is replayed, and how much of it.
struct ReplayOptions {
  Device device = Device::cpu;
  /// What a slow device can do: of a chain the first steps, of a likelihood its single evaluations,
  /// of training the first step.
  bool brief = false;
};

class ReferenceFile {
 public:
  /// Reads the file; throws Error naming it when it is malformed.
  explicit ReferenceFile(const std::string& path, const ReplayOptions& options = {});

  const std::string& path() const { return path_; }
  /// The file's name without its folder.
  std::string name() const;
  /// The file of that name in the same folder, for the same replay.
  ReferenceFile beside(const std::string& name) const;
  Device device() const { return options_.device; }
  bool brief() const { return options_.brief; }

  /// Everything as stored, for comparisons.
  const SafeTensors& contents() const { return contents_; }
  bool has(const std::string& name) const { return contents_.contains(name); }
  /// Whether one of the functions below has returned this tensor: it is an input of the replay.
  bool was_read(const std::string& name) const { return read_.contains(name); }

  /// Settings of every case by its name (metadata key `settings`).
  const nlohmann::json& settings() const { return settings_; }
  /// A metadata entry that is JSON; throws when it is missing.
  nlohmann::json metadata(const std::string& key) const;
  /// A number of the metadata, such as a recorded error.
  std::optional<double> number(const std::string& key) const;
  /// The recorded result `key` of a case (metadata key `cases`).
  std::optional<double> case_number(const std::string& name, const std::string& key) const;

  /// On the replay's device, as stored; the second as [N, H, W, C] (any number of axes before C, H,
  /// W).
  Tensor tensor(const std::string& name) const;
  Tensor images(const std::string& name) const;
  /// The images of each entry of the first axis.
  std::vector<Tensor> image_rows(const std::string& name) const;
  std::vector<double> numbers(const std::string& name) const;
  std::vector<std::int64_t> integers(const std::string& name) const;
  /// All tensors PREFIX.NAME, by NAME.
  std::map<std::string, Tensor> tensors_below(const std::string& prefix) const;

 private:
  std::string path_;
  ReplayOptions options_;
  SafeTensors contents_;
  nlohmann::json settings_;
  mutable std::set<std::string> read_;
};

/// One entry of the first axis of `rows`.
Tensor row(const Tensor& rows, Index i);

}  // namespace ito::reference
