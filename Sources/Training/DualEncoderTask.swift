public import Evaluation
public import Extreme
import Kernels
public import Models
public import Storage
public import Torch

/// Trains a `DualEncoder` on bags of features and their labels.
public final class DualEncoderTask: DividedTask {
  /// Examples: the bag and the labels of each document.
  public struct Examples: Sendable {
    /// `[N, features]`.
    public var bags: CSRMatrix
    /// `[N, L]`.
    public var labels: CSRMatrix
    /// `[N, L]`; labels that evaluation leaves out of a document's ranking.
    ///
    /// Training ignores the filter.
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

  /// The model in training.
  public let dualEncoder: DualEncoder
  /// Its wide model, if it has one.
  public var wide: SparseLinear? { widePart?.model }
  let negatives: NegativeSampler?
  private let configuration: TrainingConfiguration
  let examples: Examples
  private let labelTexts: CSRMatrix?
  let validation: Examples?
  private let propensity: InversePropensity
  /// The training documents of each label.
  let trainCounts: [Int]
  let transformer: TransformerTraining?
  private let widePart: WidePart?
  private let thresholds: ThresholdMemory?
  private let teacher: TeacherScores?
  private let nested: MatryoshkaLoss
  private let treatment: LossTreatment
  /// The other model of co-teaching, which learns from the same batches; nil for other methods.
  private let peer: PeerPart?
  /// Whether a step moves the label vectors of its pool and leaves the others alone.
  private let movesPoolOnly: Bool
  private let parts: [any TaskPart]
  private var order: (epoch: Int, rows: [Int32]) = (-1, [])
  /// The input of steps, once the first one has begun.
  private lazy var inputs = StepInputs(
    .init(
      bags: examples.bags, labels: taughtLabels?.positives ?? treatment.positives,
      wideBags: widePart?.bags, dropout: configuration.optimization.featureDropout),
    worksAhead: configuration.threads > 1 || device.kind != .cpu)
  /// The device that trains.
  let device: Device
  /// The processes that train together; nil for one alone.
  let group: ProcessGroup?
  /// The labels that this process keeps; nil for all.
  let shard: LabelShard?
  /// The bytes that the steps so far have handed to the other processes, and their number.
  private var exchanged = (bytes: 0, steps: 0)
  /// The bytes that a step hands to the other processes, on average.
  var exchangedBytesPerStep: Int { exchanged.bytes / max(1, exchanged.steps) }
  /// The positives of the batch that this model believes, for the other one of co-teaching.
  private let selection = SmallLossSelection()
  /// The model that this one is the other one of.
  private weak var partner: DualEncoderTask?
  /// The labels that take part in the loss, if those without a document do not.
  private var taughtLabels: TaughtLabels?

  /// Prepares a training; the weights are drawn from the configuration's seed.
  ///
  /// - Parameters:
  ///   - labelTexts: `[L, features]`; needed unless the model's labels are free.
  ///   - validation: held-out examples.
  ///   - propensity: the weight of rare labels in evaluation.
  public convenience init(
    _ configuration: TrainingConfiguration, examples: Examples, labelTexts: CSRMatrix?,
    validation: Examples?, propensity: InversePropensity = .standard
  ) throws {
    try self.init(
      configuration, examples: examples, labelTexts: labelTexts, validation: validation,
      propensity: propensity, transformer: nil)
  }

