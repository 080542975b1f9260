import Evaluation
import Foundation
import Models

extension RunReport {
  /// The most important numbers.
  var summarySection: Markup {
    let record = model.record
    var cards: [(String, Markup)] = []
    if let judged {
      for name in ["P@1", "P@5", "nDCG@5", "PSP@5"] {
        cards.append(("\(name), percent", "\(judged.report.metrics[name], 2)"))
      }
      cards.append(("\(judged.report.split) documents", "\(grouped(judged.report.documents))"))
    }
    cards.append(("seconds of training", "\(record.trainSeconds, 1)"))
    cards.append(("MB of memory at most", "\(Double(record.peakMemoryBytes) / 1e6, 0)"))
    let boxes = cards.map { name, value -> Markup in
      "<div><b>\(value)</b><span>\(name)</span></div>"
    }
    var content: Markup = "<div class=\"cards\">\(boxes.joined())</div>\n"
    if let reason {
      content += "<p class=\"no\">The run could not be evaluated: \(reason)</p>\n"
    }
    for note in notes { content += "<p class=\"note\">\(note)</p>\n" }
    if judged?.report.split == TrainedModel.SplitName.validation.rawValue {
      content += """
        <p class="note">These are documents of the validation part, which selected the best epoch: \
        the figures are slightly optimistic.</p>

        """
    }
    return content
  }

  /// Curves by epoch.
  var trainingSection: Markup {
    guard !history.isEmpty else { return "<p class=\"note\">The run has no metrics.jsonl.</p>\n" }
    let kept = model.record.validationIsHeldOut
    let mark =
      kept
      ? (x: Double(model.record.keptEpoch), name: "the selected epoch") : nil
    let loss = LineChart(
      title: "Training loss by epoch", xName: "epoch", yName: "training loss",
      series: [.init(name: "loss", points: history.map { (Double($0.epoch), $0.loss) })],
      mark: mark)
    var content: Markup = "<div class=\"pair\"><figure>\(loss.svg())</figure>"
    let names = Set(history.flatMap { ($0.validation ?? [:]).keys }).sorted()
    if names.isEmpty {
      content += """
        </div><p class="note">No validation part was held out; decant train --patience holds one out \
        and keeps the best epoch.</p>

        """
      return content
    }
    let chart = LineChart(
      title: "Validation metrics by epoch", xName: "epoch", yName: "validation, percent",
      series: names.map { name in
        .init(
          name: name,
          points: history.compactMap { record in
            record.validation?[name].map { (Double(record.epoch), $0) }
          })
      }, mark: mark)
    content += "<figure>\(chart.svg())</figure></div>\n"
    content +=
      "<p class=\"note\">Epoch \(model.record.keptEpoch) of \(history.count) was selected by nDCG@5 on the validation part.</p>\n"
    return content
  }

  /// Versions, machine and all settings.
  var settingsSection: Markup {
    let record = model.record
    let facts: [(String, Markup)] = [
      ("Decant", "\(record.decantVersion)"),
      ("libtorch", "\(record.torchVersion), \(record.cpuCapability), \(record.threads) threads"),
      ("data set", "\(record.dataset), content \(record.datasetHash ?? "unknown")"),
      ("features", "\(grouped(record.features))"),
      (
        "preparation",
        "\(record.preparationSeconds, 1) s, \(record.preparationCPUSeconds, 1) s CPU"
      ),
      (
        "training", "\(record.trainSeconds, 1) s, \(record.trainCPUSeconds, 1) s CPU"
      ),
    ]
    let settings = FlatSettings.of(model.configuration)
    return """
      \(Self.table("Versions and times", facts))\
      <details><summary>All \(settings.count) settings</summary>\
      \(Self.table("Settings", settings.map { ($0.key, "\($0.value)") }))</details>

      """
  }

  static func table(_ title: String, _ rows: [(String, Markup)]) -> Markup {
    let lines = rows.map { name, value -> Markup in
      "<tr><th class=\"t\">\(name)</th><td class=\"t\">\(value)</td></tr>\n"
    }
    return Markup.table(title, lines.joined())
  }
}
