import Extreme
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
      let pass = TransformerTower.Pass(
        of: texts, through: tower, pieceTokenCount: settings.tuning.pieceTokenCount)
      self.pass = pass
      return TransformerVectors(
        documents: pass.vectors[0..<rows.count],
        labels: labels == nil ? nil : pass.vectors[rows.count..<texts.count])
    }
  }

  /// Continues the backward pass from the vectors, where the loss has left its gradient.
  func backward() throws {
    try pass?.backward()
    pass = nil
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
