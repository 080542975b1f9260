import Datasets
import Foundation
import Torch

extension TrainedModel {
  /// Which documents of a data set to evaluate on.
  public enum SplitName: String, Sendable {
    /// What is kept for testing; never used to choose anything.
    case test
    /// Held out of train while something is chosen.
    case validation
    /// What is learnt from, validation included.
    case train
    /// Every document that has a place in train or test.
    case all
  }
}

/// The documents that a model is judged on, and what a reader should know of them.
struct JudgedPart {
  var dataset: Dataset
  var split: Split
  var name: TrainedModel.SplitName
  /// Where the data set lies.
  var path: String
  /// The documents of the data set that have a place in train or test.
  var documentsInAll: Int
  /// Whether the data set has no part to learn from, so that only the model knows how common labels
  /// are.
  var isWholeFile: Bool
  var notes: [String]
}

extension TrainedModel {
  /// Whether one of the models was trained on the data set with this hash, or on what lay at `path`
  /// then.
  func isTrained(on hash: String?, at path: String) -> Bool {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
    return record.datasetHash == hash || resolved(configuration.dataset) == resolved(path)
  }

  /// Finds the documents to judge on.
  ///
  /// - Parameters:
  ///   - name: the split; nil is test, but all of a single file that no model was trained on.
  ///   - datasetPath: the data set; nil is the one trained on.
  /// - Throws: `InputError` when there is no such split, or when a model was trained on the
  ///   validation part.
  func judgedPart(_ name: SplitName?, datasetPath: String?, badLines: BadLinePolicy?) throws
    -> JudgedPart
  {
    let path = datasetPath ?? configuration.dataset
    let policy = badLines ?? configuration.badLines
    var isFolder: ObjCBool = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    var part: JudgedPart
    if !isFolder.boolValue, name == .all || (name == nil && datasetPath != nil) {
      let whole = try LabelledTextFile.readWhole(path, badLines: policy)
      part = JudgedPart(
        dataset: whole, split: whole.test ?? whole.train, name: .all, path: path,
        documentsInAll: whole.documents.count, isWholeFile: true, notes: [])
      let isOwn = knowers(of: whole, at: path).first != nil
      if isOwn, name == nil {
        part = try namedPart(.test, of: Dataset.read(path, badLines: policy), at: path)
        part.documentsInAll = whole.documents.count
      } else if !isOwn, name == nil {
        part.notes.append(
          "\(path) is not what the model was trained on: all of it is judged "
            + "(--split test takes the fifth that would be kept for testing)")
      }
    } else {
      part = try namedPart(name ?? .test, of: Dataset.read(path, badLines: policy), at: path)
      if !isFolder.boolValue, name != .all { part.documentsInAll = part.dataset.documents.count }
    }
    if let note = part.dataset.skipped.note { part.notes.insert(note, at: 0) }
    if !isFolder.boolValue, part.split.count < part.documentsInAll {
      part.notes.append(
        "\(part.split.count) of the \(part.documentsInAll) documents of \(path) are judged: its "
          + "\(part.name.rawValue) part (--split all takes all)")
    }
    let knowers = knowers(of: part.dataset, at: path)
    if part.name == .train || part.name == .all, let knower = knowers.first {
      part.notes.append(
        "\(knower.folder.path) was trained on \(part.name == .all ? "some" : "most") of these "
          + "documents: the figures say what it remembers, not how good it is")
    }
    noteOtherData(datasetPath, &part)
    return part
  }

  /// The models that were trained on a data set.
  private func knowers(of dataset: Dataset, at path: String) -> [TrainedModel] {
    let hash = DatasetIdentity(dataset).contentHash
    return ([self] + others).filter { $0.isTrained(on: hash, at: path) }
  }

  private func namedPart(_ name: SplitName, of read: Dataset, at path: String) throws -> JudgedPart
  {
    var dataset = read
    if name == .validation, dataset.validation == nil { dataset = dataset.carvingValidation() }
    if name == .validation,
      let learner = knowers(of: dataset, at: path).first(where: { !$0.record.validationIsHeldOut })
    {
      throw InputError(
        file: learner.folder.path, reason: "this model was trained on the validation part too",
        expected: "a run made with --patience, or --split test")
    }
    let found =
      switch name {
      case .test: dataset.test
      case .validation: dataset.validation
      case .train: Optional(dataset.train)
      case .all: dataset.test.map(dataset.train.followed(by:)) ?? dataset.train
      }
    guard let split = found, split.count > 0 else {
      throw InputError(
        file: path, reason: "the data set has no \(name.rawValue) documents",
        expected: "another --split, or --data with a data set that has some")
    }
    return JudgedPart(
      dataset: dataset, split: split, name: name, path: path,
      documentsInAll: dataset.train.count + (dataset.test?.count ?? 0), isWholeFile: false,
      notes: [])
  }

  private func noteOtherData(_ datasetPath: String?, _ part: inout JudgedPart) {
    guard datasetPath == nil else { return }
    let hash = DatasetIdentity(part.dataset).contentHash
    if record.datasetHash != hash {
      part.notes.append(
        "\(part.path) has changed since the training: it may have seen these documents")
    }
    for model in others where model.record.datasetHash != hash {
      part.notes.append(
        "\(model.folder.path) was trained on other data: it may have seen these documents")
    }
  }
}

extension Split {
  /// The rows of this part and, behind them, those of another.
  fileprivate func followed(by other: Split) -> Split {
    let filter: CSRMatrix?
    if self.filter == nil, other.filter == nil {
      filter = nil
    } else {
      func rows(_ split: Split) -> CSRMatrix {
        split.filter
          ?? CSRMatrix(
            rows: [[Int]](repeating: [], count: split.count), columnCount: labels.columnCount)
      }
      filter = rows(self).followed(by: rows(other))
    }
    return Split(
      documentIndices: MappedArray(Array(documentIndices) + Array(other.documentIndices)),
      labels: labels.followed(by: other.labels), filter: filter)
  }
}

extension CSRMatrix {
  /// The rows of this matrix and, behind them, those of another of as many columns.
  fileprivate func followed(by other: CSRMatrix) -> CSRMatrix {
    let shift = Int64(entryCount)
    let hasValues = values != nil || other.values != nil
    func numbers(_ matrix: CSRMatrix) -> [Float] {
      matrix.values.map(Array.init) ?? [Float](repeating: 1, count: matrix.entryCount)
    }
    return CSRMatrix(
      rowOffsets: MappedArray(
        Array(rowOffsets) + other.rowOffsets.dropFirst().map { $0 + shift }),
      columns: MappedArray(Array(columns) + Array(other.columns)),
      values: hasValues ? MappedArray(numbers(self) + numbers(other)) : nil,
      columnCount: columnCount)
  }
}
