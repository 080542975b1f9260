public import Datasets
import Evaluation
import Extreme
import Foundation
public import Models
import Storage
import Torch

/// Scores the labels of every training document with a model that was trained without it.
///
/// A hash of their text assigns documents to folds; copies and near-copies share a fold. For each
/// fold, a model is trained on all others and scores that one. Scores become probabilities by a
/// calibration fitted to the scores of the other folds, so that nothing is judged by a fit to
/// itself. Documents that the model knows nothing about, such as empty ones, have no scores and no
/// neighbours.
public struct CrossValidation: Sendable {
  /// The training configuration of each model.
  ///
  /// Its data set path is that of the data; early stopping is off.
  public var configuration: TrainingConfiguration
  /// The number of folds.
  public var folds: Int
  /// The number of labels to keep per document, in addition to the given ones.
  public var depth: Int
  /// The number of nearest documents to keep; 0 for none.
  public var neighbours: Int
  /// The version to store in the run records.
  public var decantVersion: String

  /// Creates a cross-validation.
  public init(
    _ configuration: TrainingConfiguration, folds: Int = 5, depth: Int = 100, neighbours: Int = 10,
    decantVersion: String = DecantVersion.current
  ) {
    self.configuration = configuration
    // A teacher has seen the documents that a fold leaves out.
    self.configuration.teacher = nil
    self.folds = folds
    self.depth = depth
    self.neighbours = neighbours
    self.decantVersion = decantVersion
  }

  /// The fold of each training row, in `0 ..< count`.
  ///
  /// The same on every machine. Folds depend on texts, or on names if documents are features.
  public static func folds(of dataset: Dataset, count: Int) -> [Int] {
    let copies = dataset.nearCopiesInTrain()
    return dataset.train.documentIndices.map { index in
      let index = copies.representative(of: Int(index))
      let name = dataset.documents.texts?[index] ?? dataset.documents.ids[index]
      // The training part may itself be a selection of buckets of these names; a prefix gives
      // independent ones.
      return SplitBucket(of: "fold of " + name).number * count / 100
    }
  }

  /// - Throws: `InputError` if a fold has no documents.
  package static func refuseEmptyFolds(of dataset: Dataset, count: Int, at path: String) throws {
    try refuseEmptyFolds(folds(of: dataset, count: count), count: count, at: path)
  }

  private static func refuseEmptyFolds(_ foldOf: [Int], count: Int, at path: String) throws {
    let filled = Set(foldOf).count
    guard count >= 2, filled == count else {
      throw InputError(
        file: path, reason: "\(foldOf.count) documents make \(filled) folds of \(count)",
        expected: "at least 2 folds, and a document in each")
    }
  }

  /// Trains and scores one fold after the other.
  ///
  /// Runs are created in the system's temporary folder, one at a time.
  ///
  /// - Throws: `InputError` if a fold has no documents or no training data is left; any error of
  ///   training.
  public func run(
    on dataset: Dataset, progress: ProgressBar? = nil, isInterrupted: () -> Bool = { false }
  ) throws -> OutOfSampleScores {
    let foldOf = try filledFolds(of: dataset)
    let parts = try (0..<folds).map {
      try part(ofFold: $0, foldOf, of: dataset, progress, isInterrupted)
    }
    return try joined(parts, of: dataset)
  }

  /// The fold of each training row.
  ///
  /// - Throws: `InputError` if a fold has no documents.
  func filledFolds(of dataset: Dataset) throws -> [Int] {
    let foldOf = Self.folds(of: dataset, count: folds)
    try Self.refuseEmptyFolds(foldOf, count: folds, at: configuration.dataset)
    return foldOf
  }

  /// Trains without a fold, and scores it.
  func part(
    ofFold fold: Int, _ foldOf: [Int], of dataset: Dataset, _ progress: ProgressBar?,
    _ isInterrupted: () -> Bool
  ) throws -> Part {
    let held = foldOf.indices.filter { foldOf[$0] == fold }
    let known = foldOf.indices.filter { foldOf[$0] != fold }
    progress?.line(
      "fold \(fold + 1) of \(folds): \(held.count) documents to score with a model of the others")
    do {
      return try part(held, known, of: dataset, progress, isInterrupted)
    } catch TrainingError.interrupted, TrainingError.interruptedWhilePreparing {
      // Its folds' runs are removed, and with them all checkpoints.
      throw TrainingError.interruptedInFold(fold + 1, of: folds)
    }
  }

  /// A model's results on the documents held out from its training.
  struct Part {
    var rows: [Int]
    /// The top labels.
    var ranking: TopK
    /// Whether the model knows any feature of each row.
    var isKnown: [Bool]
    /// The scores of the given labels, row by row.
    var givenScores: [Float]
    /// `[rows, rows of train]`.
    var neighbours: CSRMatrix?
  }

