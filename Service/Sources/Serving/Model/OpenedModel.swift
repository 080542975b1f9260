import Datasets
import Foundation
import Models
import Storage

/// A newly opened model with its description.
struct OpenedModel {
  private(set) var engine: Engine
  private(set) var labels: [LabelCatalogue.Entry]
  let description: ModelDescription
  /// The state of the runs' folders when it was opened.
  let stamps: [RunFolder.Stamp]

  /// Combines a model with its documents.
  init(_ model: TrainedModel, documents: Documents?, stamps: [RunFolder.Stamp]) throws {
    self.stamps = stamps
    engine = try Engine(model, documents: documents)
    labels = zip(model.labelIDs, try model.labelCounts()).enumerated().map { index, label in
      .init(id: label.0, text: model.labelText(at: index), documents: label.1)
    }
    // Clients need not learn where the run is stored.
    description = ModelDescription(
      name: model.folder.path.lastPathName, labels: labels.count, dimension: model.dimension,
      trainedOn: model.configuration.dataset.lastPathName, trained: Self.date(of: model.folder),
      isCalibrated: engine.isCalibrated, hasDocuments: engine.hasDocuments)
  }

  /// The date of a run's record.
  private static func date(of run: RunFolder) -> Date {
    let attributes = try? FileManager.default.attributesOfItem(atPath: run.record)
    return attributes?[.modificationDate] as? Date ?? .now
  }

  /// A stored label that cannot be ranked.
  struct UnusableLabel {
    var id: String
    var reason: String
  }

  /// Adds stored labels, except those that the model has been trained on since.
  ///
  /// - Returns: the labels whose texts contain no word that this model knows.
  mutating func addKept(_ kept: [TrainedModel.NewLabel]) throws -> [UnusableLabel] {
    let known = Set(labels.map(\.id))
    let new = kept.filter { !known.contains($0.id) }
    var unusable: [UnusableLabel] = []
    do {
      engine = try engine.adding(new)
    } catch is InputError {
      // One by one is slower, but finds the ones that fail.
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
