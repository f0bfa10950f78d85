#pragma once
// The operations of pickles that tensors need.

#include <cstdint>

namespace ito {

/// The operations by their names in Python's pickletools.
enum class PickleOp : std::uint8_t {
  mark = '(',
  stop = '.',
  pop_one = '0',
  pop_mark = '1',
  dup = '2',
  none = 'N',
  new_true = 0x88,
  new_false = 0x89,
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  long1 = 0x8a,
  long4 = 0x8b,
  binfloat = 'G',
  binstring = 'T',
  short_binstring = 'U',
  binbytes = 'B',
  short_binbytes = 'C',
  binunicode = 'X',
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  empty_list = ']',
  empty_tuple = ')',
  empty_dict = '}',
  tuple = 't',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  append = 'a',
  appends = 'e',
  setitem = 's',
  setitems = 'u',
  binput = 'q',
  long_binput = 'r',
  memoize = 0x94,
  binget = 'h',
  long_binget = 'j',
  global = 'c',
  stack_global = 0x93,
  reduce = 'R',
  build = 'b',
  binpersid = 'Q',
  proto = 0x80,
  frame = 0x95
};

}  // namespace ito
