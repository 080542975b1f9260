import Foundation
import Torch

/// `Device.rehearsal`, of `Tests/Rehearsal`: the CPU, but another device to libtorch.
public enum Rehearsal {
  /// Whether the device is there; `Scripts/setup-rehearsal` makes it.
  public static let isAvailable: Bool = library != nil

  /// The number of times so far that the CPU waited for the device's results.
  public static var waits: Int { count("rehearsal_waits") }
  /// The number of tensors so far that went from the CPU to the device.
  public static var uploads: Int { count("rehearsal_uploads") }

  /// The number of calls of fused kernels so far.
  public static var fusedCalls: Int { count("rehearsal_fused") }

  nonisolated(unsafe) private static let library: UnsafeMutableRawPointer? = {
    guard (try? Runtime.load()) != nil else { return nil }
    let interface = Runtime.libraryCandidates.first { FileManager.default.fileExists(atPath: $0) }
    let folder = URL(fileURLWithPath: interface ?? "").deletingLastPathComponent().path
    return dlopen("\(folder)/librehearsal.so", RTLD_NOW)
  }()

  private static func count(_ name: String) -> Int {
    guard let library, let symbol = dlsym(library, name) else { return 0 }
    typealias Function = @convention(c) () -> Int64
    return Int(unsafeBitCast(symbol, to: Function.self)())
  }
}
