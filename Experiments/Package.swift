// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let libraries: [Target.Dependency] = [
  "Datasets", "Evaluation", "Images", "Learning", "Torch", "Training",
].map {
  .product(name: $0, package: "decant")
}

// Apart from the main package, so that nobody who only uses Decant builds it.
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
