#include "lib/jobs/dispatch.h"

namespace ostler {

std::optional<JobStore::Next> next_to_start(const JobContext& context, int pool_cpus,
                                            const std::vector<std::string>& skip) {
  auto next = context.store.next_eligible(pool_cpus, skip);
  if (next && next->fits) return next;
  if (!context.store.has_queue() || !settle_dead_runners(context)) return std::nullopt;
  next = context.store.next_eligible(pool_cpus, skip);
  return next && next->fits ? next : std::nullopt;
}

void dispatch_jobs(const JobContext& context, int pool_cpus) {
  if (context.owner && next_to_start(context, pool_cpus)) context.executor.launch();
}

}  // namespace ostler
