import Datasets
import Torch
import Training

/// A model that was just opened, with what a service says of it.
struct OpenedModel {
  private(set) var engine: Engine
  private(set) var labels: [LabelCatalogue.Entry]
  let description: ModelDescription
  /// What lay in the runs' folders when it was opened.
  let stamps: [RunStamp]

  /// Puts a model and its documents together.
  init(_ model: TrainedModel, documents: Documents?, stamps: [RunStamp]) throws {
    self.stamps = stamps
    engine = try Engine(model, documents: documents)
    labels = zip(model.labelIDs, try model.labelCounts()).map {
      .init(id: $0, text: nil, documents: $1)
    }
    // Whoever may ask what is served need not learn where it lies.
    func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
    description = ModelDescription(
      name: name(model.folder.path), labels: labels.count, dimension: model.dimension,
      trainedOn: name(model.configuration.dataset), isCalibrated: engine.isCalibrated,
      hasDocuments: engine.hasDocuments)
  }

  /// A label that was kept and cannot be ranked.
  struct UnusableLabel {
    var id: String
    var reason: String
  }

  /// Adds labels that were kept from earlier; one that the model was trained on by now is the
  /// model's own.
  ///
  /// - Returns: those that say nothing to this model.
  mutating func addKept(_ kept: [TrainedModel.NewLabel]) throws -> [UnusableLabel] {
    let known = Set(labels.map(\.id))
    let new = kept.filter { !known.contains($0.id) }
    var unusable: [UnusableLabel] = []
    do {
      engine = try engine.adding(new)
    } catch is InputError {
      // One by one costs more, and tells which.
      for label in new {
        do {
          engine = try engine.adding([label])
        } catch let error as InputError {
          unusable.append(.init(id: label.id, reason: error.reason))
        }
      }
    }
    let refused = Set(unusable.map(\.id))
    labels += new.filter { !refused.contains($0.id) }.map {
      .init(id: $0.id, text: $0.text, documents: nil)
    }
    return unusable
  }
}
