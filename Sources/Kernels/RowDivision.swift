package import Torch

/// How the rows of a tensor are divided among the processes of a group.
package enum RowDivision: Sendable {
  /// Every process has all rows.
  case none
  /// A process has one range of rows, as labels are divided.
  case ranges
  /// Process r of n has the rows r, r + n, r + 2n, …, as features are divided.
  case striped

  /// The rows of process `rank` of `size`, as a new tensor unless it has all.
  package func part(of whole: Tensor, rank: Int, size: Int) -> Tensor {
    switch self {
    case .none: return whole
    case .ranges:
      return whole[LabelShard.ranges(of: whole.size(along: 0), among: size)[rank]].copied()
    case .striped:
      let rows = stride(from: rank, to: whole.size(along: 0), by: size)
      return whole.gathered(rows: Tensor(Array(rows)))
    }
  }

  /// The whole tensor of the parts of all processes.
  package func whole(of parts: [Tensor]) -> Tensor {
    switch self {
    case .none: return parts[0]
    case .ranges: return .concatenated(parts)
    case .striped:
      let count = parts.reduce(0) { $0 + $1.size(along: 0) }
      let result = Tensor.zeros([count] + parts[0].shape.dropFirst(), dtype: parts[0].dtype)
      for (rank, part) in parts.enumerated() {
        let rows = stride(from: rank, to: count, by: parts.count)
        result.setRows(Tensor(Array(rows)), to: part)
      }
      return result
    }
  }
}
