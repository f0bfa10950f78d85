#pragma once
// What made a picture: kept in it as text, so that `ito replay` can make it again.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "diffusion/data/picture.h"
#include "diffusion/training/config.h"

namespace ito::cli {

/// A file that a picture depends on, and the option that named it.
struct SourceFile {
  std::string option;  ///< "--run"
  std::string path;    ///< of the file itself, a run's checkpoint
  std::string digest = {};
};

struct Recipe {
  std::vector<std::string> command;  ///< "sample", "--run", "runs/digits", "--seed", "0", ...
  std::vector<SourceFile> files;
};

/// The command with all that decides its result spelt out, defaults and the sampler's settings
/// (null: it has none) included; where it writes and with how many threads are left out. The
/// command has been parsed. Reads the files for their digests.
Recipe recipe_of(CLI::App& command, std::vector<SourceFile> files, const nlohmann::json& sampling);

/// As the texts of a PNG.
PngText to_text(const Recipe& recipe);
/// Back again; throws Error naming the file where there is none.
Recipe recipe_from(const PngText& text, const std::string& source);

}  // namespace ito::cli
