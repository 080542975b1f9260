import Foundation
import Models
import Testing

@Suite struct ResourceUsageTests {
  @Test func `peak memory includes freed blocks`() {
    let before = ResourceUsage.now().peakMemoryBytes
    let size = before + (64 << 20)
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    memset(block, 1, size)
    let with = ResourceUsage.now().peakMemoryBytes
    block.deallocate()
    #expect(with >= size)
    #expect(ResourceUsage.now().peakMemoryBytes >= size)
  }

  @Test func `clocks run forward`() {
    let before = ResourceUsage.now()
    var sum = 0.0
    for index in 0..<200_000 { sum += Double(index).squareRoot() }
    let after = ResourceUsage.now()
    #expect(sum > 0)
    #expect(after.wallSeconds > before.wallSeconds)
    #expect(after.cpuSeconds > before.cpuSeconds)
  }
}
