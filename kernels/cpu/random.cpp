// Random tensors. Blocks of four elements are generated a group at a time, in loops over the group
// that vectorise; counters say what each block is, so no order matters.

#include "kernels/cpu/level.h"
#include "kernels/philox.h"

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

void generate_words(const RandomKey& key, Group& g) {
  for (int i = 0; i < group; ++i) {
    const Words words = random_words(key, g.image[i], g.block[i]);
    g.w[0][i] = words.w[0];
    g.w[1][i] = words.w[1];
    g.w[2][i] = words.w[2];
    g.w[3][i] = words.w[3];
  }
}

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
  generate_words(key, g);
  switch (d) {
    case Distribution::uniform:
      return make_uniforms(g);
    case Distribution::normal:
      return make_normals(g);
    case Distribution::rademacher:
      return make_signs(g);
  }
}

/// A whole group of blocks of four elements within one image.
void store_whole(const Group& g, Real* y) {
  for (int i = 0; i < group; ++i)
    for (int k = 0; k < 4; ++k) y[4 * i + k] = g.y[k][i];
}

/// A place in y[images, elements], which moves on by blocks of up to four elements.
struct Cursor {
  Index elements, blocks, image, block;

  void advance() {
    if (++block < blocks) return;
    block = 0;
    ++image;
  }
  void store(const Group& g, Index i, Real* y) const {
    const Index first = 4 * block;
    const Index n = elements - first < 4 ? elements - first : 4;
    for (Index k = 0; k < n; ++k) y[image * elements + first + k] = g.y[k][i];
  }
};

}  // namespace

void random(Distribution d, RandomKey key, Index first_image, Index images, Index elements,
            Real* y) {
  if (images == 0 || elements == 0) return;
  const Index blocks = (elements + 3) / 4;  // per image
  parallel_ranges(images * blocks, elementwise_grain / 4, [=](Index begin, Index end) {
    Group g = {};
    for (Index start = begin; start < end; start += group) {
      const Cursor at = {elements, blocks, start / blocks, start % blocks};
      const Index count = end - start < group ? end - start : group;
      Cursor next = at;
      for (Index i = 0; i < count; ++i, next.advance()) {
        g.image[i] = static_cast<std::uint32_t>(first_image + next.image);
        g.block[i] = static_cast<std::uint32_t>(next.block);
      }
      generate(d, key, g);
      if (count == group && 4 * (at.block + group) <= elements) {
        store_whole(g, y + at.image * elements + 4 * at.block);
      } else {
        next = at;
        for (Index i = 0; i < count; ++i, next.advance()) next.store(g, i, y);
      }
    }
  });
}

}  // namespace ito::kernels::ITO_LEVEL
