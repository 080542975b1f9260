import Evaluation
import Storage
import Torch

/// Handwritten characters for training without classes, and unseen alphabets for evaluation.
struct UnlabelledCharacters: PictureData, Dependent {
  /// The strength of views.
  var views = PictureViews()
  private let characters: Characters

  /// - Throws: `InputError` if an archive is missing, with the file to download.
  init(_ options: ExperimentOptions) throws { characters = try Characters(options) }

  static var uses: [Any.Type] { usesOfPictures + [Characters.self] }

  var pictures: Tensor { characters.pictures }
  var classes: [Int] { characters.classes }
  var testPictures: Tensor { characters.testPictures }
  var testClasses: [Int] { characters.testClasses }

  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    views(pictures, using: &random)
  }

  /// R@1 among unseen characters, and the accuracy of a linear probe fitted to every other image of
  /// each, in percent.
  func judged(_ encoder: PictureEncoder) throws -> [Double] {
    let embeddings = encoder.embeddedAll(testPictures).normalized()
    var counts: [Int: Int] = [:]
    let isSecond = testClasses.map { label in
      counts[label, default: 0] += 1
      return (counts[label] ?? 0).isMultiple(of: 2)
    }
    func half(_ second: Bool) -> (embeddings: Tensor, classes: [Int]) {
      let rows = isSecond.indices.filter { isSecond[$0] == second }
      return (embeddings.gathered(rows: Tensor(rows)), rows.map { testClasses[$0] })
    }
    let (fit, rest) = (half(false), half(true))
    let line = try LinearProbe(penalty: 0.001, iterations: 200, tolerance: 1e-4)
      .fitted(to: fit.embeddings, classes: fit.classes)
    return [
      try characters.retrieval(encoder)[0],
      try line.accuracy(on: rest.embeddings, classes: rest.classes) * 100,
    ]
  }
}