  /// Prepares a training, with a transformer in addition to the bags if given.
  ///
  /// - Parameter teacher: a teacher's scores of the training documents; needed if the configuration
  ///   has a teacher.
  ///   - group: the processes that train together, each of which keeps a part of the labels and
  ///     features; nil for one alone.
  init(
    _ configuration: TrainingConfiguration, examples: Examples, labelTexts: CSRMatrix?,
    validation: Examples?, propensity: InversePropensity, transformer: TransformerTraining?,
    teacher: TeacherScores? = nil, group: ProcessGroup? = nil
  ) throws {
    device = try TrainingDevice.opened(configuration.device)
    self.transformer = transformer
    self.teacher = teacher
    self.configuration = configuration
    self.examples = examples
    self.labelTexts = labelTexts
    self.validation = validation
    self.propensity = propensity
    trainCounts = examples.labels.columnCounts()
    self.group = group
    transformer?.group = group
    shard = try group.map { try LabelShard(of: examples.labels.columnCount, among: $0) }
    let whole = DualEncoder(
      configuration.model, featureCount: examples.bags.columnCount, labelCounts: trainCounts,
      documentCount: examples.bags.rowCount - (teacher?.unlabelledCount ?? 0),
      tower: transformer?.tower,
      temperature: configuration.loss.temperature, generator: Generator(seed: configuration.seed))
    dualEncoder = shard.map(whole.part) ?? whole
    // Before the optimizers, whose state lies where the weights are.
    for parameter in dualEncoder.parameters { parameter.tensor.moveInPlace(to: device) }
    peer = try Self.peer(
      configuration, examples: examples, labelTexts: labelTexts, teacher: teacher)
    treatment = try LossTreatment(
      configuration, labels: examples.labels, held: shard?.labels ?? 0..<trainCounts.count)
    let ownLabels =
      shard.map { examples.labels.selecting(columns: Array($0.labels)) } ?? examples.labels
    widePart = configuration.model.wide.map {
      WidePart($0, bags: examples.bags, labels: ownLabels)
    }
    if configuration.negatives != nil, transformer != nil || configuration.model.wide != nil {
      throw InputError(
        file: configuration.dataset,
        reason: "negatives and batches are chosen by the embeddings of bags alone",
        expected: "a model without a wide part and without a transformer, or without --negatives")
    }
    if configuration.teacher != nil {
      guard configuration.negatives?.labels != .pool else {
        throw InputError(
          file: configuration.dataset,
          reason: "a teacher's scores are compared with those of all labels",
          expected: "no --teacher, or no --negatives pool")
      }
      precondition(
        teacher.map { $0.scores.rowCount == examples.labels.rowCount } ?? false,
        "a teacher's scores of \(teacher?.scores.rowCount ?? 0) documents")
    }
    nested = MatryoshkaLoss(
      dimensions: configuration.nestedDimensions ?? [],
      isNormalized: configuration.model.encoder.isNormalized)
    let settings = configuration.optimization
    negatives = configuration.negatives.map {
      NegativeSampler(
        $0, positives: examples.labels, batchSize: settings.batchSize,
        stepsPerEpoch: (examples.labels.rowCount + settings.batchSize - 1) / settings.batchSize,
        seed: configuration.seed)
    }
    if configuration.loss.value is SoftTopKLoss {
      thresholds = ThresholdMemory(count: examples.bags.rowCount)
    } else {
      thresholds = nil
    }
    let isLazy = configuration.negatives.map { $0.labels == .pool && $0.isLazy } ?? false
    let pool = isLazy ? dualEncoder.labelVectors : nil
    movesPoolOnly = pool != nil
    let others: [(any TaskPart)?] = [
      widePart, transformer, thresholds, negatives, treatment.targets, peer,
    ]
    parts =
      Self.optimizedParts(of: dualEncoder, pool: pool, settings: settings)
      + others.compactMap { $0 }
    peer?.task.partner = self
  }

  /// The other model of co-teaching; nil for other methods.
  private static func peer(
    _ configuration: TrainingConfiguration, examples: Examples, labelTexts: CSRMatrix?,
    teacher: TeacherScores?
  ) throws -> PeerPart? {
    guard configuration.robust?.method == .coTeaching, !PeerPart.isMaking else { return nil }
    var other = configuration
    // Another seed, so that the weights differ.
    other.seed ^= 1 << 63
    return try PeerPart.$isMaking.withValue(true) {
      PeerPart(
        try DualEncoderTask(
          other, examples: examples, labelTexts: labelTexts, validation: nil,
          propensity: .standard, transformer: nil, teacher: teacher))
    }
  }

  /// The parameters that libtorch's gradients reach, but for the transformer's tower.
  ///
  /// - Parameter pool: the label vectors, where a step moves those of its pool only.
  private static func optimizedParts(
    of model: DualEncoder, pool: Tensor?, settings: OptimizationConfiguration
  ) -> [any TaskPart] {
    let tables = [model.encoder, model.labelEncoder].compactMap(\.?.table.weight)
    let others =
      tables + (model.tower?.parameters.map(\.tensor) ?? []) + (pool.map { [$0] } ?? [])
    let dense = model.parameters.map(\.tensor).filter { parameter in
      !others.contains { $0.isSame(as: parameter) }
    }
    let (rate, decay) = (settings.learningRate, settings.weightDecay)
    var parts = [
      OptimizedPart(
        "table.", SparseAdagrad(tables, .init(learningRate: settings.tableLearningRate)),
        of: tables),
      OptimizedPart(
        "dense.", AdamW(dense, .init(learningRate: rate, weightDecay: decay)), of: dense),
    ]
    if let pool {
      parts.append(
        OptimizedPart(
          "pool.", SparseAdam([pool], .init(learningRate: rate, weightDecay: decay)), of: [pool]))
    }
    return parts
  }

