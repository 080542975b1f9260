/// The device that holds a tensor's elements.
public struct Device: Hashable, Sendable, CustomStringConvertible {
  /// The kinds of devices; raw values are libtorch's `DeviceType`.
  public enum Kind: Int32, Hashable, Sendable {
    /// The CPU and main memory.
    case cpu = 0
    /// A CUDA device.
    case cuda = 1
    /// A device that tests register, which computes on the CPU but is another device to libtorch.
    case rehearsal = 20
  }

  /// The kind of device.
  public var kind: Kind
  /// The index among devices of its kind; nil means the current one.
  public var index: Int?

  /// The CPU.
  public static let cpu = Device(kind: .cpu, index: nil)

  /// A CUDA device.
  public static func cuda(_ index: Int? = nil) -> Device { Device(kind: .cuda, index: index) }

  /// The device that tests register.
  public static let rehearsal = Device(kind: .rehearsal, index: nil)

  /// libtorch's notation, such as `cuda:0`.
  public var description: String {
    let name =
      switch kind {
      case .cpu: "cpu"
      case .cuda: "cuda"
      case .rehearsal: "rehearsal"
      }
    return index.map { "\(name):\($0)" } ?? name
  }
}

extension Device: LosslessStringConvertible {
  /// Reads `cpu`, `cuda` or a device such as `cuda:0`, and the `rehearsal` of tests; nil for
  /// anything else.
  public init?(_ description: String) {
    switch description {
    case "cpu": self = .cpu
    case "cuda": self = .cuda()
    case "rehearsal": self = .rehearsal
    default:
      let prefix = "cuda:"
      guard description.hasPrefix(prefix), let index = Int(description.dropFirst(prefix.count)),
        "cuda:\(index)" == description, (0..<128).contains(index)
      else { return nil }
      self = .cuda(index)
    }
  }
}

extension Device: Codable {
  /// Reads a text such as `cuda:0`.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let device = Device(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "cpu, cuda or cuda:0 is expected"))
    }
    self = device
  }

  /// Writes `description`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
