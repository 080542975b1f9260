import Storage
import Torch

extension ONNXGraph {
  /// The inputs of `bags`, with at least one feature per text.
  static func bagInputs(_ bags: CSRMatrix) -> [String: Tensor] {
    let rows = (0..<bags.rowCount).map { bags.entries(ofRow: $0) }
    return [
      "features": padded(rows.map { $0.map { Int64(bags.columns[$0]) } }, with: -1),
      "weights": padded(rows.map { $0.map { bags.values?[$0] ?? 1 } }, with: 0),
    ]
  }

  /// The inputs of `transformer`.
  static func tokenInputs(_ ids: [[Int32]], paddingID: Int32) -> [String: Tensor] {
    let mask = padded(ids.map { [Int64](repeating: 1, count: $0.count) }, with: 0)
    return [
      "input_ids": padded(ids.map { $0.map(Int64.init) }, with: Int64(paddingID)),
      "attention_mask": mask, "token_type_ids": .zeros(mask.shape, dtype: .int64),
    ]
  }

  /// `[rows, longest]`, with at least one column.
  private static func padded<Scalar: TensorScalar>(_ rows: [[Scalar]], with filler: Scalar)
    -> Tensor
  {
    let width = max(rows.map(\.count).max() ?? 0, 1)
    return Tensor(
      rows.flatMap { $0 + [Scalar](repeating: filler, count: width - $0.count) },
      shape: [rows.count, width])
  }
}
