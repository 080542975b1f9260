import Foundation
import Storage

/// The resources of the machine, as Linux reports them.
struct Machine {
  /// The number of bytes of memory still available to this process.
  static var availableMemory: Int? {
    kilobytes("MemAvailable").map { min($0 * 1024, ControlGroups().availableMemory ?? .max) }
  }

  /// The number of bytes that can be written in a folder.
  static func freeSpace(in folder: String) -> Int? {
    var space = statvfs()
    guard statvfs(folder, &space) == 0 else { return nil }
    return Int(space.f_bavail) * Int(space.f_frsize)
  }

  private static func kilobytes(_ name: String) -> Int? {
    do {
      return try String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
        .split(separator: "\n").first { $0.hasPrefix(name + ":") }
        .flatMap { Int($0.filter(\.isNumber)) }
    } catch {
      return nil
    }
  }
}
