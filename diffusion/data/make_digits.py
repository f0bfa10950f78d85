#!/usr/bin/env python3
"""Writes digits_data.cpp from digits.csv.gz (Debian: package python3-sklearn).

    python3 diffusion/data/make_digits.py PATH/digits.csv.gz > diffusion/data/digits_data.cpp
"""
import gzip
import sys

IMAGES_PER_LINE = 6

images = []
for line in gzip.open(sys.argv[1], "rt"):
    *pixels, label = [int(float(field)) for field in line.split(",")]
    assert len(pixels) == 64 and all(0 <= v <= 16 for v in pixels) and 0 <= label <= 9
    images.append(str(label) + "".join(chr(ord("A") + v) for v in pixels))
assert len(images) == 1797

print("""// Written by make_digits.py. The encoding is described in digits.h.
//
// "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning
// Repository, licence CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/).
// https://archive.ics.uci.edu/dataset/80

#include "diffusion/data/digits.h"

// clang-format off
const char* const ito::detail::digits_text =""")
for i in range(0, len(images), IMAGES_PER_LINE):
    end = ";" if i + IMAGES_PER_LINE >= len(images) else ""
    print('"' + "".join(images[i:i + IMAGES_PER_LINE]) + '"' + end)
