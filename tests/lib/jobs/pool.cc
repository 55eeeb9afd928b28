#include "lib/jobs/pool.h"

#include <doctest/doctest.h>

using namespace ostler;

TEST_CASE("gpus as a list and back") {
  CHECK(gpu_list({}).empty());
  CHECK(gpu_list({2, 0, 11}) == "2,0,11");
  CHECK(gpus_from("2,0,11") == std::vector<int>{2, 0, 11});
  CHECK(gpus_from("").empty());
  CHECK(gpus_from("x,1,") == std::vector<int>{1});
}

TEST_CASE("a pool says what it has, or has what the machine has") {
  CHECK(pool_cpus(Pool(3)) == 3);
  CHECK(pool_cpus(Pool()) >= 1);
  CHECK(pool_gpus(Pool(1, std::vector<int>{5, 1})) == std::vector<int>{5, 1});
  CHECK(pool_gpus(Pool(1, std::vector<int>{})).empty());
}