  /// Leaves labels without a training document out of the loss, so that they stay as they are.
  ///
  /// A pool of negatives or a teacher's scores have all labels; with one of them nothing changes.
  func keepUntaughtLabels() {
    guard negatives == nil, teacher == nil else { return }
    taughtLabels = TaughtLabels(treatment.positives, of: shard)
  }

  /// The number of documents.
  public var exampleCount: Int { examples.bags.rowCount }

  /// The number of documents of the training part; the others have a teacher's scores alone.
  var labelledCount: Int { exampleCount - (teacher?.unlabelledCount ?? 0) }

  /// The number of batches, the last one being smaller.
  public var stepsPerEpoch: Int {
    let size = configuration.optimization.batchSize
    return (exampleCount + size - 1) / size
  }

  /// Trains on the epoch's next batch.
  public func step(at position: TrainingPosition, totalSteps: Int) throws
    -> (loss: Double, examples: Int)
  {
    let exchangedBefore = group?.traffic.bytes ?? 0
    defer {
      exchanged.bytes += (group?.traffic.bytes ?? 0) - exchangedBefore
      exchanged.steps += 1
    }
    try negatives?.refreshIfDue(at: position, embeddings)
    let rows = batch(at: position)
    let input = inputs.input(of: step(at: position, rows), before: stepAfter(position))
    for model in [self, peer?.task] { model?.selection.clear() }
    let loss = try loss(of: input, rows: rows, at: position)
    // Both models choose before either learns.
    let peerLoss = try peer?.task.loss(of: input, rows: rows, at: position)
    try learn(from: loss, at: position, totalSteps: totalSteps)
    if let peer, let peerLoss {
      try peer.task.learn(from: peerLoss, at: position, totalSteps: totalSteps)
    }
    return (loss.scalar, rows.count)
  }

  /// The loss of a batch.
  private func loss(of input: StepInput, rows: [Int], at position: TrainingPosition) throws
    -> Tensor
  {
    let (bags, positives) = (input.bags, input.positives)
    if let pool = negatives?.pool(of: rows, at: position) {
      let (documents, labels, bias) = try dualEncoder(
        documents: bags, labelTexts: labelTexts, pool: pool, sparsely: movesPoolOnly)
      let shard = shard?.selecting(pool.labels)
      return try nested(queries: documents, labels: labels) {
        try self.loss(
          queries: $0, labels: $1, bias: bias, positives: pool.positives, rows: rows, of: shard,
          at: position)
      }
    } else {
      let (documents, all) = try dualEncoder(
        documents: bags, labelTexts: labelTexts,
        vectors: try transformer?.vectors(ofRows: rows, at: position))
      let (labels, bias) = (
        taughtLabels?.rows(of: all) ?? all,
        treatment.adjusted(dualEncoder.bias.map { taughtLabels?.rows(of: $0) ?? $0 }) {
          taughtLabels?.rows(of: $0) ?? $0
        }
      )
      let offset = input.wideBags.flatMap { widePart?.scores(of: $0) }
      return try nested(queries: documents, labels: labels) { documents, labels in
        let labelLoss = try self.loss(
          queries: documents, labels: labels, bias: bias, positives: positives,
          offset: offset, rows: rows, of: taughtLabels?.shard ?? shard, at: position)
        return try addingTeacher(
          to: labelLoss, queries: documents, labels: labels, offset: offset, rows: rows)
      }
    }
  }

  /// Moves the weights along the gradient of a loss.
  private func learn(from loss: Tensor, at position: TrainingPosition, totalSteps: Int) throws {
    let settings = configuration.optimization
    for part in parts { part.clearGradients() }
    try loss.backward()
    for part in parts { try part.backward() }
    if let limit = settings.gradientClipping { clipGradients(toNorm: limit) }

    let schedule = CosineSchedule(warmupSteps: Int(settings.warmup * Double(totalSteps)))
    let number = position.epoch * stepsPerEpoch + position.step
    let step = ScheduledStep(
      number: number, totalSteps: totalSteps, factor: schedule.factor(step: number, of: totalSteps))
    for part in parts { try part.step(step) }
  }

  /// The loss of a batch, with the learnt temperature and the latest thresholds.
  ///
  /// - Parameter shard: the division of the labels among several processes; nil for one.
  private func loss(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores? = nil, rows: [Int], of shard: LabelShard?,
    at position: TrainingPosition
  ) throws -> Tensor {
    try LabelShard.$current.withValue(shard) {
      try lossOfShard(
        queries: queries, labels: labels, bias: bias, positives: positives, offset: offset,
        rows: rows, at: position)
    }
  }

