// What the table of operations is too small for: sizes behind whole blocks and packs, unaligned
// operands, long sums, the optimiser; and random numbers to the bit.

#include <cmath>
#include <cstring>

#include "engine/ops.h"
#include "engine/random.h"
#include "kernels/kernels.h"
#include "kernels/memory.h"
#include "tests/cuda/device.h"

namespace ito::test {
namespace {

class CudaKernels : public OnDevice {};
class CudaTensor : public OnDevice {};

constexpr double roundoff = sizeof(Real) == 4 ? 0x1p-24 : 0x1p-53;

Tensor numbers(const Shape& shape, std::uint32_t sub = 0) {
  return random_normal({1, shape.elements()}, {.seed = 7, .sub = sub}).with_shape(shape);
}

Tensor on_cuda(const Tensor& x) { return x.to(Device::cuda); }

void expect_same_bits(const std::vector<Real>& a, const std::vector<Real>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::memcmp(&a[i], &b[i], sizeof(Real)), 0) << i << ": " << a[i] << ", " << b[i];
  }
}

void expect_close(const std::vector<Real>& a, const std::vector<Real>& b, double bound) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], bound) << i;
}

// Uniforms, signs and normals for whole blocks of four and others, more than a block of threads,
// several images, from an image on that is not the first.
TEST_F(CudaKernels, RandomNumbersAreTheCpusToTheBit) {
  const RandomStream stream{.seed = 0x123456789abcdef, .step = 3, .sub = 2, .first_image = 5};
  for (const Shape& shape :
       {Shape{3, 4}, Shape{3, 7}, Shape{2, 1}, Shape{1, 3001}, Shape{4, 1000}}) {
    SCOPED_TRACE(text(shape));
    for (const auto draw : {random_normal, random_uniform, random_rademacher}) {
      expect_same_bits(draw(shape, stream, Device::cuda).to_host(),
                       draw(shape, stream, Device::cpu).to_host());
    }
  }
}

TEST_F(CudaKernels, DropoutIsTheCpusToTheBit) {
  for (const Shape& shape : {Shape{3, 8}, Shape{3, 7}, Shape{1, 3001}}) {
    const Tensor x = numbers(shape);
    const RandomStream stream{.seed = 5, .purpose = Purpose::dropout};
    const auto gradient = [&](Tensor from) {
      from.require_grad();
      const Tensor y = dropout(from, 0.3, stream);
      return grad({y}, {from}, {affine(from.detach(), 2, 1)})[0].to_host();
    };
    expect_same_bits(dropout(on_cuda(x), 0.3, stream).to_host(), dropout(x, 0.3, stream).to_host());
    expect_same_bits(gradient(on_cuda(x)), gradient(x));
  }
}

// Packs, what is left behind them, and operands that packs do not fit.
TEST_F(CudaKernels, ElementwiseOfAnySizeAndAlignment) {
  for (const Index n : {1, 3, 4, 255, 256, 1027}) {
    const Tensor a = numbers({n + 1}, 1), b = numbers({n + 1}, 2);
    for (const Index from : {0, 1}) {
      const Tensor x = slice(a, 0, from, from + n), y = slice(b, 0, from, from + n);
      const Tensor sum = x * 2 + y;
      expect_same_bits((on_cuda(x) * 2 + on_cuda(y)).to_host(), sum.to_host());
    }
    // an unaligned address: the kernel itself, behind the first element
    Tensor to = Tensor::zeros({n + 1}, Device::cuda);
    kernels::Strided s;
    s.rank = 1, s.size[0] = n, s.a[0] = s.b[0] = s.y[0] = 1;
    const Tensor left = on_cuda(a), right = on_cuda(b);
    kernels::binary(Device::cuda, kernels::Binary::add, left.data() + 1, right.data(),
                    to.mutable_data() + 1, s);
    std::vector<Real> expected{0};
    const std::vector<Real> p = a.to_host(), q = b.to_host();
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
      expected.push_back(p[i + 1] + q[i]);
    expect_same_bits(to.to_host(), expected);
  }
}

// Broadcasts whose inner axis is whole packs: over rows, over columns, within.
TEST_F(CudaKernels, BroadcastsInPacks) {
  const Tensor x = numbers({3, 5, 8}, 1);
  for (const Shape& shape : {Shape{8}, Shape{5, 1}, Shape{3, 1, 8}, Shape{3, 1, 1}, Shape{}}) {
    const Tensor y = numbers(shape, 2);
    expect_same_bits((on_cuda(x) * on_cuda(y)).to_host(), (x * y).to_host());
    expect_same_bits((on_cuda(y) - on_cuda(x)).to_host(), (y - x).to_host());
  }
  expect_same_bits(permute(on_cuda(x), {1, 0, 2}).to_host(), permute(x, {1, 0, 2}).to_host());
  expect_same_bits(pad(on_cuda(x), {{1, 0}, {0, 2}, {4, 4}}).to_host(),
                   pad(x, {{1, 0}, {0, 2}, {4, 4}}).to_host());
  expect_same_bits(concat({on_cuda(x), on_cuda(x)}, 1).to_host(), concat({x, x}, 1).to_host());
}

