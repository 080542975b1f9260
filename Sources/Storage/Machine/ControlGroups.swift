internal import Foundation

/// The limits of this process's control groups, versions 1 and 2.
///
/// The limits of all enclosing groups apply too. Inside a container the group's path may exist only
/// on the host; the mounted folder is then the container's group. Format:
/// <https://docs.kernel.org/admin-guide/cgroup-v2.html>,
/// <https://docs.kernel.org/scheduler/sched-bwc.html>.
package struct ControlGroups {
  private let root: String
  /// The controllers (none for version 2) and the path of each group.
  private let groups: [(controllers: [String], path: String)]

  /// Reads the process's groups.
  ///
  /// - Parameter root: the folder that contains `proc` and `sys`.
  package init(root: String = "/") {
    self.root = root.hasSuffix("/") ? root : root + "/"
    let lines = Self.text("\(self.root)proc/self/cgroup")?.split(separator: "\n") ?? ["0::/"]
    groups = lines.compactMap { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      return (parts[1].split(separator: ",").map(String.init), String(parts[2]))
    }
  }

  /// The number of processors whose time the groups may use; nil without a quota.
  package var processorQuota: Double? {
    let quotas: [Double?] =
      folders(of: "cpu").map { folder in
        let numbers = Self.numbers("\(folder)/cpu.max")
        return Self.ratio(numbers.first ?? nil, numbers.dropFirst().first ?? nil)
      }
      + folders(of: "cpu").map { folder in
        Self.ratio(
          Self.number("\(folder)/cpu.cfs_quota_us"), Self.number("\(folder)/cpu.cfs_period_us"))
      }
    return quotas.compactMap { $0 }.min()
  }

  /// The bytes of memory that the groups may use; nil without a limit.
  package var memoryLimit: Int? { memory.map(\.limit).min() }

  /// The bytes of memory that the groups may still use; nil without a limit.
  ///
  /// Page-cache pages that the kernel can reclaim do not count as used.
  package var availableMemory: Int? {
    memory.map { group in max(0, group.limit - max(0, group.used - group.reclaimable)) }.min()
  }

  /// Version 1 writes the largest multiple of a page for “no limit”: nearly 2⁶³.
  private static let noLimit = 1 << 62

  private var memory: [(limit: Int, used: Int, reclaimable: Int)] {
    folders(of: "memory").compactMap { folder in
      for (limit, used, reclaimable) in [
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
      ] {
        guard let bytes = Self.number("\(folder)/\(limit)"), bytes > 0, bytes < Self.noLimit
        else { continue }
        let statistics = Self.text("\(folder)/memory.stat") ?? ""
        let line = statistics.split(separator: "\n").first { $0.hasPrefix(reclaimable + " ") }
        return (
          bytes, Self.number("\(folder)/\(used)") ?? 0,
          line.flatMap { Int($0.dropFirst(reclaimable.count + 1)) } ?? 0
        )
      }
      return nil
    }
  }

  /// The folders that may hold the files of `controller`: each group and its ancestors.
  private func folders(of controller: String) -> [String] {
    groups.flatMap { group -> [String] in
      let mounts: [String]
      if group.controllers.isEmpty {
        mounts = ["", "/unified"]
      } else if group.controllers.contains(controller) {
        mounts = ["/" + group.controllers.joined(separator: ","), "/" + controller]
      } else {
        return []
      }
      let names = group.path.split(separator: "/").filter { $0 != ".." }
      return mounts.flatMap { mount in
        (0...names.count).map { depth in
          (["\(root)sys/fs/cgroup\(mount)"] + names.prefix(depth).map(String.init))
            .joined(separator: "/")
        }
      }
    }
  }

  private static func ratio(_ quota: Int?, _ period: Int?) -> Double? {
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return Double(quota) / Double(period)
  }

  private static func number(_ path: String) -> Int? { numbers(path).first ?? nil }

  /// The numbers in a file; nil for each word that is not a number, such as "max".
  private static func numbers(_ path: String) -> [Int?] {
    (text(path) ?? "").split(whereSeparator: \.isWhitespace).map { Int($0) }
  }

  private static func text(_ path: String) -> String? {
    // A file that cannot be read sets no known limit.
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch { return nil }
  }
}
