public import Storage
import Torch

/// Judges a document's labels by those of its nearest neighbours.
///
///     share(i, l) = Σⱼ wⱼ [j has l] / Σⱼ wⱼ      over the neighbours j of i, w = max(0, similarity)
///
/// A given label that no neighbour has is suspect, and so is a missing one that most neighbours
/// have. There are two strategies:
///
/// - extrinsic: only clean labels vote. Distrusted (document, label) pairs are dropped from both
///   sums.
/// - intrinsic: given labels are trusted. If the model denies one, it probably learnt that from
///   similar documents that lack the label by mistake; the nearer such a document, the more
///   suspect.
///
/// - Paper: Parekh, Anand, Awekar. Noise in Relation Classification Dataset TACRED: Characterization
///   and Reduction. 2023. <https://arxiv.org/abs/2311.12298>
/// - Gradient: none; labels are counted.
/// - Units: shares from 0 to 1; similarities as they come, cosines for instance.
/// - Departures: the paper has one label per document and looks only for mislabelled negatives;
///   here every label of a document is judged, for both kinds of error. The paper's clean subset
///   consists of whole documents chosen by people; here it consists of pairs that are not
///   distrusted. The paper starts from the documents on which the model errs; here each document
///   queries its own neighbours.
/// - Complexity: O(stored pairs + neighbours · their labels) time; O(labels) memory and one number
///   per stored pair.
public struct NeighbourLabels: Codable, Hashable, Sendable {
  /// The number of neighbours that vote, nearest first.
  public var count: Int

  /// Creates a vote of `count` neighbours; the default of 10 is ours.
  public init(count: Int = 10) { self.count = count }

  /// The share of neighbours that have the label, for each stored pair.
  ///
  /// - Parameters:
  ///   - pairs: `[documents, labels]`; values are ignored.
  ///   - neighbours: `[documents, documents]`, nearest first, with similarities as values; without
  ///     values all have equal weight. A document is not its own neighbour.
  ///     values all count the same. A document is not its own neighbour.
  ///   - given: `[documents, labels]`; a column at most once per row.
  ///   - distrusted: `[documents, labels]`; pairs that do not vote, given or not.
  /// - Returns: one number per stored pair; 0 if nobody votes.
  /// - Precondition: the shapes match.
  public func shares(
    of pairs: CSRMatrix, neighbours: CSRMatrix, given: CSRMatrix, distrusted: CSRMatrix? = nil
  ) -> [Float] {
    checkShapes(pairs, neighbours, given, distrusted)
    var yes = [Double](repeating: 0, count: given.columnCount)
    var silent = yes
    var touched: [Int] = []
    var result: [Float] = []
    result.reserveCapacity(pairs.entryCount)
    for row in 0..<pairs.rowCount {
      var total = 0.0
      for (document, weight) in asked(neighbours, row) where weight > 0 {
        total += weight
        for label in given.columns(ofRow: document) {
          yes[Int(label)] += weight
          touched.append(Int(label))
        }
        guard let distrusted, distrusted.rowOffsets[document] < distrusted.rowOffsets[document + 1]
        else { continue }
        let own = given.columns(ofRow: document)
        for label in distrusted.columns(ofRow: document) {
          silent[Int(label)] += weight
          if own.contains(label) { yes[Int(label)] -= weight }
          touched.append(Int(label))
        }
      }
      for label in pairs.columns(ofRow: row) {
        let votes = total - silent[Int(label)]
        // Subtracting the parts of a sum leaves a rounding error.
        result.append(
          votes > 1e-9 * total ? Float(min(max(yes[Int(label)] / votes, 0), 1)) : 0)
      }
      for label in touched { (yes[label], silent[label]) = (0, 0) }
      touched.removeAll(keepingCapacity: true)
    }
    return result
  }

  /// For each stored pair that is not given, the similarity of the nearest neighbour whose given
  /// label the model denies: the intrinsic strategy.
  ///
  /// - Parameters:
  ///   - pairs: `[documents, labels]`; values are ignored.
  ///   - neighbours: `[documents, documents]`, nearest first, with similarities as values; without
  ///     values each counts as 1.
  ///     values each is 1.
  ///   - given: `[documents, labels]`.
  ///   - denied: `[documents, labels]`; given pairs that the model rejects.
  /// - Returns: the largest similarity to such a neighbour, one number per stored pair; 0 for given
  ///   pairs and where there is no such neighbour.
  /// - Precondition: the shapes match.
  public func nearestDenied(
    of pairs: CSRMatrix, neighbours: CSRMatrix, given: CSRMatrix, denied: CSRMatrix
  ) -> [Float] {
    checkShapes(pairs, neighbours, given, denied)
    var nearest = [Double](repeating: 0, count: given.columnCount)
    var touched: [Int] = []
    var result: [Float] = []
    result.reserveCapacity(pairs.entryCount)
    for row in 0..<pairs.rowCount {
      for (document, similarity) in asked(neighbours, row) {
        for label in denied.columns(ofRow: document) {
          nearest[Int(label)] = max(nearest[Int(label)], similarity)
          touched.append(Int(label))
        }
      }
      for label in given.columns(ofRow: row) { nearest[Int(label)] = 0 }
      for label in pairs.columns(ofRow: row) { result.append(Float(nearest[Int(label)])) }
      for label in touched { nearest[label] = 0 }
      touched.removeAll(keepingCapacity: true)
    }
    return result
  }

  /// The neighbours of a document that vote, with their weights.
  private func asked(_ neighbours: CSRMatrix, _ row: Int) -> [(document: Int, weight: Double)] {
    neighbours.entries(ofRow: row).prefix(count).map {
      (Int(neighbours.columns[$0]), max(0, Double(neighbours.values?[$0] ?? 1)))
    }
  }

  private func checkShapes(
    _ pairs: CSRMatrix, _ neighbours: CSRMatrix, _ given: CSRMatrix, _ marked: CSRMatrix?
  ) {
    let count = given.rowCount
    precondition(
      pairs.rowCount == count && pairs.columnCount == given.columnCount
        && neighbours.rowCount == count && neighbours.columnCount == count
        && marked.map { $0.rowCount == count && $0.columnCount == given.columnCount } ?? true,
      "pairs, neighbours and labels have different documents or labels")
  }
}
