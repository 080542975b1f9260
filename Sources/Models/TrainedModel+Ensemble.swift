package import Datasets
import Foundation
package import Storage
import Torch

extension TrainedModel {
  /// An ensemble that ranks by the mean score of this model and others.
  ///
  /// This model's adjustment is kept; those of the others are ignored.
  ///
  /// - Throws: `InputError` if a model has other labels, or if one reads texts and another
  ///   features.
  public func averaged(with models: [TrainedModel]) throws -> TrainedModel {
    for model in models {
      guard model.labelIDs == labelIDs else {
        throw InputError(
          file: model.folder.path,
          reason: "its \(model.labelIDs.count) labels differ from those of \(folder.path)",
          expected: "runs on the same data set")
      }
      guard model.identity.hasTexts == identity.hasTexts else {
        throw InputError(
          file: model.folder.path,
          reason: "it was trained on \(model.identity.hasTexts ? "texts" : "features"), "
            + "\(folder.path) on \(identity.hasTexts ? "texts" : "features")",
          expected: "runs on the same data set")
      }
    }
    var result = self
    result.others += models.flatMap { [$0] + $0.others }
    return result
  }

  /// The same model with `strength` times each label's log prior subtracted from its score.
  ///
  /// The prior is (count + ½) / documents over the run's training documents, so that labels without
  /// any have one too.
  ///
  /// - Parameter strength: τ of `Ranker`; 0 changes nothing.
  /// - Throws: `InputError` if the run has no label counts.
  public func adjusted(byLogPrior strength: Double) throws -> TrainedModel {
    guard strength != 0 else { return self }
    let counts = try labelCounts()
    var result = self
    let documents = Double(max(record.documents, 1))
    result.adjustment = Tensor(
      counts.map { Float(-strength * log((Double($0) + 0.5) / documents)) })
    return result
  }

  /// The number of training documents with each label.
  ///
  /// - Throws: `InputError` if the run has no label counts.
  public func labelCounts() throws -> [Int] {
    guard folder.has(folder.counts) else {
      throw InputError(
        file: folder.path, reason: "the run has no counts.json",
        expected: "a run of this version, which records label frequencies")
    }
    let counts = try files.read([Int].self, from: folder.counts)
    guard counts.count == labelIDs.count - untrainedCount, counts.allSatisfy({ $0 >= 0 }) else {
      throw InputError(
        file: folder.counts, reason: "\(counts.count) counts, or a negative one",
        expected: "one for each of the \(labelIDs.count - untrainedCount) labels")
    }
    return counts + [Int](repeating: 0, count: untrainedCount)
  }

  /// The memory of this model's training documents, if it has one.
  package var memory: DocumentMemory? { scorer.memory }

  /// The ranker of all models.
  ///
  /// - Precondition: the model holds all its labels.
  package var ranker: Ranker {
    precondition(part == nil, "a model of some labels ranks together with other processes")
    return Ranker([scorer] + others.map(\.scorer), adjustment: adjustment, candidates: candidates)
  }

  /// The ranker of all models, which ranks together with other processes if they hold other labels.
  ///
  /// - Parameter group: the processes of `part`; nil for a model that holds all its labels.
  func ranker(joining group: ProcessGroup?) -> Ranker {
    guard let part, let group else { return ranker }
    precondition(
      part == LabelPart(rank: group.rank, size: group.size),
      "the labels of rank \(part.rank) of \(part.size) on rank \(group.rank) of \(group.size)")
    let labels = part.labels(of: labelIDs.count)
    return Ranker(
      [scorer] + others.map(\.scorer), adjustment: adjustment.map { $0[labels] },
      candidates: candidates.map { Array($0[labels]) },
      ranks: .init(group: group, labels: labels, labelCount: labelIDs.count))
  }

  /// Each model's input for texts.
  package func inputs(ofTexts texts: [String]) throws -> [ScorerInput] {
    let bags = try bags { try $0.bags(ofTexts: texts) }
    return try Runtime.withThreads(threads) {
      try zip([self] + others, bags).map { model, bags in
        ScorerInput(
          bags: bags, vectors: try model.transformer.map { TextVectors(try $0.vectors(of: texts)) })
      }
    }
  }

  /// Each model's input for some documents of a data set.
  package func inputs(ofRows rows: MappedArray<Int32>, in dataset: Dataset, at path: String) throws
    -> [ScorerInput]
  {
    let bags = try bags { try $0.bags(of: dataset.documents, rows: rows) }
    return try Runtime.withThreads(threads) {
      try zip([self] + others, bags).map { model, bags in
        ScorerInput(
          bags: bags, vectors: try model.transformer?.vectors(ofRows: rows, in: dataset, at: path))
      }
    }
  }

  /// Each model's feature bags of the same documents.
  ///
  /// - Parameter make: extracts them; called once for all models with the same features.
  private func bags(_ make: (TextFeatureStore) throws -> CSRMatrix) throws -> [CSRMatrix] {
    var known: [(features: TextFeatureStore, bags: CSRMatrix)] = []
    return try ([self] + others).map { model in
      if let same = known.first(where: { $0.features.isSame(as: model.features) }) {
        return same.bags
      }
      let bags = try make(model.features)
      known.append((model.features, bags))
      return bags
    }
  }
}

extension RunRecord {
  /// The combined cost of two models.
  func joined(with other: RunRecord) -> RunRecord {
    var sum = self
    sum.features = max(features, other.features)
    sum.parameters += other.parameters
    sum.validationIsHeldOut = validationIsHeldOut && other.validationIsHeldOut
    sum.preparationSeconds += other.preparationSeconds
    sum.preparationCPUSeconds += other.preparationCPUSeconds
    sum.trainSeconds += other.trainSeconds
    sum.trainCPUSeconds += other.trainCPUSeconds
    sum.peakMemoryBytes = max(peakMemoryBytes, other.peakMemoryBytes)
    return sum
  }
}
