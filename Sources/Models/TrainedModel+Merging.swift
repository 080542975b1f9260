import Datasets
import Evaluation
import Extreme
import Foundation
import Storage
import Torch

extension TrainedModel {
  /// Writes one run that ranks by the mean score of several.
  ///
  /// Scores are inner products of sums of feature vectors, so that the mean of M runs is again such a
  /// product: with the vectors of the runs side by side, xᵢ = (xᵢ₁, …, xᵢₘ),
  ///
  ///     s(i, l) = (1 / M) Σₘ (xᵢₘ · yₗₘ / τₘ + bₗₘ) = xᵢ · yₗ + bₗ
  ///
  /// with yₗ = (yₗ₁ / (M τ₁), …, yₗₘ / (M τₘ)) and bₗ the mean bias: exact but for rounding, and as
  /// long as all embeddings together. A smaller `dimension` keeps the directions along which the scores
  /// of the training documents vary most: the best approximation of that rank to their products xᵢ · yₗ
  /// by squared error.
  ///
  /// Embeddings of unit length are each divided by their own length, which one vector cannot repeat.
  /// The merged vector is divided by its length, which is √M times theirs where the lengths of a
  /// document in the runs are equal; they nearly are among runs that differ only in their seeds.
  ///
  /// Label texts are in yₗ already: the merged labels have free vectors. If a run has a memory of
  /// documents, the merged run has one with the settings of the first such run and with its own
  /// embeddings, in place of the mean of theirs.
  ///
  /// - Parameters:
  ///   - models: two or more runs on one data set, each with the same features.
  ///   - dimension: the length of the merged embeddings; nil for that of all together.
  ///   - folder: the folder to write, which does not exist or is empty.
  ///   - decantVersion: the version to store in the record.
  /// - Returns: the record.
  /// - Throws: `InputError` if the runs cannot be merged, `FileError`, `TorchError`.
  /// - Complexity: O(F D + L D) for F features, L labels and D dimensions; with a smaller dimension
  ///   O((N + F + L) D² + D³) for N training documents.
  public static func merge(
    _ models: [TrainedModel], dimension: Int? = nil, to folder: RunFolder, decantVersion: String
  ) throws -> RunRecord {
    let merger = try RunMerger(models)
    let whole = try checked { try merger.whole() }
    let parts = try dimension.map { try merger.reduced(whole, to: $0) } ?? whole
    return try merger.write(parts, to: folder, decantVersion: decantVersion)
  }
}

/// The parameters of a merged run.
private struct MergedParts {
  /// `[F, D]`.
  var table: Tensor
  /// `[L, D]`.
  var labels: Tensor
  /// `[L]`; nil if no run has biases.
  var bias: Tensor?
  var dimension: Int { table.size(along: 1) }
}

private struct RunMerger {
  private let models: [TrainedModel]
  private var first: TrainedModel { models[0] }
  private var isNormalized: Bool { first.configuration.model.encoder.isNormalized }

  /// - Throws: `InputError` for runs that one run cannot replace.
  init(_ models: [TrainedModel]) throws {
    self.models = models
    guard let first = models.first, models.count > 1 else {
      throw ValueError(
        "runs", reason: "there are \(models.count) runs to merge", expected: "two or more")
    }
    _ = try first.averaged(with: Array(models.dropFirst()))
    for model in models {
      func refuse(_ reason: String, _ expected: String) -> InputError {
        InputError(
          file: model.folder.path, reason: reason,
          expected: "\(expected); decant evaluate --with ranks by the mean of any runs")
      }
      let settings = model.configuration
      guard settings.transformer == nil else {
        throw refuse("it reads texts with a transformer", "runs with bags alone")
      }
      guard settings.model.encoder.hiddenDimensions.isEmpty else {
        throw refuse("it has a hidden layer", "runs without --bag-hidden")
      }
      guard settings.model.wide == nil else {
        throw refuse("it has a wide model", "runs without --wide")
      }
      guard model.features.isSame(as: first.features) else {
        throw refuse(
          "its features are not those of \(first.folder.path)", "runs with the same features")
      }
      guard settings.model.encoder.isNormalized == isNormalized else {
        throw refuse(
          "its embeddings have \(settings.model.encoder.isNormalized ? "unit" : "any") length, those "
            + "of \(first.folder.path) do not", "the same --normalized")
      }
      guard !isNormalized || model.temperature == first.temperature else {
        throw refuse(
          "its temperature is \(model.temperature), that of \(first.folder.path) is "
            + "\(first.temperature)", "the same temperature in runs of unit length")
      }
    }
  }

