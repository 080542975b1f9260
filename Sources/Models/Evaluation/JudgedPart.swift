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
    record.datasetHash == hash
      || (!configuration.dataset.isEmpty && resolved(configuration.dataset) == resolved(path))
  }

  /// The path of a data set: the given one, or that of the training.
  ///
  /// - Throws: `InputError` if none is given and the model was trained on data in memory.
  package func datasetPath(_ given: String?) throws -> String {
    let path = given ?? configuration.dataset
    guard !path.isEmpty else {
      throw InputError(
        file: folder.path, reason: "it was trained on data in memory (\(record.dataset))",
        expected: "the data set to use, such as --data")
    }
    return path
  }

  /// Selects the documents to evaluate on.
  ///
  /// - Parameters:
  ///   - name: the split; nil means test, or all documents of a single file that no model was
  ///     trained on.
  ///   - datasetPath: the data set; nil means the one trained on.
  ///   - reading: how to read it; nil means as in training, as far as its columns are there.
  /// - Throws: `InputError` if there is no such split, or if a model was trained on the validation
  ///   part.
  package func judgedPart(
    _ name: SplitName?, datasetPath: String?, reading: DataReading? = nil,
    badLines: BadLinePolicy?
  ) throws -> JudgedPart {
    let path = try self.datasetPath(datasetPath)
    let policy = badLines ?? configuration.badLines
    guard datasetPath != nil || path != "-" else {
      throw InputError(
        file: folder.path, reason: "the run was trained on standard input",
        expected: "--data with the documents to evaluate")
    }
    var part: JudgedPart
    var isSplit = false
    switch try DataSource(path, self.reading(of: path, reading, isNamed: datasetPath != nil)) {
    case .folder(let read):
      part = try namedPart(name ?? .test, of: read(policy), at: path)
    case .texts(let file, let reading):
      let records = try LabelledRecords(file, reading, badLines: policy)
      isSplit = !records.namesParts
      if isSplit, name == .all || (name == nil && datasetPath != nil) {
        part = try judgedFile(records, name, at: path)
      } else {
        let dataset = try records.dataset(keepingAllLabels: true)
        part = try namedPart(name ?? .test, of: dataset, at: path)
        if isSplit, name != .all { part.documentsInAll = part.dataset.documents.count }
      }
    }
    // The columns of the training were shown there.
    if datasetPath == nil { part.dataset.notes = [] }
    part.notes.insert(contentsOf: part.dataset.remarks, at: 0)
    if isSplit, part.split.count < part.documentsInAll {
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

  /// All records of a single file, or those of its test part if a model was trained on it.
  private func judgedFile(
    _ records: LabelledRecords, _ name: SplitName?, at path: String
  ) throws -> JudgedPart {
    let whole = try records.whole()
    let isOwn = knowers(of: whole, at: path).first != nil
    if isOwn, name == nil {
      var part = try namedPart(.test, of: records.dataset(), at: path)
      part.documentsInAll = whole.documents.count
      return part
    }
    var part = JudgedPart(
      dataset: whole, split: whole.test ?? whole.train, name: .all, path: path,
      documentsInAll: whole.documents.count, isWholeFile: true, notes: [])
    if name == nil {
      part.notes.append(
        "\(path) is not the model's training data: all of it is evaluated "
          + "(--split test takes the fifth that would be held out for testing)")
    }
    return part
  }

  /// How to read a data set: as given, else as in training.
  private func reading(of path: String, _ given: DataReading?, isNamed: Bool) -> DataReading {
    let trained = configuration.data ?? DataReading()
    guard isNamed, resolved(path) != resolved(configuration.dataset) else {
      return given ?? trained
    }
    return given ?? trained.asPreference
  }

  /// The models that were trained on a data set.
  private func knowers(of dataset: Dataset, at path: String) -> [TrainedModel] {
    let hash = DatasetIdentity(dataset).contentHash
    return ([self] + others).filter { $0.isTrained(on: hash, at: path) }
  }

  private func namedPart(_ name: SplitName, of read: Dataset, at path: String) throws -> JudgedPart
  {
    var dataset = read
    if name == .validation, dataset.validation == nil {
      dataset = dataset.carvingValidation(
        keepingCopiesTogether: identity.keepsCopiesTogether ?? false)
    }
    if name == .validation,
      !dataset.validationIsApart,
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

  private func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
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
