import Extreme
import Kernels
import Torch

/// A task that several processes can train together.
protocol DividedTask: TrainingTask {
  /// The processes; nil for one alone.
  var group: ProcessGroup? { get }
  /// How the tensors are divided among several processes.
  var division: ModelDivision { get }
}

/// How the tensors of a model and of its optimisers are divided among processes.
struct ModelDivision: Sendable {
  /// The division of each tensor by name; a tensor without one is whole on every process.
  let rows: [String: RowDivision]
  /// The number of labels of all processes.
  let labelCount: Int

  /// The tensors of a wide model, which are divided by the labels of its pairs.
  private static let pairs = (offsets: "wide.offsets", columns: "wide.columns")
  private func isOfPairs(_ name: String) -> Bool { name.hasPrefix("wide.") }

  /// Whether every process has the same tensor.
  func isWhole(_ name: String) -> Bool { !isOfPairs(name) && rows[name, default: .none] == .none }

  /// The whole tensors of the parts of all processes.
  func whole(of parts: [[String: Tensor]]) -> [String: Tensor] { tensors(of: parts) { $1 } }

  /// The tensors of one of `size` processes, from the parts of as many others.
  ///
  /// One tensor is whole at a time.
  func part(_ rank: Int, of size: Int, from parts: [[String: Tensor]]) -> [String: Tensor] {
    let labels = LabelShard.ranges(of: labelCount, among: size)[rank]
    var known: Tensor?
    func kept() -> Tensor {
      if let known { return known }
      let all = WholePairs(parts.compactMap(pairPart), labelCount: labelCount)
      let result = all.indices(of: labels)
      known = result
      return result
    }
    return tensors(of: parts) { name, whole in
      guard isOfPairs(name) else {
        return rows[name, default: .none].part(of: whole, rank: rank, size: size)
      }
      switch name {
      case Self.pairs.offsets:
        return WholePairs.offsets(of: kept(), offsets: whole)
      case Self.pairs.columns:
        return (whole.gathered(rows: kept()) - Double(labels.lowerBound)).converted(to: .int32)
      default: return whole.gathered(rows: kept())
      }
    }
  }

  private func pairPart(_ part: [String: Tensor]) -> (offsets: Tensor, columns: Tensor)? {
    guard let offsets = part[Self.pairs.offsets], let columns = part[Self.pairs.columns] else {
      return nil
    }
    return (offsets, columns)
  }

  private func tensors(
    of parts: [[String: Tensor]], _ make: (_ name: String, _ whole: Tensor) -> Tensor
  ) -> [String: Tensor] {
    let pairParts = parts.compactMap(pairPart)
    let pairs = pairParts.isEmpty ? nil : WholePairs(pairParts, labelCount: labelCount)
    var result: [String: Tensor] = [:]
    for name in (parts.first ?? [:]).keys {
      let pieces = parts.compactMap { $0[name] }
      let whole: Tensor
      if let pairs, isOfPairs(name) {
        switch name {
        case Self.pairs.offsets: whole = pairs.offsets
        case Self.pairs.columns: whole = pairs.columns
        default: whole = Tensor.concatenated(pieces).gathered(rows: pairs.order)
        }
      } else {
        whole = rows[name, default: .none].whole(of: pieces)
      }
      result[name] = make(name, whole)
    }
    return result
  }
}

/// The pairs of features and labels of all processes, feature by feature.
private struct WholePairs {
  let offsets: Tensor
  let columns: Tensor
  /// The place of each pair among those of all processes, one process after the other.
  let order: Tensor

  init(_ parts: [(offsets: Tensor, columns: Tensor)], labelCount: Int) {
    let bounds = parts.map { $0.offsets.array(of: Int64.self) }
    let ownColumns = parts.map { $0.columns.array(of: Int32.self) }
    let ranges = LabelShard.ranges(of: labelCount, among: parts.count)
    let firsts = ownColumns.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    var order: [Int64] = []
    var columns: [Int32] = []
    var offsets: [Int64] = [0]
    for feature in 0..<((bounds.first?.count ?? 1) - 1) {
      for part in parts.indices {
        for pair in Int(bounds[part][feature])..<Int(bounds[part][feature + 1]) {
          order.append(Int64(firsts[part] + pair))
          columns.append(ownColumns[part][pair] + Int32(ranges[part].lowerBound))
        }
      }
      offsets.append(Int64(order.count))
    }
    self.order = Tensor(order)
    self.columns = Tensor(columns)
    self.offsets = Tensor(offsets)
  }

  /// The indices of the pairs of some labels.
  func indices(of labels: Range<Int>) -> Tensor {
    let kept = columns.array(of: Int32.self).enumerated()
      .filter { labels.contains(Int($0.element)) }.map { Int64($0.offset) }
    return Tensor(kept)
  }

  /// The offsets of the pairs `kept` alone, which ascend.
  static func offsets(of kept: Tensor, offsets: Tensor) -> Tensor {
    let indices = kept.array(of: Int64.self)
    var next = 0
    let result = offsets.array(of: Int64.self).map { bound in
      while next < indices.count, indices[next] < bound { next += 1 }
      return Int64(next)
    }
    return Tensor(result)
  }
}
