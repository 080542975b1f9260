import Contrastive
import TestSupport
import Torch

/// The losses of embeddings with classes, targets or relevances, a row for each.
enum ClassLossTable {
  static let rows = classes + neighbours + mixtures + targets

  private static func batch(
    _ shapes: (Int, Int)..., seed: UInt64, _ lists: [[Double]] = []
  ) -> BatchLoss.Batch {
    .init(PairLossChecks.matrices(shapes.map { (rows: $0.0, width: $0.1) }, seed: seed), lists)
  }

  private static func whole(_ list: [Double]) -> [Int] { list.map { Int($0) } }

  private static let three: [[[Double]]] = [[[1, 0.5], [0.2, -1], [-0.3, 0.4]]]

  private static let classes: [BatchLoss] = [
    BatchLoss(
      settings: [SupConLoss(temperature: 0.5), SupConLoss(temperature: 0.2)],
      extremes: [SupConLoss(temperature: 1e-3)],
      records: [SupConLoss(), SupConLoss(temperature: 0.25)],
      batch: batch((7, 3), seed: 5, [[7, 2, 7, 7, -3, 2, 5]]),
      variations: [.init("classes renamed") { .init($0.matrices, [$0.lists[0].map { 10 - $0 }]) }],
      nothing: [.init("a class each", three, [[0, 1, 2]])],
      exceptions: [.empty: "it needs an example"]
    ) { loss, x, lists in try loss(embeddings: x[0], classes: whole(lists[0])) },
    BatchLoss(
      settings: [SBCLLoss(temperature: 0.5, classWeight: 0.25)],
      extremes: [SBCLLoss(temperature: 1e-3, classWeight: 0.25)],
      records: [SBCLLoss(), SBCLLoss(temperature: 0.2, classWeight: 1)],
      batch: batch((6, 3), (6, 3), seed: 32, [[7, 7, 7, 7, 2, -1], [1, 0, 1, 0, 0, 1]]),
      swaps: [[1, 0]],
      variations: [
        .init("classes and subclasses renamed") {
          .init($0.matrices, [$0.lists[0].map { 3 * $0 }, $0.lists[1].map { 5 - $0 }])
        }
      ],
      singleTolerance: 1e-12,
      exceptions: [.empty: "it needs an example"]
    ) { loss, x, lists in
      try loss(
        first: x[0], second: x[1], classes: whole(lists[0]), subclasses: whole(lists[1]))
    },
    BatchLoss(
      settings: [HydraLoss(temperature: 0.5)], extremes: [HydraLoss(temperature: 1e-3)],
      records: [HydraLoss(), HydraLoss(temperature: 0.3)],
      batch: batch((5, 3), (5, 3), seed: 42, [[0, 5, 2, 0, 5], [5, 0, 2, 2, 9]]),
      nothing: [
        .init("no positives", Array(repeating: unequal, count: 2), [[0, 1, 2], [9, 9, 9]]),
        .init("no negatives", Array(repeating: unequal, count: 2), [[0, 0, 1], [1, 1, 0]]),
      ],
      hardBatches: [
        .init(
          [
            PairLossChecks.matrices([(5, 3)], seed: 42)[0],
            [[Double]](repeating: [0, 0, 0], count: 5),
          ], [[0, 5, 2, 0, 5], [5, 0, 2, 2, 9]])
      ]
    ) { loss, x, lists in
      try loss(
        embeddings: x[0], gates: x[1], classes: whole(lists[0]), partners: whole(lists[1]))
    },
    BatchLoss(
      settings: [MultiSimilarityLoss(), MultiSimilarityLoss(blockSize: 4)],
      extremes: [1e-3, 1e4].map {
        MultiSimilarityLoss(positiveSharpness: $0, negativeSharpness: $0)
      },
      records: [MultiSimilarityLoss(base: 0.4, miningMargin: nil)],
      batch: batch((6, 3), seed: 2, [[0, 1, 0, 2, 1, 0]]),
      nothing: [
        .init("one class", three, [[1, 1, 1]]), .init("a class each", three, [[1, 2, 3]]),
      ],
      tolerance: 1e-6, float32Tolerance: 2e-5
    ) { loss, x, lists in try loss(embeddings: x[0], classes: whole(lists[0])) },
    BatchLoss(
      "without mining",
      settings: [MultiSimilarityLoss(miningMargin: nil)],
      batch: batch((6, 3), seed: 2, [[0, 1, 0, 2, 1, 0]]), tolerance: 1e-6,
      float32Tolerance: 2e-5
    ) { loss, x, lists in try loss(embeddings: x[0], classes: whole(lists[0])) },
    BatchLoss(
      settings: TripletLoss.Mining.allCases.flatMap { mining in
        [6, 2, 1].map { TripletLoss(margin: 0.6, mining: mining, blockSize: $0) }
      },
      extremes: TripletLoss.Mining.allCases.flatMap { mining in
        [0, 1e-3, 1e4].map { TripletLoss(margin: $0, mining: mining) }
      },
      records: [TripletLoss(margin: 0.7, mining: .hard, blockSize: 12)],
      batch: batch((6, 2), seed: 2, [[0, 1, 0, 2, 1, 0]]),
      variations: [
        .init("shifted") { .init([$0.matrices[0].map { $0.map { $0 + 5 } }], $0.lists) }
      ],
      nothing: [
        .init("one class", three, [[4, 4, 4]]), .init("a class each", three, [[1, 2, 3]]),
      ],
      tolerance: 1e-6, exceptions: [.length: "distances count, not angles"]
    ) { loss, x, lists in try loss(embeddings: x[0], classes: whole(lists[0])) },
  ]

