internal import Foundation

/// What this process may use of the machine.
///
/// A container's quota, a cpuset, `taskset` and `OMP_NUM_THREADS` each allow less than the machine
/// has. Whatever chooses a number of threads or an amount of memory asks here.
public struct MachineShare: Hashable, Sendable {
  /// One thing that bounds the share.
  public struct Bound: Hashable, Sendable {
    /// What it is, such as "in the affinity mask".
    public var source: String
    /// Processors, or bytes of memory.
    public var value: Int

    /// Pairs both.
    public init(source: String, value: Int) {
      self.source = source
      self.value = value
    }
  }

  /// Everything that bounds the number of threads; the least counts.
  public let processorBounds: [Bound]
  /// Everything that bounds the bytes of memory; the least counts.
  public let memoryBounds: [Bound]

  /// The share of this process, as it was when it was first asked for.
  public static let current = MachineShare(
    root: "/", environment: ProcessInfo.processInfo.environment,
    online: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
    physicalMemory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))

  /// Looks at the machine.
  ///
  /// - Parameters:
  ///   - root: the folder under which `proc` and `sys` lie.
  ///   - environment: where `OMP_NUM_THREADS` may be.
  ///   - online: the processors of the machine.
  ///   - physicalMemory: the bytes of the machine.
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

  /// How many threads can compute at once; at least 1.
  public var processors: Int { processorBounds.map(\.value).min() ?? 1 }

  /// Bytes of memory that the process can have at most.
  public var memory: Int { memoryBounds.map(\.value).min() ?? .max }

  /// OpenMP takes a number, or one for each level of nesting.
  private static func threads(_ variable: String?) -> Int? {
    let first = variable?.split(separator: ",").first ?? ""
    return Int(first.filter { $0 != " " }).flatMap { $0 >= 1 ? $0 : nil }
  }

  /// The number of processors in the process's affinity mask, which cpusets narrow too; nil where
  /// the kernel does not say.
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
