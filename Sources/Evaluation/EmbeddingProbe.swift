import Storage
public import Torch

/// A simple classifier that evaluates embeddings: fitted to some of them, tested on others.
///
/// Its accuracy measures the content of the embeddings, not the best that a larger model could
/// learn.
public protocol EmbeddingProbe: Codable, Hashable, Sendable {
  /// Fits a classifier.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: `[N]`, the class of each row, counted from 0.
  /// - Throws: `ValueError` when there are no rows, when the lists differ in length, or when a
  ///   class is negative or an embedding is not finite.
  func fitted(to embeddings: Tensor, classes: [Int]) throws -> any EmbeddingClassifier
}

/// A classifier of embeddings.
public protocol EmbeddingClassifier {
  /// The number C of classes: one more than the largest in the training rows.
  var classCount: Int { get }

  /// The score of each class: `[M, C]` for `[M, D]`; higher means likelier.
  ///
  /// - Throws: `ValueError` when embeddings have another width or are not finite.
  func scores(of embeddings: Tensor) throws -> Tensor
}

extension EmbeddingClassifier {
  /// The likeliest class of each of `embeddings`, `[M, D]`; the first of equally likely ones.
  ///
  /// - Throws: `ValueError` when embeddings have another width or are not finite.
  public func classes(of embeddings: Tensor) throws -> [Int] {
    guard embeddings.size(along: 0) > 0 else { return [] }
    return try scores(of: embeddings).argmax(along: 1).array(of: Int.self)
  }

  /// The fraction of `embeddings`, `[M, D]`, that are classified correctly, from 0 to 1; 0 if there
  /// are none.
  ///
  /// - Parameter classes: `[M]`; a class that the classifier was not fitted to counts as missed.
  /// - Throws: `ValueError` when the lists differ in length, or when embeddings have another width
  ///   or are not finite.
  public func accuracy(on embeddings: Tensor, classes: [Int]) throws -> Double {
    guard embeddings.size(along: 0) == classes.count else {
      throw ValueError(
        "embeddings",
        reason: "\(embeddings.size(along: 0)) rows with \(classes.count) classes")
    }
    let hits = zip(try self.classes(of: embeddings), classes).count { $0 == $1 }
    return Double(hits) / Double(max(1, classes.count))
  }
}
