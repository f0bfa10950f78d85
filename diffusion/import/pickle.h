#pragma once
// Python's pickle format, as far as files of tensors need it. A pickle is a program for a machine
// with a stack; the original machine imports and calls whatever the program names. This one builds
// plain values only: a call becomes a value that says what was to be called, and only for names on
// a list. Nothing of the file is ever executed.

#include <deque>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "diffusion/import/byte_reader.h"

namespace ito {

/// A value of a pickle. Values refer to others in the same Pickle.
struct PickleValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,  ///< or bytes
    list,
    tuple,
    dict,
    function,   ///< a global name on the list, `text`: "torch._utils._rebuild_tensor_v2"
    call,       ///< of the function `text` with the arguments `items`
    persistent  ///< an object kept outside of the pickle; items: what identifies it
  };
  Kind kind = Kind::none;
  std::int64_t integer = 0;  ///< of boolean and integer
  double real = 0;
  std::string text = {};
  /// Of list and tuple; of a dict key, value, key, value, ... in the order of insertion.
  std::vector<const PickleValue*> items = {};

  bool is(Kind wanted) const { return kind == wanted; }
  /// The value of a dict under a text key, or null; of another kind than dict null.
  const PickleValue* find(std::string_view key) const;
};

/// "a list", "a call of torch.Size", for messages.
std::string describe(const PickleValue& value);

/// One pickle: its root and all values below, alive as long as this is. Values may be shared and
/// may contain themselves, as in Python.
class Pickle {
 public:
  /// Reads a pickle of protocol 2 to 5 up to its end (STOP). `allowed` are the global names that
  /// may occur; collections.OrderedDict is understood as a dict besides. Throws Error naming
  /// `source` for any other name, an operation that tensors do not need, a stack that runs empty,
  /// a truncated stream, or more than a million values. Neither recursion nor memory follow what
  /// the stream claims.
  Pickle(ByteReader& in, const std::string& source, const std::set<std::string>& allowed);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }
  /// All values, also those that the root does not reach.
  const std::deque<PickleValue>& values() const { return values_; }

 private:
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
};

}  // namespace ito
