import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct RCALTests {
  private struct Case: Decodable {
    let options: RCAL
    let rows: [[Double]]
    let classes: [Int]
    let kept: [Int]
    let counts: [Int]
    let means: [[Double]]
    let covariances: [[[Double]]]
  }

  @Test func `agrees with scikit-learn and numpy`() throws {
    let golden = try Golden<Case>("RCAL")
    #expect(golden.cases.count == 3)
    for (index, found) in golden.cases.enumerated() {
      let estimate = try found.options(
        embeddings: Tensor(rows: found.rows), classes: found.classes,
        classCount: found.counts.count)
      #expect(estimate.kept == found.kept, "case \(index)")
      let gaussians = try estimate.gaussians.map { try #require($0) }
      #expect(gaussians.map(\.count) == found.counts)
      for (name, gaussian) in gaussians.enumerated() {
        let label = "case \(index), class \(name)"
        expectClose(gaussian.mean, found.means[name], tolerance: 1e-10, label)
        expectClose(
          Array(gaussian.covariance.joined()), Array(found.covariances[name].joined()),
          tolerance: 1e-9, label)
      }
    }
  }

  @Test func `draws have the mean and covariance of the distribution`() {
    let gaussian = ClassGaussian(
      count: 9, mean: [1, -2, 0], covariance: [[4, 1.2, 0], [1.2, 1, 0], [0, 0, 0]])
    var random = SplitMix64(2)
    let rows = gaussian.draws(40_000, using: &random)
    func mean(_ value: ([Double]) -> Double) -> Double { Loops.mean(rows.map(value)) }
    for axis in 0..<3 {
      expectClose(mean { $0[axis] }, gaussian.mean[axis], tolerance: 0.03)
      for other in 0..<3 {
        let product = mean {
          ($0[axis] - gaussian.mean[axis]) * ($0[other] - gaussian.mean[other])
        }
        expectClose(product, gaussian.covariance[axis][other], tolerance: 0.03)
      }
    }
  }

  @Test func `draws fill classes up to the largest`() throws {
    var random = SplitMix64(3)
    let classes = [Int](repeating: 0, count: 12) + [2, 2, 2]
    let estimate = try RCAL(outlierFactor: 100)(
      embeddings: Tensor(rows: random.rows(15, 2)), classes: classes, classCount: 4)
    #expect(estimate.kept == Array(0..<15))
    #expect(estimate.gaussians.map { $0?.count } == [12, nil, 3, nil])
    let (embeddings, drawn) = estimate.draws(using: &random)
    #expect(drawn == [Int](repeating: 2, count: 9) && embeddings.count == 9)
    #expect(embeddings.joined().allSatisfy { $0.isFinite })
  }

  @Test func `a far row is dropped`() throws {
    var random = SplitMix64(4)
    let estimate = try RCAL(neighbours: 3)(
      embeddings: Tensor(rows: random.rows(10, 2) + [[30, 30]]),
      classes: [Int](repeating: 0, count: 11), classCount: 1)
    #expect(!estimate.kept.contains(10) && estimate.kept.count >= 6)
  }

  @Test func `equal rows are all kept`() throws {
    let estimate = try RCAL()(
      embeddings: .ones([5, 2]), classes: [0, 0, 0, 0, 0], classCount: 1)
    #expect(estimate.kept.count == 5)
  }

  @Test func `traps on a class beyond the count`() async {
    await #expect(processExitsWith: .failure) {
      _ = try RCAL()(embeddings: .ones([2, 2]), classes: [0, 3], classCount: 3)
    }
  }
}
