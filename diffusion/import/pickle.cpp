#include "diffusion/import/pickle.h"

#include "diffusion/import/pickle_machine.h"

namespace ito {

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != Kind::dict) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i]->is(Kind::text) && items[i]->text == key) return items[i + 1];
  }
  return nullptr;
}

std::string describe(const PickleValue& value) {
  using Kind = PickleValue::Kind;
  switch (value.kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return value.integer != 0 ? "True" : "False";
    case Kind::integer:
      return std::to_string(value.integer);
    case Kind::real:
      return "the number " + std::to_string(value.real);
    case Kind::text:
      return "the text " + printable(value.text);
    case Kind::list:
      return "a list";
    case Kind::tuple:
      return "a tuple";
    case Kind::dict:
      return "a dict";
    case Kind::function:
      return value.text;
    case Kind::call:
      return "a call of " + value.text;
    case Kind::persistent:
      return "a storage";
  }
  return "an unknown value";
}

Pickle::Pickle(ByteReader& in, const std::string& source, const std::set<std::string>& allowed) {
  root_ = PickleMachine(in, source, allowed, values_).run();
}

}  // namespace ito
