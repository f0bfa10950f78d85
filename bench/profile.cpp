#include "bench/profile.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "bench/workload.h"
#include "kernels/kernels.h"

namespace ito::bench {
namespace {

using namespace kernels;

struct Entry {
  double ms = 0, flops = 0;
  long calls = 0;

  void add(const Entry& other) {
    ms += other.ms;
    flops += other.flops;
    calls += other.calls;
  }
};

std::map<std::string, std::map<std::string, Entry>> entries;  ///< by kernel, by shape
const Table* measured = nullptr;
Device measured_device = Device::cpu;
Table wrapped;

double product(std::initializer_list<Index> sizes) {
  double result = 1;
  for (const Index size : sizes) result *= static_cast<double>(size);
  return result;
}

double flops_of(const Gemm& g) { return 2 * product({g.batch, g.m, g.n, g.k}); }
double flops_of(const Conv& s) { return 2 * product({s.N, s.P, s.Q, s.KH, s.KW, s.C, s.O}); }
double flops_of(const Attention& s) { return 2 * product({s.B, s.T, s.M, s.D + s.E}); }
template <class T>
double flops_of(const T&) {
  return 0;
}

void describe(std::ostream& out, const Gemm& g) {
  out << ' ' << g.batch << "x[" << g.m << ' ' << g.n << ' ' << g.k << ']'
      << (g.transpose_a ? " A^T" : "") << (g.transpose_b ? " B^T" : "");
}
void describe(std::ostream& out, const Conv& s) {
  out << " [" << s.N << ' ' << s.H << ' ' << s.W << ' ' << s.C << "]->" << s.O << ' ' << s.KH << 'x'
      << s.KW << '/' << s.stride;
}
void describe(std::ostream& out, const Norm& s) {
  out << " [" << s.N << ' ' << s.S << ' ' << s.C << "] groups " << s.G;
}
void describe(std::ostream& out, const Attention& s) {
  out << ' ' << s.B << "x[" << s.T << ' ' << s.M << ' ' << s.D << ' ' << s.E << ']';
}
void describe(std::ostream& out, const Fir& s) {
  out << " [" << s.N << ' ' << s.H << ' ' << s.W << ' ' << s.C << "] up " << s.up << " down "
      << s.down;
}
void describe(std::ostream& out, const Strided& s) {
  for (int i = 0; i < s.rank; ++i) {
    out << ' ' << s.size[i] << '(' << s.a[i] << ' ' << s.b[i] << ' ' << s.y[i] << ')';
  }
}
void describe(std::ostream& out, Index n) { out << ' ' << n; }
void describe(std::ostream& out, Unary f) {
#define ITO_UNARY(name, formula) \
  if (f == Unary::name) out << ' ' << #name;
#define ITO_BINARY(name, formula)
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
}
void describe(std::ostream& out, Binary f) {
#define ITO_UNARY(name, formula)
#define ITO_BINARY(name, formula) \
  if (f == Binary::name) out << ' ' << #name;
#include "kernels/pointwise.def"
#undef ITO_UNARY
#undef ITO_BINARY
}
template <class T>
void describe(std::ostream&, const T&) {}

/// A kernel of the table, timed.
template <auto member>
struct Timed;
template <class... Arguments, void (*Table::*member)(Arguments...)>
struct Timed<member> {
  static inline std::string name;

  static void call(Arguments... arguments) {
    const double ms = milliseconds([&] { (measured->*member)(arguments...); }, measured_device);
    std::ostringstream shape;
    (describe(shape, arguments), ...);
    // A gradient of attention is four products where the probabilities are kept, five where not.
    const double products = name == "attention_grad" ? 2 : 1;
    entries[name][shape.str()].add({ms, products * (flops_of(arguments) + ...), 1});
  }
};

using Named = std::pair<std::string, Entry>;

std::vector<Named> sorted(bool by_shape) {
  std::vector<Named> rows;
  for (const auto& [kernel, shapes] : entries) {
    Entry sum;
    for (const auto& [shape, entry] : shapes) {
      sum.add(entry);
      if (by_shape) rows.emplace_back(kernel + shape, entry);
    }
    if (!by_shape) rows.emplace_back(kernel, sum);
  }
  std::ranges::sort(rows, [](const Named& a, const Named& b) { return a.second.ms > b.second.ms; });
  return rows;
}

}  // namespace

Profile::Profile(Device device) {
  entries.clear();
  measured = &table(device);
  measured_device = device;
#define ITO_KERNEL(kernel, ...)                  \
  wrapped.kernel = &Timed<&Table::kernel>::call; \
  Timed<& Table::kernel>::name = #kernel;
#include "kernels/kernels.def"
#undef ITO_KERNEL
  replace_kernels(&wrapped);
}

Profile::~Profile() { replace_kernels(nullptr); }

double Profile::flops() const {
  double sum = 0;
  for (const auto& [kernel, shapes] : entries) {
    for (const auto& [shape, entry] : shapes) sum += entry.flops;
  }
  return sum;
}

void Profile::print(std::ostream& out, int steps, double total_ms, bool by_shape) const {
  double in_kernels = 0;
  const auto line = [&](const std::string& name, double ms, double calls, double flops) {
    out << std::fixed << std::setprecision(3) << std::setw(10) << ms / steps << " ms "
        << std::setprecision(1) << std::setw(5) << 100 * ms / total_ms << " % " << std::setw(7)
        << calls / steps << " calls ";
    out << std::setw(7) << (flops > 0 ? flops / ms * 1e-6 : 0) << " GFLOP/s  " << name << '\n';
  };
  for (const auto& [name, entry] : sorted(by_shape)) {
    in_kernels += entry.ms;
    line(name, entry.ms, static_cast<double>(entry.calls), entry.flops);
  }
  line("outside of kernels", total_ms - in_kernels, 0, 0);
  line("all", total_ms, 0, flops());
}

}  // namespace ito::bench
