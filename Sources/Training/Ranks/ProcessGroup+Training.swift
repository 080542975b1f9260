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
        let counts = gathered(Tensor([Double(part.size(along: 0))])).doubles().map { Int($0) }
        let all = gathered(rows: part, counts: counts)
        guard rank == 0 else { continue }
        var first = 0
        for (rank, count) in counts.enumerated() {
          pieces[rank][name] = all[first..<(first + count)]
          first += count
        }
      }
      return rank == 0 ? division.whole(of: pieces) : [:]
    }
  }
}
