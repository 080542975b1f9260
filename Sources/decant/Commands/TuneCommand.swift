import ArgumentParser
import Datasets
import Foundation
import Models
import Storage
import Training

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Search settings for a data set.",
    discussion: HelpLevel.discussion(
      "tune",
      full: """
        Trains with many settings on a part of the training documents, judges each on other training \
        documents, and writes a settings file for decant train --config. Validation and test documents \
        are not used.

        The search begins with the defaults for the data. It tries other values of one setting after \
        the other: bounds of the scores, label texts, features, loss, wide model, epochs, batch size, \
        learning rates, dropout, decay, dimension. A better value has to be better on average over two \
        random seeds, by more than half a standard error. Below 5,000 documents each trial is the mean \
        of five folds. Settings given as options stay fixed.

        Trials run side by side, one on each processor. Each is added to FILE.trials.jsonl; the same \
        command continues an interrupted search, and a larger --budget a finished one.

        Examples:
          decant tune data/debian-tags --output tags.json
          decant tune tickets.jsonl --output tickets.json --budget 1h --loss bce
          decant train --config tags.json --output runs/tags
        """))

  @Argument(help: ArgumentHelp("Data set: a folder or a file.", valueName: "dir"))
  var dataset: String

  @Option(help: ArgumentHelp("Settings file to write.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Time to search, such as 90s, 10m or 2h; running trials are completed.", valueName: "duration"
    ))
  var budget = Duration(seconds: 600)

  @OptionGroup(title: HelpLevel.title("Data")) var data: SettingOptions<DataPart>
  @OptionGroup(title: HelpLevel.title("Parts")) var files: SettingOptions<FilePart>
  @OptionGroup(title: HelpLevel.title("Training")) var steps: SettingOptions<StepPart>
  @OptionGroup(title: HelpLevel.title("Model")) var model: SettingOptions<ModelPart>
  @OptionGroup(title: HelpLevel.title("Loss")) var loss: SettingOptions<LossPart>
  @OptionGroup(title: HelpLevel.title("Wide model")) var wide: SettingOptions<WidePart>

  @Flag(help: "Print only errors and the table.")
  var quiet = false

  /// A length of time as people write it.
  struct Duration: ExpressibleByArgument {
    var seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
      let units = ["s": 1.0, "m": 60, "h": 3600]
      let unit = argument.last.flatMap { units[String($0)] }
      guard let value = Double(unit == nil ? argument : String(argument.dropLast())),
        value.isFinite, value > 0, value * (unit ?? 1) < 1e9
      else { return nil }
      seconds = value * (unit ?? 1)
    }

    var defaultValueDescription: String { "10m" }
  }

  private var given: [GivenSetting] {
    data.given + files.given + steps.given + model.given + loss.given + wide.given
  }

  /// Refuses a file that no search wrote, before hours of work.
  private func refuseUnusableOutput() throws {
    var status = stat()
    if stat(output, &status) == 0 {
      guard FileManager.default.fileExists(atPath: log) else {
        throw FileError(path: output, action: "make", code: EEXIST)
      }
    } else {
      let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
      guard stat(folder, &status) == 0 else {
        throw FileError(path: folder, action: "write to", code: errno)
      }
    }
  }

  private var log: String { output + ".trials.jsonl" }

  func run() throws {
    try reporting {
      var draft = SettingsDraft()
      draft.values["dataset"] = .string(absolutePath(dataset))
      draft = try given.applied(to: draft)
      let first = try given.settings(of: draft)
      try refuseUnusableOutput()
      let lock = try TuningLock(log: log)
      defer { withExtendedLifetime(lock) {} }
      // Catches signals from here on.
      _ = Interruption.isRequested()
      let say: (String) -> Void = { if !quiet { StandardStreams.note($0) } }
      let whole = try Dataset.read(for: first, note: say)
      let content = whole.withoutValidation(carving: false)
      _ = try DataDefaults(
        content, decantVersion: Decant.version, reporting: say,
        isInterrupted: Interruption.isRequested
      ).choose(in: &draft, completing: given.settings(of:))
      let result = try Tuning(
        content, start: draft,
        options: .init(
          budget: budget.seconds, workers: first.threads, log: log),
        decantVersion: Decant.version, reporting: say,
        isInterrupted: { Interruption.isRequested() }
      ).run()
      try writeAtomically(SettingsFile.text(of: result.configuration), to: output)
      try StandardStreams.write(
        result.table() + "Next: decant train --config \(output) --output RUN\n")
    }
  }
}

extension Tuning.Result {
  /// The metrics of the start and of the best settings, and the effect of each setting as a bar.
  func table() -> String {
    func line(_ name: String, _ trial: TuningTrial) -> String {
      let metrics = ["P@1", "P@5", "nDCG@5", "PSP@5", "R@100"].map {
        "\($0) " + String(format: "%.2f", trial.metrics[$0] ?? 0)
      }
      return "\(name)  \(metrics.joined(separator: "  "))\n"
    }
    var text = "\(counted(trials.count, "trial")) of \(counted(start.documents, "document"))"
    text += isBudgetSpent ? "; the budget is spent\n" : "; no other value is better\n"
    text += line("defaults", start) + line("best    ", best)
    if let unconfirmed {
      text += line("one seed", unconfirmed)
      text += "The last row is not taken yet: a larger --budget tries it with a second seed.\n"
    }
    let changes = best.changes.sorted { $0.key < $1.key }
    for (path, value) in changes { text += "  \(path)  \(value.onOneLine.prefix(60))\n" }
    text += "Difference between the best and the worst value, in points of the score:\n"
    let widest = max(effects.map(\.gain).max() ?? 0, 1e-9)
    for (name, gain) in effects.sorted(by: { $0.gain > $1.gain }) {
      let bar = String(repeating: "█", count: Int((gain / widest * 30).rounded()))
      text += "  \(name.padding(toLength: 20, withPad: " ", startingAt: 0)) "
      text += String(format: "%5.2f ", gain) + bar + "\n"
    }
    return text
  }
}
