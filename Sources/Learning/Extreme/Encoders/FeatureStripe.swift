import Kernels
import Storage
import Torch

/// The features that this rank keeps, where the rows of a table are divided among several processes:
/// every feature whose number leaves the rank when it is divided by the number of ranks.
///
/// Features are numbered by their text or by how often they occur; neighbours are alike in both, so that
/// a stripe has a fair share of the rows and of the work.
struct FeatureStripe: Sendable {
  let group: ProcessGroup

  /// The rows of a table `[features, D]` that this rank keeps, as a new tensor.
  func rows(of table: Tensor) -> Tensor {
    RowDivision.striped.part(of: table, rank: group.rank, size: group.size)
  }

  /// The bags without the features of other ranks, numbered by the rows of `rows(of:)`.
  func bags(_ bags: CSRMatrix) -> CSRMatrix {
    let (rank, size) = (Int32(group.rank), Int32(group.size))
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(bags.rowCount + 1)
    var ownColumns: [Int32] = []
    var ownValues: [Float] = []
    bags.withUnsafeEntries { bounds, columns, values in
      for row in 0..<bags.rowCount {
        for entry in Int(bounds[row])..<Int(bounds[row + 1]) where columns[entry] % size == rank {
          ownColumns.append(columns[entry] / size)
          if let values { ownValues.append(values[entry]) }
        }
        offsets.append(Int64(ownColumns.count))
      }
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(ownColumns),
      values: bags.values == nil ? nil : MappedArray(ownValues),
      columnCount: (bags.columnCount - group.rank + group.size - 1) / group.size)
  }

  /// The sums of bags over the tables of all ranks, `[N, D]`.
  ///
  /// The rest of the model is the same on all ranks, and so is the gradient of the sums: each rank's
  /// table receives it as it is.
  func sum(of bags: CSRMatrix, by table: EmbeddingBag) throws -> Tensor {
    let own = self.bags(bags)
    guard table.weight.size(along: 0) > 0 else {
      let nothing = Tensor.zeros(
        [bags.rowCount, table.weight.size(along: 1)], dtype: table.weight.dtype)
      group.sum(nothing)
      return nothing
    }
    let group = group
    return try CustomFunction<Void>("the sum over all ranks") { inputs in
      let sum = inputs[0].copied().contiguous()
      group.sum(sum)
      return ([sum], ())
    } backward: { _, gradients in
      [gradients[0]]
    }(table(own))[0]
  }
}