  private static let unequal: [[Double]] = [[1, 0.5, 0], [0.2, -1, 1], [-0.3, 0.4, 2]]

  private static let neighbours: [BatchLoss] = [
    BatchLoss(
      settings: [ICNNLoss(neighbours: 3)], extremes: [ICNNLoss()],
      records: [ICNNLoss(neighbours: 7, reach: 12)],
      batch: batch((7, 2), seed: 2, [[0, 1, 0, 2, 1, 0, 1]]),
      variations: [
        .init("shifted") { .init([$0.matrices[0].map { $0.map { $0 + 3 } }], $0.lists) }
      ],
      nothing: [.init("two examples", [[[1, 0], [2, 0]]], [[0, 1]])],
      hardBatches: [
        .init(PairLossChecks.matrices([(6, 3)], seed: 4), [[1, 1, 1, 1, 1, 1]])
      ],
      tolerance: 1e-6, exceptions: [.length: "distances count, not angles"]
    ) { loss, x, lists in try loss(embeddings: x[0], classes: whole(lists[0])) },
    BatchLoss(
      settings: [nil, 1, 3].map { LOOKLoss(neighbours: 3, temperature: 0.4, blockSize: $0) },
      records: [LOOKLoss(neighbours: 20, temperature: 0.1, blockSize: 4)],
      batch: batch((4, 3), (6, 3), seed: 1, [[0, 1, 2, 0], [0, -1, -1, 2]]), aligned: 1,
      nothing: [
        .init("unknown classes", [[[1, 2, 0]], unequal + unequal], [[5], [0]]),
        .init("an empty memory", [[[1, 2, 0]], []], [[5], [-1]]),
      ],
      tolerance: 1e-6,
      exceptions: [.single: "it votes with the memory, not with the batch"]
    ) { loss, x, lists in
      try loss(
        queries: x[0], classes: whole(lists[0]), memory: x[1],
        memoryClasses: Array([0, 1, 0, 2, 1, 0].prefix(x[1].size(along: 0))),
        own: lists[1].map { $0 < 0 ? nil : Int($0) })
    },
    BatchLoss(
      "within a batch",
      settings: [LOOKLoss(neighbours: 2, temperature: 0.4)],
      extremes: [1e-3, 1e4].map { LOOKLoss(temperature: $0) },
      batch: batch((5, 3), seed: 2, [[0, 1, 0, 1, 0]]), tolerance: 1e-6
    ) { loss, x, lists in
      let classes = whole(lists[0])
      return try loss(
        queries: x[0], classes: classes, memory: x[0], memoryClasses: classes,
        own: classes.indices.map { $0 })
    },
  ]

