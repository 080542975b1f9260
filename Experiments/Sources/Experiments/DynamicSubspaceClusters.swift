import Learning
import Torch

/// The encoder with a layer of its own on top, whose units learners share out.
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

/// Which learner sees which picture.
struct DynamicSubspaceClusters {
  /// The cluster of each taught picture.
  var assignment: [Int]
  /// The rows of each.
  var members: [[Int]]
  private var centres: Tensor?

  var count: Int { members.count }

  init(rows: [Int]) {
    assignment = rows.map { _ in 0 }
    members = [rows]
  }

  /// k-means by cosine from the last centres; a new one starts at what they fit worst.
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
      // Triplets need a few pictures.
      guard groups.allSatisfy({ $0.count >= 64 }) else { return }
      (self.centres, assignment, members) = (centres, found, groups)
    }
  }
}
