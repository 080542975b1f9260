import Models
import Storage
import Training

/// One progress display for all members.
struct MemberDisplay {
  private struct Progress {
    var finishedEpochs: Int
    var done = 0
    var loss: Double?
  }

  private let bar: ProgressBar
  private let epochs: Int
  private var progress: [Int: Progress]
  private var documents = 0
  /// Sentences that a member has reported: the others report the same.
  private var known: Set<String> = []

  /// Begins with members in training, by number, and the epochs that each has finished.
  init(_ finishedEpochs: [Int: Int], epochs: Int, bar: ProgressBar = ProgressBar()) {
    (self.bar, self.epochs) = (bar, epochs)
    progress = finishedEpochs.mapValues { Progress(finishedEpochs: $0) }
  }

  /// Shows a report.
  mutating func show(_ report: MemberReport, of member: Int) {
    switch report {
    case .note(let text):
      if known.insert(text).inserted { bar.line("member \(member): \(text)") }
    case .documents(let done, let total, let loss):
      if documents == 0 {
        documents = total
        bar.begin(done: progress.values.reduce(0) { $0 + $1.finishedEpochs * total })
      }
      progress[member]?.done = done
      progress[member]?.loss = loss
      draw()
    case .epoch(let record):
      progress[member]?.finishedEpochs = record.epoch
      progress[member]?.done = 0
      let metrics = (record.validation ?? [:]).sorted { $0.key < $1.key }
        .map { "  \($0.key) \(rounded($0.value, places: 2))" }
      bar.line(
        "member \(member): epoch \(record.epoch)/\(epochs)  loss \(rounded(record.loss))"
          + metrics.joined())
      draw()
    }
  }

  /// Shows a message of a member.
  func show(message: String, of member: Int) { bar.line("member \(member): \(message)") }

  /// Removes the bar.
  func clear() { bar.clear() }

  private func draw() {
    let losses = progress.values.compactMap(\.loss)
    bar.update(
      title: counted(progress.count, "member"),
      done: progress.values.reduce(0) { $0 + $1.finishedEpochs * documents + $1.done },
      total: progress.count * epochs * documents, unit: "documents",
      loss: losses.isEmpty ? nil : losses.reduce(0, +) / Double(losses.count))
  }
}
