internal import Foundation

/// The processors and the memory that this process may use.
///
/// A container's quota, a cpuset, `taskset` and `OMP_NUM_THREADS` can each allow less than the
/// machine has. All code that chooses a number of threads or an amount of memory asks here.
public struct MachineShare: Hashable, Sendable {
  /// One limit on the share.
  public struct Bound: Hashable, Sendable {
    /// The origin of the limit, such as "in the affinity mask".
    public var source: String
    /// Processors, or bytes of memory.
    public var value: Int

    /// Creates a limit.
    public init(source: String, value: Int) {
      self.source = source
      self.value = value
    }
  }

  /// All limits on the number of threads; the lowest applies.
  public let processorBounds: [Bound]
  /// All limits on the bytes of memory; the lowest applies.
  public let memoryBounds: [Bound]

  /// This process's share, as of the first access.
  public static let current = MachineShare(
    root: "/", environment: ProcessInfo.processInfo.environment,
    online: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
    physicalMemory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))

  /// Reads the limits.
  ///
  /// - Parameters:
  ///   - root: the folder that contains `proc` and `sys`.
  ///   - environment: the environment, which may set `OMP_NUM_THREADS`.
  ///   - online: the number of processors of the machine.
  ///   - physicalMemory: the bytes of memory of the machine.
  package init(
    root: String, environment: [String: String], online: Int, physicalMemory: Int
  ) {
    let groups = ControlGroups(root: root)
    processorBounds = [
      Bound(source: "online", value: max(1, online)),
      Self.affinity(root).map { Bound(source: "in the affinity mask", value: $0) },
      groups.processorQuota.map { quota in
        Bound(
          source: "by a quota of \(String(format: "%.2f", quota))",
          value: quota < 1e6 ? max(1, Int(quota.rounded(.up))) : 1_000_000)
      },
      Self.threads(environment["OMP_NUM_THREADS"]).map {
        Bound(source: "by OMP_NUM_THREADS", value: $0)
      },
    ].compactMap { $0 }
    memoryBounds = [
      Bound(source: "in the machine", value: physicalMemory),
      groups.memoryLimit.map { Bound(source: "by the control group", value: $0) },
    ].compactMap { $0 }
  }

  /// The number of threads that can run at once; at least 1.
  public var processors: Int { processorBounds.map(\.value).min() ?? 1 }

  /// The most bytes of memory that the process can get.
  public var memory: Int { memoryBounds.map(\.value).min() ?? .max }

  /// OpenMP accepts one number, or one per nesting level.
  private static func threads(_ variable: String?) -> Int? {
    let first = variable?.split(separator: ",").first ?? ""
    return Int(first.filter { $0 != " " }).flatMap { $0 >= 1 ? $0 : nil }
  }

  /// The number of processors in the process's affinity mask, which cpusets restrict too; nil if
  /// the kernel does not report it.
  private static func affinity(_ root: String) -> Int? {
    do {
      let status = try String(contentsOfFile: "\(root)/proc/self/status", encoding: .utf8)
      let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
      let digits = line?.drop { $0 != ":" }.compactMap(\.hexDigitValue) ?? []
      let count = digits.reduce(0) { $0 + $1.nonzeroBitCount }
      return count > 0 ? count : nil
    } catch {
      return nil
    }
  }
}
