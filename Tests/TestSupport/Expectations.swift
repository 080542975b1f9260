public import Testing
public import Torch

/// Expects two lists of numbers to agree within `tolerance`, relative to the larger magnitude (and
/// absolute below 1).
public func expectClose(
  _ actual: [Double], _ expected: [Double], tolerance: Double = 1e-9, _ label: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(label): \(actual.count) numbers, expected \(expected.count)",
      sourceLocation: sourceLocation)
    return
  }
  for (index, (a, b)) in zip(actual, expected).enumerated() {
    let error = abs(a - b) / max(1, abs(a), abs(b))
    // Written so that NaN fails; equal infinities are equal.
    if !(error <= tolerance) && a != b {
      Issue.record(
        "\(label)[\(index)]: \(a), expected \(b), error \(error) > \(tolerance)",
        sourceLocation: sourceLocation)
      return
    }
  }
}

/// Expects two tensors to have the same shape and to agree element by element.
public func expectClose(
  _ actual: Tensor?, _ expected: Tensor?, tolerance: Double = 1e-9, _ label: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let actual, let expected else {
    if (actual == nil) != (expected == nil) {
      Issue.record(
        "\(label): \(actual.map(\.description) ?? "nil"), expected \(expected.map(\.description) ?? "nil")",
        sourceLocation: sourceLocation)
    }
    return
  }
  guard actual.shape == expected.shape else {
    Issue.record(
      "\(label): shape \(actual.shape), expected \(expected.shape)",
      sourceLocation: sourceLocation)
    return
  }
  expectClose(
    actual.doubles(), expected.doubles(), tolerance: tolerance, label,
    sourceLocation: sourceLocation)
}

/// Expects two numbers to agree within `tolerance`, relative to the larger magnitude.
public func expectClose(
  _ actual: Double, _ expected: Double, tolerance: Double = 1e-9, _ label: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(
    [actual], [expected], tolerance: tolerance, label, sourceLocation: sourceLocation)
}
