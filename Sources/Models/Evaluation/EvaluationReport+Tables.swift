import Evaluation
import Foundation

extension EvaluationReport {
  /// More tables for people: means over labels, groups of labels by frequency, groups of documents
  /// by number of labels.
  public func detailedTables() throws -> String {
    "\(macroTable)\n\n\(decileTable)\n\n\(try labelCountTable())"
  }

  private var macroTable: String {
    var lines = ["means over labels           @1      @3      @5"]
    for (name, row) in zip(["precision", "recall", "F1"], Self.macroMetrics) {
      lines.append("  " + name.padded(to: 20) + numbers(row.map { metrics[$0] ?? .nan }))
    }
    return lines.joined(separator: "\n")
  }

  private var decileTable: String {
    let columns = RankingMetrics.standardMetrics.filter {
      $0.kind == .precision || $0.kind == .recall
    }
    let names = columns.map { $0.description.padded(to: 8, atStart: true) }.joined()
    var lines = [
      "labels by frequency, the most frequent first", "    group   labels positives" + names,
    ]
    for (index, decile) in metrics.deciles.enumerated() {
      lines.append(
        String(format: "%9d%9d%10d", index + 1, decile.labels, decile.positives)
          + numbers(columns.map { decile.values[$0] ?? .nan }))
    }
    return lines.joined(separator: "\n")
  }

  private func numbers(_ values: [Double]) -> String {
    values.map { String(format: "%8.2f", $0) }.joined()
  }
}

extension String {
  fileprivate func padded(to length: Int, atStart: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, length - count))
    return atStart ? spaces + self : self + spaces
  }
}
