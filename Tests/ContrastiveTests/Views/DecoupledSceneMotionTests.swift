import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct DecoupledSceneMotionTests {
  private struct Case: Decodable {
    let seed: UInt64
    let options: DecoupledSceneMotion
    let clips: GoldenTensor
    let scene: GoldenTensor
    let motion: GoldenTensor
    let anchors: [[Double]]
    let positives: [[Double]]
    let negatives: [[Double]]
    let value: Double
    let gradients: [GoldenTensor]
  }

  private static var cases: [Case] {
    get throws { try Golden<Case>("DecoupledSceneMotion").cases }
  }

  @Test func `views agree with loops`() throws {
    for (index, one) in try Self.cases.enumerated() {
      let clips = one.clips.tensor
      expectClose(
        one.options.sceneBroken(clips, generator: Generator(seed: one.seed)), one.scene.tensor,
        tolerance: 1e-12, "scene \(index)")
      expectClose(
        one.options.motionBroken(clips, generator: Generator(seed: one.seed)), one.motion.tensor,
        tolerance: 0, "motion \(index)")
    }
  }

  @Test func `value and gradient agree with PyTorch`() throws {
    for one in try Self.cases {
      let leaves = [one.anchors, one.positives, one.negatives].map {
        Tensor(rows: $0).requiringGradient()
      }
      let value = one.options(anchors: leaves[0], positives: leaves[1], negatives: leaves[2])
      expectClose(value.scalar, one.value, tolerance: 1e-12)
      for (slope, expected) in zip(
        try gradients(of: value, withRespectTo: leaves), one.gradients)
      {
        expectClose(slope, expected.tensor, tolerance: 1e-11)
      }
    }
  }

  @Test func `a broken scene keeps the motion`() {
    // Equal frames stay equal, and a picture without structure does not change.
    let frame = pictures([2, 1, 1, 24, 24])
    let still = frame.expanded(to: [2, 1, 5, 24, 24])
    let broken = DecoupledSceneMotion().sceneBroken(still, generator: Generator(seed: 1))
    expectClose(broken, broken.slice(0..<1, along: 2).expanded(to: broken.shape), tolerance: 0)
    #expect((broken - still).magnitude().maximum().scalar > 0.05)
    let even = Tensor.full([1, 1, 2, 9, 9], 0.4, dtype: .float64)
    expectClose(
      DecoupledSceneMotion().sceneBroken(even, generator: Generator(seed: 1)), even,
      tolerance: 1e-12)
  }

  @Test func `a broken motion keeps the frames`() {
    let steps = Tensor((0..<16).map(Double.init), shape: [1, 1, 16, 1, 1])
    let clips = steps.expanded(to: [30, 1, 16, 2, 2])
    let broken = DecoupledSceneMotion().motionBroken(clips, generator: Generator(seed: 2))
    let frames = broken.slice(0..<1, along: 3).slice(0..<1, along: 4).reshaped([30, 16])
    for row in 0..<30 {
      let order = frames[row].doubles()
      #expect(order != (0..<16).map(Double.init))
      #expect(order.allSatisfy { (0..<16).contains($0) })
      // Two insertions push at most two frames out at the end.
      #expect(Set(order).count >= 14)
    }
    expectClose(
      broken, broken.slice(0..<1, along: 3).slice(0..<1, along: 4).expanded(to: broken.shape),
      tolerance: 0)
  }

  @Test func `matches closed forms`() {
    let loss = DecoupledSceneMotion()
    let origin = Tensor.zeros([2, 2], dtype: .float64)
    let far = Tensor.full([2, 2], 10, dtype: .float64)
    expectClose(
      loss(anchors: origin, positives: origin, negatives: far).scalar, 0, tolerance: 1e-12)
    // Nothing tells the copies apart: the margin, twice.
    expectClose(
      loss(anchors: origin, positives: origin, negatives: origin).scalar, 1, tolerance: 1e-12)
  }

  @Test func `stays finite at extreme inputs`() throws {
    let x = (Tensor.normal([3, 4], generator: Generator(seed: 1)) * 1e4).requiringGradient()
    let value = DecoupledSceneMotion()(anchors: x, positives: x, negatives: x)
    let slope = try #require(try gradients(of: value, withRespectTo: [x])[0])
    #expect(value.isFinite().allTrue() && slope.isFinite().allTrue())
  }

  @Test func `traps on pictures instead of clips`() async {
    await #expect(processExitsWith: .failure) {
      _ = DecoupledSceneMotion().motionBroken(
        .zeros([2, 3, 4, 4]), generator: Generator(seed: 1))
    }
  }
}
