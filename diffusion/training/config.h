#pragma once
// One configuration of a training run: everything that decides what is trained and how, in sections
// that are the same in C++, in JSON and in the program's flags.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "diffusion/data/image_set.h"
#include "diffusion/objectives/denoising.h"
#include "diffusion/objectives/draws.h"
#include "diffusion/training/model_config.h"
#include "diffusion/training/sde_config.h"
#include "kernels/convolution.h"
#include "nn/adam.h"

namespace ito {

/// What the network learns from; see open_images for `source`, `size` and `held_out`.
struct DataConfig {
  std::string source = "digits";
  Index size = 0;
  Index held_out = 0;
  Range range = Range::centered;
  bool flip = false;  ///< mirror every other training image, at random
};

struct ObjectiveConfig {
  enum class Type {
    denoising,  ///< denoising score matching over continuous time
    smld,       ///< the same at the N discrete noise levels, whose index the network is told (NCSN)
    ddpm,       ///< the simple loss over the N discrete noise levels; needs the VP SDE
    soft        ///< soft score matching over continuous time; belongs to the SDE type soft
  };
  Type type = Type::denoising;
  Weighting weighting = Weighting::variance;
  Reduction reduction = Reduction::mean;
  double eps = training_eps;  ///< smallest time
  /// With likelihood weighting: draw times in proportion to their weight (denoising only).
  bool importance = false;
  SoftObjectiveConfig soft;  ///< of the type soft, in the place of `weighting`
};

struct EmaConfig {
  double decay = 0.9999;
  bool warmup = true;
};

struct BatchConfig {
  Index size = 128;
  Index accumulate = 1;  ///< parts that a batch is computed in, for want of memory
  bool recompute =
      false;  ///< compute what is inside of blocks again in backward, for the same want
};

/// How samples are drawn unless the one who draws them says otherwise.
struct SamplingConfig {
  std::string predictor = "euler_maruyama";
  std::string corrector = "none";
  Index steps = 1000;
  double eps = 1e-3;  ///< last time
  double snr = 0.16;
  Index corrector_steps = 1;
  bool denoise = true;  ///< without the last noise; of correctors alone, one evaluation more
  bool probability_flow = false;
  /// "pc": predictor-corrector; "ode": probability flow, adaptive; "ula", "mala", "hmc": that
  /// corrector alone at the time eps, `steps` iterations
  std::string sampler = "pc";
  std::string grid = "time";           ///< of the steps of "pc", see Spacing
  double tolerance = 1e-5;             ///< of "ode", relative and absolute
  double step_size = 0;                ///< e of "ula", "mala" and "hmc"; 0: 2 alpha (snr std(t))^2
  Index leapfrog = 5;                  ///< steps of an iteration of "hmc"
  std::string quadrature = "simpson";  ///< of the score, for the acceptance of "mala" and "hmc"
  /// S_churn, S_tmin, S_tmax and S_noise of the predictor "edm".
  double churn = 0, churn_min = 0, churn_max = 1e30, churn_noise = 1;
  double k = 0;  ///< share of fresh noise of a soft diffusion's "ddim" and "ddim_flow"
};

/// How long to train and what to write on the way. None of this changes the state after step k.
struct RunConfig {
  Index steps = 1300000;
  Index threads = 0;  ///< 0: all cores
  Index log_every = 50;
  Index held_out_every = 1000;
  Index held_out_images = 1024;  ///< at most so many are measured on
  Index checkpoint_every = 5000;
  Index sample_every = 5000;
  Index samples = 64;  ///< images in a grid; 0: no grids
};

/// The defaults are those of Song et al. (2021) for VP on CIFAR-10.
struct TrainingConfig {
  DataConfig data;
  ModelConfig model;
  SdeConfig sde;
  ObjectiveConfig objective;
  nn::AdamConfig optimiser;
  EmaConfig ema;
  BatchConfig batch;
  std::uint64_t seed = 0;
  /// How 3x3 convolutions are computed, in training and in sampling: the last bits depend on it.
  kernels::ConvolutionMode convolution = kernels::convolution_mode();
  SamplingConfig sampling;
  RunConfig run;
};

/// Absent keys keep their defaults. Throws Error for unknown keys, naming the nearest known one,
/// and for values of the wrong kind or out of range.
TrainingConfig config_from_json(const nlohmann::json& json);
nlohmann::json config_to_json(const TrainingConfig& config);
/// The section "sampling" alone.
SamplingConfig sampling_from_json(const nlohmann::json& json);
nlohmann::json sampling_to_json(const SamplingConfig& config);

/// The part that defines the result: without the section "run" and the place of the data. Runs that
/// agree in this, in the data and in the number of steps end with the same bits.
nlohmann::json definition(const TrainingConfig& config);

/// Lays `patch` over `base`, section by section. A section whose "type" changes starts afresh.
void overlay(nlohmann::json& base, const nlohmann::json& patch);

/// Fills in what of the model `json` leaves open, its sizes from those of the data and its noise
/// levels from the SDE, and reads it.
/// Throws Error also when the model is for images of another size.
TrainingConfig resolve(nlohmann::json json, const ImageSet& images);

}  // namespace ito
