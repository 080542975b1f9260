import Foundation
import Noise
import Storage
import TestSupport
import Testing

@Suite struct ConfidentLearningTests {
  private struct Case: Decodable {
    let probabilities: [[Double]]
    let given: [[Int]]
    let absent: [Double]
    let present: [Double]
    let joint: [[Double]]
    let calibrated: [[Double]]
    let errors: [[Int]]
    let adjusted: [[Double]]
  }

  /// The pairs that are not 0, of `[documents, labels]`.
  private static func sparse(_ rows: [[Double]]) -> CSRMatrix {
    pairs(
      rows.map { row in row.indices.filter { row[$0] != 0 }.map { ($0, row[$0]) } }, rows[0].count)
  }

  private static func pairs(_ rows: [[(Int, Double)]], _ labels: Int) -> CSRMatrix {
    let pattern = CSRMatrix(rows: rows.map { $0.map(\.0) }, columnCount: labels)
    return CSRMatrix(
      rowOffsets: pattern.rowOffsets, columns: pattern.columns,
      values: MappedArray(rows.flatMap { $0.map { Float($0.1) } }), columnCount: labels)
  }

  private static func list(_ counts: ConfidentLearning.Counts) -> [Double] {
    [counts.lacking, counts.missing, counts.wrong, counts.having]
  }

  @Test func `agrees with cleanlab on the dense matrix`() throws {
    let golden = try Golden<Case>("ConfidentLearning")
    #expect(golden.cases.count == 3)
    for example in golden.cases {
      let labels = example.probabilities[0].count
      let probabilities = Self.sparse(example.probabilities)
      let given = CSRMatrix(rows: example.given, columnCount: labels)
      let learning = ConfidentLearning(order: .adjusted)
      let joint = try learning.joint(probabilities: probabilities, given: given)
      expectClose(joint.absent, example.absent, tolerance: 1e-12)
      expectClose(joint.present, example.present, tolerance: 1e-12)
      #expect(joint.counts.map(Self.list) == example.joint)
      for label in 0..<labels {
        // Theirs are rounded such that rows add up.
        for (own, rounded) in zip(Self.list(joint.estimate(of: label)), example.calibrated[label]) {
          #expect(abs(own - rounded) <= 1)
        }
      }
      let errors = joint.errors(in: probabilities, given: given).transposed()
      // A given pair of probability 0 is not stored, and so is not listed as an error.
      for label in 0..<labels {
        let stored = example.errors[label].filter { example.probabilities[$0][label] != 0 }
        #expect(errors.columns(ofRow: label).map(Int.init) == stored)
      }
      for (row, own) in example.adjusted.enumerated() {
        let mine = (0..<labels).map { label in
          1
            - learning.suspicion(
              of: example.probabilities[row][label], label: label,
              isGiven: example.given[row].contains(label), in: joint)
        }
        expectClose(mine, own, tolerance: 1e-12)
      }
    }
  }

  /// Four documents, one label; thresholds by hand.
  @Test func `confident counts match values by hand`() throws {
    let probabilities = Self.pairs([[(0, 0.75)], [(0, 0.25)], [(0, 0.875)], []], 1)
    let given = CSRMatrix(rows: [[0], [0], [], []], columnCount: 1)
    let joint = try ConfidentLearning().joint(probabilities: probabilities, given: given)
    // (0.75 + 0.25) / 2; 1 − (0.875 + 0) / 2.
    #expect(joint.present == [0.5] && joint.absent == [0.5625])
    // Has, lacks though given, has though not given, lacks.
    #expect(Self.list(joint.counts[0]) == [1, 1, 1, 1])
    #expect(Self.list(joint.estimate(of: 0)) == [1, 1, 1, 1])
    let errors = joint.errors(in: probabilities, given: given)
    #expect((0..<4).map { errors.columns(ofRow: $0).map(Int.init) } == [[], [0], [0], []])
    #expect(joint.isError(0.25, label: 0, isGiven: true))
    #expect(joint.isError(0.875, label: 0, isGiven: false))
    #expect(!joint.isError(0.25, label: 0, isGiven: false))
    #expect(!joint.isError(0.5, label: 0, isGiven: false))
  }

