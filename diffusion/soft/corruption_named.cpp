#include <charconv>

#include "diffusion/soft/blur.h"
#include "diffusion/soft/composition.h"
#include "diffusion/soft/downsampling.h"
#include "diffusion/soft/mask.h"
#include "diffusion/soft/scaled_identity.h"
#include "engine/file.h"

namespace ito {

namespace {

/// "blur:HALF,STD".
std::unique_ptr<Corruption> blur_named(const std::string& name, const Shape& item) {
  const char *at = name.data() + 5, *const end = name.data() + name.size();
  Index half_size = 0;
  double std = 0;
  const auto half = std::from_chars(at, end, half_size);
  if (half.ec == std::errc() && half.ptr < end && *half.ptr == ',') {
    const auto rest = std::from_chars(half.ptr + 1, end, std);
    if (rest.ec == std::errc() && rest.ptr == end)
      return std::make_unique<GaussianBlur>(item, half_size, std);
  }
  fail("corruption", "expected half-size and standard deviation as in blur:32,18, got ",
       printable(name));
}

}  // namespace

std::unique_ptr<Corruption> corruption_named(const std::string& name, const Shape& item) {
  if (const auto plus = name.rfind('+'); plus != std::string::npos)
    return std::make_unique<Composition>(corruption_named(name.substr(0, plus), item),
                                         corruption_named(name.substr(plus + 1), item));
  if (name == "identity") return std::make_unique<IdentityCorruption>(item);
  if (name == "scale") return std::make_unique<ScaledIdentity>(item);
  if (name == "blur") return std::make_unique<GaussianBlur>(item);
  if (name.starts_with("blur:")) return blur_named(name, item);
  if (name == "mask") return centred_masking(item);
  if (name == "mask:fading") return centred_masking(item, Vanishing::fading);
  if (name == "mask:random") return random_masking(item);
  if (name == "down") return std::make_unique<Downsampling>(item);
  fail("corruption",
       "expected identity, scale, blur, blur:HALF,STD, mask, mask:fading, mask:random, down or two "
       "with + between, got ",
       printable(name));
}

}  // namespace ito
