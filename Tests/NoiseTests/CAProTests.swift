import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct CAProTests {
  private struct Case: Decodable {
    let options: CAPro
    let classes: [Int]
    let logits: [[Double]]
    let embeddings: [[Double]]
    let dictionary: [[Double]]
    let told: [[Double]]
    let prototypes: [[Double]]
    let updated: [[Double]]
    let judgements: [[Double]]
    let labels: [Int?]
    let targets: [[Double]]
    let value: Double
    let gradient: [[Double]]
  }

  @Test func `agrees with the statements of the authors' code`() throws {
    let golden = try Golden<Case>("CAPro")
    #expect(golden.cases.count == 3)
    for (index, found) in golden.cases.enumerated() {
      let (method, label) = (found.options, "case \(index)")
      func expect(_ tensor: Tensor, _ rows: [[Double]], _ what: String) {
        expectClose(
          tensor.doubles(), Array(rows.joined()), tolerance: 1e-11, "\(what), \(label)")
      }
      let embeddings = Tensor(rows: found.embeddings)
      let prototypes = try method.prototypes(
        embeddings: embeddings, classes: found.classes, classCount: found.logits[0].count)
      expect(prototypes, found.prototypes, "prototypes")
      expect(
        try method.updated(prototypes, embeddings: embeddings, classes: found.classes),
        found.updated, "updated")
      let judgements = try method.judgements(
        logits: Tensor(rows: found.logits), embeddings: embeddings, prototypes: prototypes)
      expect(judgements, found.judgements, "judgements")
      #expect(method.cleaned(judgements, classes: found.classes) == found.labels, "\(label)")
      let targets = try method.targets(
        embeddings: embeddings, dictionary: Tensor(rows: found.dictionary),
        judgements: Tensor(rows: found.told))
      expect(targets, found.targets, "targets")
      let result = try PairLossChecks.result(
        of: { try method.loss(logits: $0[0], classes: found.classes, targets: targets) },
        at: [found.logits])
      expectClose(result.value, found.value, tolerance: 1e-11, label)
      expectClose(
        result.gradients[0], Array(found.gradient.joined()), tolerance: 1e-11, label)
    }
  }

  @Test func `texts select the nearest of each class`() throws {
    let texts = Tensor(rows: [[1.0, 0], [0, 1], [5, 1], [1, 3], [-1, 0], [0.2, 9]])
    let method = CAPro(selection: 2)
    #expect(
      try method.selected(
        texts: texts, definitions: Tensor(rows: [[2.0, 0], [0, 1]]),
        classes: [0, 0, 0, 1, 1, 1]) == [0, 2, 3, 5])
    #expect(
      try CAPro(selection: 9).selected(
        texts: texts, definitions: Tensor(rows: [[2.0, 0], [0, 1]]),
        classes: [0, 0, 0, 1, 1, 1]) == Array(0..<6))
  }

  @Test func `gradients match differences and stop at targets`() throws {
    let inputs = PairLossChecks.matrices([(3, 4)], seed: 2)
    let targets = Tensor(rows: PairLossChecks.matrices([(3, 4)], seed: 3)[0]).softmax(along: 1)
    try PairLossChecks.gradientsMatchDifferences(at: inputs) {
      try CAPro(bootstrapShare: 0.4).loss(logits: $0[0], classes: [0, 3, 1], targets: targets)
    }
    let leaf = targets.copied().requiringGradient()
    let logits = Tensor(rows: inputs[0]).requiringGradient()
    let value = try CAPro().loss(logits: logits, classes: [0, 3, 1], targets: leaf)
    #expect(try gradients(of: value, withRespectTo: [leaf])[0] == nil)
  }

  @Test func `labels are corrected, kept or left out`() {
    let judgements = Tensor(rows: [[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.4, 0.35, 0.25]])
    #expect(CAPro().cleaned(judgements, classes: [2, 1, 2]) == [0, 1, nil])
  }

  @Test func `a class without examples has no prototype`() throws {
    let found = try CAPro().prototypes(
      embeddings: Tensor(rows: [[3.0, 4]]), classes: [0], classCount: 2)
    expectClose(found.doubles(), [0.6, 0.8, 0, 0])
  }
}
