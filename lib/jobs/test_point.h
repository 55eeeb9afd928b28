#pragma once

// A hook for tests of what a crash leaves: named points between the steps of the protocol, at which a program
// of the tests' choice stops or dies. Costs one look at a null pointer where no test asks.
//
//   OSTLER_TEST_DIE_AT=NAME    SIGKILL to itself at that point
//   OSTLER_TEST_STOP_AT=NAME   SIGSTOP
//
// Points: store:made submit:written submit:inserted submit:renamed run:locked run:claimed run:spawned
// outcome:written outcome:linked publish:exchanged end:published end:told end:row cancel:requested
// settle:locked purge:renamed purge:deleted repair:built repair:moved repair:linked

namespace ostler {

void test_point(const char* name);

}  // namespace ostler