  @Test func `a probability tie counts as lacking the label`() throws {
    let probabilities = Self.pairs([[(0, 0.5)], [(0, 0.5)], [(0, 0.75)], [(0, 0.25)]], 1)
    let given = CSRMatrix(rows: [[0], [0], [], []], columnCount: 1)
    let joint = try ConfidentLearning().joint(probabilities: probabilities, given: given)
    #expect(joint.present == [0.5] && joint.absent == [0.5])
    #expect(joint.verdict(on: 0.5, label: 0) == .lacks)
    // Wrong twice, missing once, lacking once, having at least 1.
    #expect(Self.list(joint.counts[0]) == [1, 1, 2, 1])
    #expect(joint.isError(0.5, label: 0, isGiven: true))
    #expect(!joint.isError(0.5, label: 0, isGiven: false))
  }

  @Test func `every order rises with the label error`() throws {
    let golden = try Golden<Case>("ConfidentLearning")
    let example = golden.cases[0]
    let given = CSRMatrix(rows: example.given, columnCount: 5)
    for order in ConfidentLearning.Order.allCases {
      let learning = ConfidentLearning(order: order)
      let joint = try learning.joint(
        probabilities: Self.sparse(example.probabilities), given: given)
      for label in 0..<5 {
        let falling = stride(from: 0.95, through: 0.05, by: -0.05).map {
          learning.suspicion(of: $0, label: label, isGiven: true, in: joint)
        }
        #expect(zip(falling, falling.dropFirst()).allSatisfy { $0 <= $1 }, "\(order)")
        let rising = stride(from: 0.05, through: 0.95, by: 0.05).map {
          learning.suspicion(of: $0, label: label, isGiven: false, in: joint)
        }
        #expect(zip(rising, rising.dropFirst()).allSatisfy { $0 <= $1 }, "\(order)")
      }
    }
  }

  @Test func `is invariant to the order of documents, labels and pairs`() throws {
    let golden = try Golden<Case>("ConfidentLearning")
    let example = golden.cases[1]
    let (documents, labels) = (example.probabilities.count, 6)
    var random = SplitMix64(9)
    let rows = (0..<documents).shuffled(using: &random)
    let names = (0..<labels).shuffled(using: &random)
    let place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let joint = try ConfidentLearning().joint(
      probabilities: Self.sparse(example.probabilities),
      given: CSRMatrix(rows: example.given, columnCount: labels))
    let shuffled = try ConfidentLearning().joint(
      probabilities: Self.pairs(
        rows.map { row in
          (0..<labels).map { ($0, example.probabilities[row][names[$0]]) }.shuffled(using: &random)
        }, labels),
      given: CSRMatrix(
        rows: rows.map { example.given[$0].map { place[$0] ?? 0 } }, columnCount: labels))
    for label in 0..<labels {
      #expect(shuffled.counts[label] == joint.counts[names[label]])
      expectClose(shuffled.present[label], joint.present[names[label]], tolerance: 1e-12)
    }
  }

  @Test func `handles absent and universal labels and empty documents`() throws {
    let given = CSRMatrix(rows: [[1], [1], [1, 2]], columnCount: 4)
    let joint = try ConfidentLearning().joint(
      probabilities: Self.pairs([[(0, 0.5), (1, 0.9)], [], [(2, 0.4)]], 4), given: given)
    #expect(joint.present[0] == 2 && joint.absent[1] == 2 && joint.present[3] == 2)
    for label in 0..<4 {
      for order in ConfidentLearning.Order.allCases {
        let found = ConfidentLearning(order: order).suspicion(
          of: 0.3, label: label, isGiven: label == 1, in: joint)
        #expect(found.isFinite, "\(order) \(label)")
      }
    }
    let empty = CSRMatrix(rows: [[Int]](), columnCount: 2)
    let nothing = try ConfidentLearning().joint(
      probabilities: CSRMatrix(
        rowOffsets: empty.rowOffsets, columns: empty.columns, values: MappedArray([]),
        columnCount: 2), given: empty)
    #expect(nothing.counts.allSatisfy { $0.wrong == 0 && $0.missing == 0 })
  }

  @Test func `rejects values outside 0 to 1`() {
    let given = CSRMatrix(rows: [[0]], columnCount: 2)
    for value in [1.5, -0.1, .nan] {
      #expect(throws: ValueError.self) {
        try ConfidentLearning().joint(probabilities: Self.pairs([[(0, value)]], 2), given: given)
      }
    }
    #expect(throws: ValueError.self) {
      try ConfidentLearning().joint(probabilities: given, given: given)
    }
  }
}
