// The stack, the memo and the calls of the machine that reads a pickle.

#include "diffusion/import/pickle_machine.h"

namespace ito {
namespace {

constexpr std::size_t most_values = 1'000'000;
constexpr std::size_t most_arguments = 16;
constexpr const char* ordered_dict = "collections.OrderedDict";

}  // namespace

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
