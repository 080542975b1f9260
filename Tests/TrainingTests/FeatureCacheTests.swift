import Datasets
import Extreme
import Models
import Storage
import TestSupport
import Testing

@testable import Training

@Suite struct FeatureCacheTests {
  private let data = madeDataset(60, labels: 5)

  private func learnt(_ cache: FeatureCache) throws -> FeatureCache.Learnt {
    try cache.learnt(TextFeatures.Configuration(), threads: 1)
  }

  private func cache() -> FeatureCache {
    FeatureCache(data.documents, rows: data.train.documentIndices)
  }

  @Test func `features are taken once, with the same settings and documents`() throws {
    let cache = cache()
    var other = TextFeatures.Configuration()
    other.minimumDocumentCount = 3
    let rows = data.train.documentIndices
    #expect(cache.take(.init(), rows: rows) == nil)
    for (configuration, rows) in [
      (TextFeatures.Configuration(), MappedArray([Int32(0)])), (other, rows),
    ] {
      _ = try learnt(cache)
      #expect(cache.take(configuration, rows: rows) == nil)
    }
    let bags = try learnt(cache).bags
    #expect(cache.take(.init(), rows: rows)?.bags == bags)
    #expect(cache.take(.init(), rows: rows) == nil)
  }

  @Test func `a sample has the features that are frequent in it, with the same ratios`() throws {
    let all = try learnt(cache())
    let rows = Array(stride(from: 0, to: 60, by: 3))
    let (sample, columns) = try all.selecting(rows: rows)
    let own = try TextFeatures(
      learningFrom: rows.map { data.documents.texts![$0] }, threads: 1)
    #expect(
      Set(sample.features.vocabulary.hashes) == Set(own.vocabulary.hashes)
        && columns.count <= all.bags.columnCount)
    for (row, known) in rows.enumerated() {
      let before = length(of: all.bags, row: known)
      #expect(abs(length(of: sample.bags, row: row) - before) < 1e-6)
    }
    // The words of a text keep their ratios.
    let kept = all.bags.selecting(rows: rows).selecting(columns: columns)
    for row in rows.indices {
      let ratios = zip(sample.bags.entries(ofRow: row), kept.entries(ofRow: row)).map {
        sample.bags.values![$0] / kept.values![$1]
      }
      #expect((ratios.max() ?? 0) - (ratios.min() ?? 1) < 1e-5)
    }
  }

  private func length(of bags: CSRMatrix, row: Int) -> Double {
    bags.entries(ofRow: row).reduce(0) { $0 + Double(bags.values![$1]) * Double(bags.values![$1]) }
      .squareRoot()
  }

  @Test func `a training with known features is the same as without`() throws {
    let folder = try TemporaryFolder()
    var settings = TrainingConfiguration(dataset: "made", threads: 1)
    settings.model.encoder.dimension = 8
    settings.loop.epochs = 1
    func train(_ name: String, _ features: FeatureCache?) throws -> RunFolder {
      let run = RunFolder(path: folder.file(name))
      _ = try Trainer(
        settings, folder: run, decantVersion: "test", dataset: data, features: features
      ).run(resuming: false)
      return run
    }
    let cache = cache()
    _ = try learnt(cache)
    let (with, without) = (try train("with", cache), try train("without", nil))
    #expect(cache.take(.init(), rows: data.train.documentIndices) == nil)
    for file in [\RunFolder.vocabulary, \.labels] {
      #expect(try contents(with[keyPath: file]) == contents(without[keyPath: file]))
    }
    #expect(try contents(with.model(of: .best)) == contents(without.model(of: .best)))
  }
}