  /// Trains on the rows `known` of train, and scores the rows `held`.
  func part(
    _ held: [Int], _ known: [Int], of dataset: Dataset, _ progress: ProgressBar?,
    _ isInterrupted: () -> Bool
  ) throws -> Part {
    let scratch = try ScratchFolder("decant-audit")
    defer { withExtendedLifetime(scratch) {} }
    let folder = RunFolder(path: scratch.path + "/run")
    var learnt = dataset
    learnt.train = dataset.train.selecting(rows: known)
    (learnt.validation, learnt.test) = (nil, nil)
    // Audited are the data set's labels.
    learnt.labels.candidates = []
    var settings = configuration
    // The run is not kept.
    settings.precision = .float32
    _ = try Trainer(settings, folder: folder, decantVersion: decantVersion, dataset: learnt)
      .run(resuming: false, progress: progress, isInterrupted: isInterrupted)
    let model = try TrainedModel(folder: folder)
    return try checked {
      let split = dataset.train.selecting(rows: held)
      let inputs = try model.inputs(
        ofRows: split.documentIndices, in: dataset, at: configuration.dataset)
      let (ranking, given) = try model.ranker.topK(
        min(depth, dataset.labels.count), of: inputs, keeping: split.labels,
        excluding: split.filter, threads: model.threads)
      let isKnown = model.knows(inputs, documents: split.documentIndices, of: dataset)
      let unknown = isKnown.count { !$0 }
      if unknown > 0 {
        progress?.line("\(unknown) of them contain no word the model knows and are skipped")
      }
      guard neighbours > 0 else {
        return Part(
          rows: held, ranking: ranking, isKnown: isKnown, givenScores: given, neighbours: nil)
      }
      let others = try model.inputs(
        ofRows: learnt.train.documentIndices, in: dataset, at: configuration.dataset)
      let near = try Runtime.withThreads(model.threads) {
        try NearestDocuments(count: neighbours)(
          of: model.embeddings(of: inputs[0]), among: model.embeddings(of: others[0]))
      }
      return Part(
        rows: held, ranking: ranking, isKnown: isKnown, givenScores: given,
        neighbours: near.renamingColumns(known, count: dataset.train.count))
    }
  }

  /// The scores of all folds, in their order.
  func joined(_ parts: [Part], of dataset: Dataset) throws -> OutOfSampleScores {
    let train = dataset.train
    var columns = [[Int32]](repeating: [], count: train.count)
    var values = [[Float]](repeating: [], count: train.count)
    var near: [[Int32]] = neighbours > 0 ? columns : []
    var similarities: [[Float]] = neighbours > 0 ? values : []
    for (number, part) in parts.enumerated() {
      let others = parts.indices.filter { $0 != number }.map { parts[$0] }
      let calibration = try calibration(of: others, labels: train.labels)
      let pairs = try part.pairs(labels: train.labels.selecting(rows: part.rows))
      let probabilities = calibration.probabilities(of: pairs)
      for (place, row) in part.rows.enumerated() where part.isKnown[place] {
        let own = pairs.offsets[place]..<pairs.offsets[place + 1]
        columns[row] = Array(pairs.labels[own])
        values[row] = probabilities[own].map { Float(min(max($0, 0), 1)) }
        if let found = part.neighbours {
          let entries = found.entries(ofRow: place)
          near[row] = entries.map { found.columns[$0] }
          similarities[row] = entries.map { found.values?[$0] ?? 1 }
        }
      }
    }
    return OutOfSampleScores(
      probabilities: CSRMatrix(columns, values, columnCount: dataset.labels.count),
      neighbours: neighbours > 0
        ? CSRMatrix(near, similarities, columnCount: train.count) : nil)
  }

  /// The number of documents to fit a calibration to; more would take time and hardly change it.
  private static let calibrationCount = 2000

  /// Fits probabilities to the scores of the other folds.
  private func calibration(of parts: [Part], labels: CSRMatrix) throws -> FittedCalibration {
    let total = parts.reduce(0) { $0 + $1.rows.count }
    let step = max(1, total / Self.calibrationCount)
    var ranking = TopK(k: depth)
    var rows: [Int] = []
    var number = 0
    for part in parts {
      for place in part.rows.indices {
        defer { number += 1 }
        guard number % step == 0, part.isKnown[place] else { continue }
        try ranking.append(
          labels: Array(part.ranking.labels(ofRow: place)),
          scores: Array(part.ranking.scores(ofRow: place)))
        rows.append(part.rows[place])
      }
    }
    let settings = RunCalibration.Settings(method: .platt, isPerLabel: false)
    return try CalibrationFit(
      settings, ranking: ranking, truth: labels.selecting(rows: rows)
    ).run().fitted
  }
}

extension CrossValidation.Part {
  /// Each document's top labels, followed by the given labels that are not among them.
  fileprivate func pairs(labels given: CSRMatrix) throws -> ScoredPairs {
    var offsets = [0]
    var labels: [Int32] = []
    var scores: [Double] = []
    for row in 0..<given.rowCount {
      let best = ranking.labels(ofRow: row)
      labels += best
      scores += ranking.scores(ofRow: row).map(Double.init)
      var known = Set(best)
      for entry in given.entries(ofRow: row) where known.insert(given.columns[entry]).inserted {
        labels.append(given.columns[entry])
        scores.append(Double(givenScores[entry]))
      }
      offsets.append(labels.count)
    }
    return try ScoredPairs(offsets: offsets, labels: labels, scores: scores, truth: given)
  }
}

extension CSRMatrix {
  /// Creates a matrix from one list per row.
  fileprivate init(_ columns: [[Int32]], _ values: [[Float]], columnCount: Int) {
    var offsets: [Int64] = [0]
    for row in columns { offsets.append(offsets[offsets.count - 1] + Int64(row.count)) }
    self.init(
      rowOffsets: MappedArray(offsets), columns: MappedArray(Array(columns.joined())),
      values: MappedArray(Array(values.joined())), columnCount: columnCount)
  }

  /// The same entries with renumbered columns.
  fileprivate func renamingColumns(_ new: [Int], count: Int) -> CSRMatrix {
    CSRMatrix(
      rowOffsets: rowOffsets, columns: MappedArray(columns.map { Int32(new[Int($0)]) }),
      values: values, columnCount: count)
  }
}
