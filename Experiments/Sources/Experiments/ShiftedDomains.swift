import Noise
import Storage
import Torch

/// Classes of digits found by their shares in domains, and by their looks.
struct ShiftedDomains: Experiment {
  static let name = "latent-label-shift"
  static let claim =
    "Where domains differ in their class shares, a domain discriminator's outputs (DDFA) tell classes apart better than clusters of the same inputs do."
  static let paper =
    "Roberts, Mani, Garg, Lipton. Unsupervised Learning under Latent Label Shift. NeurIPS 2022. <https://arxiv.org/abs/2207.13179>"
  static let data =
    "MNIST's digits 0 to 4: 10 domains of 240 training images each, their class shares drawn from a Dirichlet distribution; half teaches a discriminator of domains (a perceptron with 128 hidden units, AdamW), the other half gives shares and posteriors. Judged on images of the test set (for choices of the training set) in domains with the same shares. Accuracy is that of the best matching of classes to groups; k-means of pixels has as many clusters as classes."
  static var uses: [Any.Type] { [Digits.self, Perceptron.self, DDFA.self, ClusterMeans.self] }
  static let conditionName = "concentration of class shares"
  static let conditions = [0.5, 3, 10]
  enum Arm: String, Named, CaseIterable {
    case means = "k-means"
    case ddfa = "DDFA"
  }
  static let measures = ["accuracy (%)", "class shares right (%)"]
  static let settingName = "epochs"
  static func settings(of arm: Arm) -> [Int] { arm == .means ? [0] : [5, 15, 40] }
  private static let (classCount, domainCount) = (5, 10)

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: Arm, condition: Double, setting: Int, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 37)
    let shares = (0..<Self.domainCount).map { _ in
      Self.dirichlet(condition, using: &random)
    }
    let (rows, domains) = Self.draw(digits.classes, shares, count: 240, using: &random)
    let (tested, asked) = Self.draw(digits.testClasses, shares, count: 90, using: &random)
    func flat(_ pictures: Tensor, _ rows: [Int]) -> Tensor {
      pictures.gathered(rows: Tensor(rows)).reshaped([rows.count, 784])
    }
    let inputs = flat(digits.pictures, rows)
    let judged = flat(digits.testPictures, tested)
    let truth = tested.map { digits.testClasses[$0] }
    guard arm == .ddfa else {
      let found = try ClusterMeans(count: Self.classCount)(inputs, using: &random)
      let distances = judged.distances(to: found.centres)
      let groups = distances.argmin(along: 1).array(of: Int64.self).map { Int($0) }
      let order = Self.matching(groups, truth)
      return [agreement(groups.map { order[$0] }, truth), 0]
    }
    let mixed = rows.indices.shuffled(using: &random)
    let (learned, rest) = (
      Array(mixed.prefix(rows.count / 2)), Array(mixed.dropFirst(rows.count / 2))
    )
    let network = Perceptron(
      inputs: 784, hidden: 128, outputs: Self.domainCount, seed: seed)
    try network.learn(
      batches(of: learned, size: 64), epochs: options.budget(setting), rate: 0.001,
      weightDecay: 0.01, using: &random
    ) { batch, _ in
      network(inputs.gathered(rows: Tensor(batch)))
        .crossEntropy(ofClasses: Tensor(batch.map { domains[$0] }))
    }
    func discriminated(_ inputs: Tensor) -> Tensor {
      withoutGradients { network(inputs).softmax(along: 1) }
    }
    let estimate = try DDFA(classes: Self.classCount)(
      discriminator: discriminated(inputs.gathered(rows: Tensor(rest))),
      domains: rest.map { domains[$0] }, using: &random)
    let groups = try estimate.posteriors(discriminator: discriminated(judged), domains: asked)
      .argmax(along: 1).array(of: Int64.self).map { Int($0) }
    let order = Self.matching(groups, truth)
    var wrong = 0.0
    for (found, wanted) in zip(estimate.shares, shares) {
      for (group, share) in found.enumerated() { wrong += abs(share - wanted[order[group]]) / 2 }
    }
    return [
      agreement(groups.map { order[$0] }, truth),
      (1 - wrong / Double(Self.domainCount)) * 100,
    ]
  }

  /// A draw of class shares: squares of normal numbers for α = ½, sums of exponentials else.
  private static func dirichlet(_ alpha: Double, using random: inout SplitMix64) -> [Double] {
    let generator = Generator(seed: random.next())
    let parts = (0..<classCount).map { _ in
      alpha == 0.5
        ? Tensor.normal([1], generator: generator, dtype: .float64).squared().sum().scalar
        : -Tensor.uniform([Int(alpha)], generator: generator, dtype: .float64).log().sum().scalar
    }
    let total = parts.reduce(0, +)
    return parts.map { $0 / total }
  }

  /// Rows with the shares of each domain, drawn with repetition.
  private static func draw(
    _ classes: [Int], _ shares: [[Double]], count: Int, using random: inout SplitMix64
  ) -> (rows: [Int], domains: [Int]) {
    let members = (0..<classCount).map { name in classes.indices.filter { classes[$0] == name } }
    var result: (rows: [Int], domains: [Int]) = ([], [])
    for (domain, share) in shares.enumerated() {
      for _ in 0..<count {
        var left = Double.random(in: 0..<1, using: &random)
        let name = share.firstIndex { part in
          left -= part
          return left < 0
        }
        let pool = members[name ?? classCount - 1]
        result.rows.append(pool[Int.random(in: pool.indices, using: &random)])
        result.domains.append(domain)
      }
    }
    return result
  }

  /// The class of each group in the matching with the most rows, of all permutations.
  private static func matching(_ groups: [Int], _ classes: [Int]) -> [Int] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
    for (group, name) in zip(groups, classes) { counts[group][name] += 1 }
    var best: (count: Int, order: [Int]) = (-1, [])
    func extend(_ order: [Int], _ count: Int) {
      guard order.count < classCount else {
        if count > best.count { best = (count, order) }
        return
      }
      for name in 0..<classCount where !order.contains(name) {
        extend(order + [name], count + counts[order.count][name])
      }
    }
    extend([], 0)
    return best.order
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.map { record.gain(.ddfa, over: .means, $0) }
    let texts = conditions.indices.map { "\(gains[$0].text) at α = \(conditions[$0].name)" }
    return Verdict(
      parts: gains.map { $0.isAbove() },
      "Accuracy of DDFA above that of k-means, in points: \(texts.joined(separator: "; ")).")
  }
}