  private func lossOfShard(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    offset: SparseLinearScores?, rows: [Int], at position: TrainingPosition
  ) throws -> Tensor {
    let dtype = offset == nil ? configuration.scorePrecision?.dtype ?? .float32 : .float32
    let (queries, labels) = (queries.converted(to: dtype), labels.converted(to: dtype))
    let bias = bias?.converted(to: dtype)
    let logTemperature = dualEncoder.logTemperature?.converted(to: dtype)
    // The thresholds and targets of a prefix are others.
    let isWhole = queries.size(along: 1) == dualEncoder.configuration.encoder.dimension
    let loss = treatment.loss(ofEpoch: position.epoch)
    if let memory = treatment.targets, isWhole, let robust = loss.value as? any LossWithTargets {
      return try robust(
        queries: queries, labels: labels, bias: bias, positives: positives,
        logTemperature: logTemperature, offset: offset, memory: memory, rows: rows)
    }
    if isWhole, let pair = loss.value as? any LossOfPairs {
      return try pair(
        queries: queries, labels: labels, bias: bias, positives: positives,
        logTemperature: logTemperature, offset: offset, choosing: selection,
        learningFrom: (peer?.task ?? partner)?.selection)
    }
    guard let thresholds, isWhole, let search = loss.value as? SoftTopKLoss else {
      return try loss(
        queries: queries, labels: labels, bias: bias, positives: positives,
        logTemperature: logTemperature, offset: offset)
    }
    let result = try search.withThresholds(
      queries: queries, labels: labels, bias: bias, positives: positives,
      logTemperature: logTemperature, start: thresholds.start(of: rows).moved(to: queries.device),
      offset: offset)
    thresholds.keep(result.thresholds, of: rows)
    return result.loss
  }

  /// The weighted mean of the labels' loss and the teacher's.
  private func addingTeacher(
    to loss: Tensor, queries: Tensor, labels: Tensor, offset: SparseLinearScores?,
    rows: [Int]
  ) throws -> Tensor {
    guard let settings = configuration.teacher, let teacher else { return loss }
    var distillation = DistillationLoss(temperature: configuration.loss.temperature)
    var queries = queries
    if let logTemperature = dualEncoder.logTemperature {
      distillation.temperature = 1
      queries = queries * (-logTemperature).exp()
    }
    let taught = try LabelShard.$current.withValue(shard) {
      try distillation(
        queries: queries, labels: labels, bias: dualEncoder.bias,
        teacher: teacher.scores.selecting(rows: rows), offset: offset)
    }
    return loss * (1 - settings.weight) + taught * settings.weight
  }

  /// The rows of a batch: the epoch's order is drawn from the seed and the epoch's number.
  private func batch(at position: TrainingPosition) -> [Int] {
    if order.epoch != position.epoch {
      var random = SplitMix64(configuration.seed, 0, UInt64(position.epoch))
      order = (
        position.epoch,
        negatives?.order(ofEpoch: position.epoch).map { Int32($0) }
          ?? (0..<Int32(exampleCount)).shuffled(using: &random)
      )
    }
    let size = configuration.optimization.batchSize
    let start = position.step * size
    return order.rows[start..<min(start + size, exampleCount)].map(Int.init)
  }

  private func step(at position: TrainingPosition, _ rows: [Int]) -> StepInputs.Step {
    StepInputs.Step(
      position: position, rows: rows,
      random: SplitMix64(configuration.seed, 1, UInt64(position.epoch), UInt64(position.step)))
  }

  /// The step after `position`; nil if its rows are in another epoch's order.
  private func stepAfter(_ position: TrainingPosition) -> StepInputs.Step? {
    let next = TrainingPosition(epoch: position.epoch, step: position.step + 1)
    return next.step < stepsPerEpoch ? step(at: next, batch(at: next)) : nil
  }

  /// The embeddings that a search for hard negatives compares: training documents and all labels.
  private func embeddings() throws -> NegativeSampler.Embeddings {
    try onCPU { try embeddingsOnCPU() }
  }

  private func embeddingsOnCPU() throws -> NegativeSampler.Embeddings {
    let height = 4096
    let documents = try stride(from: 0, to: exampleCount, by: height).map { start in
      let bags = examples.bags.selecting(rows: start..<min(start + height, exampleCount))
      return dualEncoder.encoder.normalized(try dualEncoder.encoder(bags))
    }
    return NegativeSampler.Embeddings(
      documents: Tensor.concatenated(documents) * (1 / dualEncoder.temperature),
      labels: ofAllRanks(try dualEncoder.embeddings(ofLabels: labelTexts).detached()),
      bias: dualEncoder.bias.map { ofAllRanks($0.detached()) })
  }

