#pragma once
// The folder of a training run:
//   config.json              the resolved configuration
//   log.jsonl                one JSON object a line
//   checkpoint.safetensors   the last state saved
//   samples/step_NNNNNNNN.png
// and that of a classifier, in place of the samples,
//   training.safetensors     what the training needs to go on
//   accuracy.png             how well it does by noise level
// Files are replaced whole or not at all, so that a run can be killed at any moment and resumed.

#include <nlohmann/json.hpp>
#include <string>

#include "engine/file.h"
#include "kernels/types.h"

namespace ito {

class RunFolder {
 public:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string config_path() const { return path_ + "/config.json"; }
  std::string log_path() const { return path_ + "/log.jsonl"; }
  std::string checkpoint_path() const { return path_ + "/checkpoint.safetensors"; }
  std::string training_path() const { return path_ + "/training.safetensors"; }
  std::string accuracy_path() const { return path_ + "/accuracy.png"; }
  std::string samples_path() const { return path_ + "/samples"; }
  std::string sample_path(Index step) const;

  /// Is there a run in it?
  bool has_run() const;
  bool has_checkpoint() const;

  /// Throws unless a new run may be begun here: the folder must be absent or empty, or hold a run
  /// that may be overwritten, and must be writable. Changes nothing but creating the folder.
  void check_new(Overwrite overwrite) const;
  /// Begins a new run: removes the files of an earlier one, and only these, and writes config.json.
  void begin(const nlohmann::json& config) const;
  /// Throws, naming the folder, unless a run can be resumed here.
  void check_resumable() const;
  /// Goes on after step `step`: writes config.json and drops what the log says of later steps.
  void resume(const nlohmann::json& config, Index step) const;

  nlohmann::json read_config() const;
  void log(const nlohmann::json& line) const;
  /// The log's lines; an incomplete last line is left out.
  std::vector<nlohmann::json> read_log() const;

 private:
  void write_config(const nlohmann::json& config) const;
  void remove_leftovers() const;

  std::string path_;
};

/// A JSON file. Throws Error naming the file and the place for what is not JSON.
nlohmann::json read_json(const std::string& path);

}  // namespace ito