// Rows of a warp, of a block and of several pieces; columns in tiles and pieces. Sums of n standard
// normals: each partial sum has size about sqrt(n), and errors add up like a random walk: well
// within n roundoffs for n above 64, and within 64 below.
TEST_F(CudaKernels, LongSumsAndMaxima) {
  for (const Shape& shape :
       {Shape{3, 5, 1}, Shape{5, 1024, 1}, Shape{2, 5003, 1}, Shape{2, 40000, 1}, Shape{3, 5, 7},
        Shape{2, 1500, 33}, Shape{1, 600, 70}}) {
    SCOPED_TRACE(text(shape));
    const Tensor x = numbers(shape);
    const double n = static_cast<double>(shape(1));
    expect_close(sum(on_cuda(x), {1}).to_host(), sum(x, {1}).to_host(),
                 std::max(n, 64.0) * roundoff);
    expect_same_bits(max(on_cuda(x), {1}).to_host(), max(x, {1}).to_host());
  }
  EXPECT_EQ(sum(Tensor::zeros({2, 0}, Device::cuda), {1}).to_host(), (std::vector<Real>{0, 0}));
  const Tensor x = numbers({50000});
  EXPECT_NEAR(sum_squares(on_cuda(x)), sum_squares(x), 1e-11 * 50000);  // in double on both
  EXPECT_EQ(sum_squares(Tensor::zeros({0}, Device::cuda)), 0);
}

// A sample's sum has the same bits in any batch.
TEST_F(CudaKernels, ASumDoesNotDependOnTheBatch) {
  const Tensor x = on_cuda(numbers({5, 1030}));
  const Tensor together = sum(x, {1});
  for (Index i = 0; i < 5; ++i) {
    EXPECT_EQ(sum(slice(x, 0, i, i + 1), {1}).item(), slice(together, 0, i, i + 1).item());
  }
}

// Three steps with and without an average; no element sees another, so errors are a few roundoffs
// of each.
TEST_F(CudaKernels, AdamAndItsAverage) {
  const Index n = 1027;
  for (const bool averaging : {false, true}) {
    std::vector<std::vector<Real>> results;
    for (const Device device : {Device::cpu, Device::cuda}) {
      Tensor p = numbers({n}, 1).to(device).clone(), average = p.clone();
      Tensor m = Tensor::zeros({n}, device), v = Tensor::zeros({n}, device);
      for (std::uint32_t k = 1; k <= 3; ++k) {
        const Tensor g = numbers({n}, 1 + k).to(device);
        const kernels::Adam a{.learning_rate = 0.01,
                              .weight_decay = 0.1,
                              .correction1 = 1 - std::pow(0.9, k),
                              .correction2 = 1 - std::pow(0.999, k),
                              .gradient_scale = 0.5,
                              .average_rate = 0.1};
        kernels::adam(device, a, p.mutable_data(), g.data(), m.mutable_data(), v.mutable_data(),
                      averaging ? average.mutable_data() : nullptr, n);
        if (!averaging) kernels::ema(device, average.mutable_data(), p.data(), n, 0.1);
      }
      results.push_back(concat({p, m, v, average}, 0).to_host());
    }
    expect_close(results[1], results[0], 32 * roundoff);
  }
}

/// The arrays that Adam works on, for tensors of these sizes, each behind `offset` elements of its
/// own that belong to nobody.
struct AdamArrays {
  std::vector<Tensor> p, g, m, v, average;
  Index offset;

  AdamArrays(const std::vector<Index>& sizes, Index behind, Device device) : offset(behind) {
    std::uint32_t sub = 0;
    for (const Index n : sizes) {
      for (std::vector<Tensor>* arrays : {&p, &g, &m, &v, &average})
        arrays->push_back(numbers({offset + n}, ++sub).to(device).clone());
      v.back() = square(v.back());
    }
  }
  std::vector<kernels::AdamTensor> tensors(std::size_t without_average) {
    std::vector<kernels::AdamTensor> all;
    for (std::size_t i = 0; i < p.size(); ++i) {
      Real* const mean = i == without_average ? nullptr : average[i].mutable_data() + offset;
      all.push_back({p[i].mutable_data() + offset, g[i].data() + offset,
                     m[i].mutable_data() + offset, v[i].mutable_data() + offset, mean,
                     p[i].elements() - offset});
    }
    return all;
  }
  std::vector<Real> values() const {
    std::vector<Real> all;
    for (const auto* arrays : {&p, &m, &v, &average})
      for (const Tensor& x : *arrays)
        for (const Real value : x.to_host()) all.push_back(value);
    return all;
  }
};

