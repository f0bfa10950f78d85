// Scores launched as graphs: the same bits as launched kernel by kernel, and clear words for what
// cannot be one.

#include "engine/graph.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "diffusion/data/digits.h"
#include "diffusion/samplers/graphed_predictor.h"
#include "diffusion/samplers/samplers.h"
#include "diffusion/score.h"
#include "diffusion/sde/vp.h"
#include "diffusion/training/sampling.h"
#include "diffusion/training/trainer.h"
#include "engine/autograd.h"
#include "engine/ops.h"
#include "kernels/backend.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"
#include "nn/device.h"
#include "tests/cuda/device.h"
#include "tests/errors.h"
#include "tests/small_training.h"

namespace ito::test {
namespace {

class CudaGraph : public OnDevice {};

Tensor normals(const Shape& shape, std::uint64_t seed) {
  return random_normal(shape, {.seed = seed}, Device::cuda);
}

/// What the run number `times` of compute says, the first that throws.
std::string words_of(const std::function<Tensor(const Tensor&)>& compute, int times) {
  Graph graph;
  const Tensor x = normals({2, 8}, 1);
  for (int i = 1; i < times; ++i) graph.run(x, compute);
  try {
    graph.run(x, compute);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing";
}

void expect_words(const std::string& words, const char* part) {
  EXPECT_NE(words.find(part), std::string::npos) << words;
}

// Intermediate results, scratch of the kernels (the sum), and numbers of the host that differ from
// run to run.
TEST_F(CudaGraph, ComputesWhatItsFunctionDoes) {
  Graph graph;
  double factor = 0;
  const auto compute = [&](const Tensor& x) {
    const Tensor scaled = scale_per_sample(silu(x), {factor, -factor});
    return scaled + broadcast_to(sum(scaled * scaled), x.shape());
  };
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    factor = 1 + static_cast<double>(seed);
    const Tensor x = normals({2, 3000}, seed), expected = compute(x), y = graph.run(x, compute);
    EXPECT_EQ(y.to_host(), expected.to_host()) << seed;
  }
}

TEST_F(CudaGraph, TakesAndGivesSeveralTensors) {
  Graph graph;
  const auto compute = [](const Graph::Tensors& x) {
    return Graph::Tensors{x[0] * x[1], x[1], x[0] - x[1]};  // one of them as it came
  };
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Graph::Tensors x = {normals({2, 30}, seed), normals({2, 30}, seed + 10)};
    const Graph::Tensors expected = compute(x), y = graph.run(x, compute);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(y[i].to_host(), expected[i].to_host()) << seed;
  }
  try {
    graph.run(Graph::Tensors{normals({2, 30}, 1)}, compute);
    ADD_FAILURE() << "one tensor in the place of two";
  } catch (const Error& e) {
    expect_words(e.what(), "expected 2 tensors, got 1");
  }
}

/// A score that every sampler can use: of N(0, v) data under the SDE.
Score score_of_normal_data(const Sde& sde, double v) {
  return [&sde, v](const Tensor& x, const Times& t) {
    std::vector<double> precision;
    for (const double t_n : t) {
      const double m = sde.mean_scale(t_n), std = sde.std(t_n);
      precision.push_back(-1 / (m * m * v + std * std));
    }
    return scale_per_sample(x, precision);
  };
}

/// Two batches of unequal sizes, one of them again.
Samples drawn(const SamplingConfig& sampling, bool graphs, Index& evaluations) {
  const VpSde sde;
  const Score score = counted(score_of_normal_data(sde, 0.3), evaluations);
  const SampleRange range = {
      .seed = 1, .count = 5, .batch = 2, .device = Device::cuda, .graphs = graphs};
  return draw_samples(sde, score, {4, 1}, sampling, range);
}

// A step of each predictor as a graph, in turn with each corrector; the steps to the data differ
// from those before them, and the multistep predictors are launched as they were.
TEST_F(CudaGraph, StepsOfAllPredictorsHaveTheSameBits) {
  for (const std::string& predictor : predictor_names()) {
    for (const char* corrector : {"none", "langevin", "ald"}) {
      SCOPED_TRACE(predictor + " " + corrector);
      SamplingConfig sampling;
      sampling.predictor = predictor;
      sampling.corrector = corrector;
      sampling.steps = 5;
      sampling.churn = predictor == "edm" ? 1 : 0;
      Index plain = 0, in_graphs = 0;
      const Samples expected = drawn(sampling, false, plain);
      EXPECT_EQ(drawn(sampling, true, in_graphs).x.to_host(), expected.x.to_host());
      EXPECT_EQ(in_graphs, plain);  // the host's part runs once for each
    }
  }
}

/// While one lives, graphs that are launched are counted.
class CountedLaunches {
 public:
  CountedLaunches() : before_(kernels::cuda_backend()), counting_(before_) {
    device_ = before_.launch_graph;
    counting_.launch_graph = [](void* graph) {
      ++count_;
      device_(graph);
    };
    count_ = 0;
    kernels::set_cuda_backend(&counting_);
  }
  ~CountedLaunches() { kernels::set_cuda_backend(&before_); }
  int count() const { return count_; }

