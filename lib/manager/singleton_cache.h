#pragma once

// The models that ModelManager::load_singleton keeps: one for each path text, as it was given (MGR-7).
//
// Thread-safe. A model is loaded by the first thread that asks for it, without any lock held, so that a load
// may itself load other singletons; other threads wait for it. A load that would have to wait for itself,
// over whatever number of threads, is an Error (failed_precondition) instead of a deadlock.

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "lib/core/model_management.h"

namespace ostler {

class SingletonCache {
 public:
  // The model of `path`, loaded by `load` where there is none yet. What `load` throws is thrown to all who
  // wait for it, and nothing is kept.
  std::shared_ptr<const LoadedModel> get(const std::string& path, const std::function<LoadedModel()>& load);
  // Path to module name. Not those that are being loaded.
  std::map<std::string, std::string> list() const;
  // Forgets all. Whoever has a model keeps it; one that is being loaded goes to those who asked before and is
  // not kept.
  void clear();

 private:
  struct Entry {
    std::thread::id loader;
    bool ended = false;
    std::shared_ptr<const LoadedModel> model;
    std::exception_ptr failure;
  };
  void refuse_circle(const std::string& path, const Entry& entry) const;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::map<std::thread::id, std::shared_ptr<const Entry>> waiting_;  // which load a thread waits for
};

}  // namespace ostler
