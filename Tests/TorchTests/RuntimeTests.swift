import Storage
import TestSupport
import Testing
import Torch

@Suite struct RuntimeTests {
  @Test func `libtorch is recent enough`() throws {
    try Runtime.load()
    let parts = Runtime.torchVersion.split(separator: ".").compactMap { Int($0) }
    #expect(parts.count >= 2 && (parts[0], parts[1]) >= (2, 11))
  }

  @Test func `no more threads than this process may use`() {
    #expect(Runtime.threadCount <= MachineShare.current.processors)
  }

  @Test func `a number of threads holds within its scope`() throws {
    struct Stop: Error {}
    let before = Runtime.threadCount
    Runtime.withThreads(3) {
      #expect(Runtime.threadCount == 3)
      Runtime.withThreads(nil) { #expect(Runtime.threadCount == 3) }
      Runtime.withThreads(5) { #expect(Runtime.threadCount == 5) }
      #expect(Runtime.threadCount == 3)
    }
    #expect(Runtime.threadCount == before)
    #expect(throws: Stop.self) { try Runtime.withThreads(4) { throw Stop() } }
    #expect(Runtime.threadCount == before)
  }

  @Test func `a number of threads belongs to one thread`() async {
    await withTaskGroup(of: Bool.self) { group in
      for count in 1...16 {
        group.addTask {
          for _ in 0..<50 {
            let matches = Runtime.withThreads(count) {
              _ = Tensor.ones([64, 64]).matmul(Tensor.ones([64, 64]))
              return Runtime.threadCount == count
            }
            if !matches { return false }
          }
          return true
        }
      }
      for await matches in group { #expect(matches) }
    }
  }

  @Test func `throws a failed operator inside checked`() throws {
    let a = Tensor.zeros([2, 3])
    let error = #expect(throws: TorchError.self) {
      try checked { _ = a.matmul(a) }
    }
    #expect(error?.message.contains("mat1 and mat2 shapes cannot be multiplied") == true)
  }

  @Test func `checked reports the first of several errors`() throws {
    struct Later: Error {}
    let a = Tensor.zeros([2, 3])
    let error = #expect(throws: TorchError.self) {
      try checked {
        _ = (a.matmul(a) + Tensor.zeros([7, 7])).squeezed(along: 9)
        throw Later()
      }
    }
    #expect(error?.message.contains("mat1") == true)
  }

  @Test func `checked scopes nest`() throws {
    let a = Tensor.zeros([2, 3])
    let outer = try checked {
      #expect(throws: TorchError.self) { try checked { _ = a.matmul(a) } }
      return a.shape
    }
    #expect(outer == [2, 3])
  }

  @Test func `traps on a failed operator outside checked`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([2, 3]).matmul(Tensor.zeros([2, 3]))
    }
  }

  @Test func `tensors work in many tasks at once`() async throws {
    let base = Tensor.normal([64, 64], generator: Generator(seed: 1))
    let expected = base.matmul(base).sum().scalar
    let sums = await withTaskGroup(of: Double.self) { group in
      for _ in 0..<32 {
        group.addTask {
          var last = 0.0
          for _ in 0..<50 {
            let x = base.requiringGradient()
            let y = x.matmul(x).sum()
            do { try y.backward() } catch { return .nan }
            last = y.scalar
          }
          return last
        }
      }
      return await group.reduce(into: [Double]()) { $0.append($1) }
    }
    #expect(sums.count == 32)
    for sum in sums { expectClose(sum, expected, tolerance: 1e-6) }
  }

  @Test func `error text is per thread`() async throws {
    await withTaskGroup(of: Void.self) { group in
      for width in 1...16 {
        group.addTask {
          for _ in 0..<50 {
            let error = #expect(throws: TorchError.self) {
              try checked { _ = Tensor.zeros([1, width]).matmul(Tensor.zeros([99, 1])) }
            }
            #expect(error?.message.contains("1x\(width) and 99x1") == true)
          }
        }
      }
    }
  }

  @Test func `gradient mode is per thread`() async {
    await withoutGradientsOnAnotherThread()
    #expect(gradientsAreEnabled)
  }

  private func withoutGradientsOnAnotherThread() async {
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 { group.addTask { withoutGradients { gradientsAreEnabled } } }
      for await enabled in group { #expect(!enabled) }
    }
  }

  @Test func `generators repeat and rewind`() {
    let first = Generator(seed: 5)
    let a = Tensor.normal([4], generator: first)
    let state = first.state
    let b = Tensor.normal([4], generator: first)
    first.state = state
    #expect(Tensor.normal([4], generator: first).isIdentical(to: b))
    #expect(Tensor.normal([4], generator: Generator(seed: 5)).isIdentical(to: a))
    #expect(!Tensor.normal([4], generator: Generator(seed: 6)).isIdentical(to: a))
  }
}
