import Foundation
import Learning
import TestSupport
import Testing
import Torch

/// What Scripts/goldens/views.py tells of a view of a batch.
struct ViewCase<View: BatchView>: Decodable {
  let seed: UInt64
  let options: View
  let input: GoldenTensor
  let value: GoldenTensor
}

/// Expects a view to make of each golden's batch what the golden says, in double and single
/// precision, and to survive its record.
func checkView<View: BatchView>(
  _ type: View.Type, tolerance: Double = 1e-12, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let cases = try Golden<ViewCase<View>>("\(type)", testFile: learningTests).cases
  #expect(cases.count >= 2, sourceLocation: sourceLocation)
  for (index, one) in cases.enumerated() {
    let batch = one.input.tensor
    let label = "\(type), case \(index)"
    expectClose(
      one.options(batch, generator: Generator(seed: one.seed)), one.value.tensor,
      tolerance: tolerance, label, sourceLocation: sourceLocation)
    let single = one.options(
      batch.converted(to: .float32), generator: Generator(seed: one.seed))
    #expect(single.dtype == .float32, "\(label)", sourceLocation: sourceLocation)
    // A hue may jump where single precision sees two channels as equal, which these inputs avoid.
    expectClose(
      single.converted(to: .float64), one.value.tensor, tolerance: 2e-5, label,
      sourceLocation: sourceLocation)
    let copy = try JSONDecoder().decode(View.self, from: JSONEncoder().encode(one.options))
    #expect(copy == one.options, "\(label)", sourceLocation: sourceLocation)
  }
}

/// What Scripts/goldens/views.py tells of a view of texts.
struct TextViewCase<View: Decodable>: Decodable {
  let seed: UInt64
  let options: View
  let rows: [[Int]]
  let columns: Int
  let value: [[Int]]

  /// The texts, each token with its place as its value.
  var texts: CSRMatrix {
    let plain = CSRMatrix(rows: rows, columnCount: columns)
    return CSRMatrix(
      rowOffsets: plain.rowOffsets, columns: plain.columns,
      values: MappedArray(rows.flatMap { $0.indices.map(Float.init) }), columnCount: columns)
  }
}

/// The tokens of each text.
func tokens(_ texts: CSRMatrix) -> [[Int]] {
  (0..<texts.rowCount).map { texts.columns(ofRow: $0).map(Int.init) }
}

/// Random pictures in 0 … 1.
func pictures(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
  .uniform(shape, generator: Generator(seed: seed), dtype: .float64)
}
