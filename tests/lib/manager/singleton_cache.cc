#include "lib/manager/singleton_cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "lib/base/error.h"
#include "tests/support/message_of.h"

using namespace ostler;

namespace {

LoadedModel model_of(const std::string& module) {
  LoadedModel model;
  model.manifest.name = module;
  return model;
}

}  // namespace

TEST_CASE("[MGR-7] singletons: one for each path text, listed and forgotten") {
  SingletonCache cache;
  int loads = 0;
  const auto load = [&] {
    ++loads;
    return model_of("thing");
  };
  const auto first = cache.get("a", load);
  CHECK(cache.get("a", load) == first);
  CHECK(cache.get("./a", load) != first);
  CHECK(loads == 2);
  CHECK(cache.list() == std::map<std::string, std::string>{{"./a", "thing"}, {"a", "thing"}});
  cache.clear();
  CHECK(cache.list().empty());
  CHECK(first->manifest.name == "thing");
  CHECK(cache.get("a", load) != first);
}

TEST_CASE("[MGR-7] singletons: threads that ask at once share one load, and its failure") {
  SingletonCache cache;
  std::atomic<int> loads = 0, asked = 0;
  const auto ask = [&](bool fails) {
    ++asked;
    return cache.get("a", [&] {
      while (asked < 4) std::this_thread::yield();
      if (++loads; fails) throw not_found("there is no a");
      return model_of("thing");
    });
  };
  for (const bool fails : {false, true}) {
    cache.clear();
    loads = asked = 0;
    std::vector<std::future<std::shared_ptr<const LoadedModel>>> threads;
    for (int i = 0; i < 4; ++i) threads.push_back(std::async(std::launch::async, ask, fails));
    std::shared_ptr<const LoadedModel> first;
    for (auto& thread : threads) {
      if (fails) {
        CHECK_THROWS_AS(thread.get(), Error);
        continue;
      }
      const auto model = thread.get();
      if (!first) first = model;
      CHECK(model == first);
    }
    // One that came after the failure has tried for itself.
    CHECK((fails ? loads >= 1 : loads == 1));
    CHECK(cache.list().size() == (fails ? 0 : 1));
  }
  CHECK(cache.get("a", [] { return model_of("thing"); }));
}

TEST_CASE("[MGR-7] singletons: a load may load others; one that waits for itself is an error") {
  SingletonCache cache;
  const auto outer = cache.get("outer", [&] {
    cache.get("inner", [] { return model_of("inner"); });
    return model_of("outer");
  });
  CHECK(outer->manifest.name == "outer");
  CHECK(cache.list().size() == 2);

  const std::string message = message_of([&] {
    cache.get("circle", [&] {
      cache.get("circle", [] { return model_of("circle"); });
      return model_of("circle");
    });
  });
  CHECK(message.find("its own load waits for it") != std::string::npos);
  CHECK(cache.list().size() == 2);
}

TEST_CASE("[MGR-7] singletons: a circle over two threads is an error for one, and the other has its model") {
  SingletonCache cache;
  std::atomic<int> loading = 0;
  std::atomic<int> refused = 0;
  const auto chase = [&](const std::string& mine, const std::string& others) {
    return cache.get(mine, [&] {
      ++loading;
      while (loading < 2) std::this_thread::yield();
      try {
        cache.get(others, [] { return model_of("late"); });
      } catch (const Error&) {
        ++refused;
      }
      return model_of(mine);
    });
  };
  auto other = std::async(std::launch::async, chase, "b", "a");
  CHECK(chase("a", "b")->manifest.name == "a");
  CHECK(other.get()->manifest.name == "b");
  CHECK(refused == 1);
}

TEST_CASE("[MGR-7] singletons: what was forgotten while it was loaded is given, and not kept") {
  SingletonCache cache;
  const auto model = cache.get("a", [&] {
    cache.clear();
    return model_of("thing");
  });
  CHECK(model->manifest.name == "thing");
  CHECK(cache.list().empty());
}
