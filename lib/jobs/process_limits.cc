#include "lib/jobs/process_limits.h"

#include <sys/resource.h>

#include <algorithm>

namespace ostler {

namespace {

struct Limit {
  const char* name;
  __rlimit_resource resource;
};
constexpr Limit kLimits[] = {{"as", RLIMIT_AS},         {"core", RLIMIT_CORE},   {"cpu", RLIMIT_CPU},
                             {"data", RLIMIT_DATA},     {"fsize", RLIMIT_FSIZE}, {"memlock", RLIMIT_MEMLOCK},
                             {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"stack", RLIMIT_STACK}};

rlim_t limit_from(const Value& value) {
  return value.is_null() ? RLIM_INFINITY : static_cast<rlim_t>(value.as_integer("rlimits"));
}

}  // namespace

void apply_limits(const Value& limits) {
  for (const Limit& limit : kLimits) {
    const Value* pair = limits.find(limit.name);
    if (pair == nullptr || !pair->is_array() || pair->size() != 2) continue;
    rlimit wanted{limit_from(pair->as_array()[0]), limit_from(pair->as_array()[1])};
    rlimit now{};
    if (::getrlimit(limit.resource, &now) != 0) continue;
    wanted.rlim_max = std::min(wanted.rlim_max, now.rlim_max);
    wanted.rlim_cur = std::min(wanted.rlim_cur, wanted.rlim_max);
    ::setrlimit(limit.resource, &wanted);
  }
}

}  // namespace ostler
