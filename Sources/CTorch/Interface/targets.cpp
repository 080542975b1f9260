// The choice of a target, once per process.
#include "targets.h"

#include <cstdlib>
#include <string>

namespace tiles {
bool is_supported(const Target &target) {
#if defined(__x86_64__)
  const bool has_fused = __builtin_cpu_supports("fma");
  if (&target == &avx512)
    return has_fused && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (&target == &avx2) return has_fused && __builtin_cpu_supports("avx2");
#endif
  return true;
}
bool has_halves(const Target &target) {
#if defined(__x86_64__)
  return target.round_tile && is_supported(target) && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

namespace {
struct Choice {
  const Target *target = nullptr;
  std::string error;

  Choice() {
    const char *const wanted = std::getenv("DECANT_CPU");
    std::string names;
    bool is_known = false;
    for (const Target *each : all_targets) {
      const bool is_wanted = !wanted || !*wanted || std::string(wanted) == each->name;
      is_known = is_known || is_wanted;
      if (!is_supported(*each)) continue;
      if (is_wanted && !target) target = each;
      names += names.empty() ? each->name : std::string(", ") + each->name;
    }
    if (target) return;
    error = "DECANT_CPU is '" + std::string(wanted) + "', "
      + (is_known ? "whose instructions this processor lacks" : "which is not known")
      + "; expected one of " + names + ", or nothing for the fastest";
  }
};
const Choice &choice() {
  static const Choice made;
  return made;
}
}  // namespace

const Target *chosen_target() { return choice().target; }
const char *target_error() { return choice().error.c_str(); }
}  // namespace tiles
