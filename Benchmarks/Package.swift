// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Apart from the main package, so that nobody who only uses Decant builds it.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "decant", path: "..")],
  targets: [
    .executableTarget(
      name: "GeometryBenchmark",
      dependencies: ["Datasets", "Evaluation", "Learning", "Torch", "Training"].map {
        .product(name: $0, package: "decant")
      },
      swiftSettings: strict),
    .executableTarget(
      name: "LaSOBenchmark",
      dependencies: [
        .product(name: "Learning", package: "decant"), .product(name: "Torch", package: "decant"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "LossBenchmark",
      dependencies: [
        .product(name: "Learning", package: "decant"), .product(name: "Torch", package: "decant"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "NetworkBenchmark",
      dependencies: [.product(name: "Torch", package: "decant")],
      swiftSettings: strict),
    .executableTarget(
      name: "PairBenchmark",
      dependencies: [
        .product(name: "Learning", package: "decant"), .product(name: "Torch", package: "decant"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "SearchBenchmark",
      dependencies: ["Evaluation", "Retrieval", "Torch", "Training"].map {
        .product(name: $0, package: "decant")
      },
      swiftSettings: strict),
    .executableTarget(
      name: "SphericalBenchmark",
      dependencies: [
        .product(name: "Learning", package: "decant"), .product(name: "Torch", package: "decant"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "TransformerBenchmark",
      dependencies: [
        .product(name: "Datasets", package: "decant"),
        .product(name: "Learning", package: "decant"), .product(name: "Torch", package: "decant"),
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
