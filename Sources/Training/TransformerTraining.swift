import Extreme
import Kernels
import Models
import Storage
import Torch

/// A pretrained transformer in the training of a dual encoder: its texts and its optimisers.
final class TransformerTraining: TaskPart {
  let prefix = "tower."
  /// The tower in training.
  let tower: TransformerTower
  private let settings: TransformerSettings
  private let documents: TransformerTexts
  private let labels: TransformerTexts?
  private let validation: TransformerTexts?
  private let seed: UInt64
  private let projectionOptimizer: AdamW
  private let transformerOptimizer: AdamW?
  private var pass: TransformerTower.Pass?
  /// The processes that train together, each of which encodes a part of a step's texts; nil for one.
  var group: ProcessGroup?
  /// The vectors of all processes of this step.
  private var joined: JoinedVectors?
  /// The frozen vectors of the labels on the device that trains.
  private lazy var placedLabels = labels.map { frozenVectors($0).moved(to: tower.device) }

  /// Creates the training of a tower with random weights.
  ///
  /// - Parameters:
  ///   - encoder: the initial transformer.
  ///   - outputs: the embedding dimension.
  ///   - masks: draws dropout masks, on the device that trains.
  init(
    _ settings: TransformerSettings, encoder: PretrainedEncoder, outputs: Int,
    generator: Generator, masks: Generator, documents: TransformerTexts, labels: TransformerTexts?,
    validation: TransformerTexts?, seed: UInt64
  ) {
    self.settings = settings
    self.documents = documents
    self.labels = labels
    self.validation = validation
    self.seed = seed
    tower = TransformerTower(
      settings.tower, from: encoder.width, to: outputs,
      training: settings.isFineTuned ? encoder.bert : nil, generator: generator, masks: masks)
    // Before the optimizers, whose state lies where the weights are.
    for parameter in tower.parameters { parameter.tensor.moveInPlace(to: masks.device) }
    projectionOptimizer = AdamW(
      tower.projectionParameters.map(\.tensor),
      .init(learningRate: settings.projectionLearningRate, weightDecay: 0))
    transformerOptimizer = tower.transformer.map {
      AdamW(
        $0.parameters.map(\.tensor),
        .init(
          learningRate: settings.tuning.learningRate, weightDecay: settings.tuning.weightDecay))
    }
  }

  /// The vectors of a step's documents and of the labels, with an autograd graph if they are
  /// trained.
  package func vectors(ofRows rows: [Int], at position: TrainingPosition) throws
    -> TransformerVectors
  {
    // Dropout depends only on the step, so that a resumed run uses the same masks.
    var random = SplitMix64(seed, 2, UInt64(position.epoch), UInt64(position.step))
    let masks = try Generator(seed: random.next(), device: tower.generator.device)
    tower.generator.state = masks.state
    tower.isTraining = true
    pass = nil
    switch documents {
    case .vectors(let vectors):
      return TransformerVectors(
        documents: vectors.gathered(rows).sent(to: tower.device), labels: placedLabels)
    case .tokens(let tokens):
      let texts = rows.map { Array(tokens.columns(ofRow: $0)) } + (labels.map(allTokens) ?? [])
      let vectors =
        try group.map { try encode(texts, among: $0, &random, then: masks) }
        ?? encode(texts)
      return TransformerVectors(
        documents: vectors[0..<rows.count],
        labels: labels == nil ? nil : vectors[rows.count..<texts.count])
    }
  }

  private func encode(_ texts: [[Int32]]) -> Tensor {
    let pass = TransformerTower.Pass(
      of: texts, through: tower, pieceTokenCount: settings.tuning.pieceTokenCount)
    self.pass = pass
    return pass.vectors
  }

