import Contrastive
import Evaluation
import Foundation
import Storage
import Torch

/// SBCL against SupCon if most examples belong to few classes.
struct SubclassBalancing: Experiment {
  static let name = "sbcl-long-tail"
  static let claim =
    "Contrast between subclasses of the size of the rare classes (SBCL) embeds rare classes better than supervised contrast."
  static let paper =
    "Hou, Zhang, Wang, Zhou. Subclass-balancing Contrastive Learning for Long-tailed Recognition. ICCV 2023. <https://arxiv.org/abs/2306.15925>"
  static let data =
    "CIFAR-10 with classes of 1,000 down to as many fewer as named (exponentially), 300 batches of 128 in two views, AdamW. As in the authors' code, subclasses are found in what the loss sees, after a first tenth with SupCon and then every tenth, and classes have temperatures by their spread. Embeddings of 64 dimensions are judged on 2,000 test pictures, as many of each class, by a linear probe fitted to 300 training pictures of each class, those of rare ones repeated. On equal embeddings the authors' code has the same values."
  static var uses: [Any.Type] {
    [
      Photographs.self, SubclassClusters.self, SBCLLoss.self, SupConLoss.self,
    ]
  }
  static let conditionName = "imbalance"
  static let conditions = [10, 100]
  static let choiceConditions = [100]
  enum Arm: String, Named, CaseIterable {
    case supCon = "SupCon"
    case sbcl = "SBCL"
  }
  static let measures = ["accuracy (%)", "accuracy of the 3 rarest classes (%)"]
  static let settingName = "temperature, smallest subclass, weight of classes"

  struct Setting: Named {
    struct Subclasses: Hashable {
      let smallest: Int
      /// The weight of the loss of whole classes.
      let classWeight: Double
    }
    let temperature: Double
    var subclasses: Subclasses?

    var name: String {
      "τ \(temperature.name)"
        + (subclasses.map { " m \($0.smallest) β \($0.classWeight.name)" } ?? "")
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    if arm == .supCon { return [0.1, 0.2, 0.5].map { Setting(temperature: $0) } }
    return [0.1, 0.2].flatMap { temperature in
      [(10, 0.25), (50, 1)].map {
        Setting(temperature: temperature, subclasses: .init(smallest: $0, classWeight: $1))
      }
    }
  }

  private let photographs: Photographs
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    photographs = try Photographs(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 3)
    let imbalance = Double(condition)
    // The rare classes are also drawn at random.
    let ranks = (0..<10).shuffled(using: &random)
    var (rows, balanced): ([Int], [Int]) = ([], [])
    for label in 0..<10 {
      let members = photographs.classes.indices.filter { photographs.classes[$0] == label }
        .shuffled(using: &random)
      let kept = members.prefix(Int(1000 * pow(imbalance, -Double(ranks[label]) / 9)))
      rows += kept
      balanced += (0..<300).map { kept[$0 % kept.count] }
    }
    let encoder = try train(setting, rows: rows, seed: seed, using: &random)
    let known = encoder.embeddedAll(photographs.pictures.gathered(rows: Tensor(balanced)))
    let probe = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: known.normalized(), classes: balanced.map { photographs.classes[$0] })
    let found = try probe.classes(of: encoder.embeddedAll(photographs.testPictures).normalized())
    let hits = zip(found, photographs.testClasses).map { ($1, $0 == $1) }
    func accuracy(_ hits: [(Int, Bool)]) -> Double {
      Double(hits.count { $0.1 }) / Double(max(1, hits.count)) * 100
    }
    return [accuracy(hits), accuracy(hits.filter { ranks[$0.0] >= 7 })]
  }

  private func train(
    _ setting: Setting, rows: [Int], seed: UInt64, using random: inout SplitMix64
  ) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed, inputs: 3, channels: [16, 32, 64])
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    let classes = rows.map { photographs.classes[$0] }
    let steps = options.budget(300)
    var subclasses: [Int] = []
    var temperatures: [Double] = []
    for step in 0..<steps {
      if let wanted = setting.subclasses, step > 0, step % max(1, steps / 10) == 0 {
        let clusters = SubclassClusters(smallest: wanted.smallest)
        let outputs = withoutGradients {
          encoder.projected(
            encoder.embeddedAll(photographs.pictures.gathered(rows: Tensor(rows)))
          ).normalized()
        }
        subclasses = try clusters(embeddings: outputs, classes: classes, using: &random)
        temperatures = try clusters.temperatures(
          embeddings: outputs, classes: classes, subclasses: subclasses, around: setting.temperature
        )
      }
      let batch = (0..<128).map { _ in Int.random(in: rows.indices, using: &random) }
      let pictures = photographs.pictures.gathered(rows: Tensor(batch.map { rows[$0] }))
      let views = (0..<2).map { _ in photographs.view(pictures, using: &random) }
      let outputs = encoder.projected(encoder.embedded(.concatenated(views)))
      let (first, second) = (outputs[0..<128], outputs[128..<256])
      let own = batch.map { classes[$0] }
      let value: Tensor
      if let wanted = setting.subclasses, !subclasses.isEmpty {
        let loss = SBCLLoss(temperature: setting.temperature, classWeight: wanted.classWeight)
        value = try loss(
          first: first, second: second, classes: own, subclasses: batch.map { subclasses[$0] },
          classTemperatures: batch.map { temperatures[$0] })
      } else {
        value = try SupConLoss(temperature: setting.temperature)(
          views: [first, second], classes: own)
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return encoder
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let all = conditions.map { record.gain(.sbcl, over: .supCon, $0) }
    let rare = conditions.map { record.gain(.sbcl, over: .supCon, $0, measure: 1) }
    let texts = conditions.indices.map {
      "\(all[$0].text) on all classes and \(rare[$0].text) on the rarest at imbalance \(conditions[$0])"
    }
    return Verdict(
      parts: (all + rare).map { $0.isAbove() },
      "SBCL over SupCon, in points: \(texts.joined(separator: "; ")).")
  }
}
