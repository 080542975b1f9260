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

  private struct Line: Encodable {
    var fault: LabelAudit.Fault
    var document: String
    var label: String
    var suspicion: Double
    var confident: Bool
    var probability: Double
    var threshold: Double
    var neighbourShare: Double?
    var neighboursWith: [String]
    var neighboursWithout: [String]

    /// The same with names made safe for one line.
    var onOneLine: Line {
      var line = self
      line.document = document.onOneLine
      line.label = label.onOneLine
      line.neighboursWith = neighboursWith.map(\.onOneLine)
      line.neighboursWithout = neighboursWithout.map(\.onOneLine)
      return line
    }
  }

  private func line(_ finding: LabelAudit.Finding) -> Line {
    Line(
      fault: finding.fault, document: document(finding.row),
      label: dataset.labels.ids[finding.label], suspicion: finding.suspicion,
      confident: finding.isConfident, probability: finding.probability,
      threshold: finding.threshold, neighbourShare: finding.neighbourShare,
      neighboursWith: finding.neighboursWith.map(document),
      neighboursWithout: finding.neighboursWithout.map(document))
  }

  /// Writes one JSON object per finding, wrong labels first.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func writeJSON(to path: String) throws {
    let file = try AtomicFile(path: path)
    let encoder = JSONEncoder.stable
    for finding in report.wrong + report.missing {
      try file.write(String(decoding: try encoder.encode(line(finding)), as: UTF8.self) + "\n")
    }
    try file.commit()
  }

  /// Writes a table with a header, columns separated by tabs, neighbours by spaces.
  ///
  /// `asField` defines how names with tabs, line ends and backslashes are written.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  public func writeTSV(to path: String) throws {
    let file = try AtomicFile(path: path)
    let names = [
      "fault", "document", "label", "suspicion", "confident", "probability", "threshold",
      "neighbour_share", "neighbours_with", "neighbours_without",
    ]
    try file.write(names.joined(separator: "\t") + "\n")
    for finding in report.wrong + report.missing {
      let line = line(finding)
      let cells = [
        line.fault.rawValue, line.document, line.label, rounded(line.suspicion, places: 6),
        line.confident ? "1" : "0", rounded(line.probability, places: 6),
        rounded(line.threshold, places: 6),
        line.neighbourShare.map { rounded($0, places: 4) } ?? "",
        line.neighboursWith.joined(separator: " "), line.neighboursWithout.joined(separator: " "),
      ]
      try file.write(cells.map(\.asField).joined(separator: "\t") + "\n")
    }
    try file.commit()
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

  /// A table for people.
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
        .map { line($0).onOneLine }
      lines.append("")
      lines.append(
        fault == .wrong
          ? "given, but probably wrong: p is low, and so is the share of near documents that have it"
          : "not given, but probably missing: p and the share of near documents that have it are high"
      )
      let widths = (
        findings.map(\.document.count).max() ?? 0, findings.map(\.label.count).max() ?? 0
      )
      for (number, line) in findings.enumerated() {
        let names = fault == .wrong ? line.neighboursWithout : line.neighboursWith
        let near = line.neighbourShare.map {
          String(format: "  near %3.0f %%", 100 * $0)
            + (names.isEmpty
              ? "" : (fault == .wrong ? ", not " : ", as ") + names.joined(separator: ", "))
        }
        lines.append(
          String(format: "%5d%@ ", number + 1, line.confident ? "*" : " ")
            + line.document.padding(toLength: widths.0 + 2, withPad: " ", startingAt: 0)
            + line.label.padding(toLength: widths.1 + 2, withPad: " ", startingAt: 0)
            + String(format: "p %.3f, usually %.3f", line.probability, line.threshold)
            + (near ?? ""))
      }
    }
    return lines.joined(separator: "\n")
  }
}
