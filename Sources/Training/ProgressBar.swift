import Foundation

/// Tells a person how far a long job is: a bar that redraws itself in a terminal, a line an epoch
/// elsewhere.
///
/// Writes to standard error.
public final class ProgressBar {
  private let isTerminal: Bool
  private let width: Int
  private var start = ResourceUsage.wallSeconds()
  private var alreadyDone = 0
  private var lastDrawn = 0.0
  private var isDrawn = false
  private let write: (String) -> Void

  /// A bar on standard error.
  public convenience init() {
    var size = winsize()
    let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    self.init(
      isTerminal: isatty(STDERR_FILENO) == 1, width: known ? Int(size.ws_col) : 80
    ) { text in
      // Nobody may be listening; the work goes on all the same.
      var text = text
      text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
  }

  /// A bar that writes where it is told, for tests.
  public init(isTerminal: Bool, width: Int, write: @escaping (String) -> Void) {
    self.isTerminal = isTerminal
    self.width = width
    self.write = write
  }

  /// Starts the clock of a new stretch of work.
  ///
  /// - Parameter done: the units that an earlier process has finished; they do not count for the
  ///   rate.
  public func begin(done: Int = 0) {
    start = ResourceUsage.wallSeconds()
    alreadyDone = done
    lastDrawn = 0
  }

  /// Shows that `done` of `total` units are finished; redraws at most ten times a second.
  ///
  /// - Parameters:
  ///   - title: what is being done ("epoch 3/10").
  ///   - unit: what is counted ("documents").
  ///   - remark: what else to show (the loss).
  public func update(title: String, done: Int, total: Int, unit: String, remark: String) {
    guard isTerminal else { return }
    let now = ResourceUsage.wallSeconds()
    guard now - lastDrawn > 0.1 || done >= total else { return }
    lastDrawn = now
    isDrawn = true
    let elapsed = max(now - start, 1e-9)
    let rate = Double(done - alreadyDone) / elapsed
    let left = rate > 0 ? Self.duration(Double(total - done) / rate) : "–"
    let tail = " \(Self.rate(rate)) \(unit)/s  \(remark)  \(left) left"
    let room = max(0, min(30, width - title.count - tail.count - 3))
    let filled = total > 0 ? room * min(done, total) / total : 0
    let bar =
      String(repeating: "━", count: filled) + String(repeating: "╌", count: room - filled)
    // A line that wraps could not be redrawn.
    write("\r\u{1B}[2K" + "\(title) \(bar)\(tail)".prefix(width - 1))
  }

  /// Takes the bar off the terminal, before something else is written there.
  public func clear() {
    if isDrawn { write("\r\u{1B}[2K") }
    isDrawn = false
  }

  /// Writes a line that stays.
  public func line(_ text: String) {
    clear()
    write(text + "\n")
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
