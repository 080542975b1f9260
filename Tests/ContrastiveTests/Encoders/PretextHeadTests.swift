import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct PretextHeadTests {
  @Test func `value and gradient agree with PyTorch`() throws {
    let cases = try Golden<EncoderCase<PretextHead.Configuration>>(
      "PretextHead"
    ).cases
    #expect(cases.count == 2)
    for (index, one) in cases.enumerated() {
      let head = PretextHead(one.options, generator: Generator(seed: 1), dtype: .float64)
      try one.check(head, "case \(index)")
    }
  }

  @Test func `the regularizer is the weighted cross-entropy`() {
    var configuration = PretextHead.Configuration.turns(inputs: 3)
    configuration.dropout = 0
    let head = PretextHead(configuration, generator: Generator(seed: 1))
    let h = Tensor.normal([5, 3], generator: Generator(seed: 2))
    let classes = Tensor([0, 1, 2, 3, 0])
    expectClose(
      head.regularization(h, classes: classes).scalar,
      head(h).crossEntropy(ofClasses: classes).scalar * 0.3, tolerance: 1e-6)
    #expect(head(h).shape == [5, 4])
  }

  @Test func `applies dropout only in training`() {
    let head = PretextHead(.jigsaw(inputs: 2, orders: 5), generator: Generator(seed: 1))
    let h = Tensor.normal([18, 2], generator: Generator(seed: 2))
    #expect(head(h).shape == [2, 5])
    #expect(!head(h).isIdentical(to: head(h)))
    head.isTraining = false
    #expect(head(h).isIdentical(to: head(h)))
  }

  @Test func `traps on incomplete pictures`() async {
    await #expect(processExitsWith: .failure) {
      _ = PretextHead(.jigsaw(inputs: 2), generator: Generator(seed: 1))(.zeros([10, 2]))
    }
  }
}
