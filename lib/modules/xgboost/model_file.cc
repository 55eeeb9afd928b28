#include "lib/modules/xgboost/model_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/files.h"
#include "lib/base/strings.h"

namespace ostler::xgb {

namespace {

constexpr char kModelFile[] = "model.json";

// The byte at `offset` from the file's start, or from its end where that is negative; 0 when there is none.
char byte_at(const std::string& path, off_t offset) {
  const UniqueFd file = open_file(path, O_RDONLY);
  char byte = 0;
  if (::lseek(file.get(), offset, offset < 0 ? SEEK_END : SEEK_SET) < 0 || ::read(file.get(), &byte, 1) != 1)
    return 0;
  return byte;
}

// While it lives, the library sees one processor. It reads a model by as many threads as there are, whatever
// nthread says, and waits for them spinning: for models of usual size their start takes longer than the rest,
// on a busy machine several times as long.
class OneProcessor {
 public:
  OneProcessor() {
    const int here = ::sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || ::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(here, &one);
    changed_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  ~OneProcessor() {
    if (changed_) ::sched_setaffinity(0, sizeof before_, &before_);
  }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  cpu_set_t before_;
  bool changed_ = false;
};

}  // namespace

void save_booster(const Booster& booster, const std::string& directory) {
  const std::string path = join_path(directory, kModelFile);
  booster.save(path);
  // The library does not look whether all was written when it closes the file.
  if (byte_at(path, -1) != '}')
    throw Error(StatusCode::resource_exhausted, path + " could not be written whole: is the disk full?");
}

std::unique_ptr<Booster> load_booster(const std::string& directory, const TableSchema& schema) {
  const std::string path = join_path(directory, kModelFile);
  const auto fail = [&](const std::string& what) { throw Error(StatusCode::data_loss, path + what); };
  // The library takes what does not begin like JSON for one of its older formats, and has no good words for
  // it.
  if (byte_at(path, 0) != '{') fail(" is no model of XGBoost in JSON");
  auto booster = std::make_unique<Booster>();
  booster->set("verbosity", "0");
  try {
    const OneProcessor alone;
    booster->load(path);
  } catch (const Error& error) {
    fail(std::string(": ") + error.what());
  }
  if (booster->features() != schema.features.size())
    fail(fmt::format(" has {} columns, but schema.json has {}", booster->features(), schema.features.size()));
  if (booster->rounds() < 1) fail(" has no trees");
  return booster;
}

}  // namespace ostler::xgb
