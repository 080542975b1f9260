// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let libraries: [Target.Dependency] = [
  "Contrastive", "Datasets", "Evaluation", "Extreme", "Graphs", "Media", "Noise", "Reports",
  "Storage",
  "Torch",
].map {
  .product(name: $0, package: "decant")
}

// Separate from the main package, so that users of Decant never build it.
let package = Package(
  name: "experiments",
  products: [.executable(name: "experiment", targets: ["Experiments"])],
  dependencies: [.package(name: "decant", path: "..")],
  targets: [
    .executableTarget(
      name: "Experiments", dependencies: libraries, swiftSettings: strict),
    .testTarget(
      name: "ExperimentsTests", dependencies: ["Experiments"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
