import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct TransformerTowerTests {
  /// One step of a training in the golden file.
  private struct Case: Decodable {
    var configuration: TransformerEncoder.Configuration
    var hidden: Int?
    var tokens: [[Int32]]
    var positives: [[Int]]
    var labels: GoldenTensor
    var before: [String: GoldenTensor]
    var rate: Double
    var decay: Double
    var limit: Double
    var projectionRate: Double
    var embeddings: GoldenTensor
    var loss: Double
    var norm: Double
    var labelGradient: GoldenTensor
    var gradients: [String: GoldenTensor]
    var after: [String: GoldenTensor]

    func tower(dropout: Double = 0, seed: UInt64 = 1) throws -> TransformerTower {
      let prefix = "transformer."
      let generator = Generator(seed: seed)
      var configuration = configuration
      configuration.dropout = dropout
      let encoder = try TransformerEncoder(
        configuration,
        tensors: Dictionary(
          uniqueKeysWithValues: before.filter { $0.key.hasPrefix(prefix) }
            .map { (String($0.key.dropFirst(prefix.count)), $0.value.tensor) }),
        source: "golden", generator: generator)
      let tower = TransformerTower(
        .init(hiddenDimension: hidden, dropout: dropout), from: 8, to: 3, training: encoder,
        generator: generator, dtype: .float64)
      try tower.restore(before.mapValues(\.tensor))
      return tower
    }
  }

  private func golden(_ index: Int, testFile: String = #filePath) throws -> Case {
    // The goldens are one folder up, with those of the losses.
    let folder = (testFile as NSString).deletingLastPathComponent
    return try Golden<Case>("TransformerTower", testFile: folder).cases[index]
  }

  private func gradients(_ tower: TransformerTower) -> [String: Tensor?] {
    Dictionary(uniqueKeysWithValues: tower.parameters.map { ($0.name, $0.tensor.gradient) })
  }

  @Test(arguments: [nil, 6]) func `a truncated tower gives the first numbers`(hidden: Int?) {
    let generator = Generator(seed: 4)
    let tower = TransformerTower(
      .init(hiddenDimension: hidden), from: 5, to: 4, generator: generator)
    let vectors = Tensor.normal([3, 5], generator: generator)
    let part = tower.truncated(to: 2)(vectors).detached()
    expectClose(part, tower(vectors).detached().slice(0..<2, along: 1), tolerance: 1e-6)
  }

  @Test(arguments: [0, 1], [1, 8, 4096])
  func `a training step agrees with the reference`(index: Int, pieceTokenCount: Int) throws {
    let golden = try golden(index)
    let tower = try golden.tower()
    let labels = golden.labels.tensor.requiringGradient()
    let pass = TransformerTower.Pass(
      of: golden.tokens, through: tower, pieceTokenCount: pieceTokenCount)
    let embeddings = tower(pass.vectors)
    expectClose(embeddings.detached(), golden.embeddings.tensor, tolerance: 1e-10, "embeddings")
    let loss = try DecoupledSoftmaxLoss(temperature: 1)(
      queries: embeddings, labels: labels, bias: nil,
      positives: CSRMatrix(rows: golden.positives, columnCount: 4))
    expectClose(loss.scalar, golden.loss, tolerance: 1e-10)
    try loss.backward()
    try pass.backward()
    expectClose(labels.gradient, golden.labelGradient.tensor, tolerance: 1e-9, "labels")
    let found = gradients(tower)
    for (name, gradient) in golden.gradients {
      expectClose(found[name] ?? nil, gradient.tensor, tolerance: 1e-9, name)
    }
    let transformer = try #require(tower.transformer).parameters.map(\.tensor)
    expectClose(
      clipGradients(of: transformer, toNorm: golden.limit), golden.norm, tolerance: 1e-9)
    try AdamW(
      transformer, .init(learningRate: golden.rate, weightDecay: golden.decay)
    ).step()
    try AdamW(
      tower.projectionParameters.map(\.tensor),
      .init(learningRate: golden.projectionRate, weightDecay: 0)
    ).step()
    #expect(Set(tower.parameters.map(\.name)) == Set(golden.after.keys))
    for (name, tensor) in tower.parameters {
      expectClose(tensor.detached(), golden.after[name]?.tensor, tolerance: 1e-8, name)
    }
  }

  @Test func `both passes over a piece share one dropout mask`() throws {
    let golden = try golden(1)
    // Two pieces: the texts of six and five tokens, then the others.
    let (tower, reference) = (
      try golden.tower(dropout: 0.3, seed: 7), try golden.tower(dropout: 0.3, seed: 7)
    )
    tower.isTraining = true
    reference.isTraining = true
    let factor = Tensor((0..<40).map { cos(Double($0)) }, shape: [5, 8])
    let pass = TransformerTower.Pass(of: golden.tokens, through: tower, pieceTokenCount: 12)
    try (pass.vectors * factor).sum().backward()
    try pass.backward()

    let transformer = try #require(reference.transformer)
    let first = Tensor(rows: [golden.tokens[2] + [0], golden.tokens[0]].map { $0.map(Int64.init) })
    let mask = Tensor(rows: [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]] as [[Int64]])
      .isGreater(than: 0)
    let second = Tensor(rows: [[2, 3, 0], [2, 5, 3], [2, 6, 3]] as [[Int64]])
    let ends = Tensor(rows: [[1, 1, 0], [1, 1, 1], [1, 1, 1]] as [[Int64]]).isGreater(than: 0)
    let one = transformer(first, mask: mask)
    let other = transformer(second, mask: ends)
    let vectors = Tensor.concatenated(
      [one[1], other[1], one[0], other[0], other[2]].map {
        $0.reshaped([1, 8])
      })
    expectClose(pass.vectors.detached(), vectors.detached(), tolerance: 1e-12)
    try (vectors * factor).sum().backward()
    let found = gradients(tower)
    for (name, gradient) in gradients(reference) where name.hasPrefix("transformer.") {
      let gradient = try #require(gradient)
      expectClose(found[name] ?? nil, gradient, tolerance: 1e-10, name)
    }
  }

  @Test func `is invariant to the scale of vectors`() throws {
    let tower = TransformerTower(
      .init(hiddenDimension: 5, dropout: 0.5), from: 4, to: 3, generator: Generator(seed: 3))
    let vectors = Tensor(rows: [[1, -2, 0.5, 3], [0, 0, 0, 0]] as [[Float]])
    let embeddings = tower(vectors)
    #expect(embeddings.shape == [2, 3])
    expectClose(embeddings.detached(), tower(vectors * 1e4).detached(), tolerance: 1e-5)
    #expect(embeddings.detached().doubles().allSatisfy { $0.isFinite })
    #expect(tower(vectors[0..<0]).shape == [0, 3])
  }

  @Test func `applies dropout only in training`() throws {
    let tower = TransformerTower(
      .init(hiddenDimension: nil, dropout: 0.5), from: 4, to: 3, generator: Generator(seed: 3))
    let vectors = Tensor(rows: [[1, -2, 0.5, 3]] as [[Float]])
    #expect(tower(vectors).isIdentical(to: tower(vectors)))
    tower.isTraining = true
    let state = tower.generator.state
    let dropped = tower(vectors)
    #expect(!dropped.isIdentical(to: tower(vectors)))
    tower.generator.state = state
    #expect(dropped.isIdentical(to: tower(vectors)))
  }

  @Test func `a frozen tower trains only the projection`() {
    let tower = TransformerTower(
      .init(hiddenDimension: 5, dropout: 0), from: 4, to: 3, generator: Generator(seed: 3))
    #expect(
      tower.parameters.map(\.name) == [
        "projection.0.weight", "projection.0.bias", "projection.1.weight", "projection.1.bias",
      ])
  }
}
