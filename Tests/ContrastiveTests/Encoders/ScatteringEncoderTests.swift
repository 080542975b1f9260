import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct ScatteringEncoderTests {
  /// The trainable part of an encoder, as a layer over transformed pictures.
  private final class Adapter: UnaryLayer, TrainingAware {
    let encoder: ScatteringEncoder

    init(_ encoder: ScatteringEncoder) { self.encoder = encoder }

    var parameters: [(name: String, tensor: Tensor)] { encoder.parameters }
    var buffers: [(name: String, tensor: Tensor)] { encoder.buffers }
    var isTraining: Bool {
      get { encoder.isTraining }
      set { encoder.isTraining = newValue }
    }

    func callAsFunction(_ input: Tensor) -> Tensor { encoder.embedding(ofTransformed: input) }
  }

  @Test func `learned layers agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<ScatteringEncoder.Configuration>>(
      "ScatteringEncoder"
    ).cases
    for (index, one) in cases.enumerated() {
      let encoder = ScatteringEncoder(
        one.options, generator: Generator(seed: 1), dtype: .float64)
      try one.check(Adapter(encoder), "case \(index)")
      #expect(one.training.shape[1] == one.options.dimension)
    }
  }

  @Test func `applies the scattering transform first`() {
    let encoder = ScatteringEncoder(
      .init(transform: .init(height: 12, width: 8, angles: 2), channels: 2, stages: [3], blocks: 1),
      generator: Generator(seed: 1))
    encoder.isTraining = false
    let x = Tensor.uniform([2, 2, 12, 8], generator: Generator(seed: 2))
    let embeddings = encoder(x)
    #expect(embeddings.shape == [2, 48])
    #expect(embeddings.isIdentical(to: encoder.embedding(ofTransformed: encoder.transform(x))))
  }
}
