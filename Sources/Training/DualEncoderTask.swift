public import Evaluation
public import Learning
public import Torch

/// Trains a `DualEncoder` on bags of features and their labels.
public final class DualEncoderTask: TrainingTask {
  /// Examples: what is known of each document.
  public struct Examples: Sendable {
    /// `[N, features]`.
    public var bags: CSRMatrix
    /// `[N, L]`.
    public var labels: CSRMatrix
    /// `[N, L]`; labels that a document is not to be ranked for.
    ///
    /// Training pays no heed to them.
    public var filter: CSRMatrix?

    /// Pairs bags with labels.
    ///
    /// - Precondition: all have the same number of rows.
    public init(bags: CSRMatrix, labels: CSRMatrix, filter: CSRMatrix? = nil) {
      precondition(
        bags.rowCount == labels.rowCount,
        "\(bags.rowCount) documents with \(labels.rowCount) rows of labels")
      self.bags = bags
      self.labels = labels
      self.filter = filter
    }
  }

  /// What is trained.
  public let dualEncoder: DualEncoder
  /// What the names of the wide part's tensors begin with.
  static let widePrefix = "wide."
  /// Its wide part, if it has one.
  public let wide: SparseLinear?
  private let configuration: TrainingConfiguration
  private let examples: Examples
  private let labelTexts: CSRMatrix?
  private let validation: Examples?
  private let propensity: InversePropensity
  private let trainCounts: [Int]
  private let tableOptimizer: SparseAdagrad
  private let denseOptimizer: AdamW
  /// The examples' bags as the wide part sees them.
  private let wideBags: CSRMatrix?
  private let wideOptimizer: (any SparseLinearOptimizer)?
  private let transformer: TransformerTraining?
  private let thresholds: ThresholdMemory?
  /// Moves the label vectors of a pool and leaves the others alone.
  private let poolOptimizer: SparseAdam?
  let negatives: NegativeSampler?
  private var order: (epoch: Int, rows: [Int]) = (-1, [])

  /// Prepares a training; the weights are drawn from the configuration's seed.
  ///
  /// - Parameters:
  ///   - labelTexts: `[L, features]`; needed unless the model's labels are free.
  ///   - validation: examples to judge by, not to train on.
  ///   - propensity: how much rare labels count when they are judged.
  public convenience init(
    _ configuration: TrainingConfiguration, examples: Examples, labelTexts: CSRMatrix?,
    validation: Examples?, propensity: InversePropensity = .standard
  ) throws {
    try self.init(
      configuration, examples: examples, labelTexts: labelTexts, validation: validation,
      propensity: propensity, transformer: nil)
  }

  /// Prepares a training with a transformer beside the bags.
  init(
    _ configuration: TrainingConfiguration, examples: Examples, labelTexts: CSRMatrix?,
    validation: Examples?, propensity: InversePropensity, transformer: TransformerTraining?
  ) throws {
    self.transformer = transformer
    self.configuration = configuration
    self.examples = examples
    self.labelTexts = labelTexts
    self.validation = validation
    self.propensity = propensity
    trainCounts = examples.labels.columnCounts()
    dualEncoder = DualEncoder(
      configuration.model, featureCount: examples.bags.columnCount, labelCounts: trainCounts,
      documentCount: examples.bags.rowCount, tower: transformer?.tower,
      temperature: configuration.loss.temperature, generator: Generator(seed: configuration.seed))
    let settingsOfWide = configuration.model.wide
    let wide = settingsOfWide.map {
      SparseLinear($0, bags: examples.bags, labels: examples.labels)
    }
    self.wide = wide
    wideBags = wide?.featuresWithPairs(examples.bags)
    wideOptimizer = settingsOfWide.flatMap { wide?.optimizer($0) }
    let tables = [dualEncoder.encoder, dualEncoder.labelEncoder].compactMap(\.?.table.weight)
    let others = tables + (transformer?.tower.parameters.map(\.tensor) ?? [])
    let settings = configuration.optimization
    tableOptimizer = SparseAdagrad(tables, .init(learningRate: settings.tableLearningRate))
    if configuration.negatives != nil, transformer != nil || configuration.model.wide != nil {
      throw InputError(
        file: configuration.dataset,
        reason: "negatives and batches are chosen by the embeddings of bags alone",
        expected: "a model without a wide part and without a transformer, or without --negatives")
    }
    let isLazy = configuration.negatives.map { $0.labels == .pool && $0.isLazy } ?? false
    let pooled = isLazy ? dualEncoder.labelVectors : nil
    poolOptimizer = pooled.map {
      SparseAdam(
        [$0], .init(learningRate: settings.learningRate, weightDecay: settings.weightDecay))
    }
    denseOptimizer = AdamW(
      dualEncoder.parameters.map(\.tensor).filter { parameter in
        !others.contains { $0.isSame(as: parameter) } && pooled.map(parameter.isSame(as:)) != true
      },
      .init(learningRate: settings.learningRate, weightDecay: settings.weightDecay))
    if case .softTopK = configuration.loss {
      thresholds = ThresholdMemory(count: examples.bags.rowCount)
    } else {
      thresholds = nil
    }
    negatives = configuration.negatives.map {
      NegativeSampler(
        $0, positives: examples.labels, batchSize: settings.batchSize,
        stepsPerEpoch: (examples.labels.rowCount + settings.batchSize - 1) / settings.batchSize,
        seed: configuration.seed)
    }
  }

