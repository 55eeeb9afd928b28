// ostler dispatch: starts what stands in the queue.

#include "commands/command.h"

namespace ostler {

namespace {

int run(const Invocation& invocation) {
  invocation.manager().jobs().dispatch();
  return 0;
}

}  // namespace

CommandSpec dispatch_command() {
  CommandSpec command;
  command.name = "dispatch";
  command.summary = "Start queued jobs that have no runner, as after a reboot";
  command.usage = "ostler dispatch";
  command.examples = {"ostler dispatch", "@reboot ostler dispatch  # in a crontab",
                      "*/5 * * * * ostler dispatch --quiet  # in a crontab"};
  command.notes =
      "Every submit, wait and finished job does this already; it is needed only where all of them were "
      "killed.";
  command.group = "Jobs";
  command.run = run;
  return command;
}

}  // namespace ostler