  /// All vectors, side by side.
  func whole() throws -> MergedParts {
    let count = Double(models.count)
    let labels = models.map { model in
      model.labelEmbeddings
        * (isNormalized ? 1 / count.squareRoot() : 1 / (count * model.temperature))
    }
    let biases = models.compactMap(\.labelBiases)
    return MergedParts(
      table: .concatenated(models.map { $0.scorer.encoder.table.weight.detached() }, along: 1),
      labels: .concatenated(labels, along: 1),
      bias: biases.dropFirst().reduce(biases.first) { sum, bias in sum.map { $0 + bias } }
        .map { $0 * (1 / count) })
  }

  /// The best approximation of rank `dimension` to the products of training documents and labels.
  func reduced(_ parts: MergedParts, to dimension: Int) throws -> MergedParts {
    guard dimension >= 1, dimension <= parts.dimension else {
      throw ValueError(
        "dimension", reason: "\(dimension) of \(parts.dimension) dimensions are asked for",
        expected: "from 1 to \(parts.dimension)")
    }
    let moments = try documentMoments(of: parts)
    return try Runtime.withThreads(first.threads) {
      try checked {
        // With R Rᵀ the documents' second moments, the squared error of a projection of Rᵀ Yᵀ is that
        // of the products.
        let eigen = try SymmetricEigenvectors(of: moments)
        let (values, vectors) = (eigen.values, eigen.vectors)
        let largest = max(values.doubles().last ?? 0, .leastNormalMagnitude)
        let isUsed = values.isGreater(than: largest * 1e-10)
        let roots = values.clamped(from: largest * 1e-10).squareRoot()
        let used = isUsed.converted(to: .float64)
        let root = vectors * (roots * used)
        let labels = parts.labels.converted(to: .float64).matmul(root)
        // Directions that no label looks at still count for the length, the longest first.
        let products = labels.transposed().matmul(labels)
        let size = labels.squared().sum().scalar
        let rest = Tensor.identity(parts.dimension, dtype: .float64) * (values * used)
        let axes = try SymmetricEigenvectors(of: products + rest * (1e-9 * size / largest)).vectors
        let all = parts.dimension
        let best = axes.gathered(rows: Tensor(Array((all - dimension..<all).reversed())), along: 1)
        // Orthonormal directions keep the lengths of documents, by which unit length divides.
        let oblique = (vectors * (used / roots)).matmul(best)
        let skew = try SymmetricEigenvectors(of: oblique.transposed().matmul(oblique))
        let (squares, turns) = (skew.values, skew.vectors)
        let least = max(squares.doubles().last ?? 0, .leastNormalMagnitude) * 1e-12
        let lengths = squares.clamped(from: least).squareRoot()
        let inverse = squares.isGreater(than: least).converted(to: .float64) / lengths
        let projection = oblique.matmul((turns * inverse).matmul(turns.transposed()))
        let share = (moments.matmul(projection) * projection).sum().scalar
        let scores = labels.matmul(best).matmul((turns * lengths).matmul(turns.transposed()))
        return MergedParts(
          table: parts.table.matmul(projection.converted(to: .float32)).contiguous(),
          labels: (isNormalized ? scores * share.squareRoot() : scores).converted(to: .float32)
            .contiguous(), bias: parts.bias)
      }
    }
  }

  /// The mean of x xᵀ over the training documents, `[D, D]`, float64.
  private func documentMoments(of parts: MergedParts) throws -> Tensor {
    let (bags, _) = try trainingDocuments()
    let rows = 0..<bags.rowCount
    var sum = Tensor.zeros([parts.dimension, parts.dimension], dtype: .float64)
    for start in stride(from: 0, to: rows.count, by: 4096) {
      let block = bags.selecting(rows: start..<min(start + 4096, rows.count))
      let all = try Runtime.withThreads(first.threads) {
        try withoutGradients {
          Tensor.concatenated(try models.map { try $0.scorer.encoder(block) }, along: 1)
        }
      }
      let vectors = (isNormalized ? all.normalized(along: -1) : all).converted(to: .float64)
      sum = sum + vectors.transposed().matmul(vectors)
    }
    return sum * (1 / Double(rows.count))
  }

