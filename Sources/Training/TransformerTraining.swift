import Learning
import Torch

/// The part of a dual encoder's training that is about a transformer: its texts, its optimisers.
final class TransformerTraining {
  /// What is trained.
  let tower: TransformerTower
  private let settings: TransformerSettings
  private let documents: TransformerTexts
  private let labels: TransformerTexts?
  private let validation: TransformerTexts?
  private let seed: UInt64
  private let projectionOptimizer: AdamW
  private let transformerOptimizer: AdamW?
  private var pass: TransformerTower.Pass?

  /// Prepares the training of a tower with random weights.
  ///
  /// - Parameters:
  ///   - encoder: the transformer, with whose vectors it starts.
  ///   - outputs: the length of the embeddings.
  init(
    _ settings: TransformerSettings, encoder: TransformerEncoder, outputs: Int,
    generator: Generator, documents: TransformerTexts, labels: TransformerTexts?,
    validation: TransformerTexts?, seed: UInt64
  ) {
    self.settings = settings
    self.documents = documents
    self.labels = labels
    self.validation = validation
    self.seed = seed
    tower = TransformerTower(
      settings.tower, from: encoder.configuration.width, to: outputs,
      training: settings.isFineTuned ? encoder : nil, generator: generator)
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

  /// The vectors of a step's documents and of the labels, with a history where they are trained.
  func vectors(ofRows rows: ArraySlice<Int>, at position: TrainingPosition) -> TransformerVectors {
    // What is dropped depends on the step alone, so that a resumed training drops the same.
    var random = SplitMix64(seed, 2, UInt64(position.epoch), UInt64(position.step))
    tower.generator.state = Generator(seed: random.next()).state
    tower.isTraining = true
    pass = nil
    switch documents {
    case .vectors(let vectors):
      return TransformerVectors(
        documents: vectors.gathered(rows), labels: labels.map(frozenVectors))
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

  /// Carries on what the loss has left in the vectors.
  func backward() throws {
    try pass?.backward()
    pass = nil
    tower.isTraining = false
  }

  /// Moves the weights.
  ///
  /// - Parameter factor: what the projection's learning rate is multiplied by.
  func step(factor: Double, number: Int, of totalSteps: Int) throws {
    projectionOptimizer.learningRate = settings.projectionLearningRate * factor
    try projectionOptimizer.step()
    guard let transformerOptimizer, let transformer = tower.transformer else { return }
    let tuning = settings.tuning
    clipGradients(of: transformer.parameters.map(\.tensor), toNorm: tuning.gradientLimit)
    let schedule = LinearSchedule(warmupSteps: Int(tuning.warmup * Double(totalSteps)))
    transformerOptimizer.learningRate = schedule.learningRate(
      tuning.learningRate, step: number, of: totalSteps)
    try transformerOptimizer.step()
  }

  func clearGradients() {
    projectionOptimizer.clearGradients()
    transformerOptimizer?.clearGradients()
  }

  /// The vectors of the documents held out, by the weights of this moment.
  func validationVectors() -> TextVectors? { validation.map { TextVectors(currentVectors($0)) } }

  /// The vectors of the labels' texts, by the weights of this moment.
  func labelVectors() -> Tensor? { labels.map(currentVectors) }

  private func currentVectors(_ texts: TransformerTexts) -> Tensor {
    guard let transformer = tower.transformer else { return frozenVectors(texts) }
    return transformer.embeddings(of: allTokens(texts))
  }

  private func frozenVectors(_ texts: TransformerTexts) -> Tensor {
    guard case .vectors(let vectors) = texts else {
      preconditionFailure("tokens for a transformer that is not trained")
    }
    return vectors.gathered(0..<vectors.count)
  }

  private func allTokens(_ texts: TransformerTexts) -> [[Int32]] {
    guard case .tokens(let tokens) = texts else {
      preconditionFailure("vectors for a transformer that is trained")
    }
    return (0..<tokens.rowCount).map { Array(tokens.columns(ofRow: $0)) }
  }

  /// Adam's moments under `projection.` and `transformer.`.
  var optimizerState: [String: Tensor] {
    var all: [String: Tensor] = [:]
    for (name, tensor) in projectionOptimizer.state { all["projection." + name] = tensor }
    for (name, tensor) in transformerOptimizer?.state ?? [:] {
      all["transformer." + name] = tensor
    }
    return all
  }

  /// Takes back what `optimizerState` gave.
  func restore(_ state: [String: Tensor]) throws {
    try projectionOptimizer.restore(state.part("projection."))
    try transformerOptimizer?.restore(state.part("transformer."))
  }
}

extension [String: Tensor] {
  /// The tensors whose names begin with `prefix`, without it.
  func part(_ prefix: String) -> [String: Tensor] {
    Dictionary(
      filter { $0.key.hasPrefix(prefix) }
        .map { (String($0.key.dropFirst(prefix.count)), $0.value) }
    ) { $1 }
  }
}
