public import Storage
public import Torch

/// Searches for the highest-scoring labels in only a few clusters of labels.
///
/// Each label's vector and bias are combined into a vector of constant length, whose inner product
/// with a query's vector is the score:
///
///     y′ⱼ = (yⱼ, bⱼ, √(R² − ‖yⱼ‖² − bⱼ²)),   x′ᵢ = (xᵢ, 1, 0),   ⟨x′ᵢ, y′ⱼ⟩ = ⟨xᵢ, yⱼ⟩ + bⱼ
///
/// with R the largest norm. The labels are clustered by `BalancedClusters` in that space; a query
/// visits the `probes` clusters with the highest mean score and scores their labels exactly.
///
/// - Paper: Bachrach, Finkelstein, Gilad-Bachrach, Katzir, Koenigstein, Nice, Paquet. Speeding Up
///   the Xbox Recommender System Using a Euclidean Transformation for Inner-Product Spaces. RecSys
///   2014, for the transformation. <https://doi.org/10.1145/2645710.2645741>
/// - Gradient: none; nothing here is recorded.
/// - Units: as `HardNegativeSearch`.
/// - Departures: the paper searches with a tree over principal components, this with clusters.
/// - Degenerate: with as many probes as clusters, the result equals that of exact search.
public struct ClusterIndex: Sendable {
  /// The clusters of labels.
  public let clusters: BalancedClusters
  private let labels: Tensor
  private let bias: Tensor
  private let centres: Tensor
  private let place: [(cluster: Int, place: Int)]

