#include "diffusion/training/run_folder.h"

#include <filesystem>
#include <iomanip>
#include <sstream>

namespace ito {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_empty_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) && fs::is_empty(path, error);
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) fail("run", path.string(), ": cannot be removed: ", error.message());
}

/// Files in a folder whose names begin and end so.
std::vector<fs::path> files_like(const std::string& folder, std::string_view begin,
                                 std::string_view end) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(begin) && name.ends_with(end)) out.push_back(entry.path());
  }
  return out;
}

}  // namespace

json read_json(const std::string& path) {
  try {
    return json::parse(read_text(path));
  } catch (const json::exception& e) {
    fail("json", path, ": ", e.what());
  }
}

std::string RunFolder::sample_path(Index step) const {
  std::ostringstream name;
  name << samples_path() << "/step_" << std::setw(8) << std::setfill('0') << step << ".png";
  return name.str();
}

bool RunFolder::has_run() const { return exists(config_path()) || exists(checkpoint_path()); }
bool RunFolder::has_checkpoint() const { return exists(checkpoint_path()); }

void RunFolder::check_new(Overwrite overwrite) const {
  if (has_run() && overwrite == Overwrite::no) {
    fail("run", path_, ": holds a run already (--resume goes on with it, --overwrite begins anew)");
  }
  if (!has_run() && exists(path_) && !is_empty_folder(path_)) {
    fail("run", path_, ": exists and is not the folder of a run");
  }
  create_folders(path_);
  check_writable(config_path(), Overwrite::yes);
}

void RunFolder::remove_leftovers() const {
  for (const std::string& folder : {path_, samples_path()}) {
    for (const auto& file : files_like(folder, ".ito-", ".tmp")) remove_file(file);
  }
}

void RunFolder::begin(const json& config) const {
  remove_leftovers();
  for (const std::string& file : {checkpoint_path(), log_path(), training_path(), accuracy_path()})
    remove_file(file);
  for (const auto& file : files_like(samples_path(), "step_", ".png")) remove_file(file);
  write_config(config);
  create_folders(samples_path());
}

void RunFolder::check_resumable() const {
  if (!has_run()) fail("run", path_, ": there is no run to resume");
  check_writable(config_path(), Overwrite::yes);
}

void RunFolder::resume(const json& config, Index step) const {
  remove_leftovers();
  std::string kept;
  for (const json& line : read_log()) {
    if (line.value("step", Index{0}) <= step) kept += line.dump() + "\n";
  }
  write_file(log_path(), kept, Overwrite::yes);
  write_config(config);
  create_folders(samples_path());
}

json RunFolder::read_config() const { return read_json(config_path()); }

void RunFolder::write_config(const json& config) const {
  write_file(config_path(), config.dump(2) + "\n", Overwrite::yes);
}

void RunFolder::log(const json& line) const { append_line(log_path(), line.dump()); }

std::vector<json> RunFolder::read_log() const {
  std::vector<json> out;
  if (!exists(log_path())) return out;
  std::istringstream lines(read_text(log_path()));
  std::string line;
  while (std::getline(lines, line)) {
    json parsed = json::parse(line, nullptr, false);
    if (!parsed.is_object()) break;  // what a kill left unfinished
    out.push_back(std::move(parsed));
  }
  return out;
}

}  // namespace ito