// One launch for tensors of all sizes, of nothing, of one chunk exactly and of several, with and
// without an average, at addresses for packs and not: the bits of one launch for each.
TEST_F(CudaKernels, AdamOfAllTensorsIsThatOfEach) {
  const std::vector<Index> sizes = {1, 5, 0, 1024, 1025, 3000, 63, 64, 2048};
  const kernels::Adam a{.learning_rate = 0.01,
                        .weight_decay = 0.1,
                        .correction1 = 0.1,
                        .correction2 = 0.001,
                        .gradient_scale = 0.5,
                        .average_rate = 0.1};
  for (const Device device : {Device::cpu, Device::cuda}) {
    for (const Index offset : {0, 1}) {
      AdamArrays together(sizes, offset, device), apart(sizes, offset, device);
      const auto tensors = together.tensors(5);
      kernels::adam_all(device, a, tensors.data(), static_cast<Index>(tensors.size()));
      for (const kernels::AdamTensor& t : apart.tensors(5)) {
        if (t.n > 0) kernels::adam(device, a, t.p, t.g, t.m, t.v, t.average, t.n);
      }
      expect_same_bits(together.values(), apart.values());
      EXPECT_NE(together.values(), AdamArrays(sizes, offset, device).values());
    }
  }
}

TEST_F(CudaKernels, SquaresOfAllTensorsAreThoseOfEach) {
  const std::vector<Index> sizes = {3, 0, 16384, 16385, 40000, 1, 0};
  std::vector<Tensor> tensors;
  std::vector<const Real*> data;
  for (const Index n : sizes) {
    tensors.push_back(on_cuda(numbers({n}, static_cast<std::uint32_t>(tensors.size()))));
    data.push_back(tensors.back().data());
  }
  const auto count = static_cast<Index>(sizes.size());
  Tensor room({2 * (count + 1)}, Device::cuda);
  auto* const y = reinterpret_cast<double*>(room.mutable_data());
  kernels::sum_squares_all(Device::cuda, data.data(), sizes.data(), count, y);
  std::vector<double> together(sizes.size());
  kernels::copy_to_host(Device::cuda, together.data(), y, together.size() * sizeof(double));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_EQ(together[i], sum_squares(tensors[i])) << i;
  EXPECT_GT(together[4], together[3]);
}

TEST_F(CudaTensor, MovesThereAndBack) {
  const Tensor x = numbers({3, 1000});
  const Tensor y = on_cuda(x);
  EXPECT_EQ(y.device(), Device::cuda);
  EXPECT_EQ(y.to(Device::cpu).to_host(), x.to_host());
  EXPECT_EQ(y.clone().to_host(), x.to_host());
  EXPECT_EQ(slice(slice(y, 0, 1, 2), 1, 5, 6).item(), x.to_host()[1005]);
  Tensor z = Tensor::zeros({3, 1000}, Device::cuda);
  z.assign(x);
  EXPECT_EQ(z.to_host(), x.to_host());
  z.assign(y * 2);
  EXPECT_EQ(z.to_host(), (x * 2).to_host());
  Tensor back({3, 1000});
  back.assign(y);
  EXPECT_EQ(back.to_host(), x.to_host());
}

// More than the pinned pages hold at once (16 MiB).
TEST_F(CudaTensor, LargeCopiesGoInPieces) {
  const Index n = (Index{20} << 20) / static_cast<Index>(sizeof(Real)) + 3;
  const Tensor x = random_uniform({1, n}, {.seed = 3});
  EXPECT_EQ(on_cuda(x).to_host(), x.to_host());
}

TEST_F(CudaTensor, OperandsOnTwoDevicesAreRefused) {
  const Tensor x = numbers({4, 4}), y = on_cuda(x);
  EXPECT_THROW(x + y, Error);
  EXPECT_THROW(matmul(y, x), Error);
  EXPECT_THROW(concat({x, y}, 0), Error);
}

TEST_F(CudaTensor, NoMemoryIsToldInWords) {
  try {
    Tensor(Shape{Index{1} << 45}, Device::cuda);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("more on the CUDA device: tensors hold"),
              std::string::npos)
        << e.what();
  }
}

// A kernel's own scratch, 2 TiB of it: for the partial sums of an array that is not there either.
TEST_F(CudaTensor, NoScratchIsToldInWords) {
  const Tensor x = on_cuda(numbers({4}));
  Tensor y({2}, Device::cuda);
  const Real* const data = x.data();
  const Index n = Index{1} << 52;
  try {
    kernels::sum_squares_all(Device::cuda, &data, &n, Index{1},
                             reinterpret_cast<double*>(y.mutable_data()));
    FAIL();
  } catch (const std::runtime_error& e) {
    const std::string words = e.what();
    for (const char* part :
         {"bytes more on the CUDA device", "sum_squares", "are held", "a smaller batch"})
      EXPECT_NE(words.find(part), std::string::npos) << words;
  }
  EXPECT_GT(sum_squares(x), 0);  // and the device goes on
}

}  // namespace
}  // namespace ito::test
