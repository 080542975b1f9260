internal import CTorch

/// The loops of a wide part: float32 weights of pairs of a feature and a label.
///
/// They run in the calling thread and over plain memory; see `Sources/CTorch/Interface/wide.cpp`.
/// A caller that uses several threads gives each of them separate rows or features, so that results
/// do not depend on the number of threads. Nothing is checked.
package enum PairKernels {
  /// The pairs of each feature: offsets `[features + 1]`, labels `[pairs]`, rising in a feature and
  /// in `0 ..< labelCount`.
  package struct Pairs: @unchecked Sendable {
    fileprivate let pairs: ct_pairs

    /// Reads the memory as long as it is used.
    package init(
      offsets: UnsafePointer<Int64>, labels: UnsafePointer<Int32>, labelCount: Int
    ) {
      pairs = ct_pairs(offsets: offsets, labels: labels, label_count: Int64(labelCount))
    }
  }

  /// Bags of features.
  package struct Bags: @unchecked Sendable {
    fileprivate let bags: ct_bags

    /// Reads the memory as long as it is used; without values each feature counts 1.
    package init(
      offsets: UnsafePointer<Int64>, features: UnsafePointer<Int32>, values: UnsafePointer<Float>?
    ) {
      bags = ct_bags(offsets: offsets, features: features, values: values)
    }
  }

  /// Where the pairs of a batch's features lie: those of feature number n begin at `pairs[n]` in
  /// the model and take the places `places[n] ..< places[n + 1]` of the gradient.
  package struct Rows: @unchecked Sendable {
    fileprivate let rows: ct_pair_rows

    /// Reads the memory as long as it is used.
    package init(pairs: UnsafePointer<Int64>, places: UnsafePointer<Int64>) {
      rows = ct_pair_rows(pairs: pairs, places: places)
    }
  }

  /// The bags that hold each feature of a batch.
  package struct Holders: @unchecked Sendable {
    fileprivate let holders: ct_holders

    /// Reads the memory as long as it is used; without values each feature counts 1.
    package init(
      offsets: UnsafePointer<Int32>, bags: UnsafePointer<Int32>, values: UnsafePointer<Float>?
    ) {
      holders = ct_holders(offsets: offsets, bags: bags, values: values)
    }
  }

  /// Adds to the scores of some bags and labels the weights of the bags' features.
  ///
  /// - Parameter scores: `[bags, labels.count]`.
  package static func add(
    _ pairs: Pairs, weights: UnsafePointer<Float>, bags: Bags, rows: Range<Int>,
    labels: Range<Int>, to scores: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: pairs.pairs) { pairs in
      withUnsafePointer(to: bags.bags) { bags in
        ct_wide_add(
          pairs, weights, bags, Int64(rows.lowerBound), Int64(rows.upperBound),
          Int64(labels.lowerBound), Int64(labels.upperBound), scores)
      }
    }
  }

  /// Adds the gradients of the scores to those of some features' pairs.
  ///
  /// - Parameters:
  ///   - scoreGradient: `[bags, labels.count]`, the gradient of the scores, multiplied by `scale`.
  ///   - gradient: a number a pair, at the places that `rows` names.
  package static func accumulate(
    _ pairs: Pairs, rows: Rows, holders: Holders, numbers: Range<Int>,
    labels: Range<Int>, scale: Float, scoreGradient: UnsafePointer<Float>,
    to gradient: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: pairs.pairs) { pairs in
      withUnsafePointer(to: rows.rows) { rows in
        withUnsafePointer(to: holders.holders) { holders in
          ct_wide_accumulate(
            pairs, rows, holders, Int64(numbers.lowerBound), Int64(numbers.upperBound),
            Int64(labels.lowerBound), Int64(labels.upperBound), scale, scoreGradient, gradient)
        }
      }
    }
  }

  /// A step of Adagrad on some features' pairs.
  package static func adagrad(
    rows: Rows, numbers: Range<Int>, gradient: UnsafePointer<Float>, rate: Float,
    epsilon: Float, sums: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: rows.rows) { rows in
      ct_wide_adagrad(
        rows, Int64(numbers.lowerBound), Int64(numbers.upperBound), gradient, rate, epsilon, sums,
        weights)
    }
  }
}
