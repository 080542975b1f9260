/// A value with a name, by which records and the command line know it.
protocol Named: Hashable, Sendable {
  var name: String { get }
}

extension Named where Self: RawRepresentable, RawValue == String {
  var name: String { rawValue }
}

extension Int: Named {
  var name: String { String(self) }
}

extension Double: Named {
  /// As people write it: `1`, `0.05`, `1e-9`.
  var name: String {
    if let whole = Int(exactly: self) { return String(whole) }
    return description.replacing("e-0", with: "e-")
  }
}

/// A setting that only some arms have.
extension Optional: Named where Wrapped: Named {
  var name: String { map(\.name) ?? "" }
}

/// The setting of arms that have nothing to tune.
enum NoSetting: String, Named {
  case none = ""
}

/// A softmax temperature.
struct Temperature: Named {
  let value: Double
  var name: String { "τ \(value.name)" }

  init(_ value: Double) { self.value = value }
}

/// A hyperparameter of the loss, and the learning rate.
struct ValueAndStep: Named {
  let value: Double
  let step: Double
  var name: String { "\(value.name) × \(step.name)" }

  init(_ value: Double, _ step: Double) { (self.value, self.step) = (value, step) }
}

/// The classes in a batch, and the examples of each.
struct BatchShape: Named {
  let ways: Int
  let shots: Int
  var name: String { "\(ways) × \(shots)" }

  init(_ ways: Int, _ shots: Int) { (self.ways, self.shots) = (ways, shots) }
}

/// The part of a network whose output the loss sees.
enum LossPlace: String, Named, CaseIterable {
  case embedding, perceptron
}

/// The margin of a loss of triplets, or the softmax temperature of another loss.
enum MarginOrTemperature: Named {
  case margin(Double)
  case temperature(Double)

  var value: Double {
    switch self {
    case .margin(let value), .temperature(let value): value
    }
  }

  var name: String {
    switch self {
    case .margin(let value): "m \(value.name)"
    case .temperature(let value): "τ \(value.name)"
    }
  }
}
