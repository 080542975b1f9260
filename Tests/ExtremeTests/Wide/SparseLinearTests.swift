import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SparseLinearTests {
  // MARK: Which pairs have weights

  /// The pairs by counting every feature with every label.
  private func counted(
    _ configuration: SparseLinear.Configuration, bags: [[Int]], labels: [[Int]], features: Int,
    labelCount: Int
  ) -> [[Int]] {
    var pairs: [[Int]] = []
    for feature in 0..<features {
      let holders = bags.indices.filter { bags[$0].contains(feature) }
      let share = Double(holders.count) / Double(bags.count)
      guard share <= configuration.maximumDocumentShare + 1e-12 else { continue }
      for label in 0..<labelCount {
        let both = holders.count { labels[$0].contains(label) }
        let least = configuration.minimumPairCount
        let isKept = least == 0 ? !holders.isEmpty : both >= least
        if isKept { pairs.append([feature, label]) }
      }
    }
    return pairs
  }

  private func pattern(
    _ configuration: SparseLinear.Configuration, bags: [[Int]], labels: [[Int]], features: Int,
    labelCount: Int
  ) -> CSRMatrix {
    let model = SparseLinear(
      configuration, bags: CSRMatrix(rows: bags, columnCount: features),
      labels: CSRMatrix(rows: labels, columnCount: labelCount))
    #expect(model.weights.doubles().allSatisfy { $0 == 0 })
    #expect(model.weights.shape == [model.pattern.entryCount])
    #expect(model.pattern.values == nil)
    #expect(model.pattern.rowCount == features)
    #expect(model.pattern.columnCount == labelCount)
    return model.pattern
  }

  @Test(arguments: [0.0, 0.025, 0.1, 0.3, 1], [0, 1, 2, 5])
  func `pairs match a count over documents`(share: Double, least: Int) {
    var random = SplitMix64(11)
    let (features, labelCount) = (30, 12)
    func rows(_ count: Int, below bound: Int) -> [[Int]] {
      (0..<40).map { _ in
        let size = random.below(count)
        // Squares make small numbers common.
        let drawn = (0..<size).map { _ in
          let place = Double.random(in: 0..<1, using: &random)
          return Int(place * place * Double(bound))
        }
        return Set(drawn).sorted().shuffled(using: &random)
      }
    }
    let (bags, labels) = (rows(9, below: features), rows(4, below: labelCount))
    let settings = SparseLinear.Configuration(
      maximumDocumentShare: share, minimumPairCount: least)
    let found = pattern(
      settings, bags: bags, labels: labels, features: features, labelCount: labelCount)
    let expected = counted(
      settings, bags: bags, labels: labels, features: features, labelCount: labelCount)
    #expect(found.pairs == expected)
    #expect(!expected.isEmpty || share < 0.3 || least > 2)
  }

  @Test func `covers the first and last feature and label`() {
    let all = SparseLinear.Configuration(maximumDocumentShare: 1)
    let found = pattern(
      all, bags: [[4], [], [0]], labels: [[3], [0, 3], [0]], features: 5, labelCount: 4)
    #expect(found.pairs == [[0, 0], [4, 3]])
    // A feature of exactly the largest share still counts, one above it does not.
    let half = SparseLinear.Configuration(maximumDocumentShare: 0.5)
    let edge = pattern(
      half, bags: [[0, 1], [0, 1], [1], []], labels: [[0], [0], [0], [0]], features: 2,
      labelCount: 1)
    #expect(edge.pairs == [[0, 0]])
    // 0.29 · 100 is a little less than 29 in binary.
    let rounded = pattern(
      .init(maximumDocumentShare: 0.29), bags: (0..<100).map { $0 < 29 ? [0] : [] },
      labels: [[Int]](repeating: [0], count: 100), features: 1, labelCount: 1)
    #expect(rounded.pairs == [[0, 0]])
  }

  @Test func `no documents, features or labels give no pairs`() {
    let all = SparseLinear.Configuration(maximumDocumentShare: 1)
    for (bags, labels, features, labelCount) in [
      ([], [], 3, 2), ([[], []], [[0], [1]], 0, 2), ([[0], [2]], [[], []], 3, 2),
      ([[], []], [[0], [1]], 3, 2),
    ] as [([[Int]], [[Int]], Int, Int)] {
      let found = pattern(
        all, bags: bags, labels: labels, features: features, labelCount: labelCount)
      #expect(found.entryCount == 0)
    }
  }

  // MARK: Scores

  @Test(arguments: [DType.float64, .float32], [true, false])
  func `scores sum over features`(dtype: DType, isWeighted: Bool) {
    for seed in 1...5 as ClosedRange<UInt64> {
      let example = WideCase.random(seed: seed, isWeighted: isWeighted)
      let scores = example.model(dtype)(example.matrix).matrix()
      #expect(scores.dtype == dtype)
      expectClose(
        scores, Tensor(rows: example.scores), tolerance: dtype == .float64 ? 1e-14 : 1e-6)
    }
  }

  @Test func `label blocks add up to the full matrix`() {
    let example = WideCase.random(seed: 6, documents: 40, labels: 23)
    for dtype in [DType.float64, .float32] {
      let scores = example.model(dtype)(example.matrix)
      let whole = scores.matrix()
      for width in [1, 2, 5, 22, 23] {
        for start in stride(from: 0, to: 23, by: width) {
          let labels = start..<min(start + width, 23)
          let block = Tensor.ones([40, labels.count], dtype: dtype)
          scores.add(to: block, labels: labels)
          let expected = whole.transposed()[labels].transposed() + 1
          expectClose(block, expected, tolerance: dtype == .float64 ? 1e-14 : 1e-6, "\(labels)")
        }
      }
    }
  }

  @Test func `no pairs or documents give zero scores`() throws {
    var example = WideCase.random(seed: 7)
    example.weights = example.weights.map { $0.map { _ in nil } }
    let scores = example.model(.float32)(example.matrix)
    #expect(scores.matrix().doubles().allSatisfy { $0 == 0 })
    scores.accumulate(gradient: .ones([6, 7]), labels: 0..<7, scale: 1)
    #expect(scores.denseGradient()?.shape == [0])
    SparseLinearAdagrad(scores.source, learningRate: 1).step(scores)

    var nobody = WideCase.random(seed: 7)
    nobody.bags = []
    #expect(nobody.model()(nobody.matrix).matrix().shape == [0, 7])
    let silent = WideCase.random(seed: 7).model()
    let empty = silent(CSRMatrix(rows: [[], []], columnCount: 9))
    empty.accumulate(
      gradient: .ones([2, 7], dtype: .float64), labels: 0..<7, scale: 1)
    #expect(empty.matrix().doubles() == [Double](repeating: 0, count: 14))
    #expect(empty.denseGradient()?.doubles().allSatisfy { $0 == 0 } == true)
  }

  // MARK: PyTorch's values

  private struct GoldenCase: Decodable {
    struct Batch: Decodable {
      let bags: [[Int]]
      let values: [[Float]]?

      func matrix(_ features: Int) -> CSRMatrix {
        let plain = CSRMatrix(rows: bags, columnCount: features)
        return CSRMatrix(
          rowOffsets: plain.rowOffsets, columns: plain.columns,
          values: values.map { MappedArray(Array($0.joined())) }, columnCount: features)
      }
    }
    struct Slopes: Decodable {
      let queries: [[Double]]
      let labels: [[Double]]
      let bias: [Double]
      let weights: [Double]
    }
    struct Loss: Decodable {
      let value: Double
      let gradients: Slopes
    }
    let configuration: SparseLinear.Configuration
    let bags: [[Int]]
    let labelsOfBags: [[Int]]
    let pairs: [[Int]]
    let weights: [Double]
    let batch: Batch
    let wide: [[Double]]
    let temperature: Double
    let positives: [[Int]]
    let queries: [[Double]]
    let labels: [[Double]]
    let bias: [Double]
    let losses: [String: Loss]
  }

  @Test func `agrees with PyTorch`() throws {
    let cases = try goldenCases("SparseLinear", as: GoldenCase.self)
    #expect(cases.count == 3)
    for found in cases {
      let (features, labelCount) = (8, 6)
      let empty = SparseLinear(
        found.configuration, bags: CSRMatrix(rows: found.bags, columnCount: features),
        labels: CSRMatrix(rows: found.labelsOfBags, columnCount: labelCount), dtype: .float64)
      try #require(empty.pattern.pairs == found.pairs)
      let model = SparseLinear(pattern: empty.pattern, weights: Tensor(found.weights))
      let bags = found.batch.matrix(features)
      expectClose(model(bags).matrix(), Tensor(rows: found.wide), tolerance: 1e-13)
      let positives = CSRMatrix(rows: found.positives, columnCount: labelCount)
      for size in [1, 4, nil] {
        let losses: [String: any LabelLoss] = [
          "decoupled": DecoupledSoftmaxLoss(temperature: found.temperature, blockSize: size),
          "binary": BinaryCrossEntropyLoss(temperature: found.temperature, blockSize: size),
        ]
        #expect(Set(losses.keys) == Set(found.losses.keys))
        for (name, loss) in losses {
          let expected = try #require(found.losses[name])
          let leaves = [
            Tensor(rows: found.queries), Tensor(rows: found.labels), Tensor(found.bias),
          ]
          .map { $0.requiringGradient() }
          let offset = model(bags)
          let value = try loss(
            queries: leaves[0], labels: leaves[1], bias: leaves[2], positives: positives,
            offset: offset)
          expectClose(value.scalar, expected.value, tolerance: 1e-12, name)
          // The golden is of three times the loss.
          let slopes = try gradients(of: value * 3, withRespectTo: leaves)
          let wanted = expected.gradients
          expectClose(slopes[0], Tensor(rows: wanted.queries), tolerance: 1e-11, name)
          expectClose(slopes[1], Tensor(rows: wanted.labels), tolerance: 1e-11, name)
          expectClose(slopes[2], Tensor(wanted.bias), tolerance: 1e-11, name)
          expectClose(offset.denseGradient(), Tensor(wanted.weights), tolerance: 1e-11, name)
        }
      }
    }
  }

  // MARK: Storing

  @Test func `weights round-trip through a file`() throws {
    let folder = try TemporaryFolder()
    for seed in [8, 9] as [UInt64] {
      let model = WideCase.random(seed: seed).model(.float32)
      let path = folder.file("model.safetensors")
      try Safetensors.write(model.tensors(under: "wide"), to: path)
      let read = try SparseLinear(
        SafetensorsFile(path: path), under: "wide", featureCount: 9, labelCount: 7)
      #expect(read.pattern == model.pattern)
      #expect(read.weights.isIdentical(to: model.weights))
    }
    let none = SparseLinear(
      pattern: CSRMatrix(rows: [[], []], columnCount: 3), weights: .zeros([0]))
    try Safetensors.write(none.tensors(under: "wide"), to: folder.file("none.safetensors"))
    let read = try SparseLinear(
      SafetensorsFile(path: folder.file("none.safetensors")), under: "wide", featureCount: 2,
      labelCount: 3)
    #expect(read.pattern == none.pattern)
  }

  @Test func `rejects damaged files by name`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.safetensors")
    let sound: [String: Tensor] = [
      "w.offsets": Tensor([Int64(0), 2, 2, 3]), "w.columns": Tensor([Int32(0), 3, 1]),
      "w.weights": Tensor([Float(1), 2, 3]),
    ]
    func read(_ name: String?, _ tensor: Tensor?) throws -> SparseLinear {
      var tensors = sound
      if let name { tensors[name] = tensor }
      try Safetensors.write(tensors, to: path)
      return try SparseLinear(
        SafetensorsFile(path: path), under: "w", featureCount: 3, labelCount: 4)
    }
    #expect(try read(nil, nil).pattern.pairs == [[0, 0], [0, 3], [2, 1]])
    let damages: [(String, Tensor?, String)] = [
      ("w.columns", Tensor([Int32(0), 4, 1]), "column 4"),
      ("w.columns", Tensor([Int32(-1), 3, 1]), "column -1"),
      ("w.columns", Tensor([Int32(3), 0, 1]), "feature 0"),
      ("w.columns", Tensor([Int32(3), 3, 1]), "feature 0"),
      ("w.columns", Tensor([Int64(0), 3, 1]), "int64"),
      ("w.columns", Tensor([Int32(0), 3]), "w.weights"),
      ("w.columns", Tensor([Int32(0), 3, 1], shape: [3, 1]), "[3, 1]"),
      ("w.columns", nil, "w.columns"),
      ("w.offsets", Tensor([Int64(0), 2, 3]), "w.offsets"),
      ("w.offsets", Tensor([Int64(0), 2, 2, 2]), "3 entries"),
      ("w.offsets", Tensor([Int64(1), 2, 2, 3]), "3 entries"),
      ("w.offsets", Tensor([Int64(0), 3, 2, 3]), "row 1"),
      ("w.offsets", Tensor([Int64(0), 9, 9, 3]), "row 2"),
      ("w.offsets", Tensor([Int64(0), -5, 2, 3]), "row 0"),
      ("w.offsets", Tensor([Float(0), 2, 2, 3]), "float32"),
      ("w.offsets", nil, "w.offsets"),
      ("w.weights", Tensor([Float(1), 2]), "w.weights"),
      ("w.weights", Tensor([1.0, 2, 3]), "float64"),
      ("w.weights", nil, "w.weights"),
    ]
    for (name, tensor, words) in damages {
      let error = #expect(throws: InputError.self, "\(name), \(words)") {
        try read(name, tensor)
      }
      #expect(error?.file == path)
      #expect(error?.description.contains(words) == true, "\(words): \(error as Any)")
    }
  }

  @Test func `restores only weights of the same pairs`() throws {
    let example = WideCase.random(seed: 10)
    let stored = example.model(.float32)
    var tensors = stored.tensors(under: "wide")
    let target = SparseLinear(
      pattern: stored.pattern, weights: .zeros([stored.pattern.entryCount]))
    try target.restore(tensors, under: "wide")
    #expect(target.weights.isIdentical(to: stored.weights))

    func refuse(_ other: SparseLinear, sourceLocation: SourceLocation = #_sourceLocation) {
      let before = other.weights.copied()
      #expect(throws: ValueError.self, sourceLocation: sourceLocation) {
        try other.restore(tensors, under: "wide")
      }
      #expect(other.weights.isIdentical(to: before), sourceLocation: sourceLocation)
    }
    // As many pairs, one of them elsewhere.
    var moved = example
    let free = try #require(moved.weights[0].firstIndex { $0 == nil })
    moved.weights[0][free] = moved.weights[0][0]
    moved.weights[0][0] = nil
    #expect(moved.pairs.count == example.pairs.count)
    refuse(moved.model(.float32))
    var fewer = example
    fewer.weights[0][0] = nil
    refuse(fewer.model(.float32))
    refuse(example.model(.float64))
    for name in ["offsets", "columns", "weights"] {
      tensors = stored.tensors(under: "wide")
      tensors["wide.\(name)"] = nil
      refuse(target)
    }
    tensors = stored.tensors(under: "wide")
    tensors["wide.weights"] = .zeros([1])
    refuse(target)
  }

  @Test func `an older configuration means Adagrad`() throws {
    let older = Data(
      "{\"learningRate\": 0.3, \"maximumDocumentShare\": 0.005, \"minimumPairCount\": 1}".utf8)
    #expect(
      try JSONDecoder().decode(SparseLinear.Configuration.self, from: older)
        == SparseLinear.Configuration())
    #expect(SparseLinear.Configuration(method: .sgd).learningRate == 100)
  }
}
