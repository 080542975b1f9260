public import Torch

/// Asks the nearest documents whether a document has a label.
///
///     share(i, l) = Σⱼ wⱼ [j has l] / Σⱼ wⱼ      over the neighbours j of i, w = max(0, similarity)
///
/// A given label that no neighbour has is suspect, and so is a missing one that most have. Two
/// strategies say whom to believe:
///
/// - extrinsic: only clean labels vote. The pairs of a document and a label that somebody distrusts
///   leave both sums.
/// - intrinsic: what is given is right, and where a model denies it, it will have learnt so from
///   similar documents that lack the label by mistake. The nearer such a document, the more suspect.
///
/// - Paper: Parekh, Anand, Awekar. Noise in Relation Classification Dataset TACRED: Characterization
///   and Reduction. 2023. <https://arxiv.org/abs/2311.12298>
/// - Gradient: none; labels are counted.
/// - Units: shares from 0 to 1; similarities as they come, cosines for instance.
/// - Departures: the paper has one label of each document and looks for mislabelled negatives only;
///   here each label of a document is asked about, and both errors. Its clean subset is one of whole
///   documents that people chose; here it is one of pairs, those that are not distrusted. It starts
///   from the documents that the model errs on, here each document asks its own neighbours.
/// - Complexity: O(stored pairs + neighbours · their labels) time; O(labels) memory and one number a
///   stored pair.
public struct NeighbourLabels: Codable, Hashable, Sendable {
  /// How many of the neighbours are asked, the nearest first.
  public var count: Int

  /// Asks `count` neighbours; ten by default, which is ours.
  public init(count: Int = 10) { self.count = count }

  /// The share of the neighbours that have the label, for each stored pair.
  ///
  /// - Parameters:
  ///   - pairs: `[documents, labels]`; values are not looked at.
  ///   - neighbours: `[documents, documents]`, nearest first, with similarities as values; without
  ///     values all count the same. A document is not its own neighbour.
  ///   - given: `[documents, labels]`; a column at most once a row.
  ///   - distrusted: `[documents, labels]`; pairs that have no vote, given or not.
  /// - Returns: one number a stored pair; 0 where nobody votes.
  /// - Precondition: the shapes fit.
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
        // What is left of a sum after its parts were taken off is not quite 0.
        result.append(
          votes > 1e-9 * total ? Float(min(max(yes[Int(label)] / votes, 0), 1)) : 0)
      }
      for label in touched { (yes[label], silent[label]) = (0, 0) }
      touched.removeAll(keepingCapacity: true)
    }
    return result
  }

  /// How near a document is, of those whose given label a model denies, for each stored pair that is
  /// not given: the intrinsic strategy.
  ///
  /// - Parameters:
  ///   - pairs: `[documents, labels]`; values are not looked at.
  ///   - neighbours: `[documents, documents]`, nearest first, with similarities as values; without
  ///     values each is 1.
  ///   - given: `[documents, labels]`.
  ///   - denied: `[documents, labels]`; given pairs that the model does not believe.
  /// - Returns: the largest similarity to a neighbour of the kind, one number a stored pair; 0 for
  ///   pairs that are given and where there is none.
  /// - Precondition: the shapes fit.
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

  /// The neighbours of a document that are asked, with their weights.
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
      "pairs, neighbours and labels are of other documents or labels")
  }
}
