// Times whole steps of the networks of bench/cases.h: CASE/sample, one score evaluation, and
// CASE/train, one training step, and CASE/train_recompute, the same with blocks recomputed in
// backward (the cost of what it saves in peak_MB). A Google Benchmark program as ops_bench. Our own
// --threads=N; and
// --profile=CASE/sample|train (or --profile-shapes=...), which prints where the time of a step
// goes.

#include <benchmark/benchmark.h>

#include <chrono>
#include <iostream>

#include "bench/arguments.h"
#include "bench/profile.h"
#include "bench/workload.h"
#include "engine/pool.h"

namespace {

using namespace ito;
using namespace ito::bench;

std::function<void()> step_of(const std::string& name) {
  const std::size_t slash = name.find('/');
  const NetworkCase& network = network_case(name.substr(0, slash));
  const std::string kind = name.substr(slash + 1);
  if (kind != "sample") {
    const bool recompute = kind == "train_recompute";
    return [work = std::make_shared<TrainingWork>(network, recompute)] { work->step(); };
  }
  return [work = std::make_shared<SamplingWork>(network)] { work->step(); };
}

double flops_of(const std::function<void()>& step) {
  const Profile profile;
  step();
  return profile.flops();
}

void time_step(benchmark::State& state, const std::string& name) {
  const std::function<void()> step = step_of(name);
  const double flops = flops_of(step);
  reset_peak_memory(Device::cpu);
  for ([[maybe_unused]] auto pass : state) step();
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["peak_MB"] = 1e-6 * static_cast<double>(memory_use(Device::cpu).peak);
}

void profile_step(const std::string& name, bool by_shape) {
  using Clock = std::chrono::steady_clock;
  const std::function<void()> step = step_of(name);
  for (int i = 0; i < 3; ++i) step();
  const Profile profile;
  const auto start = Clock::now();
  int steps = 0;
  double ms = 0;
  for (; steps < 5 || ms < 2000; ++steps) {
    step();
    ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }
  profile.print(std::cout, steps, ms, by_shape);
}

}  // namespace

int main(int argc, char** argv) {
  take_threads(argc, argv);
  for (const bool by_shape : {false, true}) {
    const std::string name = take_option(argc, argv, by_shape ? "profile-shapes" : "profile");
    if (name.empty()) continue;
    profile_step(name, by_shape);
    return 0;
  }
  for (const NetworkCase& network : network_cases()) {
    for (const char* kind : {"/sample", "/train", "/train_recompute"}) {
      const std::string name = network.name + kind;
      benchmark::RegisterBenchmark(name.c_str(), [name](auto& state) { time_step(state, name); })
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
