import Extreme
import Torch

extension DualEncoderTask {
  /// Runs `body` with copies of the weights on the CPU, where models are read: validation and the
  /// search for hard negatives are the same on every device.
  func onCPU<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard device.kind != .cpu else { return try body() }
    let placed = dualEncoder.parameters.map { ($0.tensor, $0.tensor.detached()) }
    returnToCPU()
    defer { for (parameter, elements) in placed { parameter.replaceElements(by: elements) } }
    return try body()
  }

  /// Moves the weights to the CPU; no step may follow.
  func returnToCPU() {
    for parameter in dualEncoder.parameters { parameter.tensor.moveInPlace(to: .cpu) }
  }
}