  /// Classes, then two partners of each example, each with its share; −1 is none.
  private static let drawn: [[Double]] = [
    [0, 1, 0, 2, 1, 0], [2, 4, 0, -1, 1, 2], [0.3, 0.5, 0.9, 0, 0.1, 0.7],
    [5, -1, -1, -1, -1, 0], [0.6, 0, 0, 0, 0, 0.2],
  ]

  private static func draw(_ lists: [[Double]]) -> MetrixLoss.Draw {
    let rows = lists[0].indices.map { row in
      [1, 3].filter { lists[$0][row] >= 0 }.map { (Int(lists[$0][row]), lists[$0 + 1][row]) }
    }
    return MetrixLoss.Draw(
      partners: rows.map { $0.map(\.0) }, shares: rows.map { $0.map(\.1) })
  }

  private static func lone(_ classes: [Double], _ partners: [Double]) -> [[Double]] {
    let none = classes.map { _ in -1.0 }
    return [classes, partners, classes.map { _ in 0.5 }, none, none]
  }

  private static let mixtures: [BatchLoss] = [
    BatchLoss(
      settings: [
        MetrixLoss(negativeSharpness: 8), MetrixLoss(negativeSharpness: 8, blockSize: 1),
        MetrixLoss(negativeSharpness: 8, blockSize: 4),
        MetrixLoss(negativeSharpness: 8, hardest: 2),
      ],
      extremes: [MetrixLoss()]
        + [1e-3, 1e4].map { MetrixLoss(positiveSharpness: $0, negativeSharpness: $0) },
      records: [MetrixLoss(base: 0.3, hardest: 5, blockSize: 4)],
      batch: batch((6, 3), seed: 1, drawn),
      variations: [
        .init("examples and their draw reversed") { batch in
          var other = batch.lists.map { Array($0.reversed()) }
          for list in [1, 3] { other[list] = other[list].map { $0 < 0 ? $0 : 5 - $0 } }
          return .init([batch.matrices[0].reversed()], other)
        }
      ],
      nothing: [
        .init("no partners", three, lone([0, 1, 2], [-1, -1, -1])),
        .init("no negatives", three, lone([3, 3, 3], [1, 2, 0])),
      ],
      // Opposite vectors in equal shares mix to nothing.
      hardBatches: [.init([[[1, 0], [-1, 0]]], lone([0, 1], [0, 1]))],
      tolerance: 1e-6,
      exceptions: [
        .order: "a draw names rows; reversed with it, examples mean the same",
        .single: "a draw names rows of its batch",
      ]
    ) { loss, x, lists in
      try loss(embeddings: x[0], classes: whole(lists[0]), draw: draw(lists))
    }
  ]

