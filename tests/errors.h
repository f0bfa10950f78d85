#pragma once
// What a test says of an error.

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/error.h"

namespace ito::test {

/// The message of the Error that `action` throws; fails the test when it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an Error";
  return "";
}

/// `action` throws an Error whose message holds all `parts`.
template <class Action>
void expect_error(const Action& action, std::initializer_list<std::string_view> parts) {
  const std::string message = error_of(action);
  for (const std::string_view part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << "\"" << part << "\" is not in: " << message;
  }
}

}  // namespace ito::test