  /// Clusters labels; the index keeps copies of them.
  ///
  /// - Parameters:
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`; nil means 0.
  ///   - clusterSize: the maximum number of labels per cluster; nil means about √L.
  /// - Throws: `TorchError` if libtorch fails.
  public init(labels: Tensor, bias: Tensor? = nil, clusterSize: Int? = nil) throws {
    let count = labels.size(along: 0)
    let size = clusterSize ?? max(1, Int(Double(count).squareRoot()))
    (clusters, self.labels, self.bias, centres) = try checked {
      try withoutGradients {
        let bias =
          bias?.detached() ?? .zeros([count], dtype: labels.dtype, device: labels.device)
        let vectors = Tensor.concatenated(
          [labels.detached(), bias.expandingDimension(at: 1)], along: 1)
        let squares = vectors.squared().sum(along: 1, keepingDimensions: true)
        let rest = count > 0 ? (squares.maximum() - squares).clamped(from: 0).squareRoot() : squares
        let clusters = try BalancedClusters(
          .concatenated([vectors, rest], along: 1), size: size)
        let sorted = vectors.gathered(rows: Tensor(clusters.order).moved(to: labels.device))
        let centres = Tensor.stacked(
          (0..<clusters.count).map {
            sorted[clusters.offsets[$0]..<clusters.offsets[$0 + 1]].mean(along: 0)
          })
        return (
          clusters, sorted.slice(0..<labels.size(along: 1), along: 1).contiguous(),
          sorted.slice(labels.size(along: 1)..<sorted.size(along: 1), along: 1).reshaped([-1])
            .contiguous(), centres
        )
      }
    }
    var place = [(cluster: Int, place: Int)](repeating: (0, 0), count: count)
    for cluster in 0..<clusters.count {
      for (index, label) in clusters.leaf(cluster).enumerated() { place[label] = (cluster, index) }
    }
    self.place = place
  }

  /// Finds the hard negatives of queries among the labels of a few clusters each.
  ///
  /// - Parameters:
  ///   - search: the number of negatives and the filter.
  ///   - queries: `[N, D]`.
  ///   - positives: `[N, L]`.
  ///   - probes: the number of clusters that a query visits, at least 1.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match.
  /// - Complexity: O(N · (clusters + probes · cluster size) · D) time.
  public func callAsFunction(
    _ search: HardNegativeSearch, queries: Tensor, positives: CSRMatrix, probes: Int
  ) throws -> HardNegativeSearch.Result {
    let labelCount = labels.size(along: 0)
    search.check(queries: queries, labelCount: labelCount, positives: positives)
    precondition(probes >= 1, "\(probes) probes")
    return try checked {
      try withoutGradients {
        let lines = search.filter.map { filter in
          let own = HardNegativeSearch.scores(
            ofEntriesOf: positives.renaming(place.map { clusters.offsets[$0.cluster] + $0.place }),
            queries: queries, labels: labels, bias: bias)
          let lines = filter.lines(ofPositiveScores: own, positives)
          return Tensor(lines, shape: [lines.count, 1]).converted(to: queries.dtype)
        }
        var parts: [CSRMatrix] = []
        var (removed, scored) = (0, 0)
        let height = 4096
        for start in stride(from: 0, to: queries.size(along: 0), by: height) {
          let rows = start..<min(start + height, queries.size(along: 0))
          let found = try self.search(
            search.count, queries[rows].contiguous(), positives.selecting(rows: rows),
            lines?[rows], probes: min(probes, clusters.count))
          parts.append(found.negatives)
          removed += found.removed
          scored += found.scored
        }
        return HardNegativeSearch.Result(
          negatives: CSRMatrix(stacking: parts, columnCount: labelCount), removed: removed,
          scored: scored)
      }
    }
  }

  /// One block of queries.
  private func search(
    _ count: Int, _ queries: Tensor, _ positives: CSRMatrix, _ lines: Tensor?, probes: Int
  ) throws -> HardNegativeSearch.Result {
    let height = queries.size(along: 0)
    let width = queries.size(along: 1)
    let means = queries.productWithTransposed(
      centres.slice(0..<width, along: 1).contiguous(),
      bias: centres.slice(width..<(width + 1), along: 1).reshaped([-1]).contiguous())
    let probed = means.largest(probes, along: 1).indices.array(of: Int64.self)
    var visitors = [[Int]](repeating: [], count: clusters.count)
    for (entry, cluster) in probed.enumerated() { visitors[Int(cluster)].append(entry) }

    // The indices of each row's positives among the queries that visit their cluster.
    var hidden = [[Int]](repeating: [], count: clusters.count)
    for cluster in visitors.indices {
      let size = clusters.leaf(cluster).count
      for (seat, entry) in visitors[cluster].enumerated() {
        for label in positives.columns(ofRow: entry / probes)
        where place[Int(label)].cluster == cluster {
          hidden[cluster].append(seat * size + place[Int(label)].place)
        }
      }
    }
    var values = [Float](repeating: -.infinity, count: height * probes * count)
    var names = [Int](repeating: 0, count: values.count)
    var (removed, scored) = (0, 0)
    for cluster in visitors.indices where !visitors[cluster].isEmpty {
      let range = clusters.offsets[cluster]..<clusters.offsets[cluster + 1]
      guard !range.isEmpty else { continue }
      let rows = Tensor(visitors[cluster].map { $0 / probes }).moved(to: queries.device)
      var scores = queries.gathered(rows: rows)
        .productWithTransposed(labels[range], bias: bias[range])
      scores.setElementsInPlace(
        at: Tensor(hidden[cluster]).moved(to: queries.device), to: -.infinity)
      if let lines {
        removed += HardNegativeSearch.hide(&scores, above: lines.gathered(rows: rows))
      }
      scored += scores.elementCount
      let kept = min(count, range.count)
      let (best, places) = scores.largest(kept, along: 1)
      try throwRefusal()
      let bestScores = best.converted(to: .float32).array(of: Float.self)
      let bestPlaces = places.array(of: Int64.self)
      for (seat, entry) in visitors[cluster].enumerated() {
        for rank in 0..<kept {
          values[entry * count + rank] = bestScores[seat * kept + rank]
          names[entry * count + rank] =
            clusters.order[range.lowerBound + Int(bestPlaces[seat * kept + rank])]
        }
      }
    }
    var best = RunningSelection(count: count)
    let all = Tensor(names, shape: [height, probes * count])
    best.add(
      Tensor(values, shape: [height, probes * count]),
      named: { all.gathered(at: $0, along: 1) })
    return HardNegativeSearch.Result(
      negatives: try best.result(columnCount: place.count), removed: removed, scored: scored)
  }
}
