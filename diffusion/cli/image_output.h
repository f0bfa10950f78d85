#pragma once
// --out of the subcommands that write images: a picture or an array, by its name.

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "diffusion/cli/recipe.h"
#include "diffusion/data/image_set.h"
#include "engine/file.h"

namespace ito::cli {

/// What images were made of, beyond the options of their command.
struct Sources {
  std::vector<SourceFile> files;
  nlohmann::json sampling = nullptr;  ///< the sampler's settings, if it has any
};

struct ImageOutput {
  std::string path;
  Index zoom = 0;
  bool overwrite = false;

  void add_to(CLI::App& command);
  /// Throws UsageError for another kind of file, Error where nothing can be written. For before the
  /// work.
  void check() const;
  /// Throws where elements of this shape make no picture and one is wanted.
  void check_item(const Shape& item) const;
  /// x [n, item...], scaled as `range` says: a picture with `columns` images in a row (0: about
  /// square) that says how it was made, or floats, images in [0, 1].
  void write(const Tensor& x, Range range, Index columns, const Sources& sources) const;

 private:
  CLI::App* command_ = nullptr;  ///< whose option it is
};

}  // namespace ito::cli
