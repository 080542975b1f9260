import Contrastive
import Extreme
import Foundation
import Streams
import TestSupport
import Testing
import Torch

@Suite struct LearningDefaultsTests {
  private let encoders: [String: Any] = [
    "BagEncoder": BagEncoder.Configuration(),
    "ConvolutionalEncoder": ConvolutionalEncoder.Configuration(),
    "DualEncoder": DualEncoder.Configuration(),
    "DynamicSubspaceLearners": DynamicSubspaceLearners(width: 8),
    "LaSONetworks": LaSONetworks.Configuration(dimension: 2, hiddenDimension: 2),
    "MomentumUpdate": MomentumUpdate(),
    "PretextHead": PretextHead.Configuration(inputs: 2, classes: 2),
    "ProjectionHead": ProjectionHead.Configuration(inputs: 2, hidden: 2, outputs: 2),
    "ProjectionHead.byol": ProjectionHead.Configuration.byol(inputs: 2),
    "ProjectionHead.simCLR": ProjectionHead.Configuration.simCLR(inputs: 2),
    "ProjectionHead.simSiam": ProjectionHead.Configuration.simSiam(inputs: 2),
    "ResNetEncoder": ResNetEncoder.Configuration(),
    "ScatteringEncoder": ScatteringEncoder.Configuration(
      transform: ScatteringTransform.Configuration(height: 8, width: 8)),
    "ScatteringTransform": ScatteringTransform.Configuration(height: 8, width: 8),
    "SeriesEncoder": SeriesEncoder.Configuration(),
    "SeriesEncoder.residual": SeriesEncoder.Configuration.residual(),
    "TransformerConfiguration": TransformerEncoder.Configuration(),
    "TransformerTower": TransformerTower.Configuration(),
  ]

  private let labels: [String: Any] = [
    "BinaryCrossEntropyLoss": BinaryCrossEntropyLoss(),
    "ClassBalancedWeights": ClassBalancedWeights(),
    "ClusteredBatches": ClusteredBatches(batchSize: 2),
    "ConditionalTransportLoss": ConditionalTransportLoss(),
    "CoupledEstimationLoss": CoupledEstimationLoss(),
    "DecoupledSoftmaxLoss": DecoupledSoftmaxLoss(), "DistillationLoss": DistillationLoss(),
    "DynamicBadPairMining": DynamicBadPairMining(pairCount: 1, epochs: 1, warmUp: 1),
    "EarlyLearningTerm": EarlyLearningTerm(),
    "FalseNegativeFilter": FalseNegativeFilter(), "GeneralizedTerm": GeneralizedTerm(),
    "FeatureTransformation": FeatureTransformation(),
    "HardNegativeSearch": HardNegativeSearch(count: 1), "InfoNCELoss": InfoNCELoss(),
    "LabelALDRKLLoss": LabelALDRKLLoss(), "LabelAnyLoss": LabelAnyLoss(),
    "LabelDiceLoss": LabelDiceLoss(), "LogitAdjustment": LogitAdjustment(),
    "ReweightingTerm": ReweightingTerm(), "SymmetricTerm": SymmetricTerm(),
    "LaSOLoss": LaSOLoss(), "LabelPool": LabelPool.Configuration(), "MLCDLoss": MLCDLoss(),
    "SCut": SCut(objective: .macro),
    "SimilarityBatches": SimilarityBatches(), "SoftTopKLoss": SoftTopKLoss(),
    "SparseLinear": SparseLinear.Configuration(),
    "SphericalOutputLayer": SphericalOutputLayer(ZLoss(), weights: .ones([2, 2])),
    "SquaredHingeLoss": SquaredHingeLoss(), "SubclassClusters": SubclassClusters(),
    "SymmetricInfoNCELoss": SymmetricInfoNCELoss(), "ZLoss": ZLoss(),
  ]

  private let pairs: [String: Any] = [
    "AdaptiveMultiHeadLoss": AdaptiveMultiHeadLoss.Configuration(width: 2),
    "BarlowTwinsLoss": BarlowTwinsLoss(), "CLOOBLoss": CLOOBLoss(), "ConRLoss": ConRLoss(),
    "ContinuousTargetAPLoss": ContinuousTargetAPLoss(), "DCLLoss": DCLLoss(),
    "GroCoLoss": GroCoLoss(), "HardContrastiveLoss": HardContrastiveLoss(hardest: 1),
    "HydraGate": HydraGate.Configuration(classes: 2, width: 2), "HydraLoss": HydraLoss(),
    "ICNNLoss": ICNNLoss(), "InfoLOOBLoss": InfoLOOBLoss(), "LOOKLoss": LOOKLoss(),
    "MetrixLoss": MetrixLoss(), "MoCoLoss": MoCoLoss(),
    "ModernHopfieldRetrieval": ModernHopfieldRetrieval(),
    "MultiSimilarityLoss": MultiSimilarityLoss(), "MultiViewDHELLoss": MultiViewDHELLoss(),
    "MultiViewInfoNCELoss": MultiViewInfoNCELoss(), "NNCLRLoss": NNCLRLoss(),
    "NTXentLoss": NTXentLoss(), "SBCLLoss": SBCLLoss(), "SortingNetwork": SortingNetwork(),
    "SupConLoss": SupConLoss(), "SymmetricMultiSimilarityLoss": SymmetricMultiSimilarityLoss(),
    "TripletLoss": TripletLoss(), "VICRegLoss": VICRegLoss(), "ArcFaceLoss": ArcFaceLoss(),
    "NormalizedSoftmaxLoss": NormalizedSoftmaxLoss(),
    "PrototypeTripletLoss": PrototypeTripletLoss(), "ProxyAnchorLoss": ProxyAnchorLoss(),
    "SelfDistillationLoss": SelfDistillationLoss(), "UNPGLoss": UNPGLoss(),
  ]

