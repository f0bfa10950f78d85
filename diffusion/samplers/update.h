#pragma once
// The two kinds of steps that a predictor-corrector sampler is made of (Song et al. 2021, section
// 4.2). Each is one file of this folder.

#include "diffusion/sde/sde.h"
#include "engine/random.h"

namespace ito {

/// A state of the sampler: x, and its mean before the last noise was added.
struct Update {
  Tensor x, mean;
};

/// The normal draws of a predictor's step, each like x, by their number.
using PredictorDraws = std::function<Tensor(std::uint32_t k)>;
/// The draws of a corrector's iteration: Purpose::corrector gives normals like x, Purpose::accept
/// one uniform number in (0, 1) for each sample, [N].
using CorrectorDraws = std::function<Tensor(Purpose purpose)>;

/// Goes back in time: from p_t to p_s, s < t.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// x [N, ...] at times t, z like x standard normal -> the state at times s. s = 0 stands for the
  /// data: the mean is then the denoised sample.
  virtual Update step(const Tensor& x, const Times& t, const Times& s, const Tensor& z) const = 0;
  /// The same with its noise drawn: z is draw 0. A method that needs more asks for it here.
  virtual Update advance(const Tensor& x, const Times& t, const Times& s,
                         const PredictorDraws& draw) const {
    return step(x, t, s, draw(0));
  }
  /// How many draws it asks for, at most.
  virtual std::uint32_t draws() const { return 1; }
  /// Whether a step goes by what earlier ones left behind, too.
  virtual bool multistep() const { return false; }
};

/// Stays at time t and brings x closer to p_t.
class Corrector {
 public:
  virtual ~Corrector() = default;
  virtual Update step(const Tensor& x, const Times& t, const Tensor& z) const = 0;
  /// The same with its noise drawn. A method that accepts or rejects its step does so here.
  virtual Update correct(const Tensor& x, const Times& t, const CorrectorDraws& draw) const {
    return step(x, t, draw(Purpose::corrector));
  }
};

/// How far a predictor's step goes.
enum class StepSize {
  actual,    ///< from t to s, whatever the grid: the mathematics
  published  ///< the step 1/N or the table entry index(t) of the published code, whose grid of N
             ///< times is spaced (T - eps)/(N - 1) apart; s is ignored
};

}  // namespace ito
