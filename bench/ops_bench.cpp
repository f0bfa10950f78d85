// Times operations, forward and backward, at the shapes of bench/cases.h and of the operation table
// of the tests (small: what is left there is overhead). A Google Benchmark program: see --help;
// --benchmark_format=json or --benchmark_out=FILE for JSON, --benchmark_filter=REGEX, and our own
// --threads=N.

#include <benchmark/benchmark.h>

#include <memory>

#include "bench/arguments.h"
#include "bench/cases.h"
#include "engine/autograd.h"
#include "tests/engine/op_cases.h"

namespace {

using namespace ito;
using benchmark::Counter;

/// Both passes of one operation, its inputs made when it is first run.
struct Op {
  std::function<std::vector<Tensor>()> make_inputs;
  std::function<Tensor(const std::vector<Tensor>&)> f;
  double flops = 0, backward_factor = 2;

  void rate(benchmark::State& state, const std::vector<Tensor>& x, const Tensor& y,
            double factor) const {
    const bool arithmetic = flops > 0;
    const double work = factor * (arithmetic ? flops : bench::bytes_touched(x, y));
    state.counters[arithmetic ? "FLOP/s" : "B/s"] =
        Counter(work, Counter::kIsIterationInvariantRate);
  }

  void forward(benchmark::State& state) const {
    const std::vector<Tensor> x = make_inputs();
    const NoGrad no_grad;
    Tensor y = f(x);
    for ([[maybe_unused]] auto pass : state) y = f(x);
    rate(state, x, y, 1);
  }

  void backward(benchmark::State& state) const {
    std::vector<Tensor> x = make_inputs();
    for (Tensor& input : x) input.require_grad();
    const Tensor y = f(x), c = Tensor::full(y.shape(), 1);
    for ([[maybe_unused]] auto pass : state) grad({y}, x, {c}, {.retain_graph = true});
    rate(state, x, y, backward_factor);
  }
};

void add(const std::string& name, const Op& op) {
  benchmark::RegisterBenchmark((name + "/forward").c_str(), [op](auto& state) {
    op.forward(state);
  })->UseRealTime();
  benchmark::RegisterBenchmark((name + "/backward").c_str(), [op](auto& state) {
    op.backward(state);
  })->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  bench::take_threads(argc, argv);
  for (const bench::OpCase& op : bench::op_cases()) {
    add(op.name, {[&op] { return bench::op_inputs(op); }, op.f, op.flops, op.backward_factor});
  }
  for (const test::OpCase& op : test::op_cases()) {
    add("small/" + op.name, {[&op] { return test::case_inputs(op); }, op.f});
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