  /// Encodes this process's part of the texts, and gathers the vectors of all.
  ///
  /// - Parameter masks: the generator of the layers on top, which have all texts on every process.
  private func encode(
    _ texts: [[Int32]], among group: ProcessGroup, _ random: inout SplitMix64,
    then masks: Generator
  ) throws -> Tensor {
    // Other texts have other masks.
    let seed = random.next() &+ UInt64(group.rank)
    tower.generator.state = try Generator(seed: seed, device: tower.generator.device).state
    let ranges = LabelShard.ranges(of: texts.count, among: group.size)
    let range = ranges[group.rank]
    let current =
      range.isEmpty
      ? Tensor.zeros([0, tower.inputs]) : encode(Array(texts[range]))
    tower.generator.state = masks.state
    let all = try checked {
      group.gathered(rows: current.detached(), counts: ranges.map(\.count))
    }
    let vectors = all.requiringGradient()
    joined = JoinedVectors(all: vectors, current: range.isEmpty ? nil : current, range: range)
    return vectors
  }

  /// Continues the backward pass from the vectors, where the loss has left its gradient.
  func backward() throws {
    if let joined, let group {
      try joined.propagate(to: pass)
      try checked {
        try group.sumGradients(of: tower.transformer?.parameters.map(\.tensor) ?? [])
      }
    } else {
      try pass?.backward()
    }
    (pass, joined) = (nil, nil)
    tower.isTraining = false
  }

  /// Moves the weights; the schedule's factor is for the projection, the transformer has its own
  /// schedule.
  func step(_ step: ScheduledStep) throws {
    projectionOptimizer.learningRate = settings.projectionLearningRate * step.factor
    try projectionOptimizer.step()
    guard let transformerOptimizer, let transformer = tower.transformer else { return }
    let tuning = settings.tuning
    clipGradients(of: transformer.parameters.map(\.tensor), toNorm: tuning.gradientLimit)
    let schedule = LinearSchedule(warmupSteps: Int(tuning.warmup * Double(step.totalSteps)))
    transformerOptimizer.learningRate = schedule.learningRate(
      tuning.learningRate, step: step.number, of: step.totalSteps)
    try transformerOptimizer.step()
  }

  func clearGradients() {
    projectionOptimizer.clearGradients()
    transformerOptimizer?.clearGradients()
  }

  /// The vectors of the training documents, with the current weights.
  func trainingVectors() -> TextVectors { TextVectors(currentVectors(documents)) }

  /// The vectors of the held-out documents, with the current weights.
  func validationVectors() -> TextVectors? { validation.map { TextVectors(currentVectors($0)) } }

  /// The vectors of some training documents, with the current weights.
  func documentVectors(_ rows: [Int]) -> TextVectors { vectors(documents, rows) }

  /// The vectors of some held-out documents, with the current weights.
  func validationVectors(_ rows: [Int]) -> TextVectors? { validation.map { vectors($0, rows) } }

  private func vectors(_ texts: TransformerTexts, _ rows: [Int]) -> TextVectors {
    switch texts {
    case .vectors(let vectors): TextVectors(vectors.gathered(rows))
    case .tokens(let tokens): TextVectors(currentVectors(.tokens(tokens.selecting(rows: rows))))
    }
  }

  /// The vectors of the labels' texts, with the current weights.
  func labelVectors() -> Tensor? { labels.map(currentVectors) }

  private func currentVectors(_ texts: TransformerTexts) -> Tensor {
    guard let transformer = tower.transformer else { return frozenVectors(texts) }
    return transformer.embeddings(of: allTokens(texts))
  }

  private func frozenVectors(_ texts: TransformerTexts) -> Tensor {
    guard case .vectors(let vectors) = texts else {
      preconditionFailure("tokens given for a frozen transformer")
    }
    return vectors.gathered(0..<vectors.count)
  }

  private func allTokens(_ texts: TransformerTexts) -> [[Int32]] {
    guard case .tokens(let tokens) = texts else {
      preconditionFailure("vectors given for a trained transformer")
    }
    return (0..<tokens.rowCount).map { Array(tokens.columns(ofRow: $0)) }
  }

  /// Adam's moments under `projection.` and `transformer.`.
  var state: [String: Tensor] {
    var all: [String: Tensor] = [:]
    all.add(projectionOptimizer.state, under: "projection.")
    all.add(transformerOptimizer?.state ?? [:], under: "transformer.")
    return all
  }

  /// Restores a saved `optimizerState`.
  func restore(_ state: [String: Tensor]) throws {
    try projectionOptimizer.restore(state.part("projection."))
    try transformerOptimizer?.restore(state.part("transformer."))
  }
}
