#pragma once
// Images for the subcommands that show a trained network some.

#include <string>

#include "diffusion/data/image_set.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {

/// `data` is "held-out" or "train": the part of the run's own data; else a data set by name or
/// path, of which the part held out counts where there is one. Throws for images of another shape
/// than the model's.
ImageSet images_for(const TrainedModel& model, const std::string& run, const std::string& data);

}  // namespace ito::cli
