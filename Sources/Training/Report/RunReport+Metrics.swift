import Evaluation
import Foundation

extension RunReport {
  /// Precision, recall and the rest at 1, 3, 5 and more; means over labels.
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
      ? "; \(grouped(report.filterPairs)) filter pairs were taken out of the predictions" : ""
    let part: Markup =
      report.split == TrainedModel.SplitName.all.rawValue ? "" : "\(report.split) "
    return """
      <p>\(grouped(report.documents)) \(part)documents, in percent\(filtered). Propensities \
      with A = \(report.propensity.exponent, 2) and B = \(report.propensity.offset, 2).</p>
      <div class="scroll"><table><tr><th></th>\(head.joined())</tr>
      \(rows)</table></div>

      """
  }

  /// Ten groups of labels of equal training mass.
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
      <p>Ten groups of labels with about the same number of training pairs each: the first hold a \
      few frequent labels, the last most of the rare ones. Precision counts a group's own hits, so \
      that the groups add up to the whole; recall is over the documents with a label of the group.</p>
      <figure>\(chart.svg())</figure>
      <div class="scroll"><table><tr><th>group</th><th>labels</th><th>training pairs</th>\
      \(head.joined())</tr>
      \(rows.joined())</table></div>

      """
  }

  /// Whether probabilities are what they say.
  var calibrationSection: Markup {
    switch quality {
    case .judged(let quality, let calibration):
      let charts: [(String, CalibrationError)] = [
        ("Each document's first label", quality.firstLabels),
        ("All scored pairs of document and label", quality.pairs),
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
        ? "Cross-fitted: each fifth of the validation documents is judged with what was fitted to the others."
        : "Fitted to \(grouped(calibration.documents)) validation documents, judged on those of test."
      return """
        <p>\(origin) A point on the dashed line is a group of probabilities that came true as often \
        as they said.</p>
        <div class="pair">\(figures.joined())</div>
        <p>Labels from a probability of \(calibration.threshold, 3) on (or their own threshold) are \
        given: F1 \(decisions.microF1, 2) micro, \(decisions.macroF1, 2) macro, \
        \(decisions.exampleF1, 2) by document; \(decisions.labelsPerDocument, 2) labels a document.</p>

        """
    case .possible:
      return """
        <p>The run is not calibrated: its scores are no probabilities. <code>decant calibrate \
        RUN</code> fits some to the validation part that it held out, in a moment.</p>

        """
    case .impossible:
      return """
        <p>The run is not calibrated, and no documents are left to do it with: it was trained on all \
        of train. <code>decant train … --patience 2</code> holds a validation part out, and \
        <code>decant calibrate RUN</code> fits probabilities to it.</p>

        """
    }
  }

  /// Which labels stand in the places of others.
  func confusionSection(_ judged: JudgedDocuments) -> Markup {
    let confusion = LabelConfusion(judged.report.ranking, truth: judged.report.truth)
    guard !confusion.pairs.isEmpty else {
      return "<p>No label was missed for another.</p>\n"
    }
    let rows = confusion.pairs.map { pair -> Markup in
      """
      <tr><td class="t">\(judged.labelNames[pair.missed])</td>\
      <td class="t">\(judged.labelNames[pair.ranked])</td><td>\(grouped(pair.documents))</td>\
      <td>\(pair.lift, 1)</td></tr>

      """
    }
    return """
      <p>Of a document with k true labels the first k predictions are looked at: a true label that \
      is not among them was missed, a false one stands in its place. Lift says how much oftener the \
      two faults meet than by chance. The \(confusion.pairs.count) pairs with the most behind them; a \
      pair of labels that mean the same, or that people mix up, is worth a look at the data.</p>
      <div class="scroll"><table><tr><th class="t">missed</th><th class="t">ranked instead</th>\
      <th>documents</th><th>lift</th></tr>
      \(rows.joined())</table></div>

      """
  }
}
