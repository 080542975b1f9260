import Evaluation
import Foundation
import Models
import Storage

extension RunReport {
  /// Precision, recall and other metrics at 1, 3, 5 and more; means over labels.
  func metricsSection(_ judged: JudgedDocuments) -> Markup {
    let report = judged.report
    let kinds: [(RankingMetric.Kind, String)] = [
      (.precision, "precision P"), (.recall, "recall R"), (.discountedGain, "nDCG"),
      (.scoredPrecision, "PSP, rare labels count more"), (.scoredDiscountedGain, "PSnDCG"),
      (.reciprocalRank, "reciprocal rank MRR"), (.macroPrecision, "mean precision of labels"),
      (.macroRecall, "mean recall of labels"), (.macroF1, "mean F1 of labels"),
    ]
    let known = report.metrics.values.keys
    let cutoffs = Set(known.map(\.cutoff)).sorted()
    let head = cutoffs.map { cutoff -> Markup in "<th>@\(cutoff)</th>" }
    var rows: Markup = ""
    for (kind, name) in kinds where known.contains(where: { $0.kind == kind }) {
      let cells = cutoffs.map { cutoff -> Markup in
        guard let value = report.metrics[RankingMetric(kind, at: cutoff)] else {
          return "<td></td>"
        }
        return "<td>\(value, 2)</td>"
      }
      rows += "<tr><th class=\"t\">\(name)</th>\(cells.joined())</tr>\n"
    }
    let filtered: Markup =
      report.filterPairs > 0
      ? "; \(grouped(report.filterPairs)) filter pairs were removed from the predictions" : ""
    let part: Markup =
      report.split == TrainedModel.SplitName.all.rawValue ? "" : "\(report.split) "
    return """
      <p>\(grouped(report.documents)) \(part)documents, in percent\(filtered). Propensities \
      with A = \(report.propensity.exponent, 2) and B = \(report.propensity.offset, 2).</p>
      \(Markup.table("Metrics", "<tr><td></td>\(head.joined())</tr>\n\(rows)"))
      """
  }

  /// Ten groups of labels with equal numbers of training pairs.
  func frequencySection(_ judged: JudgedDocuments) -> Markup {
    let metrics =
      [1, 3, 5].map { RankingMetric(.precision, at: $0) }
      + [5, 10, 100].map { RankingMetric(.recall, at: $0) }
    let deciles = judged.report.metrics.deciles
    let shown = metrics.filter { metric in deciles.contains { $0.values[metric] != nil } }
    guard let height = shown.last(where: { $0.kind == .recall && $0.cutoff <= 10 }) else {
      return ""
    }
    let chart = BarChart(
      title: "Recall by label frequency", xName: "group of labels, the most frequent first",
      yName: "\(height), percent",
      bars: deciles.enumerated().map { index, decile in
        .init(
          name: "\(index + 1)", value: decile.labels == 0 ? nil : decile.values[height],
          remark: "\(grouped(decile.labels)) labels, \(grouped(decile.positives)) training pairs: "
            + "\(height) \(rounded(decile.values[height] ?? .nan, places: 2))")
      })
    let head = shown.map { metric -> Markup in "<th>\(metric.description)</th>" }
    let titles: Markup = "<th>group</th><th>labels</th><th>training pairs</th>\(head.joined())"
    let rows = deciles.enumerated().map { index, decile -> Markup in
      let cells = shown.map { metric -> Markup in
        decile.labels == 0 ? "<td>–</td>" : "<td>\(decile.values[metric], 2)</td>"
      }
      return """
        <tr><td>\(index + 1)</td><td>\(grouped(decile.labels))</td>\
        <td>\(grouped(decile.positives))</td>\(cells.joined())</tr>

        """
    }
    return """
      <p>Ten groups of labels with about the same number of training pairs each: the first contain a \
      few frequent labels, the last most of the rare ones. Precision counts only hits within the \
      group, so that the groups add up to the total; recall is over documents with a label of the group.</p>
      <figure>\(chart.svg())</figure>
      \(Markup.table("Metrics by label frequency", "<tr>\(titles)</tr>\n\(rows.joined())"))
      """
  }

  /// Reliability diagrams of the probabilities.
  var calibrationSection: Markup {
    switch quality {
    case .judged(let quality, let calibration):
      let charts: [(String, CalibrationError)] = [
        ("Each document's first label", quality.firstLabels),
        ("All scored (document, label) pairs", quality.pairs),
      ]
      let figures = charts.map { name, error -> Markup in
        """
        <figure><h3>\(name)</h3>\(ReliabilityChart(title: name, bins: error.bins).svg())\
        <figcaption>ECE \(error.expected, 4), Brier score \(error.brierScore, 4), log loss \
        \(error.logLoss, 4)</figcaption></figure>
        """
      }
      let decisions = quality.decisions
      let origin: Markup =
        judged?.report.split == TrainedModel.SplitName.validation.rawValue
        ? "Cross-fitted: each fifth of the validation documents is evaluated with a calibration fitted to the others."
        : "Fitted to \(grouped(calibration.documents)) validation documents, evaluated on the test documents."
      return """
        <p>\(origin) A point on the dashed line is a group of probabilities that match their observed \
        frequency.</p>
        <div class="pair">\(figures.joined())</div>
        <p>Labels with a probability of at least \(calibration.threshold, 3) (or their own threshold) \
        are assigned: F1 \(decisions.microF1, 2) micro, \(decisions.macroF1, 2) macro, \
        \(decisions.exampleF1, 2) per document; \(decisions.labelsPerDocument, 2) labels per document.</p>

        """
    case .possible:
      return """
        <p>The run is not calibrated: its scores are not probabilities. <code>decant calibrate \
        RUN</code> fits a calibration to the held-out validation part, in a moment.</p>

        """
    case .impossible:
      return """
        <p>The run is not calibrated, and no held-out documents are left: it was trained on the whole \
        training part. <code>decant train … --patience 2</code> holds out a validation part, and \
        <code>decant calibrate RUN</code> fits a calibration to it.</p>

        """
    }
  }

  /// Labels that are predicted in place of others.
  func confusionSection(_ judged: JudgedDocuments) -> Markup {
    let confusion = LabelConfusion(judged.report.ranking, truth: judged.report.truth)
    guard !confusion.pairs.isEmpty else {
      return "<p>No label was predicted in place of another.</p>\n"
    }
    let head: Markup = """
      <tr><th class="t">missed</th><th class="t">ranked instead</th><th>documents</th>\
      <th>lift</th></tr>

      """
    let rows = confusion.pairs.map { pair -> Markup in
      """
      <tr><td class="t">\(judged.shown(pair.missed))</td>\
      <td class="t">\(judged.shown(pair.ranked))</td><td>\(grouped(pair.documents))</td>\
      <td>\(pair.lift, 1)</td></tr>

      """
    }
    return """
      <p>For a document with k true labels, the top k predictions are compared: a true label that is \
      not among them was missed, and a false one took its place. Lift is how much more often the two \
      errors coincide than by chance. These are the \(confusion.pairs.count) pairs with the most \
      evidence; labels with the same meaning, or that people confuse, suggest errors in the data.</p>
      \(Markup.table("Confused labels", "\(head)\(rows.joined())"))
      """
  }
}
