import Storage
import Torch

/// The classes of a set of embeddings, after validation.
struct ClassIndex {
  /// The classes that occur, ascending.
  let present: [Int]
  /// For each row the index of its class in `present`.
  let places: [Int]
  /// One more than the largest class.
  var classCount: Int { (present.last ?? -1) + 1 }

  /// - Throws: `ValueError` when there are no rows, when the lists differ in length, or when a
  ///   class is negative or an embedding is not finite.
  init(_ classes: [Int], of embeddings: Tensor) throws {
    try Self.check(embeddings, width: nil)
    guard embeddings.size(along: 0) == classes.count, !classes.isEmpty else {
      throw ValueError(
        "embeddings",
        reason: "\(embeddings.size(along: 0)) rows with \(classes.count) classes",
        expected: "equal numbers, at least one")
    }
    if let row = classes.firstIndex(where: { $0 < 0 }) {
      throw ValueError(
        "embeddings", reason: "row \(row) has the class \(classes[row])",
        expected: "0 or more")
    }
    present = Set(classes).sorted()
    let place = Dictionary(present.enumerated().map { ($1, $0) }) { $1 }
    places = classes.compactMap { place[$0] }
  }

  /// `scores`, `[M, classes that occur]`, with a column for each class; −∞ for classes that do not
  /// occur.
  func spread(_ scores: Tensor) -> Tensor {
    if present.count == classCount { return scores }
    var columns = [Int](repeating: present.count, count: classCount)
    for (place, column) in present.enumerated() { columns[column] = place }
    let none = Tensor.full([scores.size(along: 0), 1], -.infinity, dtype: scores.dtype)
    return Tensor.concatenated([scores, none], along: 1).gathered(rows: Tensor(columns), along: 1)
  }

  /// - Throws: `ValueError` when `embeddings` is not `[N, width]` or a value is not finite.
  static func check(_ embeddings: Tensor, width: Int?) throws {
    guard embeddings.dimensionCount == 2, width == nil || embeddings.size(along: 1) == width else {
      throw ValueError(
        "embeddings", reason: "a tensor of shape \(embeddings.shape)",
        expected: "[N, \(width.map(String.init) ?? "D")]")
    }
    let finite = embeddings.isFinite()
    guard finite.allTrue() else {
      let place = finite.logicalNot().nonzero()[0].array(of: Int.self)
      throw ValueError(
        "embeddings", reason: "row \(place[0]), column \(place[1]) is not finite")
    }
  }
}
