// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Libraries of Decant.
func decant(_ names: String...) -> [Target.Dependency] {
  names.map { .product(name: $0, package: "decant") }
}

// A separate package, so that training and library users never download a web server.
let package = Package(
  name: "service",
  products: [
    .executable(name: "decant-serve", targets: ["decant-serve"]),
    .library(name: "Serving", targets: ["Serving"]),
  ],
  dependencies: [
    .package(name: "decant", path: ".."),
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
      name: "Serving",
      dependencies: decant(
        "Storage", "Torch", "Extreme", "Datasets", "Evaluation", "Models", "Retrieval") + [
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
      dependencies: decant("Models", "ServiceOptions", "Storage", "Torch") + [
        "Serving",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    // Some tests run `decant serve`, which starts `decant-serve`.
    .testTarget(
      name: "ServingTests",
      dependencies: decant(
        "decant", "Storage", "Datasets", "Extreme", "Models", "Training", "Torch", "TestSupport")
        + [
          "Serving", "decant-serve",
          .product(name: "CoreMetrics", package: "swift-metrics"),
          .product(name: "GRDB", package: "GRDB.swift"),
          .product(name: "Logging", package: "swift-log"),
          .product(name: "NIOCore", package: "swift-nio"),
          .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
