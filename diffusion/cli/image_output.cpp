#include "diffusion/cli/image_output.h"

#include "diffusion/cli/command.h"
#include "diffusion/data/grid.h"
#include "diffusion/data/npy.h"
#include "diffusion/training/sampling.h"

namespace ito::cli {

void ImageOutput::add_to(CLI::App& command) {
  command_ = &command;
  command.add_option("--out", path, ".png: a picture of all; .npy: floats, [0, 1] as trained on")
      ->required();
  command.add_option("--zoom", zoom, "Enlarge the picture's pixels; 0: as fits")
      ->check(CLI::Range(0, 64));
  command.add_flag("--overwrite", overwrite, "Replace an existing file");
}

void ImageOutput::check() const {
  if (!path.ends_with(".png") && !path.ends_with(".npy"))
    throw UsageError("--out: expected a name ending in .png or .npy, got " + printable(path));
  check_writable(path, overwrite ? Overwrite::yes : Overwrite::no);
}

void ImageOutput::check_item(const Shape& item) const {
  const bool picture = item.rank() == 3 && (item[2] == 1 || item[2] == 3);
  if (path.ends_with(".png") && !picture)
    fail("sample", "samples ", item, " make no picture; --out with .npy writes the numbers");
}

void ImageOutput::write(const Tensor& x, Range range, Index columns, const Sources& sources) const {
  const Overwrite replace = overwrite ? Overwrite::yes : Overwrite::no;
  if (path.ends_with(".npy")) {
    write_npy(path, to_unit(x, range), replace);
    return;
  }
  const Shape item(x.shape().begin() + 1, x.shape().end());
  write_image_grid(path, x,
                   {.columns = columns, .zoom = zoom > 0 ? zoom : zoom_for(item), .range = range},
                   replace, to_text(recipe_of(*command_, sources.files, sources.sampling)));
}

}  // namespace ito::cli
