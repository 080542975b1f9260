import Datasets
import Media
import Storage
import Torch

/// Outlines of leaves of six species, and recordings of them disturbed by a wave.
struct Leaves: Dependent {
  /// `[442, 1, 213]`, in random order.
  let outlines: Tensor
  let classes: [Int]

  static var uses: [Any.Type] { [SeriesSet.self] }

  /// Reads both parts of OSULeaf, averaging pairs of time steps.
  ///
  /// - Throws: `InputError` if the archive is missing, with the file to download.
  init(_ options: ExperimentOptions) throws {
    let sets = try DataFolder(path: options.data).withUnpacked(
      "timeseries-ucr/timeseries-ucr.tar.xz", matching: ["OSULeaf/*.ts"],
      origin: "OSULeaf_TRAIN.ts and …TEST.ts in a folder of their set, packed with tar and xz"
    ) { folder in
      try ["TRAIN", "TEST"].map { try SeriesSet(ts: "\(folder)/OSULeaf/OSULeaf_\($0).ts") }
    }
    // Half as long; an odd last step is dropped.
    let both = Tensor.concatenated(sets.map(\.values))
    let (count, length) = (both.size(along: 0), both.size(along: 2) / 2 * 2)
    let halves = both.slice(0..<length, along: 2).reshaped([count, 1, length / 2, 2])
    var random = SplitMix64(0)
    let order = (0..<count).shuffled(using: &random)
    outlines = halves.mean(along: 3).gathered(rows: Tensor(order))
    let known = sets.flatMap(\.classes)
    classes = order.map { known[$0] }
  }

  /// A recording of each of `[N, 1, T]`, each disturbed by its own wave.
  ///
  /// - Parameter strengths: the amplitude of each disturbance; 1 by default.
  static func recorded(
    _ series: Tensor, strengths: [Float]? = nil, generator: Generator
  ) -> Tensor {
    let (count, length) = (series.size(along: 0), series.size(along: 2))
    func numbers() -> Tensor { Tensor.uniform([count, 1, 1], generator: generator) }
    let times = Tensor.range(0..<length).converted(to: .float32) * (2 * .pi / Double(length))
    let waves = ((numbers() * 8 + 1) * times + numbers() * (2 * .pi)).sine()
    let heights = Tensor.normal([count, 1, 1], generator: generator)
    return series + waves * heights
      * (strengths.map { Tensor($0, shape: [count, 1, 1]) } ?? .ones([1, 1, 1]))
  }
}