  /// The number of documents.
  public var exampleCount: Int { examples.bags.rowCount }

  /// The number of batches, the last one being smaller.
  public var stepsPerEpoch: Int {
    let size = configuration.optimization.batchSize
    return (exampleCount + size - 1) / size
  }

  /// Takes one step on the epoch's next batch.
  public func step(at position: TrainingPosition, totalSteps: Int) throws
    -> (loss: Double, examples: Int)
  {
    let settings = configuration.optimization
    try negatives?.refreshIfDue(at: position, embeddings)
    let rows = batch(at: position)
    var random = SplitMix64(
      configuration.seed, 1, UInt64(position.epoch), UInt64(position.step))
    let bags = examples.bags.selecting(
      rows: rows, droppingEntriesWith: settings.featureDropout, using: &random)
    let positives = examples.labels.selecting(rows: rows)

    let beside: SparseLinearScores?
    let loss: Tensor
    if let pool = negatives?.pool(of: rows, at: position) {
      beside = nil
      let (documents, labels, bias) = try dualEncoder(
        documents: bags, labelTexts: labelTexts, pool: pool, sparsely: poolOptimizer != nil)
      loss = try self.loss(
        documents: documents, labels: labels, bias: bias, positives: pool.positives, beside: nil,
        rows: rows)
    } else {
      let vectors = transformer?.vectors(ofRows: rows, at: position)
      let (documents, labels) = try dualEncoder(
        documents: bags, labelTexts: labelTexts, vectors: vectors)
      // Memory wants all features: what is left out at random hurts it.
      beside = wide.flatMap { wide in wideBags.map { wide($0.selecting(rows: rows)) } }
      loss = try self.loss(
        documents: documents, labels: labels, bias: dualEncoder.bias, positives: positives,
        beside: beside, rows: rows)
    }
    tableOptimizer.clearGradients()
    denseOptimizer.clearGradients()
    poolOptimizer?.clearGradients()
    transformer?.clearGradients()
    try loss.backward()
    try transformer?.backward()

    let schedule = CosineSchedule(
      warmupSteps: Int(settings.warmup * Double(totalSteps)))
    let number = position.epoch * stepsPerEpoch + position.step
    let factor = schedule.factor(step: number, of: totalSteps)
    tableOptimizer.learningRate = settings.tableLearningRate * factor
    denseOptimizer.learningRate = settings.learningRate * factor
    poolOptimizer?.learningRate = settings.learningRate * factor
    try tableOptimizer.step()
    try denseOptimizer.step()
    if let beside, let wideOptimizer, let settings = configuration.model.wide {
      wideOptimizer.learningRate = settings.learningRate * factor
      wideOptimizer.step(beside)
    }
    try transformer?.step(factor: factor, number: number, of: totalSteps)
    try poolOptimizer?.step()
    return (loss.scalar, rows.count)
  }

