import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct DualEncoderTests {
  private let documents = CSRMatrix(
    rowOffsets: MappedArray([0, 2, 3]), columns: MappedArray([0, 2, 1]),
    values: MappedArray([1, 0.5, 2]), columnCount: 4)
  private let texts = CSRMatrix(
    rowOffsets: MappedArray([0, 1, 2, 4]), columns: MappedArray([3, 0, 1, 2]),
    values: MappedArray([1, 1, 0.5, 0.5]), columnCount: 4)

  private func model(_ labels: DualEncoder.LabelSource, normalized: Bool = false) -> DualEncoder {
    DualEncoder(
      .init(encoder: .init(dimension: 2, isNormalized: normalized), labels: labels),
      featureCount: 4, labelCounts: [3, 0, 7], documentCount: 10, generator: Generator(seed: 2))
  }

  @Test(arguments: DualEncoder.LabelSource.allCases, [false, true])
  func `label vectors come from their source`(source: DualEncoder.LabelSource, normalized: Bool)
    throws
  {
    let model = model(source, normalized: normalized)
    if let vectors = model.labelVectors {
      withoutGradients { vectors.copyInPlace(from: Tensor(rows: [[1, 2], [3, 4], [5, 6]])) }
    }
    let (queries, labels) = try model(documents: documents, labelTexts: texts)
    let encoder = model.encoder
    let ofTexts = try encoder(texts)
    let expected: Tensor =
      switch source {
      case .free: model.labelVectors!
      case .text: ofTexts
      case .both: ofTexts + model.labelVectors!
      }
    expectClose(
      labels.detached(), encoder.normalized(expected).detached(), tolerance: 1e-6, "labels")
    expectClose(
      queries.detached(), encoder.normalized(try encoder(documents)).detached(), tolerance: 1e-6,
      "queries")
    expectClose(
      try model.embeddings(ofLabels: texts).detached(), labels.detached(), tolerance: 1e-6)
  }

  @Test(arguments: [DualEncoder.LabelSource.text, .both])
  func `separate towers have separate tables`(source: DualEncoder.LabelSource) throws {
    let model = DualEncoder(
      .init(encoder: .init(dimension: 2), labels: source, sharesEncoder: false),
      featureCount: 4, labelCounts: [3, 0, 7], documentCount: 10, generator: Generator(seed: 2))
    let labelEncoder = try #require(model.labelEncoder)
    #expect(model.parameters.map(\.name).contains("labels.encoder.table.weight"))
    let (queries, labels) = try model(documents: documents, labelTexts: texts)
    expectClose(queries.detached(), try model.encoder(documents).detached(), tolerance: 1e-6)
    // Separate vectors start at 0.
    expectClose(labels.detached(), try labelEncoder(texts).detached(), tolerance: 1e-6)
    expectClose(
      try model.embeddings(ofLabels: texts).detached(), labels.detached(), tolerance: 1e-6)
    #expect(model.encoder.table.weight.doubles() != labelEncoder.table.weight.doubles())
    try labels.sum().backward()
    #expect(model.encoder.table.weight.gradient == nil)
    #expect(labelEncoder.table.weight.gradient != nil)
  }

  @Test func `free labels have no label encoder`() {
    let model = DualEncoder(
      .init(encoder: .init(dimension: 2), labels: .free, sharesEncoder: false), featureCount: 4,
      labelCounts: [1], documentCount: 1, generator: Generator(seed: 2))
    #expect(model.labelEncoder == nil)
  }

  @Test(arguments: DualEncoder.LabelSource.allCases, [0, 4])
  func `a tower adds its embedding`(source: DualEncoder.LabelSource, featureCount: Int) throws {
    let tower = TransformerTower(
      .init(hiddenDimension: 3, dropout: 0), from: 5, to: 2, generator: Generator(seed: 4))
    let model = DualEncoder(
      .init(encoder: .init(dimension: 2, isNormalized: true), labels: source),
      featureCount: featureCount, labelCounts: [3, 0, 7], documentCount: 10, tower: tower,
      generator: Generator(seed: 2))
    func empty(_ count: Int) -> CSRMatrix {
      CSRMatrix(
        rowOffsets: MappedArray([Int64](repeating: 0, count: count + 1)),
        columns: MappedArray([]), values: MappedArray([]), columnCount: 0)
    }
    let (bags, labelBags) = featureCount == 0 ? (empty(2), empty(3)) : (documents, texts)
    var random = SplitMix64(3)
    func vectors(_ count: Int) -> Tensor {
      Tensor(random.doubles(5 * count), shape: [count, 5]).converted(to: .float32)
    }
    let both = TransformerVectors(
      documents: vectors(2), labels: source == .free ? nil : vectors(3))
    let (queries, labels) = try model(documents: bags, labelTexts: labelBags, vectors: both)

    func summed(_ bags: CSRMatrix, _ vectors: Tensor) throws -> Tensor {
      let ofVectors = tower(vectors)
      return featureCount == 0 ? ofVectors : try model.encoder(bags) + ofVectors
    }
    func unit(_ tensor: Tensor) -> Tensor { model.encoder.normalized(tensor).detached() }
    expectClose(queries.detached(), unit(try summed(bags, both.documents)), tolerance: 1e-6)
    var expected = try both.labels.map { try summed(labelBags, $0) }
    if let own = model.labelVectors { expected = expected.map { $0 + own } ?? own }
    expectClose(labels.detached(), expected.map(unit), tolerance: 1e-6, "labels")
    expectClose(
      try model.embeddings(ofLabels: labelBags, vectors: both.labels).detached(),
      labels.detached(), tolerance: 1e-6)
    #expect(model.parameters.contains { $0.name == "tower.projection.0.weight" })
  }

  @Test func `biases start at the log prior`() {
    expectClose(
      model(.free).bias!.detached().doubles(), [log(0.35), log(0.05), log(0.75)], tolerance: 1e-6)
  }

  @Test func `the temperature is a parameter with the given start`() throws {
    let learns = DualEncoder.Configuration(encoder: .init(dimension: 2), learnsTemperature: true)
    let model = DualEncoder(
      learns, featureCount: 4, labelCounts: [3, 0, 7], documentCount: 10, temperature: 0.05,
      generator: Generator(seed: 2))
    expectClose(model.temperature, 0.05, tolerance: 1e-7)
    #expect(model.parameters.map(\.name).contains("temperature.log"))
    let fixed = DualEncoder(
      .init(encoder: .init(dimension: 2)), featureCount: 4, labelCounts: [3, 0, 7],
      documentCount: 10, temperature: 0.3, generator: Generator(seed: 2))
    #expect(fixed.logTemperature == nil && fixed.temperature == 0.3)
  }

  @Test func `older configurations decode to a fixed temperature`() throws {
    let data = try JSONEncoder().encode(DualEncoder.Configuration())
    var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object.removeValue(forKey: "learnsTemperature") != nil)
    let older = try JSONSerialization.data(withJSONObject: object)
    #expect(
      try JSONDecoder().decode(DualEncoder.Configuration.self, from: older)
        == DualEncoder.Configuration())
  }

  @Test func `free vectors added to texts start at zero`() {
    #expect(model(.both).labelVectors!.detached().doubles().allSatisfy { $0 == 0 })
    #expect(model(.text).labelVectors == nil)
  }

  @Test func `both sides share one sparse table gradient`() throws {
    let model = model(.both)
    let (queries, labels) = try model(documents: documents, labelTexts: texts)
    try queries.matmul(labels.transposed()).sum().backward()
    let gradient = model.encoder.table.weight.gradient!
    #expect(gradient.isSparse)
    // By the product rule: documents pull on the sum of the labels, texts on that of the queries.
    let ofLabels = labels.detached().sum(along: 0).doubles()
    let ofQueries = queries.detached().sum(along: 0).doubles()
    func row(_ document: Double, _ text: Double) -> [Double] {
      (0..<2).map { document * ofLabels[$0] + text * ofQueries[$0] }
    }
    expectClose(
      gradient.densified().doubles(), row(1, 1) + row(2, 0.5) + row(0.5, 0.5) + row(0, 1),
      tolerance: 1e-6)
  }

  @Test func `parameters round-trip by name`() throws {
    let source = model(.both)
    withoutGradients { source.labelVectors?.fillInPlace(2) }
    let target = DualEncoder(
      source.configuration, featureCount: 4, labelCounts: [0, 0, 0], documentCount: 1,
      generator: Generator(seed: 9))
    let state = Dictionary(
      uniqueKeysWithValues: source.parameters.map { ($0.name, $0.tensor.detached()) })
    #expect(state.keys.sorted() == ["encoder.table.weight", "labels.bias", "labels.vectors"])
    try target.restore(state)
    for (a, b) in zip(source.parameters, target.parameters) {
      #expect(a.tensor.isIdentical(to: b.tensor))
    }
    var wrong = state
    wrong["labels.bias"] = Tensor.zeros([4])
    #expect(throws: ValueError.self) { try target.restore(wrong) }
    wrong = state
    wrong["labels.bias"] = nil
    #expect(throws: ValueError.self) { try target.restore(wrong) }
  }
}
