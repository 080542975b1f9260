import Foundation

/// The resources that the process has used so far.
public struct ResourceUsage: Codable, Hashable, Sendable {
  /// Wall-clock seconds, from an arbitrary start.
  public var wallSeconds: Double
  /// CPU seconds, summed over all threads.
  public var cpuSeconds: Double
  /// Peak resident memory in bytes.
  public var peakMemoryBytes: Int

  /// Reads the clocks and the kernel's accounting of the process.
  public static func now() -> ResourceUsage {
    ResourceUsage(
      wallSeconds: seconds(CLOCK_MONOTONIC), cpuSeconds: seconds(CLOCK_PROCESS_CPUTIME_ID),
      peakMemoryBytes: peakMemory())
  }

  /// Wall-clock seconds only, for frequent use.
  package static func wallSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

  private static func peakMemory() -> Int {
    // getrusage would include the memory that the parent process held at the fork.
    do {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
        if let kilobytes = Int(line.filter(\.isNumber)) { return kilobytes * 1024 }
      }
    } catch {
      // Without /proc, the larger number must do.
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