  /// The loss of a batch, with the temperature and the thresholds that have been learnt.
  private func loss(
    documents: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    beside: SparseLinearScores?, rows: ArraySlice<Int>
  ) throws -> Tensor {
    let (loss, queries) =
      dualEncoder.logTemperature.map {
        (configuration.loss.with(temperature: 1), documents * (-$0).exp())
      } ?? (configuration.loss, documents)
    guard let thresholds, case .softTopK(let search) = loss else {
      return try loss(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    }
    let found = try search.withThresholds(
      queries: queries, labels: labels, bias: bias, positives: positives,
      start: thresholds.start(of: rows), beside: beside)
    thresholds.keep(found.thresholds, of: rows)
    return found.loss
  }

  /// The rows of a batch: the epoch's order is drawn from the seed and the epoch's number.
  private func batch(at position: TrainingPosition) -> ArraySlice<Int> {
    if order.epoch != position.epoch {
      var random = SplitMix64(configuration.seed, 0, UInt64(position.epoch))
      order = (
        position.epoch,
        negatives?.order(ofEpoch: position.epoch)
          ?? (0..<exampleCount).shuffled(using: &random)
      )
    }
    let size = configuration.optimization.batchSize
    let start = position.step * size
    return order.rows[start..<min(start + size, exampleCount)]
  }

  /// What a search for hard negatives compares: the documents trained on and all labels.
  private func embeddings() throws -> NegativeSampler.Embeddings {
    let height = 4096
    let parts = try stride(from: 0, to: exampleCount, by: height).map { start in
      let bags = examples.bags.selecting(rows: start..<min(start + height, exampleCount))
      return dualEncoder.encoder.normalized(try dualEncoder.encoder(bags))
    }
    return NegativeSampler.Embeddings(
      documents: Tensor.concatenated(parts)
        * (1 / (dualEncoder.temperature ?? configuration.loss.temperature)),
      labels: try dualEncoder.embeddings(ofLabels: labelTexts).detached(),
      bias: dualEncoder.bias?.detached())
  }

  /// Ranks the labels of the examples held out; models are compared by nDCG@5.
  public func validate() throws -> (metrics: [String: Double], criterion: Double)? {
    guard let validation else { return nil }
    let scorer = Scorer(
      encoder: dualEncoder.encoder, tower: dualEncoder.tower, labels: try labelEmbeddings(),
      bias: dualEncoder.bias?.detached(), wide: wide,
      temperature: dualEncoder.temperature ?? configuration.loss.temperature)
    let result = try RankingMetrics(propensity: propensity)(
      try scorer.topK(
        100, of: validation.bags, vectors: transformer?.validationVectors(),
        excluding: validation.filter),
      truth: validation.labels,
      labelCounts: trainCounts, documentCount: exampleCount)
    let shown = ["P@1", "P@5", "nDCG@5", "PSP@5"]
    let metrics = Dictionary(shown.map { ($0, result[$0] ?? .nan) }) { $1 }
    return (metrics, metrics["nDCG@5"] ?? .nan)
  }

  /// Whether the scores of some training documents are finite with the bags' weights as they are.
  ///
  /// Finite weights may be so large that their products are not.
  ///
  /// - Parameter labels: the vectors of all labels, `[L, D]`.
  func hasFiniteScores(labels: Tensor) throws -> Bool {
    // What a transformer makes of texts is bounded by its normalisations.
    guard transformer == nil else { return true }
    let scorer = Scorer(
      encoder: dualEncoder.encoder, tower: nil, labels: labels, bias: dualEncoder.bias?.detached(),
      wide: wide, temperature: dualEncoder.temperature ?? configuration.loss.temperature)
    let count = min(exampleCount, 64, max(1, (1 << 22) / trainCounts.count))
    return try scorer.scores(of: examples.bags.selecting(rows: 0..<count)).isAllFinite
  }

  /// The vectors of all labels as they are now, `[L, D]`.
  func labelEmbeddings() throws -> Tensor {
    try withoutGradients {
      try dualEncoder.embeddings(ofLabels: labelTexts, vectors: transformer?.labelVectors())
    }
  }

  /// The parameters by name.
  public var model: [String: Tensor] {
    var all = Dictionary(dualEncoder.parameters.map { ($0.name, $0.tensor.detached()) }) { $1 }
    all.merge(wide?.tensors(under: "wide") ?? [:]) { first, _ in first }
    return all
  }

  /// Adagrad's accumulators under `table.` and `wide.`, Adam's moments under `dense.`, `pool.` and
  /// `tower.`, what was mined under `negatives.`, and the `thresholds` of the soft top-k loss.
  public var optimizerState: [String: Tensor] {
    var all: [String: Tensor] = [:]
    for (name, tensor) in tableOptimizer.state { all["table." + name] = tensor }
    for (name, tensor) in denseOptimizer.state { all["dense." + name] = tensor }
    for (name, tensor) in wideOptimizer?.state ?? [:] { all["wide." + name] = tensor }
    for (name, tensor) in transformer?.optimizerState ?? [:] { all["tower." + name] = tensor }
    if let thresholds { all["thresholds"] = thresholds.values }
    for (name, tensor) in poolOptimizer?.state ?? [:] { all["pool." + name] = tensor }
    for (name, tensor) in negatives?.state ?? [:] { all["negatives." + name] = tensor }
    return all
  }

  /// Takes back what `model` and `optimizerState` gave.
  public func restore(model: [String: Tensor], optimizerState: [String: Tensor]) throws {
    try dualEncoder.restore(model.filter { !$0.key.hasPrefix(Self.widePrefix) })
    try wide?.restore(model, under: "wide")
    try tableOptimizer.restore(optimizerState.part("table."))
    try denseOptimizer.restore(optimizerState.part("dense."))
    try wideOptimizer?.restore(optimizerState.part("wide."))
    try transformer?.restore(optimizerState.part("tower."))
    if let kept = optimizerState["thresholds"] { try thresholds?.restore(kept) }
    try poolOptimizer?.restore(optimizerState.part("pool."))
    try negatives?.restore(optimizerState.part("negatives."))
  }
}
