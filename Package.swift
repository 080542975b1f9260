// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: strict, so that a file says itself what it uses.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Where `Scripts/setup` puts the compiled interface to libtorch.
///
/// The path is only looked at when the first tensor is made, so the package builds on a machine
/// that has no libtorch.
let interfaceLibrary = "\"\(Context.packageDirectory)/.deps/libctorch.so\""

/// Where `Scripts/setup` puts the compiled search library; looked at with the first graph.
let searchLibrary = "\"\(Context.packageDirectory)/.deps/libsearch.so\""

let package = Package(
  name: "decant",
  products: [
    .executable(name: "decant", targets: ["decant"]),
    .executable(name: "decant-serve", targets: ["decant-serve"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "Learning", targets: ["Learning"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Images", targets: ["Images"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Retrieval", targets: ["Retrieval"]),
    .library(name: "Serving", targets: ["Serving"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.9.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
  ],
  targets: [
    .target(
      name: "CTorch",
      exclude: ["Interface", "README.md"],
      cSettings: [.define("CTORCH_DEFAULT_LIBRARY", to: interfaceLibrary)],
      linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CSearch",
      exclude: ["Interface", "README.md"],
      cSettings: [.define("CSEARCH_DEFAULT_LIBRARY", to: searchLibrary)],
      linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "Torch", dependencies: ["CTorch"], exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Learning", dependencies: ["Torch"], exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Datasets", dependencies: ["Torch"], exclude: ["README.md"],
      swiftSettings: strict),
    // Apart from Datasets: only who reads pictures needs libpng's, libjpeg's and zlib's headers.
    .target(
      name: "CImages", exclude: ["README.md"],
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("z")]),
    .target(
      name: "Images", dependencies: ["CImages", "Torch", "Datasets"], exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Evaluation", dependencies: ["Torch"], exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Retrieval", dependencies: ["CSearch", "Torch", "Datasets", "Evaluation"],
      exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: ["Torch", "Learning", "Datasets", "Evaluation"],
      exclude: ["README.md"],
      swiftSettings: strict),
    // Only `decant-serve` depends on it: who trains does not wait for a web server to compile.
    .target(
      name: "Serving",
      dependencies: [
        "Torch", "Learning", "Datasets", "Evaluation", "Retrieval", "Training",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      exclude: ["README.md"],
      swiftSettings: strict),
    .executableTarget(
      name: "decant-serve",
      dependencies: [
        "Serving", "Training", "Torch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "decant",
      dependencies: [
        "Torch", "Learning", "Datasets", "Evaluation", "Retrieval", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Torch"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .executableTarget(
      name: "decant-fuzz",
      dependencies: [
        "Torch", "Learning", "Datasets", "Images", "Retrieval", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", swiftSettings: strict),
    .testTarget(
      name: "TorchTests", dependencies: ["Torch", "TestSupport"], exclude: ["Goldens"],
      swiftSettings: strict),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Torch", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "ImagesTests", dependencies: ["Images", "Datasets", "Torch", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "EvaluationTests", dependencies: ["Evaluation", "Torch", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "LearningTests", dependencies: ["Learning", "Torch", "TestSupport"],
      exclude: ["Goldens"], swiftSettings: strict),
    .testTarget(
      name: "RetrievalTests",
      dependencies: ["Retrieval", "Datasets", "Evaluation", "Torch", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["Training", "Learning", "Datasets", "Evaluation", "Torch", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ServingTests",
      dependencies: [
        "Serving", "Datasets", "Learning", "Training", "Torch", "TestSupport",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    // These run the binary, which is why they depend on it.
    .testTarget(
      name: "DecantTests",
      dependencies: [
        "decant", "decant-serve", "decant-fuzz", "Retrieval", "Torch", "TestSupport",
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
