#pragma once
// The stack machine that reads a pickle; used by pickle.cpp only.

#include <unordered_map>

#include "diffusion/import/pickle.h"
#include "diffusion/import/pickle_op.h"

namespace ito {

class PickleMachine {
 public:
  PickleMachine(ByteReader& in, const std::string& source, const std::set<std::string>& allowed,
                std::deque<PickleValue>& values)
      : in_(in), source_(source), allowed_(allowed), values_(values) {}

  /// Runs to the end of the pickle; the value it leaves.
  const PickleValue* run();

 private:
  using Kind = PickleValue::Kind;
  using Items = std::vector<PickleValue*>;

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail("pickle", source_, ": ", parts...);
  }

  // Each tries the operations of one group; false if `op` is none of them.
  bool constant(PickleOp op);
  bool number(PickleOp op);
  bool string(PickleOp op);
  bool container(PickleOp op);
  bool filling(PickleOp op);
  bool memory(PickleOp op);
  bool object(PickleOp op);

  PickleValue& push(PickleValue value);
  PickleValue* pop();
  PickleValue* top();
  /// What lies above the last mark; the mark goes too.
  Items pop_to_mark();
  std::int64_t long_integer(std::size_t bytes);
  void push_tuple(const Items& items);
  void push_function(const std::string& module, const std::string& name);
  void extend_list(const Items& items);
  void extend_dict(const Items& items);
  void remember(std::uint64_t slot);
  void recall(std::uint64_t slot);
  void call();
  void check_arguments(const PickleValue& arguments) const;
  void set_state();

  ByteReader& in_;
  const std::string& source_;
  const std::set<std::string>& allowed_;
  std::deque<PickleValue>& values_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  ///< heights of the stack
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

}  // namespace ito
