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

void make_numbers(Distribution d, Group& g) {
  switch (d) {
    case Distribution::uniform:
      return make_uniforms(g);
    case Distribution::normal:
      return make_normals(g);
    case Distribution::rademacher:
      return make_signs(g);
  }
}

}  // namespace

void random(Distribution d, RandomKey key, Index first_image, Index images, Index elements,
            Real* y) {
  if (images == 0 || elements == 0) return;
  const Index blocks = (elements + 3) / 4;  // per image
  parallel_ranges(images * blocks, elementwise_grain / 4, [=](Index begin, Index end) {
    Group g = {};
    for (Index start = begin; start < end; start += group) {
      const Index count = end - start < group ? end - start : group;
      Index image = start / blocks;
      Index block = start % blocks;
      for (Index i = 0; i < count; ++i) {
        g.image[i] = static_cast<std::uint32_t>(first_image + image);
        g.block[i] = static_cast<std::uint32_t>(block);
        if (++block == blocks) block = 0, ++image;
      }
      generate_words(key, g);
      make_numbers(d, g);
      image = start / blocks;
      block = start % blocks;
      for (Index i = 0; i < count; ++i) {
        Real* to = y + image * elements + 4 * block;
        const Index n = elements - 4 * block < 4 ? elements - 4 * block : 4;
        for (Index k = 0; k < n; ++k) to[k] = g.y[k][i];
        if (++block == blocks) block = 0, ++image;
      }
    }
  });
}

}  // namespace ito::kernels::ITO_LEVEL
