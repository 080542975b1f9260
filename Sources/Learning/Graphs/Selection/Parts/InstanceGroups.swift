public import Storage
public import Torch

/// Groups of instances within which neighbours are looked for, so that no more than N · size distances
/// are computed.
public enum InstanceGroups: Codable, Hashable, Sendable {
  /// Batches at random, each with all classes in their shares of the whole.
  case strata
  /// Instances on the same side of each of some random planes through the mean.
  ///
  /// One number of planes is a single level; several are a hierarchy, from coarse groups to fine ones.
  /// Each view has separate planes; neighbours are those of all levels and views.
  case hashes(planes: [Int], views: Int)

  /// The groups, each of at most `size` instances in a random order.
  ///
  /// - Parameters:
  ///   - features: `[N, F]`.
  ///   - classes: the class of each instance.
  /// - Precondition: `size` > 0, one class for each instance; 1 … 62 planes, one view or more.
  public func callAsFunction(
    of features: Tensor, classes: [Int], size: Int, using random: inout SplitMix64
  ) -> [[Int]] {
    let count = classes.count
    precondition(
      size > 0 && features.dimensionCount == 2 && features.size(along: 0) == count,
      "features \(features.shape) with \(count) classes in groups of \(size)")
    switch self {
    case .strata:
      let mixed = (0..<count).shuffled(using: &random)
      // A stable order by class; dealing it out gives every batch a like share of each.
      let byClass = mixed.enumerated().sorted {
        (classes[$0.element], $0.offset) < (classes[$1.element], $1.offset)
      }
      let batches = (count + size - 1) / size
      var result = [[Int]](repeating: [], count: batches)
      for (place, row) in byClass.enumerated() { result[place % batches].append(row.element) }
      return result
    case .hashes(let levels, let views):
      precondition(
        views > 0 && !levels.isEmpty && levels.allSatisfy { (1...62).contains($0) },
        "levels of \(levels) planes in \(views) views")
      var result: [[Int]] = []
      for _ in 0..<views {
        let codes = Self.codes(of: features, planes: levels.max() ?? 1, using: &random)
        for planes in levels.sorted() {
          // The planes of a coarse level are among those of a fine one.
          var buckets: [Int: [Int]] = [:]
          for row in (0..<count).shuffled(using: &random) {
            buckets[codes[row] & ((1 << planes) - 1), default: []].append(row)
          }
          for (_, rows) in buckets.sorted(by: { $0.key < $1.key }) {
            result += stride(from: 0, to: rows.count, by: size).map {
              Array(rows[$0..<min($0 + size, rows.count)])
            }
          }
        }
      }
      return result
    }
  }

  /// For each instance a number whose bit b says on which side of plane b it is.
  private static func codes(
    of features: Tensor, planes: Int, using random: inout SplitMix64
  ) -> [Int] {
    let generator = Generator(seed: random.next())
    let normals = Tensor.normal([features.size(along: 1), planes], generator: generator)
    let centred = (features - features.mean(along: 0)).converted(to: .float32)
    let sides = centred.matmul(normals).isGreater(than: 0).converted(to: .int64)
    let powers = Tensor((0..<planes).map { Int64(1) << Int64($0) })
    return (sides * powers).sum(along: 1).array(of: Int64.self).map(Int.init)
  }
}
