import Storage
import TestSupport
import Testing
import Torch

/// The optimisers against PyTorch, in float64.
@Suite struct OptimizerTests {
  struct Case: Decodable {
    struct Run: Decodable {
      let name: String
      let options: [String: Double]
      let skipping: Bool
      let values: [String: [GoldenTensor]]
    }
    struct Clipping: Decodable {
      let kind: String
      let limit: Double
      let norm: Double
      let gradients: [GoldenTensor]
    }
    let start: [GoldenTensor]
    let gradients: [[GoldenTensor]]
    let table: GoldenTensor
    let rows: [[Int]]
    let rowGradients: [GoldenTensor]
    let runs: [Run]
    let clipping: [Clipping]
  }

  private func golden() throws -> Case { try #require(Golden<Case>("Optimizers").cases.first) }

  private func make(_ run: Case.Run, _ parameters: [Tensor]) -> (any Optimizer)? {
    let options = run.options
    switch run.name {
    case "AdamW":
      var settings = AdamW.Configuration()
      settings.learningRate = options["learningRate"] ?? settings.learningRate
      settings.firstDecay = options["firstDecay"] ?? settings.firstDecay
      settings.secondDecay = options["secondDecay"] ?? settings.secondDecay
      settings.epsilon = options["epsilon"] ?? settings.epsilon
      settings.weightDecay = options["weightDecay"] ?? settings.weightDecay
      return AdamW(parameters, settings)
    case "SGD", "SGD sparse":
      var settings = SGD.Configuration()
      settings.learningRate = options["learningRate"] ?? settings.learningRate
      settings.momentum = options["momentum"] ?? settings.momentum
      settings.isNesterov = options["isNesterov"] == 1
      settings.weightDecay = options["weightDecay"] ?? settings.weightDecay
      return SGD(parameters, settings)
    case "SparseAdagrad":
      var settings = SparseAdagrad.Configuration(isRowwise: false)
      settings.learningRate = options["learningRate"] ?? settings.learningRate
      settings.epsilon = options["epsilon"] ?? settings.epsilon
      return SparseAdagrad(parameters, settings)
    case "SparseAdam":
      var settings = SparseAdam.Configuration()
      settings.learningRate = options["learningRate"] ?? settings.learningRate
      settings.firstDecay = options["firstDecay"] ?? settings.firstDecay
      settings.secondDecay = options["secondDecay"] ?? settings.secondDecay
      settings.epsilon = options["epsilon"] ?? settings.epsilon
      return SparseAdam(parameters, settings)
    default: return nil
    }
  }

  @Test func `ten steps agree with PyTorch`() throws {
    let golden = try golden()
    for run in golden.runs {
      let isSparse = run.name.hasPrefix("Sparse") || run.name.hasSuffix("sparse")
      let parameters = (isSparse ? [golden.table] : golden.start).map {
        $0.tensor.requiringGradient()
      }
      let optimizer = try #require(make(run, parameters), "\(run.name)")
      for step in 0..<10 {
        for (index, parameter) in parameters.enumerated() {
          parameter.gradient =
            if isSparse {
              .sparse(
                rows: Tensor(golden.rows[step]), values: golden.rowGradients[step].tensor,
                rowCount: 5)
            } else if run.skipping && index == 1 && step % 3 == 0 {
              nil
            } else {
              golden.gradients[step][index].tensor
            }
        }
        try optimizer.step()
        for (parameter, expected) in zip(parameters, run.values["\(step + 1)"] ?? []) {
          expectClose(
            parameter.detached(), expected.tensor, tolerance: 1e-13,
            "\(run.name) \(run.options) after \(step + 1)")
        }
      }
    }
  }

  @Test func `single precision stays near double precision`() throws {
    let golden = try golden()
    for run in golden.runs where !run.skipping && !run.name.contains("parse") {
      let parameters = golden.start.map { $0.tensor.converted(to: .float32).requiringGradient() }
      let optimizer = try #require(make(run, parameters))
      for step in 0..<10 {
        for (parameter, gradient) in zip(parameters, golden.gradients[step]) {
          parameter.gradient = gradient.tensor.converted(to: .float32)
        }
        try optimizer.step()
      }
      for (parameter, expected) in zip(parameters, run.values["10"] ?? []) {
        expectClose(parameter.doubles(), expected.values, tolerance: 1e-5, run.name)
      }
    }
  }

  @Test func `gradient clipping agrees with PyTorch`() throws {
    let golden = try golden()
    for clipping in golden.clipping {
      let parameters = golden.start.map { $0.tensor.requiringGradient() }
      for (parameter, gradient) in zip(parameters, golden.gradients[0]) {
        parameter.gradient = gradient.tensor
      }
      if clipping.kind == "norm" {
        let norm = clipGradients(of: parameters, toNorm: clipping.limit)
        expectClose(norm, clipping.norm, tolerance: 1e-14)
      } else {
        clipGradients(of: parameters, toValue: clipping.limit)
      }
      for (parameter, expected) in zip(parameters, clipping.gradients) {
        expectClose(parameter.gradient, expected.tensor, tolerance: 1e-14, clipping.kind)
      }
    }
  }

  @Test func `clipping merges repeated rows of sparse gradients`() throws {
    let table = Tensor.zeros([4, 2], dtype: .float64).requiringGradient()
    let layer = EmbeddingBag(weight: table, gradient: .sparse)
    let dense = EmbeddingBag(weight: table, gradient: .dense)
    for layer in [layer, dense] {
      try layer(CSRMatrix(rows: [[1, 3]], columnCount: 4)).sum().backward()
      try (layer(CSRMatrix(rows: [[0, 3]], columnCount: 4)) * 2).sum().backward()
    }
    let norm = clipGradients(of: [layer.weight], toNorm: 1)
    expectClose(norm, clipGradients(of: [dense.weight], toNorm: 1), tolerance: 1e-14)
    expectClose(layer.weight.gradient?.densified(), dense.weight.gradient, tolerance: 1e-14)
    clipGradients(of: [layer.weight], toValue: 0.2)
    clipGradients(of: [dense.weight], toValue: 0.2)
    expectClose(layer.weight.gradient?.densified(), dense.weight.gradient, tolerance: 1e-14)
    #expect(layer.weight.gradient?.isSparse == true)
  }

  @Test func `clipping without gradients returns 0`() {
    #expect(clipGradients(of: [Tensor.ones([2]).requiringGradient()], toNorm: 1) == 0)
  }

  @Test func `a restored optimizer continues bit for bit`() throws {
    let golden = try golden()
    for run in golden.runs where !run.name.contains("parse") {
      func advance(_ parameters: [Tensor], _ optimizer: any Optimizer, _ steps: Range<Int>) throws {
        for step in steps {
          for (parameter, gradient) in zip(parameters, golden.gradients[step]) {
            parameter.gradient = gradient.tensor
          }
          try optimizer.step()
        }
      }
      let whole = golden.start.map { $0.tensor.requiringGradient() }
      let first = try #require(make(run, whole))
      try advance(whole, first, 0..<4)
      let saved = first.state.mapValues { $0.copied() }
      let copies = whole.map { $0.detached().copied().requiringGradient() }
      try advance(whole, first, 4..<10)
      let second = try #require(make(run, copies))
      try second.restore(saved)
      try advance(copies, second, 4..<10)
      for (a, b) in zip(whole, copies) {
        #expect(a.detached().isIdentical(to: b.detached()), "\(run.name)")
      }
    }
  }

  @Test func `reads strided gradients correctly`() throws {
    let plain = Tensor.zeros([2, 3]).requiringGradient()
    let strided = Tensor.zeros([2, 3]).requiringGradient()
    let gradient = Tensor(rows: [[1.0, -2, 3], [-4, 5, -6]]).converted(to: .float32)
    plain.gradient = gradient
    strided.gradient = gradient.transposed().contiguous().transposed()
    try AdamW([plain]).step()
    try AdamW([strided]).step()
    #expect(plain.detached().isIdentical(to: strided.detached()))
    try SGD([plain]).step()
    try SGD([strided]).step()
    #expect(plain.detached().isIdentical(to: strided.detached()))
  }

  @Test func `clearing removes gradients`() throws {
    let parameter = Tensor.ones([2]).requiringGradient()
    try parameter.sum().backward()
    let optimizer = AdamW([parameter])
    optimizer.clearGradients()
    #expect(parameter.gradient == nil)
    try optimizer.step()
    #expect(parameter.doubles() == [1, 1])
    #expect(optimizer.state["step"]?.doubles() == [0])
  }
}
