import Foundation
import Models
import Training

/// A line that a member's process writes to standard output for the process that started it.
enum MemberReport: Codable, Hashable {
  /// A sentence for people.
  case note(String)
  /// Documents of an epoch that are done, and the mean loss of the epoch so far.
  case documents(Int, of: Int, loss: Double?)
  case epoch(EpochRecord)

  /// Draws nothing, and reports to the process that started this one.
  static func bar() -> ProgressBar {
    // Without a reader the next step stops the training with a checkpoint.
    signal(SIGPIPE, SIG_IGN)
    return ProgressBar { progress in MemberReport(progress)?.write() }
  }

  private init?(_ progress: TrainingProgress) {
    switch progress {
    case .note(let text): self = .note(text)
    case .advanced(_, let done, let total, "documents", let loss):
      self = .documents(done, of: total, loss: loss)
    case .advanced: return nil
    case .finishedEpoch(let record, _): self = .epoch(record)
    }
  }

  /// Reads a line; nil for one of another kind.
  init?(line: String) {
    guard let report = try? JSONDecoder().decode(MemberReport.self, from: Data(line.utf8)) else {
      return nil
    }
    self = report
  }

  private func write() {
    guard var line = try? JSONEncoder().encode(self) else { return }
    line.append(UInt8(ascii: "\n"))
    line.withUnsafeBytes { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }
}
