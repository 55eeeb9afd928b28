// The main of ostler: parses, runs the command, turns failures into exit codes.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "app/parse.h"
#include "commands/complete.h"
#include "commands/interrupt.h"
#include "commands/output.h"

namespace {

constexpr int kReaderGone = 141;
constexpr int kInterrupted = 130;

// The table of ostler(1), as comments in lib/base/error.h have it.
int exit_code(ostler::StatusCode code) {
  switch (code) {
    case ostler::StatusCode::invalid_argument:
      return 2;
    case ostler::StatusCode::not_found:
      return 3;
    case ostler::StatusCode::already_exists:
    case ostler::StatusCode::unavailable:
      return 4;
    case ostler::StatusCode::cancelled:
      return 5;
    case ostler::StatusCode::aborted:
      return 6;
    case ostler::StatusCode::deadline_exceeded:
      return 124;
    default:
      return 1;
  }
}

// A descriptor 0, 1 or 2 that is closed would be given to the next file that is opened, and then printed to.
void open_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // Opened the wrong way round, so that using it is an error and not silently lost.
    [[maybe_unused]] const int opened = ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
  }
}

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "__complete") return ostler::complete({argv + 2, argv + argc});
  const ostler::Parsed parsed = ostler::parse_command_line(argc, argv);
  if (parsed.command == nullptr) {
    if (parsed.document.is_null())
      ostler::print(parsed.text);
    else
      ostler::print_structured(parsed.invocation, parsed.document, parsed.items);
    return 0;
  }
  return parsed.command->run(parsed.invocation);
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  ::signal(SIGPIPE,
           SIG_IGN);  // so that a reader that is gone is 141, also where a shell is not there to say it
  ::signal(SIGCHLD, SIG_DFL);  // one that is ignored is inherited, and then no program's end can be told
  try {
    return run(argc, argv);
  } catch (const ostler::ReaderGone&) {
    return kReaderGone;
  } catch (const ostler::Interrupted&) {
    return kInterrupted;
  } catch (const ostler::Error& error) {
    ostler::say("error: " + ostler::printable(error.what()));
    return exit_code(error.code());
  } catch (const std::bad_alloc&) {
    ostler::say("error: there is not enough memory");
  } catch (const std::exception& error) {
    ostler::say("error: this should not happen, please report it: " + ostler::printable(error.what()));
  } catch (...) {
    ostler::say("error: a module failed and does not say why");
  }
  return 1;
}
