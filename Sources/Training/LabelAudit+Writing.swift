public import Datasets
import Foundation
import Models
import Storage

/// An audit's findings with the names of documents and labels, for people and for programs.
public struct AuditListing {
  /// The report to list.
  public let report: LabelAudit.Report
  private let dataset: Dataset

  /// Resolves the names in a report.
  public init(_ report: LabelAudit.Report, of dataset: Dataset) {
    self.report = report
    self.dataset = dataset
  }

  private func document(_ row: Int) -> String {
    dataset.documents.ids[Int(dataset.train.documentIndices[row])]
  }

  /// The text of a finding's document; nil if the documents are features.
  private func text(_ finding: LabelAudit.Finding) -> String? {
    dataset.documents.texts.map { $0[Int(dataset.train.documentIndices[finding.row])] }
  }

  /// The columns of a table.
  private static let columns = [
    "fault", "document", "label", "suspicion", "confident", "probability", "threshold",
    "neighbour_share", "neighbours_with", "neighbours_without", "document_text", "label_text",
  ]

  private func row(_ finding: LabelAudit.Finding) -> OutputRow {
    func number(_ key: String, column: String? = nil, _ value: Double, places: Int = 6)
      -> OutputRow.Field
    {
      .init(key, column: column, .number(value), cell: rounded(value, places: places))
    }
    func names(_ key: String, _ column: String, _ rows: [Int]) -> OutputRow.Field {
      .init(key, column: column, .strings(rows.map(document)))
    }
    var fields: [OutputRow.Field] = [
      .init("fault", .string(finding.fault.rawValue)),
      .init("document", .string(document(finding.row))),
    ]
    if let text = text(finding) {
      fields.append(.init("documentText", column: "document_text", .string(text)))
    }
    fields.append(.init("label", .string(dataset.labels.ids[finding.label])))
    if let text = dataset.labels.text(at: finding.label) {
      fields.append(.init("labelText", column: "label_text", .string(text)))
    }
    fields += [
      number("suspicion", finding.suspicion), .init("confident", .boolean(finding.isConfident)),
      number("probability", finding.probability), number("threshold", finding.threshold),
    ]
    if let share = finding.neighbourShare {
      fields.append(number("neighbourShare", column: "neighbour_share", share, places: 4))
    }
    return OutputRow(
      fields + [
        names("neighboursWith", "neighbours_with", finding.neighboursWith),
        names("neighboursWithout", "neighbours_without", finding.neighboursWithout),
      ])
  }

  /// Writes a row per finding, wrong labels first, in the form that the file's name ends in: `.jsonl`,
  /// `.tsv` or `.csv`; see `RowsWriter`.
  ///
  /// Neighbours are separated by spaces in a table.
  ///
  /// - Throws: `InputError` if the name ends otherwise, `FileError` if the file cannot be written.
  public func write(to path: String) throws {
    guard let format = RowsFormat(path: path) else {
      throw InputError(
        file: path, reason: "the name of the file tells no form",
        expected: "a name that ends in .jsonl, .tsv or .csv")
    }
    try RowsWriter(format, columns: Self.columns).write(
      (report.wrong + report.missing).lazy.map(row), to: path)
  }

  /// Writes the findings as feedback for `decant train --feedback`: missing labels as accepted,
  /// wrong ones as rejected.
  ///
  /// - Throws: `InputError` if the documents are features, `FileError`.
  public func writeFeedback(to path: String) throws {
    guard let texts = dataset.documents.texts else {
      throw InputError(
        file: path, reason: "the documents are features; feedback needs texts",
        expected: "a data set of texts")
    }
    struct Record: Encodable {
      var text: String
      var labels: [String]
      var rejected: [String]
    }
    var records: [Record] = []
    var places: [Int: Int] = [:]
    for finding in report.wrong + report.missing {
      let document = Int(dataset.train.documentIndices[finding.row])
      let place = places[document] ?? records.count
      if place == records.count {
        places[document] = place
        records.append(Record(text: texts[document], labels: [], rejected: []))
      }
      let label = dataset.labels.ids[finding.label]
      switch finding.fault {
      case .missing: records[place].labels.append(label)
      case .wrong: records[place].rejected.append(label)
      }
    }
    let file = try AtomicFile(path: path)
    for record in records {
      try file.write(
        String(decoding: try JSONEncoder.stable.encode(record), as: UTF8.self) + "\n")
    }
    try file.commit()
  }

  /// The most characters of a document's text in the table.
  private static let shownText = 120
  /// The most characters of a label's text in the table.
  private static let shownLabelText = 40

  /// A label's name, with its text if it has another.
  private func shownLabel(_ finding: LabelAudit.Finding) -> String {
    let id = dataset.labels.ids[finding.label]
    let caption = dataset.labels.text(at: finding.label)?.caption(of: id, Self.shownLabelText) ?? ""
    return (caption.isEmpty || caption == id ? id : "\(id)  \(caption)").onOneLine
  }

  /// A table for people, with the starts of the texts.
  ///
  /// - Parameters:
  ///   - faults: the lists to show.
  ///   - count: the number of findings to show of each.
  public func table(_ faults: [LabelAudit.Fault], count: Int) -> String {
    var lines = [
      "\(report.givenCount) given labels; by the rule of confident learning "
        + "wrong: \(report.surelyWrong), missing: \(report.surelyMissing)"
    ]
    // A file has the lists: headings without them would say that nothing was found.
    for fault in faults where count > 0 {
      let findings = (fault == .wrong ? report.wrong : report.missing).prefix(count)
      lines.append("")
      guard !findings.isEmpty else {
        lines.append(fault == .wrong ? "no label looks wrong" : "no label looks missing")
        continue
      }
      lines.append(
        fault == .wrong
          ? "given, but probably wrong: p is low, and so is the share of near documents that have it"
          : "not given, but probably missing: p and the share of near documents that have it are high"
      )
      let documents = findings.map { document($0.row).onOneLine }
      let labels = findings.map(shownLabel)
      let widths = (documents.map(\.count).max() ?? 0, labels.map(\.count).max() ?? 0)
      for (number, finding) in findings.enumerated() {
        let names = (fault == .wrong ? finding.neighboursWithout : finding.neighboursWith)
          .map { document($0).onOneLine }
        let near = finding.neighbourShare.map {
          String(format: "  near %3.0f %%", 100 * $0)
            + (names.isEmpty
              ? "" : (fault == .wrong ? ", not " : ", as ") + names.joined(separator: ", "))
        }
        lines.append(
          String(format: "%5d%@ ", number + 1, finding.isConfident ? "*" : " ")
            + documents[number].padding(toLength: widths.0 + 2, withPad: " ", startingAt: 0)
            + labels[number].padding(toLength: widths.1 + 2, withPad: " ", startingAt: 0)
            + String(format: "p %.3f, usually %.3f", finding.probability, finding.threshold)
            + (near ?? ""))
        if let text = text(finding) {
          lines.append("       " + text.snippet(Self.shownText).onOneLine)
        }
      }
    }
    return lines.joined(separator: "\n")
  }
}