  private static let targets: [BatchLoss] = [
    BatchLoss(
      settings: [ConRLoss(width: 1, temperature: 0.5, push: 0.1)],
      extremes: [ConRLoss(width: 1, temperature: 1e-3, push: 10)],
      records: [ConRLoss(), ConRLoss(width: 2, temperature: 0.3, push: 0.5)],
      batch: batch(
        (6, 3), seed: 31,
        [[20, 21, 20.5, 40, 41, 70], [20, 41, 20, 20.5, 40, 69], [0.5, 1, 2, 1.5, 1, 3]]),
      variations: [
        .init("targets and predictions shifted") {
          .init(
            $0.matrices,
            [$0.lists[0].map { $0 - 64 }, $0.lists[1].map { $0 + 32 }] + $0.lists[2...])
        }
      ],
      nothing: [
        .init("perfect predictions", three, [[20, 21, 40], [20, 21, 40], [1, 2, 3]]),
        .init("targets far apart", three, [[1, 10, 20], [3, 3, 3], [1, 2, 3]]),
      ],
      exceptions: [.empty: "it needs an example"]
    ) { loss, x, lists in
      try loss(
        embeddings: x[0], targets: Tensor(lists[0]), predictions: Tensor(lists[1]),
        weights: Tensor(lists[2]))
    },
    BatchLoss(
      "unweighted", settings: [ConRLoss(width: 1, temperature: 0.5, push: 0.1)],
      extremes: [ConRLoss(width: 1, temperature: 1e-3, push: 10)],
      batch: batch(
        (6, 3), seed: 31, [[20, 21, 20.5, 40, 41, 70], [20, 41, 20, 20.5, 40, 69]]),
      nothing: [
        .init("perfect predictions", three, [[20, 21, 40], [20, 21, 40]]),
        .init("targets far apart", three, [[1, 10, 20], [3, 3, 3]]),
      ],
      exceptions: [.empty: "it needs an example"]
    ) { loss, x, lists in
      try loss(embeddings: x[0], targets: Tensor(lists[0]), predictions: Tensor(lists[1]))
    },
    BatchLoss(
      settings: [nil, 1, 2].map { ContinuousTargetAPLoss(temperature: 0.3, blockSize: $0) },
      extremes: [ContinuousTargetAPLoss(temperature: 1e-3)],
      records: [ContinuousTargetAPLoss(temperature: 0.05, blockSize: 4)],
      batch: .init(
        [
          PairLossChecks.matrices([(3, 4)], seed: 1)[0],
          [[0.2, 1, 0, 0.5], [0, 0, 0, 0], [1, 1, 0, 0.3]],
        ]), constants: [1], lengths: [1],
      variations: [
        .init("scores shifted") {
          .init([$0.matrices[0].map { $0.map { $0 + 3 } }, $0.matrices[1]])
        }
      ],
      nothing: [.init("no target above 0", [[[1, 2]], [[0, 0]]])],
      hardBatches: [
        .init(
          [PairLossChecks.matrices([(2, 4)], seed: 3)[0], [[1e-20, 1, 0, 0.5], [0, 1e-3, 0, 0]]])
      ],
      tolerance: 1e-6,
      exceptions: [.single: "the ranking of a query does not depend on other queries"]
    ) { loss, x, _ in try loss(scores: x[0], targets: x[1]) },
    BatchLoss(
      settings: [SymmetricMultiSimilarityLoss()],
      records: [
        SymmetricMultiSimilarityLoss(), SymmetricMultiSimilarityLoss(margin: 1, slack: 0, tie: 0.5),
      ],
      batch: .init(
        PairLossChecks.matrices([(4, 3), (4, 3)], seed: 41) + [
          [[1, 0.5, 0.25, 1], [0.5, 1, 0, 0], [0.25, 0, 0.75, 0.9], [1, 0, 0.9, 0.5]]
        ]), aligned: 2, constants: [2], lengths: [0, 1],
      variations: [
        .init("sides swapped") { batch in
          let relevance = batch.matrices[2]
          let turned = relevance.indices.map { j in relevance.indices.map { relevance[$0][j] } }
          return .init([batch.matrices[1], batch.matrices[0], turned])
        },
        .init("examples reversed") {
          .init([
            $0.matrices[0].reversed(), $0.matrices[1].reversed(),
            $0.matrices[2].reversed().map { $0.reversed() },
          ])
        },
      ],
      nothing: [.init("a single pair", [[[1, 2]], [[2, -1]], [[1]]])],
      exceptions: [
        .order: "relevances are reversed along both axes; a variation does",
        .single: "relevances are of all pairs; the single pair is among the empty batches",
        .empty: "relevances are of all pairs",
      ]
    ) { loss, x, _ in try loss(first: x[0], second: x[1], relevance: x[2]) },
  ]
}
