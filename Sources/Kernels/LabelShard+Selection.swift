import Torch

extension LabelShard {
  /// The division of some of the labels, numbered from 0, of which each rank keeps those that it has.
  ///
  /// The ranges follow each other, and may be of any length.
  ///
  /// - Parameter kept: ascending.
  package func selecting(_ kept: [Int]) -> LabelShard {
    var next = 0
    let ranges = ranges.map { range in
      let first = next
      while next < kept.count, kept[next] < range.upperBound { next += 1 }
      return first..<next
    }
    return LabelShard(dividing: kept.count, into: ranges, as: self)
  }

  private init(dividing count: Int, into ranges: [Range<Int>], as other: LabelShard) {
    (group, hasKernels) = (other.group, other.hasKernels)
    (self.count, self.ranges) = (count, ranges)
  }
}
