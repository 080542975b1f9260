// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: each file imports every module that it uses.
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

/// Where `Scripts/setup` puts ONNX Runtime; looked at with the first ONNX encoder.
let onnxLibrary = "\"\(Context.packageDirectory)/.deps/libonnxruntime.so\""

/// The families of methods: each a target in `Sources/Learning` that depends on no other.
let families = ["Contrastive", "Extreme", "Graphs", "Noise", "Streams"]

/// A Swift target with its README.
func library(
  _ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = [],
  resources: [Resource]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, exclude: ["README.md"] + exclude,
    resources: resources, swiftSettings: strict)
}

/// A family of methods: tensors, sparse rows and the machinery that methods share.
func family(_ name: String) -> Target {
  library(name, ["Torch", "Storage", "Kernels"], path: "Sources/Learning/\(name)")
}

/// The loader of a library that `Scripts/setup` compiles from `Interface` and puts at `path`.
func interface(_ name: String, to path: String, macro: String) -> Target {
  .target(
    name: name, dependencies: ["CFiles"], exclude: ["Interface", "README.md"],
    cSettings: [.define(macro, to: path)], linkerSettings: [.linkedLibrary("dl")])
}

/// The tests of a target, with the values of `Goldens` if it has any.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], hasGoldens: Bool = true
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"],
    exclude: hasGoldens ? ["Goldens"] : [], swiftSettings: strict)
}

let package = Package(
  name: "decant",
  products: [
    .executable(name: "decant", targets: ["decant"]),
    .library(name: "Storage", targets: ["Storage"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Media", targets: ["Media"]),
    .library(name: "Learning", targets: ["Learning"]),
    .library(name: "Contrastive", targets: ["Contrastive"]),
    .library(name: "Extreme", targets: ["Extreme"]),
    .library(name: "Graphs", targets: ["Graphs"]),
    .library(name: "Noise", targets: ["Noise"]),
    .library(name: "Streams", targets: ["Streams"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Reports", targets: ["Reports"]),
    .library(name: "Retrieval", targets: ["Retrieval"]),
    // swift package decant-setup, for packages that use the libraries.
    .plugin(name: "DecantSetup", targets: ["DecantSetup"]),
    // Used by decant-serve in Service.
    .library(name: "ServiceOptions", targets: ["ServiceOptions"]),
    // Used by the tests in Service.
    .library(name: "TestSupport", targets: ["TestSupport"]),
  ],
  // Keep it at one: a package that uses a single loss clones everything here. The web service has its
  // own package in Service.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    interface("CTorch", to: interfaceLibrary, macro: "CTORCH_DEFAULT_LIBRARY"),
    interface("CSearch", to: searchLibrary, macro: "CSEARCH_DEFAULT_LIBRARY"),
    .target(
      name: "COnnx", dependencies: ["CFiles"], exclude: ["README.md"],
      cSettings: [.define("CONNX_DEFAULT_LIBRARY", to: onnxLibrary)],
      linkerSettings: [.linkedLibrary("dl")]),
    .plugin(
      name: "DecantSetup",
      capability: .command(
        intent: .custom(
          verb: "decant-setup",
          description:
            "Download libtorch, and compile Decant's interface to it, in the user's cache"),
        permissions: [
          .allowNetworkConnections(
            scope: .all(ports: [443]), reason: "It downloads libtorch (550 MB) from PyPI.")
        ])),
    .target(name: "CFiles", exclude: ["README.md"]),
    // Only users of Media need the headers of libpng, libjpeg and zlib.
    .target(
      name: "CImages", exclude: ["README.md"],
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg"), .linkedLibrary("z")]),
    library("Storage", ["CFiles"]),
    library("Torch", ["CTorch", "Storage"]),
    library("Datasets", ["Storage"]),
    library("Media", ["CImages", "Datasets", "Storage", "Torch"]),
    library("Kernels", ["Storage", "Torch"]),
    family("Contrastive"),
    family("Extreme"),
    family("Graphs"),
    family("Noise"),
    family("Streams"),
    library(
      "Learning", families.map { .target(name: $0) }, path: "Sources/Learning", exclude: families),
    library("Evaluation", ["Storage", "Torch"]),
    library("Retrieval", ["CSearch", "Datasets", "Evaluation", "Storage", "Torch"]),
    library(
      "Models", ["COnnx", "Datasets", "Evaluation", "Extreme", "Retrieval", "Storage", "Torch"],
      resources: [.embedInCode("Exchange/decant_bag.py")]),
    library(
      "Training", ["Datasets", "Evaluation", "Extreme", "Models", "Noise", "Storage", "Torch"]),
    library("Reports", ["Datasets", "Evaluation", "Extreme", "Models", "Storage", "Torch"]),
    .target(
      name: "ServiceOptions",
      dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "decant",
      dependencies: [
        "Datasets", "Evaluation", "Extreme", "Models", "Noise", "Reports", "Retrieval",
        "ServiceOptions", "Storage", "Streams", "Torch", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Storage", "Torch"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .executableTarget(
      name: "decant-fuzz",
      dependencies: [
        "Datasets", "Extreme", "Media", "Models", "Reports", "Retrieval", "Storage", "Torch",
        "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", swiftSettings: strict),
    tests("StorageTests", ["Storage"], hasGoldens: false),
    tests("TorchTests", ["Storage", "Torch"]),
    tests("DatasetsTests", ["Datasets", "Storage"]),
    tests("MediaTests", ["Datasets", "Media", "Storage", "Torch"]),
    tests("KernelsTests", ["Kernels", "Storage", "Torch"], hasGoldens: false),
    tests("ContrastiveTests", ["Contrastive", "Kernels", "Storage", "Torch"]),
    tests("ExtremeTests", ["Extreme", "Kernels", "Storage", "Torch"]),
    tests("GraphsTests", ["Graphs", "Storage", "Torch"]),
    tests("NoiseTests", ["Noise", "Storage", "Torch"]),
    tests("StreamsTests", ["Evaluation", "Storage", "Streams", "Torch"]),
    tests(
      "LearningTests", families.map { .target(name: $0) } + ["Storage", "Torch"], hasGoldens: false),
    tests("EvaluationTests", ["Evaluation", "Storage", "Torch"]),
    tests(
      "RetrievalTests", ["Datasets", "Evaluation", "Retrieval", "Storage", "Torch"],
      hasGoldens: false),
    tests(
      "ModelsTests",
      [
        "Datasets", "Evaluation", "Extreme", "Models", "Retrieval", "Storage", "Torch", "Training",
      ]),
    tests(
      "TrainingTests",
      ["Datasets", "Evaluation", "Extreme", "Models", "Storage", "Torch", "Training"],
      hasGoldens: false),
    tests(
      "ReportsTests",
      ["Datasets", "Evaluation", "Models", "Reports", "Storage", "Torch", "Training"],
      hasGoldens: false),
    // These run the binary, which is why they depend on it.
    .testTarget(
      name: "DecantTests",
      dependencies: [
        "decant", "decant-fuzz", "Extreme", "Models", "Retrieval", "Storage", "Torch", "Training",
        "TestSupport",
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
