import Contrastive
import Foundation
import TestSupport
import Torch

/// The losses of pairs and views, a row for each.
enum PairLossTable {
  static let rows =
    contrastive + multiView + leftOut + queued + predictive + decorrelating + sorting + heads

  private static func batch(_ shapes: (Int, Int)..., seed: UInt64) -> BatchLoss.Batch {
    .init(PairLossChecks.matrices(shapes.map { (rows: $0.0, width: $0.1) }, seed: seed))
  }

  private static let contrastive: [BatchLoss] = [
    BatchLoss(
      settings: [NTXentLoss(temperature: 0.5), NTXentLoss(temperature: 0.2)],
      extremes: [NTXentLoss(temperature: 1e-3)],
      records: [NTXentLoss(), NTXentLoss(temperature: 0.25)],
      batch: batch((5, 3), (5, 3), seed: 4), swaps: [[1, 0]], singleTolerance: 1e-12,
      exceptions: [.empty: "the mean over no examples is NaN"]
    ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
    BatchLoss(
      settings: [DCLLoss(temperature: 0.5)], extremes: [DCLLoss(temperature: 1e-3)],
      batch: batch((5, 3), (5, 3), seed: 7), swaps: [[1, 0]],
      exceptions: [.empty: "the mean over no examples is NaN"]
    ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
    BatchLoss(
      "weighted",
      settings: [
        DCLLoss(temperature: 0.5, weighting: .vonMisesFisher(sigma: 0.5)),
        DCLLoss(temperature: 0.2, weighting: .vonMisesFisher(sigma: 0.5)),
        DCLLoss(temperature: 0.1, weighting: .vonMisesFisher(sigma: 0.5)),
      ],
      extremes: [DCLLoss(temperature: 1e-3, weighting: .vonMisesFisher(sigma: 1e-3))],
      records: [DCLLoss(), DCLLoss(temperature: 0.2, weighting: .vonMisesFisher(sigma: 0.7))],
      batch: batch((5, 3), (5, 3), seed: 7), swaps: [[1, 0]],
      exceptions: [
        .empty: "the mean over no examples is NaN",
        .differences: "weights are constants; DCLLossTests fixes them",
        .secondDerivatives: "weights are constants",
      ]
    ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
    BatchLoss(
      settings: [NNCLRLoss(temperature: 0.5), NNCLRLoss(temperature: 0.1)],
      extremes: [NNCLRLoss(temperature: 1e-3)],
      records: [NNCLRLoss(), NNCLRLoss(temperature: 0.25)],
      batch: batch((5, 3), (5, 3), seed: 27), constants: [0], singleTolerance: 1e-12,
      exceptions: [.empty: "the mean over no examples is NaN"]
    ) { loss, x, _ in try loss(neighbours: x[0], predictions: x[1]) },
    BatchLoss(
      settings: [
        SymmetricInfoNCELoss(temperature: 0.5),
        SymmetricInfoNCELoss(temperature: 0.2, smoothing: 0.3),
      ],
      extremes: [SymmetricInfoNCELoss(temperature: 1e-3, smoothing: 0)],
      records: [SymmetricInfoNCELoss(temperature: 0.2, smoothing: 0.05)],
      batch: batch((4, 3), (4, 3), seed: 3), swaps: [[1, 0]], singleTolerance: 1e-12,
      exceptions: [.length: "inner products, not cosines", .empty: "it needs a pair"]
    ) { loss, x, _ in try loss(queries: x[0], references: x[1]) },
  ]

  private static let multiView: [BatchLoss] = [
    BatchLoss(
      settings: [MultiViewInfoNCELoss(temperature: 0.5), MultiViewInfoNCELoss(temperature: 0.2)],
      extremes: [MultiViewInfoNCELoss(temperature: 1e-3)],
      records: [MultiViewInfoNCELoss(), MultiViewInfoNCELoss(temperature: 0.7)],
      batch: batch((4, 3), (4, 3), (4, 3), seed: 8), swaps: [[2, 1, 0], [1, 2, 0]],
      singleTolerance: 1e-12,
      exceptions: [.empty: "the mean over no examples is NaN"]
    ) { loss, x, _ in try loss(views: x) },
    BatchLoss(
      settings: [MultiViewDHELLoss(temperature: 0.5), MultiViewDHELLoss(temperature: 0.2)],
      extremes: [MultiViewDHELLoss(temperature: 1e-3)],
      records: [MultiViewDHELLoss(), MultiViewDHELLoss(temperature: 0.7)],
      batch: batch((4, 3), (4, 3), (4, 3), seed: 8), swaps: [[2, 1, 0], [1, 2, 0]],
      exceptions: [.empty: "the mean over no examples is NaN"]
    ) { loss, x, _ in try loss(views: x) },
    BatchLoss(
      settings: [GroCoLoss(negatives: 3), GroCoLoss(negatives: 2, blockSize: 3)],
      extremes: [1e-3, 1, 1e4].flatMap { steepness in
        SortingNetwork.Relaxation.allCases.map {
          GroCoLoss(negatives: 2, network: .init(relaxation: $0, steepness: steepness))
        }
      },
      records: [GroCoLoss(negatives: 4, network: SortingNetwork(steepness: 2), blockSize: 3)],
      batch: batch((5, 3), (5, 3), (5, 3), seed: 2), swaps: [[2, 1, 0]],
      hardBatches: [
        .init([[[1, 0], [-1, 1e-3], [1e4, 0]], [[-1, 0], [1, -1e-3], [-1e4, 0]]])
      ],
      exceptions: [
        .differences: "positives and negatives are constants; GroCoLossTests fixes them",
        .secondDerivatives: "positives and negatives are constants",
      ]
    ) { loss, x, _ in try loss(views: x) },
  ]

  private static let leftOut: [BatchLoss] = [
    BatchLoss(
      settings: [InfoLOOBLoss(temperature: 0.5), InfoLOOBLoss(temperature: 0.2)],
      extremes: [InfoLOOBLoss(temperature: 1e-3)],
      records: [InfoLOOBLoss(), InfoLOOBLoss(temperature: 0.25)],
      batch: batch((5, 3), (5, 3), seed: 23), swaps: [[1, 0]]
    ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
    BatchLoss(
      settings: [
        CLOOBLoss(temperature: 0.5, sharpness: 3), CLOOBLoss(temperature: 0.2, sharpness: 8),
      ],
      extremes: [CLOOBLoss(temperature: 1e-3, sharpness: 1e3)],
      records: [CLOOBLoss(), CLOOBLoss(temperature: 0.2, sharpness: 3)],
      batch: batch((5, 3), (5, 3), seed: 25), swaps: [[1, 0]]
    ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
    BatchLoss(
      settings: [ModernHopfieldRetrieval(sharpness: 3)],
      extremes: [ModernHopfieldRetrieval(sharpness: 0), ModernHopfieldRetrieval(sharpness: 1e4)],
      records: [ModernHopfieldRetrieval(sharpness: 14.3)],
      batch: batch((3, 3), (4, 3), seed: 24), aligned: 1,
      variations: [
        .init("stored patterns reversed") { .init([$0.matrices[0], $0.matrices[1].reversed()]) }
      ],
      exceptions: [
        .single: "a state is replaced whatever the others are", .empty: "it is not a loss",
      ]
    ) { retrieval, x, _ in
      let found = try retrieval(states: x[0], stored: x[1])
      return (found * Tensor([1.0, -2, 3]).converted(to: found.dtype)).sum()
    },
  ]

  private static let queued: [BatchLoss] = [
    BatchLoss(
      settings: [MoCoLoss(temperature: 0.5), MoCoLoss(temperature: 0.2)],
      extremes: [MoCoLoss(temperature: 1e-3)], records: [MoCoLoss(), MoCoLoss(temperature: 0.25)],
      batch: batch((4, 3), (4, 3), (6, 3), seed: 26), aligned: 2, constants: [1, 2],
      variations: [
        .init("queue reversed") { .init($0.matrices[0..<2] + [$0.matrices[2].reversed()]) }
      ],
      nothing: [.init("an empty queue", [[[1, 2, 0]], [[2, -1, 1]], []])],
      exceptions: [
        .empty: "the mean over no examples is NaN", .single: "the queue's keys are its negatives",
      ]
    ) { loss, x, _ in try loss(queries: x[0], keys: x[1], queue: x[2]) },
    BatchLoss(
      settings: [HardContrastiveLoss(hardest: 3, temperature: 0.5)],
      extremes: [HardContrastiveLoss(hardest: 3, temperature: 1e-3)],
      records: [HardContrastiveLoss(hardest: 7, temperature: 0.2)],
      batch: batch((5, 3), (5, 3), (4, 3), seed: 21), aligned: 2,
      variations: [
        .init("bank reversed") { .init($0.matrices[0..<2] + [$0.matrices[2].reversed()]) }
      ],
      nothing: [.init("one example without a bank", [[[1, 2, 0]], [[2, -1, 1]]])],
      exceptions: [.single: "the bank's rows are its negatives"]
    ) { loss, x, _ in try loss(queries: x[0], keys: x[1], bank: x.count > 2 ? x[2] : nil) },
  ]

  private static let predictive: [BatchLoss] = [
    BatchLoss(
      settings: [BYOLLoss()], batch: batch((3, 2), (3, 2), (3, 2), (3, 2), seed: 2),
      constants: [2, 3], swaps: [[1, 0, 3, 2]], hardBatches: [.init(misaligned)],
      exceptions: [.single: "an example is compared with itself alone"]
    ) { loss, x, _ in try loss(predictions: (x[0], x[1]), projections: (x[2], x[3])) },
    BatchLoss(
      settings: [SimSiamLoss()], batch: batch((3, 2), (3, 2), (3, 2), (3, 2), seed: 2),
      constants: [2, 3], swaps: [[1, 0, 3, 2]], hardBatches: [.init(misaligned)],
      exceptions: [.single: "an example is compared with itself alone"]
    ) { loss, x, _ in try loss(predictions: (x[0], x[1]), projections: (x[2], x[3])) },
  ]

  /// Views of sizes far apart, with a row of zeros.
  private static let misaligned: [[[Double]]] = [
    [[1e4, 2], [0, 0]], [[1, 2e-4], [0, 0]], [[1e4, 2], [0, 0]], [[-1e4, -2], [0, 0]],
  ]

  private static let decorrelating: [BatchLoss] = [2, 6].flatMap { width in
    [
      BatchLoss(
        "\(width) units",
        settings: [BarlowTwinsLoss(redundancyWeight: 0.3)], extremes: [BarlowTwinsLoss()],
        records: [BarlowTwinsLoss(redundancyWeight: 0.2, epsilon: 1e-3)],
        batch: batch((4, width), (4, width), seed: 2), lengths: [], swaps: [[1, 0]],
        hardBatches: [
          .init([[[Double](repeating: 0.5, count: width)], [[Double](repeating: -1, count: width)]])
        ],
        tolerance: 1e-5,
        exceptions: [
          .length: "a unit is standardized over the batch, not a row",
          .single: "one example has no correlations, which is the largest loss",
        ]
      ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
      BatchLoss(
        "\(width) units",
        settings: [VICRegLoss()],
        records: [VICRegLoss(invarianceWeight: 1, deviation: 2, epsilon: 1e-3)],
        batch: batch((4, width), (4, width), seed: 2), swaps: [[1, 0]],
        variations: [
          .init("both views shifted") {
            .init($0.matrices.map { $0.map { $0.map { $0 + 3 } } })
          }
        ],
        hardBatches: [
          .init([[[Double](repeating: 0.5, count: width)], [[Double](repeating: -1, count: width)]])
        ],
        tolerance: 1e-6,
        exceptions: [
          .length: "distances count, not angles",
          .single: "the invariance of one example remains",
        ]
      ) { loss, x, _ in try loss(first: x[0], second: x[1]) },
    ]
  }

  private static let sorting: [BatchLoss] = [
    BatchLoss(
      settings: SortingNetwork.Kind.allCases.map { SortingNetwork(kind: $0, steepness: 2) },
      extremes: SortingNetwork.Relaxation.allCases.flatMap { relaxation in
        [1e-3, 1e4].map { SortingNetwork(relaxation: relaxation, steepness: $0) }
      },
      records: [SortingNetwork(kind: .bitonic, relaxation: .logistic, steepness: 3)],
      batch: batch((2, 5), seed: 2), hardBatches: [.init([[[1, -1, 1, 0, 0.5]]])],
      tolerance: 1e-6,
      exceptions: [
        .length: "it sorts by size", .single: "a row is sorted by itself",
        .empty: "it is not a loss",
      ]
    ) { network, x, _ in
      let (sorted, permutation) = try network(x[0])
      let weights = Tensor((0..<25).map { cos(Double($0)) }, shape: [5, 5])
        .converted(to: permutation.dtype)
      return (permutation * weights).sum() + sorted.squared().sum()
    }
  ]

  private static let heads: [BatchLoss] = [
    BatchLoss(
      named: "AdaptiveMultiHeadLoss",
      settings: [AdaptiveMultiHeadLoss.Configuration(width: 2, hidden: 3, temperatures: 0.1...2)],
      extremes: [AdaptiveMultiHeadLoss.Configuration(width: 2, hidden: 3)],
      records: [AdaptiveMultiHeadLoss.Configuration(width: 7, hidden: 9)],
      batch: batch((4, 2), (4, 2), (4, 2), (4, 2), seed: 43),
      swaps: [[1, 0, 3, 2], [2, 3, 0, 1]]
    ) { configuration, x, _ in
      let loss = AdaptiveMultiHeadLoss(
        configuration, generator: Generator(seed: 4), dtype: .float64)
      // The authors' lowest temperature, which weights of ordinary size never reach.
      if configuration.temperatures.lowerBound < 1e-3 {
        try loss.restore([
          "network.0.weight": .zeros([3, 4], dtype: .float64),
          "network.0.bias": .zeros([3], dtype: .float64),
          "network.2.weight": .zeros([1, 3], dtype: .float64),
          "network.2.bias": Tensor([-1e4]),
        ])
      }
      guard x[0].dtype == .float32 else {
        return try loss(first: Array(x[0..<2]), second: Array(x[2..<4]))
      }
      let single = AdaptiveMultiHeadLoss(configuration, generator: Generator(seed: 4))
      try single.restore(
        Dictionary(
          uniqueKeysWithValues: loss.parameters.map { ($0.name, $0.tensor.converted(to: .float32)) }
        ))
      return try single(first: Array(x[0..<2]), second: Array(x[2..<4]))
    }
  ]
}
