import Foundation
import Kernels
import Storage
import TestSupport
import Testing
import Torch

@testable import Contrastive

@Suite struct SubclassClustersTests {
  private struct Case: Decodable {
    let embeddings: [[Double]]
    let starts: [Int]
    let iterations: Int
    let assignment: [Int]
    let classes: [Int]
    let subclasses: [Int]
    let around: Double
    let temperatures: [Double]
  }

  @Test func `agrees with loops in NumPy`() throws {
    let golden = try Golden<Case>("SubclassClusters")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let embeddings = Tensor(rows: found.embeddings)
      let clusters = BalancedSphericalMeans(
        points: embeddings.normalized(), starts: found.starts, iterations: found.iterations)
      #expect(clusters.assignment == found.assignment)
      let temperatures = try SubclassClusters().temperatures(
        embeddings: embeddings, classes: found.classes, subclasses: found.subclasses,
        around: found.around)
      expectClose(temperatures, found.temperatures, tolerance: 1e-12)
    }
  }

  @Test func `splits frequent classes to the size of rare ones`() throws {
    var random = SplitMix64(5)
    let classes = [Int](repeating: 3, count: 17) + [8, 8, 8, 8] + [0, 0, 0, 0, 0, 0, 0]
    let embeddings = Tensor(random.doubles(28 * 3), shape: [28, 3])
    let subclasses = try SubclassClusters(smallest: 3)(
      embeddings: embeddings, classes: classes, using: &random)
    let sizes = Dictionary(grouping: 0..<17) { subclasses[$0] }.mapValues(\.count)
    #expect(sizes.values.sorted() == [4, 4, 4, 5])
    #expect(Set(subclasses[17..<28]) == [0])
    let few = try SubclassClusters()(embeddings: embeddings, classes: classes, using: &random)
    #expect(few == [Int](repeating: 0, count: 28))
  }

  @Test func `subclasses group nearby points`() throws {
    // Two tight bundles of directions in turn, in a class of 12, and a class of 6.
    let angles = (0..<18).map { Double($0 % 2) * 2 + Double($0) * 0.01 }
    let embeddings = Tensor(rows: angles.map { [cos($0), sin($0)] })
    let classes = [Int](repeating: 0, count: 12) + [Int](repeating: 1, count: 6)
    for seed in 1...5 {
      var random = SplitMix64(UInt64(seed))
      let found = try SubclassClusters(smallest: 1)(
        embeddings: embeddings, classes: classes, using: &random)
      #expect(found[0] != found[1])
      #expect((0..<12).allSatisfy { found[$0] == found[$0 % 2] })
    }
  }

  @Test func `splits coinciding points`() throws {
    var random = SplitMix64(6)
    let found = try SubclassClusters(smallest: 2)(
      embeddings: .ones([6, 2]), classes: [0, 0, 0, 0, 1, 1], using: &random)
    #expect(found[0..<4].sorted() == [0, 0, 1, 1])
    let temperatures = try SubclassClusters().temperatures(
      embeddings: .ones([6, 2]), classes: [0, 0, 0, 0, 1, 1], subclasses: found, around: 0.3)
    #expect(temperatures.allSatisfy { $0 == 0.3 })
  }
}
