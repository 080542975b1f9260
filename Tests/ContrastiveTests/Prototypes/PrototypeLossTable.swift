import Contrastive
import TestSupport
import Torch

/// The losses that compare embeddings with prototypes, a row for each.
enum PrototypeLossTable {
  static let rows = margins + triplets + distilled

  private static func batch(
    _ shapes: (Int, Int)..., seed: UInt64, _ lists: [[Double]]
  ) -> BatchLoss.Batch {
    .init(PairLossChecks.matrices(shapes.map { (rows: $0.0, width: $0.1) }, seed: seed), lists)
  }

  private static func whole(_ list: [Double]) -> [Int] { list.map { Int($0) } }

  /// Embeddings that are their prototypes, or the opposite, and some of length 0.
  private static let aligned: [BatchLoss.Batch] = [
    .init(Array(repeating: [[1e4, 0], [0, -1e-4], [1, 1]], count: 2), [[0, 1, 2]]),
    .init(
      [[[1e4, 0], [0, -1e-4], [1, 1]], [[-1e4, 0], [0, 1e-4], [-1, -1]]], [[0, 1, 2]]),
    .init(Array(repeating: [[1e4, 0], [0, -1e-4], [0, 0]], count: 2), [[0, 1, 2]]),
  ]

  private static let hasPrototypes: [BatchLoss.Law: String] = [
    .single: "an embedding is compared with prototypes, not with others"
  ]

  private static let margins: [BatchLoss] = [
    BatchLoss(
      settings: [ArcFaceLoss(margin: 0.3, scale: 4), ArcFaceLoss(margin: 2, scale: 4)],
      extremes: [
        ArcFaceLoss(margin: 0.5, scale: 64), ArcFaceLoss(margin: 0.5, scale: 1e4),
        ArcFaceLoss(margin: 3, scale: 1e-3),
      ],
      records: [ArcFaceLoss(margin: 0.1, scale: 8, blockSize: 5)],
      batch: batch((4, 3), (3, 3), seed: 2, [[0, 2, 2, 0]]), aligned: 1,
      nothing: [.init("one class", [[[0.5, 1]], [[1.5, 3]]], [[0]], tolerance: 1e-12)],
      hardBatches: aligned, tolerance: 1e-6, exceptions: hasPrototypes
    ) { loss, x, lists in
      try loss(embeddings: x[0], weights: x[1], classes: whole(lists[0]))
    },
    BatchLoss(
      settings: [NormalizedSoftmaxLoss(temperature: 0.3)],
      extremes: [NormalizedSoftmaxLoss(temperature: 1e-3)],
      records: [NormalizedSoftmaxLoss(temperature: 0.2, blockSize: 8)],
      batch: batch((4, 3), (3, 3), seed: 2, [[0, 2, 2, 0]]), aligned: 1, hardBatches: aligned,
      tolerance: 1e-6, exceptions: hasPrototypes
    ) { loss, x, lists in
      try loss(embeddings: x[0], weights: x[1], classes: whole(lists[0]))
    },
    BatchLoss(
      settings: [ProxyAnchorLoss(sharpness: 5, blockSize: 2)],
      extremes: [1e-3, 1e4].map { ProxyAnchorLoss(sharpness: $0) },
      records: [ProxyAnchorLoss(margin: 0.2, sharpness: 16, blockSize: 3)],
      batch: batch((4, 2), (3, 2), seed: 2, [[0, 2, 2, 0]]), aligned: 1, hardBatches: aligned,
      tolerance: 1e-6, exceptions: hasPrototypes
    ) { loss, x, lists in
      try loss(embeddings: x[0], proxies: x[1], classes: whole(lists[0]))
    },
    BatchLoss(
      settings: [UNPGLoss.Margin.angle(0.3), .cosine(0.4)].map {
        UNPGLoss(margin: $0, scale: 4, whisker: 0.5)
      },
      extremes: [1e-3, 64, 1e4].map { UNPGLoss(scale: $0) },
      records: [UNPGLoss(margin: .cosine(0.2), scale: 8, whisker: 1)],
      batch: batch((5, 3), (3, 3), seed: 2, [[0, 2, 2, 0, 1]]), aligned: 1, hardBatches: aligned,
      tolerance: 1e-6, exceptions: hasPrototypes
    ) { loss, x, lists in
      try loss(embeddings: x[0], weights: x[1], classes: whole(lists[0]))
    },
  ]

  private static let triplets: [BatchLoss] = [
    BatchLoss(
      settings: [PrototypeTripletLoss()], extremes: [PrototypeTripletLoss(margin: 1e5)],
      records: [PrototypeTripletLoss(margin: 0.2, epsilon: 1e-8)],
      batch: batch((4, 2), (3, 2), seed: 2, [[0, 2, 2, 0]]), aligned: 1,
      nothing: [
        .init("one class", [[[1, 0], [0, 1], [0, 0]], [[1, 0]]], [[0, 0, 0]])
      ],
      hardBatches: aligned, tolerance: 1e-6,
      exceptions: hasPrototypes.merging([.length: "distances count, not angles"]) { $1 }
    ) { loss, x, lists in
      try loss(queries: x[0], prototypes: x[1], classes: whole(lists[0]))
    },
    BatchLoss(
      "prototypes of examples",
      settings: [PrototypeTripletLoss()],
      batch: batch((4, 2), (6, 2), seed: 2, [[0, 2, 2, 0]]), aligned: 1, tolerance: 1e-6,
      exceptions: hasPrototypes.merging([.length: "distances count, not angles"]) { $1 }
    ) { loss, x, lists in
      let prototypes = loss.prototypes(of: x[1], classes: [0, 1, 2, 0, 1, 1], classCount: 3)
      return try loss(queries: x[0], prototypes: prototypes, classes: whole(lists[0]))
    },
  ]

  private static let distilled: [BatchLoss] = [
    BatchLoss(
      settings: [SelfDistillationLoss(temperature: 0.5, teacherShare: 0.4)],
      extremes: [SelfDistillationLoss(temperature: 1e-3, teacherShare: 0.5)],
      records: [SelfDistillationLoss(temperature: 0.3, teacherShare: 0.7)],
      batch: batch((4, 3), (4, 3), seed: 1, [[0, 1, -1, 2]]), constants: [1],
      variations: [
        .init("logits shifted") {
          .init(
            [
              $0.matrices[0].map { $0.map { $0 + 5 } }, $0.matrices[1].map { $0.map { $0 - 7 } },
            ], $0.lists)
        }
      ],
      exceptions: [.length: "they are logits", .single: "a student has a teacher for each example"]
    ) { loss, x, lists in
      loss(student: x[0], teacher: x[1], classes: whole(lists[0]).map { $0 < 0 ? nil : $0 })
    }
  ]
}
