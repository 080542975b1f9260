import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GPSLayerTests {
  private struct Options: Decodable {
    let sizes: [Int]
    let edges: [[Int]]
    let heads: Int

    /// The graphs one by one, though the golden file's edges number the nodes of all.
    func batch() throws -> GraphBatch {
      var start = 0
      return GraphBatch(
        try sizes.map { size in
          defer { start += size }
          let own = edges.filter { $0[0] >= start && $0[0] < start + size }
          return try GoldenGraph(nodes: size, edges: own.map { $0.map { $0 - start } }).graph()
        }, dtype: .float64)
    }
  }

  @Test func `a layer agrees with PyTorch Geometric`() throws {
    try agreeWithTheGolden("GPSLayer", Options.self, cases: 3) { options, inputs in
      func linear(_ index: Int) -> Linear {
        Linear(weight: inputs[index], bias: inputs[index + 1][0])
      }
      let messages = linear(1)
      let (query, output, hidden, outer) = (linear(3), linear(5), linear(7), linear(9))
      let layer = GPSLayer(
        local: GINConvolution(
          network: Sequential(messages, Activation(.relu)), epsilon: Tensor([0.0])),
        attention: (query, output), perceptron: (hidden, outer), heads: options.heads,
        generator: Generator(seed: 0))
      withoutGradients {
        for (index, norm) in layer.norms.enumerated() {
          norm.weight?.copyInPlace(from: inputs[11][index])
          norm.bias?.copyInPlace(from: inputs[12][index])
        }
      }
      let batch = try options.batch()
      let outputs = try layer(
        inputs[0], over: GINConvolution.propagation(of: batch.graph), pairs: batch.pairs)
      // The golden file has the norms' gradients as rows of one matrix.
      let value = weighted(outputs, inputs[13])
      let again = try layer(
        inputs[0], over: GINConvolution.propagation(of: batch.graph), pairs: batch.pairs)
      let norms = try gradients(
        of: weighted(again, inputs[13]),
        withRespectTo: layer.norms.flatMap { [$0.weight!, $0.bias!] })
      for (place, expected) in [(0, 11), (1, 12)] {
        let slopes = [0, 1, 2].flatMap { norms[2 * $0 + place]?.doubles() ?? [] }
        let golden = try Golden<PairCase<Options>>("GPSLayer")
        let found = golden.cases.first { $0.options.sizes == options.sizes }
        expectClose(
          slopes, Array(found!.gradients[expected].joined()), tolerance: 1e-11, "norms \(place)")
      }
      return (
        value,
        [inputs[0]] + [messages, query, output, hidden, outer].flatMap { [$0.weight, $0.bias!] }
      )
    }
  }

  @Test func `nodes attend to those of the same graph alone`() throws {
    let graphs = try [3, 4].map { try GoldenGraph(nodes: $0, edges: [[0, 1]]).graph() }
    let layer = GPSLayer(
      local: GINConvolution(
        network: Sequential(Linear(from: 4, to: 4, generator: Generator(seed: 1)))),
      width: 4, heads: 2, generator: Generator(seed: 2))
    layer.isTraining = false
    let batch = GraphBatch(graphs)
    let features = Tensor.normal([7, 4], generator: Generator(seed: 3))
    func first(_ features: Tensor) throws -> [Float] {
      try layer(
        features, over: GINConvolution.propagation(of: batch.graph), pairs: batch.pairs
      )[0..<3].array()
    }
    let changed = Tensor.concatenated([features[0..<3], features[3..<7] * 5])
    #expect(try first(features) == first(changed))
    let alone = try layer(
      features[0..<3], over: GINConvolution.propagation(of: graphs[0]),
      pairs: GraphBatch([graphs[0]]).pairs)
    expectClose(
      try first(features).map(Double.init), alone.doubles(), tolerance: 1e-5)
    // A change of a node without edges reaches the others by attention.
    let moved = Tensor.concatenated([features[0..<2], features[2..<3] * 5, features[3..<7]])
    #expect(try first(features).prefix(4) != first(moved).prefix(4))
  }

  @Test func `without attention a node without edges reaches no other`() throws {
    let batch = GraphBatch([try GoldenGraph(nodes: 3, edges: [[0, 1]]).graph()])
    let layer = GPSLayer(
      local: GINConvolution(
        network: Sequential(Linear(from: 4, to: 4, generator: Generator(seed: 1)))),
      width: 4, hasAttention: false, generator: Generator(seed: 2))
    layer.isTraining = false
    #expect(!layer.parameters.contains { $0.name.hasPrefix("norm2") || $0.name.hasPrefix("att") })
    let features = Tensor.normal([3, 4], generator: Generator(seed: 3))
    let moved = Tensor.concatenated([features[0..<2], features[2..<3] * 5])
    func first(_ features: Tensor) throws -> [Float] {
      try layer(features, over: GINConvolution.propagation(of: batch.graph), pairs: batch.pairs)[
        0..<2
      ].array()
    }
    #expect(try first(features) == first(moved))
  }

  @Test func `dropout zeroes numbers in training alone`() throws {
    // A batch of one graph has 0 for the mean of normalised numbers.
    let batch = GraphBatch([
      try GoldenGraph(nodes: 3, edges: [[0, 1]]).graph(),
      try GoldenGraph(nodes: 2, edges: []).graph(),
    ])
    let network = GraphTransformer(
      .init(inputs: 4, outputs: 2, width: 8, layers: 1, heads: 2, dropout: 0.5),
      generator: Generator(seed: 2))
    let features = Tensor.normal([5, 4], generator: Generator(seed: 3))
    func outputs() throws -> [Float] { try network(features, of: batch).array() }
    #expect(try outputs() != outputs())
    network.isTraining = false
    #expect(try outputs() == outputs())
  }

  @Test func `a network tells triangles from chains`() throws {
    let triangle = [[0, 1], [1, 2], [0, 2]]
    let graphs = try (0..<16).map { number in
      try GoldenGraph(
        nodes: 3 + number / 4, edges: (number % 2 == 0 ? triangle : [[0, 1], [1, 2]])
      ).graph()
    }
    let batch = GraphBatch(graphs)
    let encoding = Tensor.concatenated(graphs.map { RandomWalkEncoding(steps: 4)($0) })
    let network = GraphTransformer(
      .init(inputs: 4, outputs: 2, width: 8, layers: 2, heads: 2), generator: Generator(seed: 1))
    let optimizer = AdamW(network.parameters.map(\.tensor), .init(learningRate: 1e-2))
    let classes = Tensor((0..<16).map { Int64($0 % 2) })
    for _ in 0..<40 {
      let loss = try network(encoding, of: batch).crossEntropy(ofClasses: classes)
      optimizer.clearGradients()
      try loss.backward()
      try optimizer.step()
    }
    let found = try network(encoding, of: batch).argmax(along: 1)
    #expect(found.array(of: Int64.self) == (0..<16).map { Int64($0 % 2) })
    #expect(network.parameters.allSatisfy { $0.tensor.requiresGradient })
  }
}
