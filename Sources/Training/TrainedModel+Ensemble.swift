import Datasets
import Foundation
import Torch

extension TrainedModel {
  /// This model and others as one that ranks by the mean of their scores.
  ///
  /// Its adjustment stays; the others' own are left out.
  ///
  /// - Throws: `InputError` when a model has other labels, or reads texts where this one reads
  ///   features.
  public func averaged(with models: [TrainedModel]) throws -> TrainedModel {
    for model in models {
      guard model.labelIDs == labelIDs else {
        throw InputError(
          file: model.folder.path,
          reason: "its \(model.labelIDs.count) labels are not those of \(folder.path)",
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

  /// The same model with scores less `strength` times each label's log prior.
  ///
  /// The prior is (count + ½) / documents, over this run's own training documents, so that labels
  /// without any have one too.
  ///
  /// - Parameter strength: τ of `Ranker`; 0 changes nothing.
  /// - Throws: `InputError` when the run does not say how common its labels are.
  public func adjusted(byLogPrior strength: Double) throws -> TrainedModel {
    guard strength != 0 else { return self }
    let counts = try labelCounts()
    var result = self
    let documents = Double(max(record.documents, 1))
    result.adjustment = Tensor(
      counts.map { Float(-strength * log((Double($0) + 0.5) / documents)) })
    return result
  }

  /// How many training documents have each label.
  ///
  /// - Throws: `InputError` when the run does not say so.
  public func labelCounts() throws -> [Int] {
    guard folder.has(folder.counts) else {
      throw InputError(
        file: folder.path, reason: "the run has no counts.json",
        expected: "a run of this version, to know how common each label is")
    }
    let counts = try files.read([Int].self, from: folder.counts)
    guard counts.count == labelIDs.count, counts.allSatisfy({ $0 >= 0 }) else {
      throw InputError(
        file: folder.counts, reason: "\(counts.count) counts, or one below 0",
        expected: "one for each of the \(labelIDs.count) labels")
    }
    return counts
  }

  /// What ranks.
  var ranker: Ranker { Ranker([scorer] + others.map(\.scorer), adjustment: adjustment) }

  /// What each model of the mean sees of the texts.
  func inputs(ofTexts texts: [String]) throws -> [ScorerInput] {
    let bags = try bags { try $0.bags(ofTexts: texts) }
    return zip([self] + others, bags).map { model, bags in
      ScorerInput(
        bags: bags, vectors: model.transformer.map { TextVectors($0.vectors(of: texts)) })
    }
  }

  /// What each model of the mean sees of some documents of a data set.
  func inputs(ofRows rows: MappedArray<Int32>, in dataset: Dataset, at path: String) throws
    -> [ScorerInput]
  {
    let bags = try bags { try $0.bags(of: dataset.documents, rows: rows) }
    return try zip([self] + others, bags).map { model, bags in
      ScorerInput(
        bags: bags, vectors: try model.transformer?.vectors(ofRows: rows, in: dataset, at: path))
    }
  }

  /// The features of the same documents for each model of the mean.
  ///
  /// - Parameter make: reads them; called once for all models with the same features.
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
  /// What two models cost together.
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
