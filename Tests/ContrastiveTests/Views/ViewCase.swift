import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// A case of a golden file of a view of a batch.
struct ViewCase<View: BatchView>: Decodable {
  let seed: UInt64
  let options: View
  let input: GoldenTensor
  let value: GoldenTensor
}

/// A case of a golden file of a view of texts.
struct TextViewCase<View: Decodable & Sendable>: Decodable {
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
