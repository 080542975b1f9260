package import Datasets
import Foundation
import Storage

extension TrainedModel {
  /// The part of a data set to evaluate on.
  public enum SplitName: String, Sendable {
    /// The test documents; never used to choose anything.
    case test
    /// The documents held out of the training part for model selection.
    case validation
    /// The training documents, validation included.
    case train
    /// All training and test documents.
    case all
  }
}

/// The documents to evaluate on, with remarks for the reader.
package struct JudgedPart {
  package var dataset: Dataset
  package var split: Split
  package var name: TrainedModel.SplitName
  /// The path of the data set.
  package var path: String
  /// The number of training and test documents in the data set.
  var documentsInAll: Int
  /// Whether the data set has no training part, so that only the model knows label frequencies.
  var isWholeFile: Bool
  var notes: [String]
}

extension TrainedModel {
  /// Whether one of the models was trained on the data set with this hash, or on the earlier
  /// contents of `path`.
  func isTrained(on hash: String?, at path: String) -> Bool {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }
    return record.datasetHash == hash || resolved(configuration.dataset) == resolved(path)
  }

  /// Selects the documents to evaluate on.
  ///
  /// - Parameters:
  ///   - name: the split; nil means test, or all documents of a single file that no model was
  ///     trained on.
  ///   - datasetPath: the data set; nil means the one trained on.
  /// - Throws: `InputError` if there is no such split, or if a model was trained on the validation
  ///   part.
  package func judgedPart(_ name: SplitName?, datasetPath: String?, badLines: BadLinePolicy?) throws
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
          "\(path) is not the model's training data: all of it is evaluated "
            + "(--split test takes the fifth that would be held out for testing)")
      }
    } else {
      part = try namedPart(name ?? .test, of: Dataset.read(path, badLines: policy), at: path)
      if !isFolder.boolValue, name != .all { part.documentsInAll = part.dataset.documents.count }
    }
    if let note = part.dataset.skipped.note { part.notes.insert(note, at: 0) }
    if !isFolder.boolValue, part.split.count < part.documentsInAll {
      part.notes.append(
        "\(part.split.count) of the \(part.documentsInAll) documents of \(path) are evaluated: its "
          + "\(part.name.rawValue) part (--split all takes all)")
    }
    let knowers = knowers(of: part.dataset, at: path)
    if part.name == .train || part.name == .all, let knower = knowers.first {
      part.notes.append(
        "\(knower.folder.path) was trained on \(part.name == .all ? "some" : "most") of these "
          + "documents: the figures show what it memorised, not how well it generalises")
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
  /// The rows of this part followed by those of another.
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
  /// The rows of this matrix followed by those of another with as many columns.
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
