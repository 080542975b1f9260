import Torch

/// The encoder with an additional top layer, whose units are divided among learners.
struct SubspaceNetwork {
  let encoder: PictureEncoder
  let top: Linear

  init(seed: UInt64) {
    encoder = PictureEncoder(seed: seed)
    top = Linear(from: 64, to: 64, generator: Generator(seed: seed &+ 2000))
  }

  var parameters: [Tensor] { encoder.embeddingParameters + top.parameters.map(\.tensor) }

  func callAsFunction(_ pictures: Tensor) -> Tensor { top(encoder.embedded(pictures).relu()) }

  func all(_ pictures: Tensor) -> Tensor {
    withoutGradients { top(encoder.embeddedAll(pictures).relu()) }
  }
}

/// Assigns images to learners.
struct DynamicSubspaceClusters {
  /// The cluster of each training image.
  var assignment: [Int]
  /// The rows of each cluster.
  var members: [[Int]]
  private var centres: Tensor?

  var count: Int { members.count }

  init(rows: [Int]) {
    assignment = rows.map { _ in 0 }
    members = [rows]
  }

  /// k-means by cosine from the previous centres; a new centre starts at the worst-fitted image.
  mutating func update(_ unit: Tensor, rows: [Int], count: Int) {
    withoutGradients {
      var centres = self.centres ?? unit.mean(along: 0, keepingDimensions: true).normalized()
      while centres.size(along: 0) < count {
        let best = unit.matmul(centres.transposed()).maximum(along: 1)
        let worst = Int((-best).argmax(along: 0).scalar)
        centres = .concatenated([centres, unit[worst..<worst + 1]])
      }
      var found = assignment
      for _ in 0..<20 {
        found = unit.matmul(centres.transposed()).argmax(along: 1).array(of: Int.self)
        centres = Tensor.zeros(centres.shape).addingRows(unit, at: Tensor(found)).normalized()
      }
      let groups = (0..<count).map { cluster in
        rows.indices.filter { found[$0] == cluster }.map { rows[$0] }
      }
      // Triplets need some minimum number of images.
      guard groups.allSatisfy({ $0.count >= 64 }) else { return }
      (self.centres, assignment, members) = (centres, found, groups)
    }
  }
}
