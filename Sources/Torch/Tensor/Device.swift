/// The device that holds a tensor's elements.
public struct Device: Hashable, Sendable, CustomStringConvertible {
  /// The kinds of devices; raw values are libtorch's `DeviceType`.
  public enum Kind: Int32, Hashable, Sendable {
    /// The CPU and main memory.
    case cpu = 0
    /// A CUDA device.
    case cuda = 1
  }

  /// The kind of device.
  public var kind: Kind
  /// The index among devices of its kind; nil means the current one.
  public var index: Int?

  /// The CPU.
  public static let cpu = Device(kind: .cpu, index: nil)

  /// A CUDA device.
  public static func cuda(_ index: Int? = nil) -> Device { Device(kind: .cuda, index: index) }

  /// libtorch's notation, such as `cuda:0`.
  public var description: String {
    let name = kind == .cpu ? "cpu" : "cuda"
    return index.map { "\(name):\($0)" } ?? name
  }
}