  /// Ranks the labels of the held-out examples; models are compared by nDCG@5.
  public func validate() throws -> (metrics: [String: Double], criterion: Double)? {
    guard let validation else { return nil }
    let result = try RankingMetrics(propensity: propensity)(
      try onCPU { try rankings(of: validation) },
      truth: validation.labels,
      labelCounts: trainCounts, documentCount: labelledCount)
    let shown = ["P@1", "P@5", "nDCG@5", "PSP@5"]
    let metrics = Dictionary(shown.map { ($0, result[$0] ?? .nan) }) { $1 }
    return (metrics, metrics["nDCG@5"] ?? .nan)
  }

  /// Whether the scores of some training documents are finite with the current weights of the bags.
  ///
  /// Finite weights may be so large that their products are not.
  ///
  /// - Parameter labels: the vectors of all labels, `[L, D]`.
  func hasFiniteScores(labels: Tensor) throws -> Bool {
    // Normalisation bounds a transformer's embeddings.
    guard transformer == nil else { return true }
    let count = min(exampleCount, 64, max(1, (1 << 22) / trainCounts.count))
    return try scorer(labels: labels).scores(of: examples.bags.selecting(rows: 0..<count))
      .isAllFinite
  }

  /// Scores with the current weights.
  func scorer(labels: Tensor) -> Scorer {
    Scorer(
      encoder: dualEncoder.encoder, tower: dualEncoder.tower, labels: labels,
      bias: dualEncoder.bias?.detached(), wide: wide, temperature: dualEncoder.temperature,
      labelEncoder: dualEncoder.labelEncoder)
  }

  /// The current vectors of all labels, `[L, D]`.
  func labelEmbeddings() throws -> Tensor {
    try withoutGradients {
      try dualEncoder.embeddings(ofLabels: labelTexts, vectors: transformer?.labelVectors())
    }
  }

  /// The training documents and their labels, with embeddings by the current weights.
  func memory(_ configuration: DocumentMemoryConfiguration) throws -> DocumentMemory {
    let scorer = Scorer(
      encoder: dualEncoder.encoder, tower: dualEncoder.tower, labels: .zeros([1, 1]), bias: nil,
      temperature: 1)
    let vectors = transformer?.trainingVectors()
    let parts = try stride(from: 0, to: exampleCount, by: 4096).map { start in
      let rows = start..<min(start + 4096, exampleCount)
      return try scorer.embeddings(
        of: examples.bags.selecting(rows: rows), vectors: vectors?.gathered(rows))
    }
    return try DocumentMemory(
      configuration, embeddings: .concatenated(parts), labels: examples.labels)
  }

  /// The parameters by name, on the CPU.
  public var model: [String: Tensor] {
    var all = Dictionary(
      dualEncoder.parameters.map { ($0.name, $0.tensor.detached().moved(to: .cpu)) }
    ) { $1 }
    all.merge(wide?.tensors(under: "wide") ?? [:]) { first, _ in first }
    return all
  }

  /// Adagrad's accumulators under `table.` and `wide.`, Adam's moments under `dense.`, `pool.` and
  /// `tower.`, mined negatives under `negatives.`, and the `thresholds` of the soft top-k loss; on the
  /// CPU.
  public var optimizerState: [String: Tensor] {
    var all: [String: Tensor] = [:]
    for part in parts {
      all.add(part.state.mapValues { $0.moved(to: .cpu) }, under: part.prefix)
    }
    return all
  }

  /// The names in `optimizerState` of the tensors with a row for each row of a parameter.
  func stateNames(of parameter: Tensor) -> [String] {
    parts.flatMap { part in part.stateNames(of: parameter).map { part.prefix + $0 } }
  }

  /// Restores tensors that `model` gave.
  func restoreWeights(_ model: [String: Tensor]) throws {
    try dualEncoder.restore(model.filter { !$0.key.hasPrefix(WidePart.modelPrefix) })
    try wide?.restore(model, under: "wide")
  }

  /// Restores tensors that `model` and `optimizerState` gave.
  public func restore(model: [String: Tensor], optimizerState: [String: Tensor]) throws {
    try restoreWeights(model)
    for part in parts { try part.restore(optimizerState.part(part.prefix)) }
  }
}
