#include "diffusion/import/pickle_machine.h"

#include <bit>

namespace ito {
namespace {

/// The operations by their names in Python's pickletools.
enum Op : std::uint8_t {
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

constexpr std::size_t most_values = 1'000'000;
constexpr std::size_t most_arguments = 16;
constexpr const char* ordered_dict = "collections.OrderedDict";

}  // namespace

const PickleValue* PickleMachine::run() {
  for (;;) {
    const std::size_t at = in_.position();
    const auto op = in_.number<std::uint8_t>();
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

bool PickleMachine::constant(std::uint8_t op) {
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

bool PickleMachine::number(std::uint8_t op) {
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

bool PickleMachine::string(std::uint8_t op) {
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

bool PickleMachine::container(std::uint8_t op) {
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
      Items items(static_cast<std::size_t>(op - Op::tuple1) + 1);
      for (std::size_t i = items.size(); i-- > 0;) items[i] = pop();
      push_tuple(items);
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::filling(std::uint8_t op) {
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

bool PickleMachine::memory(std::uint8_t op) {
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

bool PickleMachine::object(std::uint8_t op) {
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

PickleValue& PickleMachine::push(PickleValue value) {
  if (values_.size() == most_values) refuse("a pickle of more than ", most_values, " values");
  stack_.push_back(&values_.emplace_back(std::move(value)));
  return *stack_.back();
}

PickleValue* PickleMachine::top() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) refuse("a pickle takes a value from an empty stack");
  return stack_.back();
}

PickleValue* PickleMachine::pop() {
  PickleValue* value = top();
  stack_.pop_back();
  return value;
}

PickleMachine::Items PickleMachine::pop_to_mark() {
  if (marks_.empty()) refuse("a pickle looks for a mark that is not there");
  const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  Items items(from, stack_.end());
  stack_.erase(from, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::push_tuple(const Items& items) {
  push({.kind = Kind::tuple}).items.assign(items.begin(), items.end());
}

void PickleMachine::push_function(const std::string& module, const std::string& name) {
  const std::string full = module + "." + name;
  if (full != ordered_dict && !allowed_.contains(full)) {
    refuse("names ", printable(full), ", which tensors do not need; it is refused");
  }
  push({.kind = Kind::function, .text = full});
}

void PickleMachine::extend_list(const Items& items) {
  PickleValue* list = top();
  if (!list->is(Kind::list)) refuse("appends to ", describe(*list));
  list->items.insert(list->items.end(), items.begin(), items.end());
}

void PickleMachine::extend_dict(const Items& items) {
  PickleValue* dict = top();
  if (!dict->is(Kind::dict)) refuse("sets a key of ", describe(*dict));
  if (items.size() % 2 != 0) refuse("sets a key without a value");
  dict->items.insert(dict->items.end(), items.begin(), items.end());
}

void PickleMachine::remember(std::uint64_t slot) { memo_[slot] = top(); }

void PickleMachine::recall(std::uint64_t slot) {
  const auto found = memo_.find(slot);
  if (found == memo_.end()) refuse("a pickle recalls value ", slot, ", which it has not kept");
  stack_.push_back(found->second);
}

/// They are copied, so a pickle must not repeat many of them.
void PickleMachine::check_arguments(const PickleValue& arguments) const {
  if (!arguments.is(Kind::tuple)) refuse("a call or a storage with ", describe(arguments));
  if (arguments.items.size() > most_arguments) {
    refuse("a call or a storage with ", arguments.items.size(), " arguments");
  }
}

void PickleMachine::call() {
  const PickleValue* arguments = pop();
  const PickleValue* function = pop();
  if (!function->is(Kind::function)) refuse("calls ", describe(*function));
  check_arguments(*arguments);
  if (function->text == ordered_dict) {
    if (!arguments->items.empty()) refuse("an OrderedDict that is not made empty");
    push({.kind = Kind::dict});
  } else {
    push({.kind = Kind::call, .text = function->text, .items = arguments->items});
  }
}

/// Attributes of a dict (PyTorch keeps versions of modules there) carry no tensors: passed over.
void PickleMachine::set_state() {
  pop();
  const PickleValue* object = top();
  if (!object->is(Kind::dict)) refuse("sets attributes of ", describe(*object));
}

}  // namespace ito
