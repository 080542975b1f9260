// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A benchmark program that uses products of Decant.
func benchmark(_ name: String, _ libraries: [String]) -> Target {
  .executableTarget(
    name: name, dependencies: libraries.map { .product(name: $0, package: "decant") },
    swiftSettings: strict)
}

// Separate from the main package, so that users of Decant never build it.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "decant", path: "..")],
  targets: [
    benchmark("DeviceBenchmark", ["Extreme", "Storage", "Torch"]),
    benchmark("GeometryBenchmark", ["Datasets", "Evaluation", "Extreme", "Models", "Storage"]),
    benchmark("GraphBenchmark", ["Datasets", "Graphs", "Storage", "Torch"]),
    benchmark("LaSOBenchmark", ["Extreme", "Torch"]),
    benchmark("LossBenchmark", ["Extreme", "Storage", "Torch"]),
    benchmark("NetworkBenchmark", ["Storage", "Torch"]),
    benchmark("PairBenchmark", ["Contrastive", "Storage", "Torch"]),
    benchmark("SearchBenchmark", ["Evaluation", "Models", "Retrieval", "Storage", "Torch"]),
    benchmark("SphericalBenchmark", ["Extreme", "Storage", "Torch"]),
    benchmark("TransformerBenchmark", ["Datasets", "Extreme", "Torch"]),
  ],
  swiftLanguageModes: [.v6]
)
