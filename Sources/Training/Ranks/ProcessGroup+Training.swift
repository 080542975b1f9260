import Torch

extension ProcessGroup {
  /// Whether any rank says yes, for each question.
  func agree(_ answers: [Bool]) throws -> [Bool] {
    let votes = Tensor(answers.map { $0 ? 1.0 : 0.0 })
    try checked { maximum(votes) }
    return votes.doubles().map { $0 > 0 }
  }

  /// The whole tensors of all ranks' parts; empty on other ranks than the first.
  func whole(_ parts: [String: Tensor], _ division: ModelDivision) throws -> [String: Tensor] {
    try checked {
      var pieces = [[String: Tensor]](repeating: [:], count: size)
      for name in parts.keys.sorted() {
        guard let part = parts[name] else { continue }
        if division.isWhole(name) {
          for rank in 0..<size { pieces[rank][name] = part }
          continue
        }
        for (rank, piece) in try gatheredOnFirst(part).enumerated() {
          pieces[rank][name] = piece
        }
      }
      return rank == 0 ? division.whole(of: pieces) : [:]
    }
  }

  /// The parts of all ranks; empty on other ranks than the first.
  ///
  /// They arrive in blocks of rows, so that the others never hold them all.
  private func gatheredOnFirst(_ part: Tensor) throws -> [Tensor] {
    let counts = gathered(Tensor([Double(part.size(along: 0))])).doubles().map { Int($0) }
    try throwRefusal()
    let width = max(1, part.shape.dropFirst().reduce(1, *))
    let height = max(1, Self.blockNumbers / width)
    let pieces =
      rank == 0
      ? counts.map { Tensor.uninitialized([$0] + part.shape.dropFirst(), dtype: part.dtype) } : []
    for start in stride(from: 0, to: counts.max() ?? 0, by: height) {
      let rows = counts.map { min(start, $0)..<min(start + height, $0) }
      let block = gathered(rows: part[rows[rank]], counts: rows.map(\.count))
      var first = 0
      for (piece, rows) in zip(pieces, rows) where !rows.isEmpty {
        piece[rows].copyInPlace(from: block[first..<(first + rows.count)])
        first += rows.count
      }
    }
    return pieces
  }

  /// The numbers of a block of rows of one rank: 4 MB of float32.
  private static let blockNumbers = 1 << 20
}
