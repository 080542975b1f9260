import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BalancedClustersTests {
  private struct Case: Decodable {
    let points: [[Double]]
    let size: Int
    let leaves: [[Int]]
  }

  @Test func `agrees with NumPy`() throws {
    let golden = try Golden<Case>("BalancedClusters")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let clusters = try BalancedClusters(Tensor(rows: found.points), size: found.size)
      #expect((0..<clusters.count).map { Array(clusters.leaf($0)) } == found.leaves)
      #expect(rows(of: clusters.matrix) == found.leaves)
    }
  }

  @Test(arguments: [1, 2, 3, 7, 50, 100]) func `puts every point in one leaf of the given size`(
    size: Int
  )
    throws
  {
    var random = SplitMix64(8)
    let points = Tensor(random.doubles(300), shape: [100, 3])
    let clusters = try BalancedClusters(points, size: size)
    #expect(clusters.order.sorted() == Array(0..<100))
    let sizes = (0..<clusters.count).map { clusters.leaf($0).count }
    #expect(sizes.allSatisfy { $0 <= size && $0 >= 1 })
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test func `groups points by direction`() throws {
    var random = SplitMix64(9)
    let points = (0..<64).map { index in
      let angle = Double(index % 4) * .pi / 2 + Double.random(in: -0.3...0.3, using: &random)
      let length = Double.random(in: 0.1...10, using: &random)
      return [length * cos(angle), length * sin(angle)]
    }
    let clusters = try BalancedClusters(Tensor(rows: points), size: 16)
    #expect(clusters.count == 4)
    for leaf in 0..<4 { #expect(Set(clusters.leaf(leaf).map { $0 % 4 }).count == 1) }
  }

  @Test func `splits equal and empty point sets`() throws {
    let equal = try BalancedClusters(Tensor.zeros([5, 2]), size: 2)
    #expect(equal.order.sorted() == [0, 1, 2, 3, 4])
    #expect(equal.count == 4)
    let none = try BalancedClusters(Tensor.zeros([0, 2]), size: 2)
    #expect(none.order.isEmpty && none.count == 1)
  }
}
