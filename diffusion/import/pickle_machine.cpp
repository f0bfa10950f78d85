// What each operation does to the stack; the stack itself is in pickle_stack.cpp.

#include "diffusion/import/pickle_machine.h"

#include <bit>

namespace ito {

using Op = PickleOp;

const PickleValue* PickleMachine::run() {
  for (;;) {
    const std::size_t at = in_.position();
    const auto op = static_cast<Op>(in_.number<std::uint8_t>());
    if (op == Op::stop) break;
    const bool known = constant(op) || number(op) || string(op) || container(op) || filling(op) ||
                       memory(op) || object(op);
    if (!known) {
      refuse("operation ", static_cast<int>(op), " at byte ", at, " of a pickle is not needed for ",
             "tensors; it is refused");
    }
  }
  PickleValue* result = pop();
  if (!stack_.empty() || !marks_.empty()) refuse("a pickle leaves more than one value");
  return result;
}

bool PickleMachine::constant(Op op) {
  switch (op) {
    case Op::proto:
      if (const auto version = in_.number<std::uint8_t>(); version < 2 || version > 5) {
        refuse("expected a pickle of protocol 2 to 5, got ", static_cast<int>(version));
      }
      return true;
    case Op::frame:
      in_.take(8);
      return true;
    case Op::mark:
      marks_.push_back(stack_.size());
      return true;
    case Op::none:
      push({.kind = Kind::none});
      return true;
    case Op::new_true:
    case Op::new_false:
      push({.kind = Kind::boolean, .integer = op == Op::new_true ? 1 : 0});
      return true;
    default:
      return false;
  }
}

bool PickleMachine::number(Op op) {
  const auto push_integer = [&](std::int64_t value) {
    push({.kind = Kind::integer, .integer = value});
    return true;
  };
  switch (op) {
    case Op::binint:
      return push_integer(in_.number<std::int32_t>());
    case Op::binint1:
      return push_integer(in_.number<std::uint8_t>());
    case Op::binint2:
      return push_integer(in_.number<std::uint16_t>());
    case Op::long1:
      return push_integer(long_integer(in_.number<std::uint8_t>()));
    case Op::long4:
      return push_integer(long_integer(in_.number<std::uint32_t>()));
    case Op::binfloat: {  // big-endian, the only one
      std::uint64_t bits = 0;
      for (const std::uint8_t byte : in_.take(8)) bits = bits << 8 | byte;
      push({.kind = Kind::real, .real = std::bit_cast<double>(bits)});
      return true;
    }
    default:
      return false;
  }
}

/// Little-endian two's complement of any length.
std::int64_t PickleMachine::long_integer(std::size_t bytes) {
  if (bytes > 8) refuse("an integer of ", bytes, " bytes");
  const auto digits = in_.take(bytes);
  std::uint64_t value = bytes > 0 && digits[bytes - 1] >= 0x80 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes; i-- > 0;) value = value << 8 | digits[i];
  return static_cast<std::int64_t>(value);
}

bool PickleMachine::string(Op op) {
  std::uint64_t length = 0;
  switch (op) {
    case Op::short_binstring:
    case Op::short_binbytes:
    case Op::short_binunicode:
      length = in_.number<std::uint8_t>();
      break;
    case Op::binstring:
    case Op::binbytes:
    case Op::binunicode:
      length = in_.number<std::uint32_t>();
      break;
    case Op::binunicode8:
      length = in_.number<std::uint64_t>();
      break;
    default:
      return false;
  }
  push({.kind = Kind::text, .text = std::string(in_.take_text(length))});
  return true;
}

bool PickleMachine::container(Op op) {
  switch (op) {
    case Op::empty_list:
      push({.kind = Kind::list});
      return true;
    case Op::empty_dict:
      push({.kind = Kind::dict});
      return true;
    case Op::empty_tuple:
      push({.kind = Kind::tuple});
      return true;
    case Op::tuple:
      push_tuple(pop_to_mark());
      return true;
    case Op::tuple1:
    case Op::tuple2:
    case Op::tuple3: {
      Items items(static_cast<std::size_t>(op) - static_cast<std::size_t>(Op::tuple1) + 1);
      for (std::size_t i = items.size(); i-- > 0;) items[i] = pop();
      push_tuple(items);
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::filling(Op op) {
  switch (op) {
    case Op::append:
      extend_list({pop()});
      return true;
    case Op::appends:
      extend_list(pop_to_mark());
      return true;
    case Op::setitem: {
      PickleValue* value = pop();
      PickleValue* key = pop();
      extend_dict({key, value});
      return true;
    }
    case Op::setitems:
      extend_dict(pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::memory(Op op) {
  switch (op) {
    case Op::pop_one:
      pop();
      return true;
    case Op::pop_mark:
      pop_to_mark();
      return true;
    case Op::dup:
      stack_.push_back(top());
      return true;
    case Op::binput:
      remember(in_.number<std::uint8_t>());
      return true;
    case Op::long_binput:
      remember(in_.number<std::uint32_t>());
      return true;
    case Op::memoize:
      remember(memo_.size());
      return true;
    case Op::binget:
      recall(in_.number<std::uint8_t>());
      return true;
    case Op::long_binget:
      recall(in_.number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

bool PickleMachine::object(Op op) {
  switch (op) {
    case Op::global: {
      const std::string module(in_.line());
      push_function(module, std::string(in_.line()));
      return true;
    }
    case Op::stack_global: {
      const PickleValue* name = pop();
      const PickleValue* module = pop();
      if (!name->is(Kind::text) || !module->is(Kind::text)) refuse("a global name is no text");
      push_function(module->text, name->text);
      return true;
    }
    case Op::reduce:
      call();
      return true;
    case Op::build:
      set_state();
      return true;
    case Op::binpersid: {
      const PickleValue* id = pop();
      check_arguments(*id);
      push({.kind = Kind::persistent, .items = id->items});
      return true;
    }
    default:
      return false;
  }
}

}  // namespace ito
