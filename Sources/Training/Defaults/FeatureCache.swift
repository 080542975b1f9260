package import Datasets
package import Storage
import Synchronization

/// Features of training documents, extracted once for several trainings.
///
/// It keeps those of the last configuration. Pilots take samples of them; the training that follows
/// takes them over.
package final class FeatureCache: Sendable {
  /// Features, and the bags of the documents that they were learnt from.
  struct Learnt: Sendable {
    var features: TextFeatures
    /// `[rows, features]`.
    var bags: CSRMatrix

    /// Some of the rows, with the features that occur often enough in them alone.
    ///
    /// Their weights stay those among all rows, but for a factor that keeps the length of a bag.
    func selecting(rows: [Int]) throws -> (learnt: Learnt, columns: [Int]) {
      let sample = bags.selecting(rows: rows)
      let counts = sample.columnCounts()
      let columns = counts.indices.filter {
        counts[$0] >= features.configuration.minimumDocumentCount
      }
      return (
        Learnt(
          features: try features.selecting(features: columns),
          bags: sample.selecting(columns: columns, keepingLengths: true)), columns
      )
    }
  }

  private let documents: Documents
  /// The document of each row.
  private let rows: MappedArray<Int32>
  private let last: Mutex<Learnt?>

  /// Prepares for the documents in `rows`; nothing is extracted yet.
  package convenience init(_ documents: Documents, rows: MappedArray<Int32>) {
    self.init(documents, rows: rows, knowing: nil)
  }

  /// Contains features of the documents in `rows` that are known already.
  init(_ documents: Documents, rows: MappedArray<Int32>, knowing learnt: Learnt?) {
    (self.documents, self.rows) = (documents, rows)
    last = Mutex(learnt)
  }

  /// The features of all rows.
  ///
  /// - Throws: `ValueError` as learning features does.
  func learnt(_ configuration: TextFeatures.Configuration, threads: Int?) throws -> Learnt {
    if let known = last.withLock({ $0 }), known.features.configuration == configuration {
      return known
    }
    let features = try TextFeatures(
      learningFrom: documents, rows: rows, configuration: configuration, threads: threads)
    let result = Learnt(
      features: features, bags: try features.bags(of: documents, rows: rows, threads: threads))
    last.withLock { $0 = result }
    return result
  }

  /// The features if they are known and of these documents; afterwards they are forgotten.
  func take(_ configuration: TextFeatures.Configuration, rows: MappedArray<Int32>) -> Learnt? {
    last.withLock { last in
      defer { last = nil }
      return last?.features.configuration == configuration && rows == self.rows ? last : nil
    }
  }
}
