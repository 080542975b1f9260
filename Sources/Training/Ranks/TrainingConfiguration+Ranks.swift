package import Models
import Storage
import Torch

extension TrainingConfiguration {
  /// Refuses settings that several processes cannot train with yet.
  ///
  /// - Throws: `InputError` that names the option.
  package func checkForSeveralProcesses() throws {
    let refused: [(name: String, isGiven: Bool)] = [
      ("--device", device.map { $0.kind != .cpu } ?? false),
      ("--noise-robust co-teaching", robust?.method == .coTeaching),
    ]
    if let option = refused.first(where: \.isGiven) {
      throw InputError(
        file: dataset, reason: "several processes cannot train with \(option.name)",
        expected: "no \(option.name), or one process")
    }
  }
}
