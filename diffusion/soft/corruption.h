#pragma once
// What soft diffusion does to an image beside adding noise (Daras et al. 2022, section 3):
//   x_t = C_t x_0 + sigma_t eta,
// with C_t from a family of linear operators C(a), one number a for each sample: the blur's
// standard deviation, the share that is masked, the scale of the image.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/ops.h"

namespace ito {

/// What x_t is made of at one time: the parameter of C and the standard deviation of the noise.
struct CorruptionLevel {
  double parameter = 0, sigma = 0;
};

/// The level at a time t in [0, 1]: t = 0 the least corrupted, t = 1 the prior.
using CorruptionSchedule = std::function<CorruptionLevel(double t)>;

/// A family of linear operators on items, from the identity, C(clean()), to C(strongest()). Every
/// sample has a parameter of its own; its result does not depend on the rest of the batch.
class Corruption {
 public:
  /// Of items of this shape, such as [H, W, C].
  explicit Corruption(Shape item) : item_(std::move(item)) {}
  virtual ~Corruption() = default;

  const Shape& item() const { return item_; }
  /// As corruption_named reads it.
  virtual std::string name() const = 0;
  /// The parameter of the identity, and that of the strongest corruption; those between them lie
  /// between.
  virtual double clean() const = 0;
  virtual double strongest() const = 0;
  /// What is to be said of it on these items, where that is not plain; nothing, or a line.
  virtual std::string remark() const { return ""; }

  /// C(a_n) x_n of each sample: x [N, item...], a [N] -> like x; made of differentiable operations.
  /// Throws for another shape or number of parameters, and for a parameter outside the family.
  Tensor apply(const Tensor& x, const std::vector<double>& a) const;
  /// C(a_n)^T y_n.
  Tensor adjoint(const Tensor& y, const std::vector<double>& a) const;

  /// The same parameter for all samples.
  Tensor apply(const Tensor& x, double a) const;

 protected:
  virtual Tensor corrupt(const Tensor& x, const std::vector<double>& a) const = 0;
  /// The transpose. Most of these operators are symmetric: by default the same as `corrupt`.
  virtual Tensor corrupt_transposed(const Tensor& y, const std::vector<double>& a) const {
    return corrupt(y, a);
  }

 private:
  void check(const char* what, const Tensor& x, const std::vector<double>& a) const;

  Shape item_;
};

/// By its name, for items of this shape:
///   identity                 C = I: the VE diffusion
///   scale                    C(alpha) = alpha I, alpha from 1 to 0: VP and sub-VP
///   blur, blur:HALF,STD      Gaussian blur, see blur.h
///   mask, mask:fading,
///   mask:random              see mask.h
///   down                     see downsampling.h
///   A+B                      A, then B, see composition.h
/// Throws for another name and what the corruptions themselves throw.
std::unique_ptr<Corruption> corruption_named(const std::string& name, const Shape& item);

}  // namespace ito
