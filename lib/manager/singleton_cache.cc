#include "lib/manager/singleton_cache.h"

#include "lib/base/error.h"

namespace ostler {

void SingletonCache::refuse_circle(const std::string& path, const Entry& entry) const {
  const std::thread::id me = std::this_thread::get_id();
  for (const Entry* next = &entry;;) {
    if (next->loader == me)
      throw Error(StatusCode::failed_precondition,
                  "the model " + path + " cannot be loaded once for all: its own load waits for it");
    const auto waits = waiting_.find(next->loader);
    if (waits == waiting_.end() || waits->second->ended) return;
    next = waits->second.get();
  }
}

std::shared_ptr<const LoadedModel> SingletonCache::get(const std::string& path,
                                                       const std::function<LoadedModel()>& load) {
  const std::thread::id me = std::this_thread::get_id();
  std::unique_lock lock(mutex_);
  if (const auto found = entries_.find(path); found != entries_.end()) {
    const std::shared_ptr<Entry> entry = found->second;
    if (!entry->ended) {
      refuse_circle(path, *entry);
      waiting_[me] = entry;
      changed_.wait(lock, [&] { return entry->ended; });
      waiting_.erase(me);
    }
    if (entry->failure) std::rethrow_exception(entry->failure);
    return entry->model;
  }

  const auto entry = std::make_shared<Entry>();
  entry->loader = me;
  entries_[path] = entry;
  lock.unlock();
  std::shared_ptr<const LoadedModel> model;
  std::exception_ptr failure;
  try {
    model = std::make_shared<const LoadedModel>(load());
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  entry->model = model;
  entry->failure = failure;
  entry->ended = true;
  if (const auto found = entries_.find(path); failure && found != entries_.end() && found->second == entry)
    entries_.erase(found);
  changed_.notify_all();
  lock.unlock();
  if (failure) std::rethrow_exception(failure);
  return model;
}

std::map<std::string, std::string> SingletonCache::list() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> kept;
  for (const auto& [path, entry] : entries_)
    if (entry->model) kept[path] = entry->model->manifest.name;
  return kept;
}

void SingletonCache::clear() {
  std::map<std::string, std::shared_ptr<Entry>> forgotten;  // models end outside the lock
  const std::lock_guard lock(mutex_);
  forgotten.swap(entries_);
}

}  // namespace ostler
