import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct TransformerEncoderTests {
  /// One model of the golden file.
  private struct Case: Decodable {
    var configuration: TransformerEncoder.Configuration
    var tokens: [[Int64]]
    var isMasked: Bool
    var weights: [String: GoldenTensor]
    var first: GoldenTensor
    var mean: GoldenTensor
    var unit: GoldenTensor
    var tokenVectors: GoldenTensor
    var gradients: [String: GoldenTensor]

    var batch: (tokens: Tensor, mask: Tensor?) {
      let tokens = Tensor(rows: tokens)
      return (tokens, isMasked ? tokens.isGreater(than: 0) : nil)
    }

    func encoder(
      _ pooling: TransformerEncoder.Pooling, isNormalized: Bool = false, prefix: String = "",
      dtype: DType = .float64
    ) throws -> TransformerEncoder {
      var configuration = configuration
      configuration.pooling = pooling
      configuration.isNormalized = isNormalized
      let tensors = Dictionary(
        uniqueKeysWithValues: weights.map { (prefix + $0, $1.tensor.converted(to: dtype)) })
      return try TransformerEncoder(configuration, tensors: tensors, source: "golden")
    }
  }

  private func golden(_ index: Int, testFile: String = #filePath) throws -> Case {
    // The goldens are one folder up, with those of the losses.
    let folder = (testFile as NSString).deletingLastPathComponent
    return try Golden<Case>("TransformerEncoder", testFile: folder).cases[index]
  }

  @Test(arguments: 0..<3)
  func `agrees with transformers`(index: Int) throws {
    let golden = try golden(index)
    let (tokens, mask) = golden.batch
    #expect(golden.configuration.dropout == 0)
    expectClose(
      try golden.encoder(.mean)(tokens, mask: mask), golden.mean.tensor, tolerance: 1e-9, "mean")
    expectClose(
      try golden.encoder(.mean, isNormalized: true)(tokens, mask: mask), golden.unit.tensor,
      tolerance: 1e-9, "unit")
    let encoder = try golden.encoder(.firstToken, prefix: "bert.")
    expectClose(encoder(tokens, mask: mask), golden.first.tensor, tolerance: 1e-9, "first")
    expectClose(
      encoder.tokenVectors(of: tokens, mask: mask)[0], golden.tokenVectors.tensor,
      tolerance: 1e-9, "tokens")
    expectClose(
      try golden.encoder(.mean, dtype: .float32)(tokens, mask: mask), golden.mean.tensor,
      tolerance: 1e-5, "float32")
  }

  @Test(arguments: [0, 2])
  func `gradients agree with transformers`(index: Int) throws {
    let golden = try golden(index)
    let (tokens, mask) = golden.batch
    let encoder = try golden.encoder(.mean, isNormalized: true)
    let first = encoder.tokenVectors(of: tokens, mask: mask).slice(0..<1, along: 1)
    let factor = Tensor((0..<24).map { sin(Double($0)) }, shape: [3, 8])
    let sum = (encoder(tokens, mask: mask) + first.squeezed(along: 1)) * factor
    try sum.sum().backward()
    let parameters = Dictionary(
      uniqueKeysWithValues: encoder.parameters.map { ($0.name, $0.tensor) })
    #expect(Set(parameters.keys) == Set(golden.weights.keys))
    for (name, gradient) in golden.gradients {
      expectClose(parameters[name]?.gradient, gradient.tensor, tolerance: 1e-9, name)
    }
  }

  @Test func `is invariant to padding`() throws {
    let golden = try golden(0)
    let encoder = try golden.encoder(.mean, isNormalized: true)
    let texts = golden.tokens.map { row in row.filter { $0 > 0 }.map(Int32.init) }
    for (padding, size) in [(0, 4096), (17, 1), (17, 12)] as [(Int32, Int)] {
      let embeddings = encoder.embeddings(of: texts, paddingID: padding, batchTokenCount: size)
      expectClose(embeddings, golden.unit.tensor, tolerance: 1e-9, "\(padding), \(size)")
    }
    #expect(encoder.embeddings(of: []).shape == [0, 8])
  }

  @Test func `applies dropout only in training and when configured`() throws {
    let tokens = Tensor(rows: [[2, 7, 3]] as [[Int64]])
    let configuration = TransformerEncoder.Configuration(
      vocabularySize: 9, width: 4, blockCount: 1, headCount: 2, hiddenWidth: 4, maximumLength: 3,
      dropout: 0.5)
    let encoder = TransformerEncoder(configuration, generator: Generator(seed: 1))
    #expect(!encoder(tokens).isIdentical(to: encoder(tokens)))
    encoder.isTraining = false
    #expect(encoder(tokens).isIdentical(to: encoder(tokens)))
    var without = configuration
    without.dropout = 0
    let plain = TransformerEncoder(without, generator: Generator(seed: 1))
    #expect(plain(tokens).isIdentical(to: encoder(tokens)))
  }

  @Test func `reads a checkpoint and its pooling`() throws {
    let golden = try golden(0)
    let folder = try TemporaryFolder()
    try folder.write(JSONEncoder().encode(golden.configuration), to: "config.json")
    try Safetensors.write(
      golden.weights.mapValues(\.tensor), to: folder.file("model.safetensors"))
    let (tokens, mask) = golden.batch
    expectClose(
      try TransformerEncoder(checkpoint: folder.path)(tokens, mask: mask), golden.mean.tensor)
    let modules = [
      "{\"type\": \"x.Pooling\", \"path\": \"1_Pooling\"}", "{\"type\": \"x.Normalize\"}",
    ]
    try folder.write("[\(modules.joined(separator: ","))]", to: "modules.json")
    try FileManager.default.createDirectory(
      atPath: folder.file("1_Pooling"), withIntermediateDirectories: false)
    try folder.write("{\"pooling_mode_mean_tokens\": true}", to: "1_Pooling/config.json")
    expectClose(
      try TransformerEncoder(checkpoint: folder.path)(tokens, mask: mask), golden.unit.tensor)
    try folder.write("{\"pooling_mode_max_tokens\": true}", to: "1_Pooling/config.json")
    let error = #expect(throws: InputError.self) { try TransformerEncoder(checkpoint: folder.path) }
    #expect(error?.reason == "the pooling max")
  }

  @Test func `names the fault of a checkpoint`() throws {
    let golden = try golden(0)
    func reason(_ change: (inout Case) -> Void) -> String? {
      var changed = golden
      change(&changed)
      return #expect(throws: InputError.self) { try changed.encoder(.mean) }?.reason
    }
    #expect(
      reason { $0.weights["encoder.layer.1.output.dense.bias"] = nil }
        == "there is no tensor \"encoder.layer.1.output.dense.bias\"")
    #expect(
      reason { $0.configuration.vocabularySize = 21 }
        == "\"embeddings.word_embeddings.weight\" is of shape [20, 8]")
    #expect(reason { $0.configuration.headCount = 3 } == "3 heads do not divide 8")
    #expect(reason { $0.configuration.headCount = 0 } == "a size of 0, outside 1 ... 2^31")
    let folder = try TemporaryFolder()
    try folder.write("{\"model_type\": \"gpt2\"}", to: "config.json")
    let other = #expect(throws: InputError.self) { try TransformerEncoder(checkpoint: folder.path) }
    #expect(other?.reason == "the model_type is \"gpt2\"")
    try folder.write("{\"model_type\": \"bert\"}", to: "config.json")
    #expect(throws: InputError.self) { try TransformerEncoder(checkpoint: folder.path) }
  }

  @Test(arguments: 0..<3, [1.0, 1e4])
  func `stays finite at extreme inputs`(index: Int, scale: Double) throws {
    var golden = try golden(index)
    golden.configuration.pooling = .mean
    let large = Dictionary(
      uniqueKeysWithValues: golden.weights.map { ($0, $1.tensor.converted(to: .float32) * scale) })
    let longest = [Int32](repeating: 19, count: golden.configuration.maximumLength)
    // Nothing but the two marks, a mark alone, padding as a word, one word over and over, all of it
    // with the longest text, so that most of a batch is padding.
    let texts: [[Int32]] = [[2, 3], [2], [0, 0, 0], [2, 2, 2, 2], longest, [19]]
    for pooling in TransformerEncoder.Pooling.allCases {
      golden.configuration.pooling = pooling
      golden.configuration.isNormalized = true
      let encoder = try TransformerEncoder(golden.configuration, tensors: large, source: "golden")
      let pass = TransformerTower.Pass(
        of: texts,
        through: TransformerTower(
          .init(), from: 8, to: 2, training: encoder, generator: Generator(seed: 1)))
      #expect(pass.vectors.detached().doubles().allSatisfy { $0.isFinite }, "\(pooling)")
      try pass.vectors.sum().backward()
      for (name, tensor) in encoder.parameters {
        let gradient = try #require(tensor.gradient, "\(name)").doubles()
        #expect(gradient.allSatisfy { $0.isFinite }, "\(pooling), \(name)")
      }
    }
  }

  @Test(arguments: 0..<3)
  func `gradient matches finite differences`(index: Int) throws {
    let golden = try golden(index)
    let (tokens, mask) = golden.batch
    let encoder = try golden.encoder(.mean, isNormalized: true)
    let factor = Tensor((0..<24).map { sin(Double($0)) }, shape: [3, 8])
    func value() -> Tensor { (encoder(tokens, mask: mask) * factor).sum() }
    try value().backward()
    let step = 1e-5
    for (name, tensor) in encoder.parameters {
      let gradient = try #require(tensor.gradient).doubles()
      // Two numbers of each parameter: the one that matters most, and one in the middle.
      let steepest = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
      for place in [steepest, gradient.count / 2] {
        let original = tensor.detached().copied()
        func shifted(_ by: Double) -> Double {
          withoutGradients {
            var numbers = original.doubles()
            numbers[place] += by
            tensor.copyInPlace(from: Tensor(numbers, shape: original.shape))
            return value().scalar
          }
        }
        let difference = (shifted(step) - shifted(-step)) / (2 * step)
        withoutGradients { tensor.copyInPlace(from: original) }
        expectClose(gradient[place], difference, tolerance: 1e-7, "\(name)[\(place)]")
      }
    }
  }

  @Test func `traps on texts over the length limit`() async {
    await #expect(processExitsWith: .failure) {
      let encoder = TransformerEncoder(
        .init(
          vocabularySize: 9, width: 4, blockCount: 1, headCount: 2, hiddenWidth: 4,
          maximumLength: 2), generator: Generator(seed: 1))
      _ = encoder(Tensor(rows: [[2, 7, 3]] as [[Int64]]))
    }
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["DECANT_MINILM"] != nil,
      "DECANT_MINILM names no folder with all-MiniLM-L6-v2"))
  func `the MiniLM checkpoint embeds like the reference`() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["DECANT_MINILM"])
    let encoder = try TransformerEncoder(checkpoint: folder)
    // "Real-time strategy game of ancient warfare", by transformers 5.23.0 in float64.
    let text: [Int32] = [101, 2613, 1011, 2051, 5656, 2208, 1997, 3418, 8309, 102]
    let embedding = encoder.embeddings(of: [text, [101, 102]])[0]
    expectClose(embedding.norm().scalar, 1, tolerance: 1e-6)
    expectClose(
      embedding[0..<8].doubles(),
      [
        -0.0867691202, 0.0763810291, -0.0586153299, -0.1172399419, -0.0731549930, -0.0344244064,
        -0.0234131050, -0.0255808264,
      ],
      tolerance: 1e-5)
  }
}
