#pragma once

// A hook for tests of what a crash leaves: named points between the steps of the protocol, at which a program
// of the tests' choice stops or dies. Costs one look at a null pointer where no test asks.
//
//   OSTLER_TEST_DIE_AT=NAME    SIGKILL to itself at that point
//   OSTLER_TEST_STOP_AT=NAME   SIGSTOP, the first time that it comes there
//
// tests/commands/steps_test.py goes through all of them, and fails when there is one that it does not know.

namespace ostler {

void test_point(const char* name);

}  // namespace ostler
