#pragma once
// --out of the subcommands that write images: a picture or an array, by its name.

#include <CLI/CLI.hpp>
#include <string>

#include "diffusion/data/image_set.h"
#include "engine/file.h"

namespace ito::cli {

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
  /// square), or floats, images in [0, 1].
  void write(const Tensor& x, Range range, Index columns = 0) const;
};

}  // namespace ito::cli
