#pragma once
// Wasserstein-2 distances between a data set corrupted to one level and to another, as the schedule
// search needs them (Daras et al. 2022, section 3.2).

#include <map>

#include "diffusion/data/image_set.h"
#include "diffusion/soft/corruption.h"
#include "diffusion/soft/sinkhorn.h"

namespace ito {

enum class Slices {
  same,        ///< both levels of the same images with the same noise: d(i, i) = 0
  independent  ///< of other images with other noise: d(i, i) is a floor due to sampling
};

struct DistanceOptions {
  Index slice = 0;  ///< images of a slice, at most a tenth of the data; 0: that or 512
  Slices slices = Slices::same;
  std::uint64_t seed = 0;  ///< chooses the images and the noise
  SinkhornOptions sinkhorn = {};
};

class CorruptionDistances {
 public:
  /// Refers to `C`. Images in [0, 1]. Throws for levels that are no schedule (sigma must be above
  /// 0, parameter and sigma must not turn back) and for a slice larger than a tenth of the data.
  CorruptionDistances(const ImageSet& images, const Corruption& C,
                      std::vector<CorruptionLevel> levels, const DistanceOptions& options = {});

  /// The root of the debiased divergence of levels i and j. Points are kept for the levels from i
  /// on: fastest for i that never falls.
  double operator()(Index i, Index j);

  /// The images of the (first) slice, [n, item...].
  const Tensor& images() const { return first_.images; }
  Index slice() const { return images().size(0); }
  const std::vector<CorruptionLevel>& levels() const { return levels_; }

 private:
  struct Slice {
    Tensor images, noise;            ///< [n, item...]
    std::map<Index, Tensor> points;  ///< by level, [n, D]
  };
  const Tensor& points(Slice& slice, Index level);

  const Corruption& C_;
  std::vector<CorruptionLevel> levels_;
  DistanceOptions options_;
  Slice first_, second_;
};

/// `count` levels at even parameters, with this noise.
std::vector<CorruptionLevel> corruption_levels(const Corruption& C, double sigma, Index count);
/// `count` levels of noise alone, even in sigma, as the distances of the same images are.
std::vector<CorruptionLevel> noise_only_levels(const Corruption& C, double sigma_min,
                                               double sigma_max, Index count);
/// `count` levels at which the corruption and, geometrically, the noise grow together.
std::vector<CorruptionLevel> joint_levels(const Corruption& C, double sigma_min, double sigma_max,
                                          Index count);

}  // namespace ito
