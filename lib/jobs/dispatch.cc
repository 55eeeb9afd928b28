#include "lib/jobs/dispatch.h"

namespace ostler {

std::optional<JobStore::Next> next_to_start(const JobContext& context, const Pool& pool,
                                            const std::vector<std::string>& skip) {
  settle_marked(context);
  auto next = context.store.next_eligible(pool, skip);
  if (next && next->fits) return next;
  if (!context.store.has_queue() || !settle_dead_runners(context)) return std::nullopt;
  settle_marked(context);
  next = context.store.next_eligible(pool, skip);
  return next && next->fits ? next : std::nullopt;
}

std::optional<std::string> dispatch_jobs(const JobContext& context, const Pool& pool) {
  if (!context.owner) return std::nullopt;
  const auto next = next_to_start(context, pool);
  if (!next) return std::nullopt;
  context.executor.launch();
  return next->uuid;
}

}  // namespace ostler
