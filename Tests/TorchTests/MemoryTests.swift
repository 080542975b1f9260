import Foundation
import Storage
import Testing
import Torch

@Suite(.serialized) struct MemoryTests {
  /// Bytes of this process that lie in memory.
  private func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// In a separate process, because concurrent tests take memory too.
  @Test func `memory stays flat over 10,000 training steps`() async {
    await #expect(processExitsWith: .success) {
      Runtime.threadCount = 1
      let training = try SmallTraining()
      // Allocators settle: libtorch's caches and the heap reach their working size.
      try training.run(steps: 1000)
      let before = try MemoryTests().residentBytes()
      try training.run(steps: 10_000)
      let growth = try MemoryTests().residentBytes() - before
      // A leak of a single small tensor a step would be 3 MB and more.
      #expect(growth < 2_000_000, "\(growth) bytes more after 10,000 steps")
    }
  }
}

/// A bag encoder followed by a perceptron.
private final class SmallTraining {
  let table = EmbeddingBag(
    .init(rows: 500, width: 8, gradient: .sparse), generator: Generator(seed: 1))
  let network: Sequential
  let tableOptimizer: SparseAdagrad
  let optimizer: AdamW
  let batches: [CSRMatrix]
  let classes = Tensor([0, 1, 2, 3])

  init() throws {
    let generator = Generator(seed: 2)
    network = Sequential(
      Linear(from: 8, to: 16, generator: generator), Activation(.relu), LayerNorm(.init(width: 16)),
      Dropout(0.1, generator: generator), Linear(from: 16, to: 4, generator: generator))
    tableOptimizer = SparseAdagrad([table.weight])
    optimizer = AdamW(network.parameters.map(\.tensor))
    var random = SystemRandomNumberGenerator()
    batches = (0..<16).map { _ in
      CSRMatrix(
        rows: (0..<4).map { _ in (0..<6).map { _ in Int.random(in: 0..<500, using: &random) } },
        columnCount: 500)
    }
  }

  func run(steps: Int) throws {
    for step in 0..<steps {
      tableOptimizer.clearGradients()
      optimizer.clearGradients()
      let loss = try network(table(batches[step % batches.count])).crossEntropy(ofClasses: classes)
      try loss.backward()
      clipGradients(of: [table.weight], toNorm: 1)
      try tableOptimizer.step()
      try optimizer.step()
    }
  }
}
