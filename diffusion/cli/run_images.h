#pragma once
// The images that a subcommand looks at.

#include "diffusion/data/image_set.h"
#include "diffusion/training/trained_model.h"

namespace ito::cli {

/// `data` "held-out" or "train": the part of the run's own data; else a data set by name or path,
/// of which the part held out counts where there is one. Throws (as `where`) for images of another
/// shape than the model's.
ImageSet images_of(const char* where, const std::string& run, const std::string& data,
                   const TrainedModel& model);

}  // namespace ito::cli