  private let streamsAndViews: [String: Any] = [
    "ADWINDetector": ADWINDetector.Configuration(), "IHOMERLearner": IHOMERLearner.Configuration(),
    "MultiLabelHoeffdingTree": MultiLabelHoeffdingTree.Configuration(),
    "ODACClustering": ODACClustering.Configuration(),
    "BatchStyleStandardization": BatchStyleStandardization(), "ColourJitter": ColourJitter(),
    "DecoupledSceneMotion": DecoupledSceneMotion(), "GaussianBlur": GaussianBlur(),
    "HorizontalFlip": HorizontalFlip(), "ImageViews": ImageViews(), "Jigsaw": Jigsaw(),
    "RandomGreyscale": RandomGreyscale(), "RandomResizedCrop": RandomResizedCrop(),
    "SeriesCrop": SeriesCrop(), "SeriesJitter": SeriesJitter(),
    "SeriesPermutation": SeriesPermutation(), "SeriesScaling": SeriesScaling(),
    "SpanMask": SpanMask(), "TokenDropout": TokenDropout(),
  ]

  private var all: [String: Any] {
    [encoders, labels, pairs, streamsAndViews, graphInstances, noiseInstances].reduce(into: [:]) {
      all, some in
      all.merge(some) { first, _ in first }
    }
  }

  @Test func `every default matches the table of defaults`() throws {
    try Defaults([learningDefaults, graphDefaults, noiseDefaults].joined(separator: "\n"))
      .expectAll(of: "Learning", all)
  }

  /// Names in golden files that differ from the method's.
  private let otherNames = [
    "BarlowTwinsLoss": ["redundancyWeight": "weight"], "DCLLoss": ["weighting": "sigma"],
    "GroCoLoss": ["network": "steepness"],
    "MetrixLoss": ["positiveSharpness": "beta", "negativeSharpness": "gamma"],
    "MultiSimilarityLoss": [
      "positiveSharpness": "alpha", "negativeSharpness": "beta", "miningMargin": "epsilon",
    ],
    "ProxyAnchorLoss": ["sharpness": "alpha"], "SortingNetwork": ["relaxation": "kind"],
    "TripletLoss": ["mining": "kind"],
    "VICRegLoss": [
      "invarianceWeight": "invariance", "varianceWeight": "variance",
      "covarianceWeight": "covariance",
    ],
  ]

  /// Some hyperparameters may be nil, and are where a file has none.
  @Test func `golden files hold every hyperparameter`() throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    var files = 0
    // The options of that file are its loss's.
    let methods = all.merging(["SphericalOutputLayer": ZLoss()]) { $1 }
    for (name, method) in methods {
      let file = ["ContrastiveTests", "ExtremeTests", "NoiseTests", "StreamsTests"]
        .map { tests.appendingPathComponent("\($0)/Goldens/\(name).json") }
        .first { FileManager.default.fileExists(atPath: $0.path) }
      guard let file else { continue }
      let golden = try JSONDecoder().decode(OptionsFile.self, from: Data(contentsOf: file))
      for case (let index, .some(let options)) in golden.cases.map(\.names).enumerated() {
        files += index == 0 ? 1 : 0
        for property in Mirror(reflecting: method).children where property.label != "blockSize" {
          let label = property.label ?? ""
          let isOptional = Mirror(reflecting: property.value).displayStyle == .optional
          #expect(
            options.contains(otherNames[name]?[label] ?? label) || isOptional,
            "\(name), case \(index): \(label)")
        }
      }
    }
    #expect(files > 50)
  }

  private struct OptionsFile: Decodable {
    struct Case: Decodable {
      /// The names of the options and of the variant, if any; nil without options.
      let names: Set<String>?

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard container.contains(Key("options")) else {
          names = nil
          return
        }
        let options = try container.nestedContainer(keyedBy: Key.self, forKey: Key("options"))
        let kind = try container.decodeIfPresent(String.self, forKey: Key("kind"))
        names = Set(options.allKeys.map(\.stringValue) + (kind == nil ? [] : ["kind"]))
      }
    }
    let cases: [Case]
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }
}
