import Storage
import TestSupport
import Testing
import Torch
import Training

@Suite struct ThresholdMemoryTests {
  @Test func `a document starts at its stored offset from the mean`() {
    let memory = ThresholdMemory(count: 5)
    #expect(memory.start(of: [0, 4]).doubles().allSatisfy { $0.isNaN })
    memory.keep(Tensor([1.0, 3]), of: [4, 1])
    expectClose(memory.start(of: [0, 1, 4]).doubles(), [2, 3, 1], tolerance: 0)
    memory.keep(Tensor([7.0]), of: [1])
    expectClose(memory.start(of: [1, 2, 4]).doubles(), [7, 7, 6], tolerance: 0)
  }

  @Test func `survives a checkpoint`() throws {
    let memory = ThresholdMemory(count: 3)
    memory.keep(Tensor([1.5, -2]), of: [2, 0])
    let other = ThresholdMemory(count: 3)
    try other.restore(memory.values)
    memory.keep(Tensor([9.0]), of: [1])
    expectClose(other.start(of: [0, 1, 2]).doubles(), [-2, -0.25, 1.5], tolerance: 1e-15)
    #expect(throws: ValueError.self) { try ThresholdMemory(count: 4).restore(other.values) }
  }
}
