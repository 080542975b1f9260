import Foundation
import Models
import Storage

/// Shows the progress of a long job: a bar that redraws itself in a terminal, otherwise one line
/// per epoch.
///
/// Writes to standard error, or reports to a closure.
public final class ProgressBar {
  private let isTerminal: Bool
  private let width: Int
  private var start = ResourceUsage.wallSeconds()
  private var alreadyDone = 0
  private var lastDrawn = 0.0
  private var isDrawn = false
  private let write: (String) -> Void
  private let report: ((TrainingProgress) -> Void)?

  /// Creates a bar on standard error.
  public convenience init() {
    var size = winsize()
    let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    self.init(
      isTerminal: isatty(STDERR_FILENO) == 1, width: known ? Int(size.ws_col) : 80
    ) { text in
      // Write errors are ignored: the work continues without a reader.
      var text = text
      text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
  }

  /// Creates a bar with a custom output, for tests.
  public init(isTerminal: Bool, width: Int, write: @escaping (String) -> Void) {
    self.isTerminal = isTerminal
    self.width = width
    self.write = write
    report = nil
  }

  /// Draws nothing, and passes everything to `report`.
  package init(report: @escaping (TrainingProgress) -> Void) {
    isTerminal = false
    width = 0
    write = { _ in }
    self.report = report
  }

  /// Restarts the clock for a new job.
  ///
  /// - Parameter done: the units finished by an earlier process; they do not count for the rate.
  public func begin(done: Int = 0) {
    start = ResourceUsage.wallSeconds()
    alreadyDone = done
    lastDrawn = 0
  }

  /// Shows that `done` of `total` units are finished; redraws at most ten times per second.
  ///
  /// - Parameters:
  ///   - title: the current stage ("epoch 3/10").
  ///   - unit: the unit being counted ("documents").
  ///   - loss: the mean loss so far, if there is one.
  public func update(
    title: String, done: Int, total: Int, unit: String, loss: Double? = nil
  ) {
    guard isTerminal || report != nil else { return }
    let now = ResourceUsage.wallSeconds()
    guard now - lastDrawn > 0.1 || done >= total else { return }
    lastDrawn = now
    if let report {
      return report(
        .advanced(stage: title, done: done, total: total, unit: unit, loss: loss))
    }
    isDrawn = true
    let elapsed = max(now - start, 1e-9)
    let rate = Double(done - alreadyDone) / elapsed
    let left = rate > 0 ? Self.duration(Double(total - done) / rate) : "–"
    let remark = loss.map { "loss \(rounded($0))" } ?? ""
    let tail = " \(Self.rate(rate)) \(unit)/s  \(remark)  \(left) left"
    let room = max(0, min(30, width - title.count - tail.count - 3))
    let filled = total > 0 ? room * min(done, total) / total : 0
    let bar =
      String(repeating: "━", count: filled) + String(repeating: "╌", count: room - filled)
    // A line that wraps could not be redrawn.
    write("\r\u{1B}[2K" + "\(title) \(bar)\(tail)".prefix(width - 1))
  }

  /// Removes the bar from the terminal before other output.
  public func clear() {
    if isDrawn { write("\r\u{1B}[2K") }
    isDrawn = false
  }

  /// Writes a permanent line.
  public func line(_ text: String) {
    if let report { return report(.note(text)) }
    clear()
    write(text + "\n")
  }

  /// Writes the line of an epoch.
  func end(_ epoch: EpochRecord, of count: Int, _ text: String) {
    if let report { return report(.finishedEpoch(epoch, of: count)) }
    line(text)
  }

  /// `1:05` for 65 seconds, `2:00:03` for hours.
  public static func duration(_ seconds: Double) -> String {
    guard abs(seconds) < 1e9 else { return "–" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    let tail = rest < 10 ? "0\(rest)" : "\(rest)"
    guard hours > 0 else { return "\(minutes):\(tail)" }
    return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(tail)"
  }

  private static func rate(_ rate: Double) -> String {
    rate >= 10_000
      ? "\(Int(rate / 1000))k" : rate >= 10 ? "\(Int(rate))" : "\((rate * 10).rounded() / 10)"
  }
}
