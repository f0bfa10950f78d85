// Random tensors. Blocks of four elements are generated a group at a time, in loops over the group
// that vectorise; counters say what each block is, so no order matters.

#include "kernels/cpu/level.h"
#include "kernels/cpu/philox_lanes.h"
#include "kernels/dropout.h"

namespace ito::kernels::ITO_LEVEL {
namespace {

constexpr int group = 64;

/// Words of `group` blocks, word k of block i at w[k][i]; in their place, the four numbers.
struct Group {
  std::uint32_t image[group];
  std::uint32_t block[group];
  std::uint32_t w[4][group];
  float y[4][group];
};

void make_normals(Group& g) {
  for (int pair = 0; pair < 4; pair += 2) {
    for (int i = 0; i < group; ++i) {
      const NormalPair z = normals_of(g.w[pair][i], g.w[pair + 1][i]);
      g.y[pair][i] = z.first;
      g.y[pair + 1][i] = z.second;
    }
  }
}

void make_uniforms(Group& g) {
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < group; ++i) g.y[k][i] = uniform_of(g.w[k][i]);
}

void make_signs(Group& g) {
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < group; ++i) g.y[k][i] = rademacher_of(g.w[k][i]);
}

void generate(Distribution d, const RandomKey& key, Group& g) {
  random_words_of(key, g.image, g.block, group, {g.w[0], g.w[1], g.w[2], g.w[3]});
  switch (d) {
    case Distribution::uniform:
      return make_uniforms(g);
    case Distribution::normal:
      return make_normals(g);
    case Distribution::rademacher:
      return make_signs(g);
  }
}

/// A place in numbers [images, elements], which moves on by blocks of up to four elements.
struct Cursor {
  Index elements, blocks, image, block;

  Index first() const { return image * elements + 4 * block; }
  Index count() const { return elements - 4 * block < 4 ? elements - 4 * block : 4; }
  void advance() {
    if (++block < blocks) return;
    block = 0;
    ++image;
  }
};

/// The counters of the blocks from `at` on.
void set_counters(Group& g, Cursor at, Index first_image) {
  if (at.block + group <= at.blocks) {  // all within one image
    for (int i = 0; i < group; ++i) {
      g.image[i] = static_cast<std::uint32_t>(first_image + at.image);
      g.block[i] = static_cast<std::uint32_t>(at.block) + static_cast<std::uint32_t>(i);
    }
    return;
  }
  for (int i = 0; i < group; ++i, at.advance()) {
    g.image[i] = static_cast<std::uint32_t>(first_image + at.image);
    g.block[i] = static_cast<std::uint32_t>(at.block);
  }
}

/// put(first, numbers, n) for runs of numbers of `count` blocks from `at` on, which lie side by
/// side.
template <class Put>
void put_group(const Group& g, Cursor at, Index count, const Put& put) {
  float numbers[4 * group];
  for (int i = 0; i < group; ++i)
    for (int k = 0; k < 4; ++k) numbers[4 * i + k] = g.y[k][i];
  if (count == group && 4 * (at.block + group) <= at.elements) {  // all within one image
    return put(at.first(), numbers, 4 * group);
  }
  for (Index i = 0; i < count; ++i, at.advance()) put(at.first(), numbers + 4 * i, at.count());
}

/// put(first, numbers, n) for runs of the numbers [images, elements], a fixed length or short.
template <class Put>
void for_each_number(Distribution d, const RandomKey& key, Index first_image, Index images,
                     Index elements, const Put& put) {
  if (images == 0 || elements == 0) return;
  const Index blocks = (elements + 3) / 4;  // per image
  parallel_ranges(images * blocks, elementwise_grain / 4, [=](Index begin, Index end) {
    Group g = {};
    for (Index start = begin; start < end; start += group) {
      const Cursor at = {elements, blocks, start / blocks, start % blocks};
      const Index count = end - start < group ? end - start : group;
      set_counters(g, at, first_image);
      generate(d, key, g);
      put_group(g, at, count, put);
    }
  });
}

}  // namespace

void random(Distribution d, RandomKey key, Index first_image, Index images, Index elements,
            Real* y) {
  for_each_number(d, key, first_image, images, elements,
                  [y](Index first, const float* numbers, Index n) {
                    for (Index i = 0; i < n; ++i) y[first + i] = numbers[i];
                  });
}

void dropout(RandomKey key, Index first_image, Index images, Index elements, double p,
             const Real* x, Real* y) {
  const Real bound = static_cast<Real>(p);
  const Real scale = dropout_scale(p);
  for_each_number(Distribution::uniform, key, first_image, images, elements,
                  [=](Index first, const float* numbers, Index n) {
                    const Real* __restrict from = x + first;
                    Real* __restrict to = y + first;
                    for (Index i = 0; i < n; ++i) {
                      const Real kept = kept_by_dropout(from[i], scale);
                      to[i] = static_cast<Real>(numbers[i]) < bound ? Real(0) : kept;
                    }
                  });
}

void dropout_grad(double p, const Real* y, const Real* dy, Real* dx, Index n) {
  const Real scale = dropout_scale(p);
  parallel_ranges(n, elementwise_grain, [=](Index begin, Index end) {
    const Real* __restrict result = y;
    const Real* __restrict from = dy;
    Real* __restrict to = dx;
    for (Index i = begin; i < end; ++i) {
      const Real kept = from[i] * scale;
      to[i] = was_dropped(result[i]) ? Real(0) : kept;
    }
  });
}

}  // namespace ito::kernels::ITO_LEVEL