  /// The training documents of the first run, and their labels.
  private func trainingDocuments() throws -> (bags: CSRMatrix, labels: CSRMatrix) {
    let path = try first.datasetPath(nil)
    let dataset = try first.configuration.readDataset()
    guard dataset.train.count > 0 else {
      throw InputError(
        file: path, reason: "there are no training documents",
        expected: "the data set that the runs were trained on; runs without --memory and no "
          + "--dimension do without it")
    }
    guard dataset.labels.ids.elementsEqual(first.labelIDs) else {
      throw InputError(
        file: path, reason: "its labels are not those of \(first.folder.path)",
        expected: "the data set that the runs were trained on")
    }
    let rows = dataset.train.documentIndices
    return (try first.inputs(ofRows: rows, in: dataset, at: path)[0].bags, dataset.train.labels)
  }

  /// The training documents as the merged model embeds them.
  private func memory(
    _ configuration: DocumentMemoryConfiguration, of parts: MergedParts,
    _ settings: BagEncoder.Configuration
  ) throws -> DocumentMemory {
    let (bags, labels) = try trainingDocuments()
    let encoder = BagEncoder(
      settings, featureCount: parts.table.size(along: 0), generator: Generator(seed: 0))
    return try Runtime.withThreads(first.threads) {
      try checked {
        try encoder.restore(["table.weight": parts.table])
        let blocks = try stride(from: 0, to: bags.rowCount, by: 4096).map { start in
          try withoutGradients {
            try encoder(bags.selecting(rows: start..<min(start + 4096, bags.rowCount)))
          }
        }
        return try DocumentMemory(
          configuration, embeddings: .concatenated(blocks), labels: labels)
      }
    }
  }

  func write(_ parts: MergedParts, to folder: RunFolder, decantVersion: String) throws -> RunRecord
  {
    let finished = [parts.table, parts.labels] + (parts.bias.map { [$0] } ?? [])
    guard try checked({ finished.allSatisfy(\.isAllFinite) }) else {
      throw InputError(
        file: first.folder.path, reason: "the merged vectors are not finite",
        expected: "runs whose vectors 32-bit numbers can hold")
    }
    var settings = first.configuration
    settings.model.encoder.dimension = parts.dimension
    settings.nestedDimensions = nil
    settings.model.labels = .free
    settings.model.sharesEncoder = true
    settings.model.hasBias = parts.bias != nil
    settings.model.learnsTemperature = false
    settings.memory = models.compactMap(\.configuration.memory).first
    settings.loss.temperature = isNormalized ? first.temperature : 1
    var record = models.dropFirst().reduce(first.record) { $0.joined(with: $1.record) }
    record.decantVersion = decantVersion
    record.parameters = finished.reduce(0) { $0 + $1.elementCount }
    record.warnings = nil
    record.chosenDefaults = nil
    (record.precision, record.pilotCPUSeconds) = (.float32, nil)
    record.mergedRuns = models.map(\.folder.path.lastPathName)

    let target = try AtomicFolder(path: folder.path)
    let draft = RunFolder(path: target.draft)
    try draft.write(settings, to: draft.configuration)
    try draft.write(first.identity, to: draft.dataset)
    try draft.write(first.labelIDs, to: draft.labels)
    try draft.write(labelTexts: first.storedLabelTexts)
    try draft.write(first.labelCounts(), to: draft.counts)
    try FileManager.default.copyItem(atPath: first.folder.vocabulary, toPath: draft.vocabulary)
    var tensors = ["encoder.table.weight": parts.table, "labels.vectors": parts.labels]
    tensors["labels.bias"] = parts.bias
    try Safetensors.write(tensors, metadata: ["format": "decant"], to: draft.model)
    try Safetensors.write(
      ["embeddings": parts.labels], metadata: ["format": "decant"], to: draft.labelEmbeddings)
    if let memory = settings.memory {
      try self.memory(memory, of: parts, settings.model.encoder).write(to: draft, for: .best)
    }
    try Sealed(record, files: draft.checkSums()).write(to: draft.record)
    try target.commit(replacing: false)
    return record
  }
}
