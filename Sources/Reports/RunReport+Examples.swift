import Evaluation
import Models
import Storage

extension RunReport {
  /// The documents with the best and the worst rankings.
  func examplesSection(_ judged: JudgedDocuments) -> Markup {
    let rows = (0..<judged.report.documents).compactMap { row in
      judged.share(ofRow: row).map { (row: row, share: $0, count: judged.truth(ofRow: row).count) }
    }
    // Among the best those with many correct labels, among the worst those with many errors.
    let best = rows.sorted { (-$0.share, -$0.count, $0.row) < (-$1.share, -$1.count, $1.row) }
    let worst = rows.sorted { ($0.share, -$0.count, $0.row) < ($1.share, -$1.count, $1.row) }
    func articles(_ rows: some Sequence<(row: Int, share: Double, count: Int)>) -> Markup {
      rows.map { article(judged, row: $0.row, share: $0.share) }.joined()
    }
    let right = best.prefix(8).filter { $0.share > 0 }
    let wrong = worst.prefix(8).filter { $0.share < 1 }
    return """
      <p>By the share of a document's k true labels among its top k predictions. \
      <span class="yes">✓</span> marks a true label that was found and a correct prediction, \
      <span class="no">✗</span> a true label that was missed, with its rank, and a prediction that \
      is wrong according to the data: the error may be in the data.</p>
      <h3>Wrong</h3>
      \(articles(wrong))<h3>Right</h3>
      \(articles(right))
      """
  }

  private func article(_ judged: JudgedDocuments, row: Int, share: Double) -> Markup {
    let truth = judged.truth(ofRow: row)
    let ranked = judged.report.ranking.labels(ofRow: row).map(Int.init)
    let scores = judged.report.ranking.scores(ofRow: row)
    let shownCount = min(ranked.count, max(5, min(truth.count, 12)))
    let places = Dictionary(ranked.enumerated().map { ($1, $0 + 1) }) { first, _ in first }
    let wanted = truth.prefix(20).map { label -> Markup in
      let place = places[label]
      let mark: Markup =
        place.map { $0 <= truth.count } == true
        ? "<span class=\"yes\">✓</span>"
        : "<span class=\"no\">✗ \(place.map { "rank \($0)" } ?? "not in \(judged.report.ranking.k)")</span>"
      return "<span\(tip(judged, label))>\(mark) \(judged.shown(label))</span>"
    }
    let more: Markup = truth.count > 20 ? "<b>and \(truth.count - 20) more</b>" : ""
    let wantedSet = Set(truth)
    let given = zip(ranked, scores).prefix(shownCount).map { label, score -> Markup in
      let mark: Markup =
        wantedSet.contains(label)
        ? "<span class=\"yes\">✓</span>" : "<span class=\"no\">✗</span>"
      return """
        <span\(tip(judged, label))>\(mark) \(judged.shown(label)) \(Double(score), 2)</span>
        """
    }
    let title = judged.snippet(ofRow: row, length: 80)
    let text = judged.snippet(ofRow: row, length: 400)
    let paragraph: Markup = title == text ? "" : "<p class=\"text\">\(text)</p>\n"
    return """
      <article><h4>\(title) <span class="id">\(judged.name(ofRow: row).snippet(120))</span></h4>
      \(paragraph)\
      <div class="chips"><b>true labels</b>\(wanted.joined())\(more)</div>
      <div class="chips"><b>predictions</b>\(given.joined())</div></article>

      """
  }

  /// A label's name and text as a tooltip, if it has both.
  private func tip(_ judged: JudgedDocuments, _ label: Int) -> Markup {
    let text = judged.labelTexts[label]
    return text.isEmpty ? "" : " title=\"\(judged.labelNames[label]): \(text.snippet(160))\""
  }
}
