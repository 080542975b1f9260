/// Selects the best k of a long list of scores without sorting it.
///
/// Score and label are packed into one integer whose order is (score descending, label ascending);
/// larger is better. A pool of 2k keys is filled; when it is full, the better half is kept, and its
/// worst score becomes the bar for later scores. Almost all scores of a long list fail that one
/// comparison.
struct TopKSelection {
  private let k: Int
  private var pool: [UInt64] = []
  /// A lower score can no longer be among the best k.
  private var bar = -Float.infinity

  init(k: Int) {
    self.k = k
    pool.reserveCapacity(2 * k)
  }

  /// Adds all of `scores`; the label of a score is its index.
  ///
  /// - Returns: the first label whose score is NaN, or nil.
  mutating func insert(
    _ scores: UnsafeBufferPointer<Float>, excluding excluded: Set<Int32>,
    among candidates: [Bool]? = nil
  ) -> Int? {
    for label in scores.indices {
      let score = scores[label]
      // Written so that NaN, for which every comparison is false, passes and is detected below.
      if score < bar { continue }
      if score.isNaN { return label }
      if !excluded.isEmpty && excluded.contains(Int32(label)) { continue }
      if let candidates, !candidates[label] { continue }
      pool.append(Self.key(score: score, label: Int32(label)))
      if pool.count == 2 * k {
        keepBetterHalf()
        bar = Self.score(ofKey: pool[k - 1])
      }
    }
    return nil
  }

  /// Appends the best k, best first.
  mutating func drain(into labels: inout [Int32], _ scores: inout [Float]) {
    pool.sort(by: >)
    for key in pool.prefix(k) {
      labels.append(Self.label(ofKey: key))
      scores.append(Self.score(ofKey: key))
    }
    pool.removeAll(keepingCapacity: true)
    bar = -.infinity
  }

  /// Keeps the best k keys in the pool, the worst of them last.
  private mutating func keepBetterHalf() {
    let wanted = k - 1
    var low = 0
    var high = pool.count - 1
    var rounds = 0
    while low < high {
      rounds += 1
      // Ascending scores make bad pivots; after a few halvings a sort limits the cost.
      if rounds > 64 {
        pool[low...high].sort(by: >)
        break
      }
      let pivot = medianOfThree(low, (low + high) / 2, high)
      var (i, j) = (low, high)
      while i <= j {
        while pool[i] > pivot { i += 1 }
        while pool[j] < pivot { j -= 1 }
        if i <= j {
          pool.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if wanted <= j {
        high = j
      } else if wanted >= i {
        low = i
      } else {
        break
      }
    }
    pool.removeLast(pool.count - k)
  }

  private func medianOfThree(_ a: Int, _ b: Int, _ c: Int) -> UInt64 {
    let (x, y, z) = (pool[a], pool[b], pool[c])
    return max(min(x, y), min(max(x, y), z))
  }

  private static func key(score: Float, label: Int32) -> UInt64 {
    // Adding zero turns −0 into +0, so that both tie.
    let bits = (score + 0).bitPattern
    // The bits of positive floats ascend with their value, those of negative ones descend.
    let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
    return UInt64(ordered) << 32 | UInt64(~UInt32(bitPattern: label))
  }

  private static func score(ofKey key: UInt64) -> Float {
    let ordered = UInt32(key >> 32)
    return Float(bitPattern: ordered & 0x8000_0000 != 0 ? ordered & 0x7fff_ffff : ~ordered)
  }

  private static func label(ofKey key: UInt64) -> Int32 {
    Int32(bitPattern: ~UInt32(truncatingIfNeeded: key))
  }
}
