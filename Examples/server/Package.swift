// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "server",
  dependencies: [
    // A package outside this repository names its address instead: .package(url: …, branch: "main").
    .package(name: "decant", path: "../.."),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "server",
      dependencies: [
        .product(name: "Models", package: "decant"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
