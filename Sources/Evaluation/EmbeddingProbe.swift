public import Torch

/// A simple classifier that judges embeddings: fitted to some of them, tried on others.
///
/// How well it does says what the embeddings hold, not what a larger model could learn from them.
public protocol EmbeddingProbe: Codable, Hashable, Sendable {
  /// Fits a classifier.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: `[N]`, the class of each row, counted from 0.
  /// - Throws: `InputError` when there are no rows, when the lists differ in length, or for a
  ///   negative class or an embedding that is not finite.
  func fitted(to embeddings: Tensor, classes: [Int]) throws -> any EmbeddingClassifier
}

/// A classifier of embeddings.
public protocol EmbeddingClassifier {
  /// The number C of classes: one more than the largest it was fitted to.
  var classCount: Int { get }

  /// How much speaks for each class: `[M, C]` of `[M, D]`; the larger, the likelier.
  ///
  /// - Throws: `InputError` for embeddings of another width or that are not finite.
  func scores(of embeddings: Tensor) throws -> Tensor
}

extension EmbeddingClassifier {
  /// The likeliest class of each of `embeddings`, `[M, D]`; of equally likely ones the first.
  ///
  /// - Throws: `InputError` for embeddings of another width or that are not finite.
  public func classes(of embeddings: Tensor) throws -> [Int] {
    guard embeddings.size(along: 0) > 0 else { return [] }
    return try scores(of: embeddings).argmax(along: 1).array(of: Int.self)
  }

  /// The share of `embeddings`, `[M, D]`, whose likeliest class is theirs, from 0 to 1; 0 of none.
  ///
  /// - Parameter classes: `[M]`; one that the classifier has never seen counts as missed.
  /// - Throws: `InputError` when the lists differ in length, or for embeddings of another width or
  ///   that are not finite.
  public func accuracy(on embeddings: Tensor, classes: [Int]) throws -> Double {
    guard embeddings.size(along: 0) == classes.count else {
      throw InputError(
        file: "embeddings",
        reason: "\(embeddings.size(along: 0)) rows with \(classes.count) classes")
    }
    let hits = zip(try self.classes(of: embeddings), classes).count { $0 == $1 }
    return Double(hits) / Double(max(1, classes.count))
  }
}
