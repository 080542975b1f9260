public import Datasets
import Storage

/// An inspection of a data set as an HTML page: its problems with the texts, and its distributions.
///
/// Like `RunReport`, a single file without scripts or network access.
public struct InspectionPage {
  private let inspection: DatasetInspection
  private let decisions: [String]

  /// Collects the content.
  ///
  /// - Parameter settings: sentences about the settings that training chooses for the data.
  public init(_ inspection: DatasetInspection, settings: [String] = []) {
    self.inspection = inspection
    decisions = inspection.decisions + settings
  }

  /// The complete page.
  public func html() -> String {
    var sections: [(id: String, title: String, content: Markup)] = [
      ("summary", "Summary", summary),
      ("warnings", "Warnings", Self.list(inspection.warnings, empty: "No warnings.")),
    ]
    if !decisions.isEmpty {
      sections.append(("settings", "Decides the settings", Self.list(decisions, empty: "")))
    }
    let pairs = pairs
    if !pairs.isEmpty { sections.append(("pairs", "Copies", pairs.joined())) }
    sections += [("labels", "Labels", labels), ("together", "Labels together", together)]
    return ReportPage(
      title: inspection.name,
      subtitle: """
        \(grouped(inspection.documents)) documents of \(inspection.hasTexts ? "texts" : "features"), \
        \(grouped(inspection.labels)) labels, \(grouped(inspection.labelsWithTexts)) of them with a \
        text.
        """,
      sections: sections
    ).html()
  }

  private static func list(_ sentences: [String], empty: String) -> Markup {
    guard !sentences.isEmpty else { return "<p>\(empty)</p>\n" }
    let items = sentences.map { sentence -> Markup in "<li>\(sentence)</li>\n" }
    return "<ul>\n\(items.joined())</ul>\n"
  }

  private static let summaryHead: Markup =
    "<th>mean</th><th>least</th><th>median</th><th>90 %</th><th>most</th>"

  private static func cells(_ summary: ValueSummary) -> Markup {
    """
    <td>\(summary.mean, 2)</td><td>\(summary.minimum)</td><td>\(summary.median)</td>\
    <td>\(summary.ninetieth)</td><td>\(summary.maximum)</td>
    """
  }

  private var summary: Markup {
    let parts = ["train", "validation", "test"].compactMap { name in
      inspection.parts[name].map { part -> Markup in
        """
        <tr><th class="t">labels per document of \(name)</th><td>\(grouped(part.documents))</td>\
        \(Self.cells(part.labelsPerDocument))</tr>

        """
      }
    }
    let rows: Markup = """
      <tr><td></td><th>documents</th>\(Self.summaryHead)</tr>
      \(parts.joined())<tr><th class="t">\
      \(inspection.hasTexts ? "words per text" : "features per document")</th>\
      <td>\(grouped(inspection.documents))</td>\(Self.cells(inspection.lengths))</tr>
      <tr><th class="t">train documents per label</th><td></td>\
      \(Self.cells(inspection.documentsPerLabel))</tr>
      """
    return """
      \(Markup.table("Summary", rows))\
      <p class="note">Validation documents are a part of train.</p>

      """
  }

  /// The pairs that the warnings name.
  private var pairs: [Markup] {
    var parts: [Markup] = []
    func add(_ heading: String, _ articles: [Markup]) {
      if !articles.isEmpty { parts.append("<h3>\(heading)</h3>\n\(articles.joined())") }
    }
    add(
      "Test documents that are in train too",
      (inspection.leaks?.examples ?? []).map { pair in
        Self.article(
          "\(pair.test) of test, \(pair.train) of train", pair.similarity,
          texts: (pair.similarity < 1 ? [pair.testText, pair.trainText] : [pair.testText])
            .compactMap(\.self), labels: [])
      })
    add(
      "Equal training documents with different labels",
      (inspection.duplicates.differing ?? []).map(Self.article))
    add(
      "Nearly equal training documents", (inspection.duplicates.near ?? []).map(Self.article))
    return parts
  }

  private static func article(_ likeness: DatasetInspection.Likeness) -> Markup {
    article(
      likeness.documents.joined(separator: ", "), likeness.similarity, texts: likeness.texts ?? [],
      labels: likeness.labels)
  }

  private static func article(
    _ names: String, _ similarity: Double, texts: [String], labels: [[String]]
  ) -> Markup {
    let paragraphs = texts.map { text -> Markup in "<p class=\"text\">\(text.snippet(400))</p>\n" }
    let chips = labels.map { labels -> Markup in
      let shown = labels.prefix(12).map { label -> Markup in
        "<span>\(label.caption(of: "", 60))</span>"
      }
      return "<div class=\"chips\"><b>labels</b>\(shown.joined())</div>\n"
    }
    let likeness: Markup = similarity < 1 ? ", similarity \(similarity, 2)" : ""
    return """
      <article><h4>\(names.snippet(120))\(likeness)</h4>
      \(paragraphs.joined())\(chips.joined())</article>

      """
  }

  private var labels: Markup {
    let bands = inspection.frequencyBands
    let chart = BarChart(
      title: "Labels by their number of training documents", xName: "training documents",
      yName: "labels",
      bars: bands.map { band in
        let range = band.from == band.to ? "\(band.from)" : "\(band.from)–\(band.to)"
        return .init(
          name: range, value: Double(band.labels),
          remark: "\(range) documents: \(grouped(band.labels)) labels, \(grouped(band.pairs)) pairs"
        )
      })
    let rows = inspection.mostFrequent.map { label -> Markup in
      """
      <tr><td class="t">\(label.label)</td><td class="t">\((label.text ?? "").caption(of: label.label, 80))</td>\
      <td>\(grouped(label.documents))</td></tr>

      """
    }
    let head: Markup =
      "<tr><th class=\"t\">label</th><th class=\"t\">text</th><th>documents</th></tr>\n"
    return """
      <figure>\(chart.svg())<figcaption>\(grouped(inspection.labelsOfHalfThePairs)) labels make up \
      half of all pairs.</figcaption></figure>
      <h3>The most frequent</h3>
      \(Markup.table("The most frequent labels", "\(head)\(rows.joined())"))
      """
  }

  private var together: Markup {
    let pairs = inspection.cooccurrence.pairs
    guard !pairs.isEmpty else {
      return "<p>No two labels co-occur more often than by chance.</p>\n"
    }
    let rows = pairs.map { pair -> Markup in
      let names = zip(pair.labels, pair.texts ?? pair.labels).map { name, text -> Markup in
        "<td class=\"t\">\(text.title(of: name, 60))</td>"
      }
      return """
        <tr>\(names.joined())<td>\(grouped(pair.documents))</td><td>\(pair.lift, 1)</td>\
        <td>\(100 * pair.shareOfRarer, 0) %</td></tr>

        """
    }
    let head: Markup = """
      <tr><th class="t">label</th><th class="t">with</th><th>documents</th><th>lift</th>\
      <th>of the rarer</th></tr>

      """
    return """
      <p>Labels that co-occur more often than by chance, in \(inspection.cooccurrence.leastDocuments) \
      training documents or more.</p>
      \(Markup.table("Labels together", "\(head)\(rows.joined())"))
      """
  }
}