 private:
  static inline int count_ = 0;
  static inline void (*device_)(void* graph) = nullptr;
  const kernels::Backend& before_;
  kernels::Backend counting_;
};

// Heun's step evaluates the score twice. The first of the steps alike is noted, the others are
// launched; the step to the data is another one.
TEST_F(CudaGraph, AStepIsOneLaunch) {
  const VpSde sde;
  const Score score = score_of_normal_data(sde, 0.3);
  for (const char* name : {"reverse_diffusion", "heun", "sra1"}) {
    const CountedLaunches launches;
    const auto predictor = graphed(make_predictor(name, {sde, score}));
    generate(sde, predictor.get(), nullptr, {4, 1},
             {.seed = 1, .count = 3, .batch = 3, .device = Device::cuda}, {.steps = 7});
    EXPECT_EQ(launches.count(), 5) << name;
  }
}

TEST_F(CudaGraph, ScoresOfMultistepPredictorsAreGraphs) {
  const VpSde sde;
  const ReverseSde reverse = {sde, score_of_normal_data(sde, 0.3)};
  EXPECT_EQ(graphed(std::unique_ptr<Predictor>()), nullptr);
  auto predictor = make_predictor("dpm_solver_2", reverse);
  const Predictor* const same = predictor.get();
  EXPECT_EQ(graphed(std::move(predictor)).get(), same);
  expect_error([&] { GraphedPredictor(make_predictor("dpm_solver_2", reverse)); }, {"multistep"});
}

TEST_F(CudaGraph, SaysWhereAScoreIsNotFinite) {
  const VpSde sde;
  const Score broken = [](const Tensor& x, const Times& t) {  // NaN below t = 0.5
    return scale_per_sample(x, per_sample(t, [](double t_n) { return std::log(t_n - 0.5); }));
  };
  SamplingConfig sampling;
  sampling.steps = 9;
  const SampleRange range = {
      .seed = 1, .first = 7, .count = 2, .batch = 2, .device = Device::cuda, .graphs = true};
  try {
    draw_samples(sde, broken, {4, 1}, sampling, range);
    ADD_FAILURE() << "not finite, and not told";
  } catch (const ScoreError& e) {
    EXPECT_EQ(e.sample(), 7);
    EXPECT_TRUE(e.finite_state());
    EXPECT_LT(e.t(), 0.5);
  }
}

TEST_F(CudaGraph, SamplesHaveTheSameBits) {
  TrainingConfig config = small_training(4);
  const ImageSet images = digits();
  Trainer trainer(config, images, Device::cuda);
  const auto sde = make_sde(config.sde);
  SamplingConfig sampling = config.sampling;
  sampling.steps = 3;
  sampling.corrector = "langevin";
  const Score score = network_score(trainer.network(), *sde, labels_of(config.objective));
  const auto draw = [&](bool graphs) {
    const SampleRange range = {
        .seed = 1, .count = 3, .batch = 2, .device = Device::cuda, .graphs = graphs};
    return draw_samples(*sde, score, {8, 8, 1}, sampling, range).x.to_host();
  };
  EXPECT_EQ(draw(true), draw(false));
}

/// Scores of the other families: their noise levels, classes and filters all come from the host.
TEST_F(CudaGraph, ScoresOfAllFamilies) {
  for (const char* model :
       {R"({"type": "ncsnpp", "width": 8, "multipliers": [1, 1], "blocks": 1, "attention": [4]})",
        R"({"type": "ncsn", "width": 8})", R"({"type": "ncsnv2", "width": 8})"}) {
    SCOPED_TRACE(model);
    nlohmann::json json = {{"model", nlohmann::json::parse(model)},
                           {"data", {{"range", "unit"}}},
                           {"sde", {{"type", "ve"}, {"N", 10}}},
                           {"objective", {{"reduction", "half_sum"}}}};
    json["model"].update({{"image_size", 8}, {"channels", 1}});
    const bool discrete = json["model"]["type"] != "ncsnpp";
    if (discrete) json["objective"]["type"] = "smld";
    const TrainingConfig config = config_from_json(json);
    const auto sde = make_sde(config.sde);
    const auto network = make_network(config.model);
    nn::initialise(*network, 1);
    nn::move(*network, Device::cuda);
    const Score score = network_score(*network, *sde, labels_of(config.objective));
    const Score graph = graphed(score);
    const NoGrad no_grad;
    for (const double t : {1.0, 0.7, 0.4}) {
      const Tensor x = normals({2, 8, 8, 1}, static_cast<std::uint64_t>(10 * t));
      const Times times = {t, t < 0.5 ? t : 0.9 * t};  // alike at last
      const Tensor in_graph =
          graph(x, times);  // first, as what the network reads once is read here
      EXPECT_EQ(in_graph.to_host(), score(x, times).to_host());
    }
  }
}

TEST_F(CudaGraph, RefusesToWaitForTheDevice) {
  const auto waits = [](const Tensor& x) { return x * sum(x).item(); };
  expect_words(words_of(waits, 2), "waits for the device");
  bool known = false;
  const auto waits_once = [&](const Tensor& x) {
    const Tensor y = sum(x);
    if (!std::exchange(known, true)) y.item();
    return x * 2;
  };
  EXPECT_EQ(words_of(waits_once, 4), "nothing");
}

TEST_F(CudaGraph, RefusesAnotherComputation) {
  int run = 0;
  expect_words(words_of([&](const Tensor& x) { return x * ++run; }, 2), "launch 1 of 1");
  run = 0;
  const Tensor others[] = {normals({2, 8}, 2), normals({2, 8}, 3)};
  const auto beside = [&](const Tensor& x) { return concat({x, others[run++]}, 1); };
  expect_words(words_of(beside, 2), "concat");
  run = 0;
  const auto longer = [&](const Tensor& x) { return ++run < 3 ? silu(x) : silu(silu(x)); };
  expect_words(words_of(longer, 3), "not the one that was recorded");
  run = 0;
  const auto shorter = [&](const Tensor& x) { return ++run < 3 ? silu(silu(x)) : silu(x); };
  expect_words(words_of(shorter, 3), "ended after 1 of 2 launches");
  run = 0;
  const auto other = [&](const Tensor& x) { return ++run < 3 ? silu(x) : tanh(x); };
  expect_words(words_of(other, 3), "launch 1 of 1");
}

// Where one score is made of another, only one of them may be a graph. And what the optimiser's
// kernels read would be the host's, from when the graph was made.
TEST_F(CudaGraph, RefusesGraphsWithinAndTheOptimiser) {
  Graph within;
  expect_words(words_of([&](const Tensor& x) { return within.run(x, silu); }, 1), "within a graph");
  Tensor p = normals({2, 8}, 2), g = p.clone(), m = p.clone(), v = square(p);
  const auto step = [&](const Tensor& x) {
    const kernels::AdamTensor all = {p.mutable_data(), g.data(), m.mutable_data(),
                                     v.mutable_data(), nullptr,  p.elements()};
    kernels::adam_all(Device::cuda, kernels::Adam{}, &all, Index{1});
    return silu(x);
  };
  expect_words(words_of(step, 1), "the optimiser");
}

// The second run is captured. Memory that is asked for there past the tape is the device's error.
TEST_F(CudaGraph, RefusesToAllocateWhileCapturing) {
  const auto allocates = [](const Tensor& x) {
    void* const block = kernels::device_allocate(Device::cuda, 64);
    kernels::device_free(Device::cuda, block);
    return silu(x);
  };
  expect_words(words_of(allocates, 2), "cudaMalloc failed: operation not permitted when stream is");
  const Tensor x = normals({4}, 1);  // and the device is as before
  EXPECT_EQ(silu(x).to_host(), silu(x).to_host());
}

}  // namespace
}  // namespace ito::test
