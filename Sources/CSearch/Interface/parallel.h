// The same work on several threads.
#pragma once
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

// Calls `work` in `threads` threads and rethrows the first exception.
template <class Work>
void in_parallel(int32_t threads, Work work) {
  std::exception_ptr failure;
  std::mutex mutex;
  auto guarded = [&] {
    try {
      work();
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  try {
    for (int32_t i = 1; i < threads; i++) helpers.emplace_back(guarded);
  } catch (const std::system_error &) {
    // Fewer threads than requested do the same work.
  }
  guarded();
  for (auto &helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}
