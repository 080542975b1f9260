import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SymmetricInfoNCELossTests {
  private struct Case: Decodable {
    let temperature: Double
    let smoothing: Double
    let queries: [[Double]]
    let references: [[Double]]
    let value: Double
    let ofQueries: [[Double]]
    let ofReferences: [[Double]]
  }

  @Test func `agrees with PyTorch`() throws {
    let golden = try Golden<Case>("SymmetricInfoNCELoss")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let x = Tensor(rows: found.queries).requiringGradient()
      let y = Tensor(rows: found.references).requiringGradient()
      let loss = SymmetricInfoNCELoss(
        temperature: found.temperature, smoothing: found.smoothing)
      let value = try loss(queries: x, references: y)
      let slopes = try gradients(of: value, withRespectTo: [x, y])
      expectClose(value.scalar, found.value, tolerance: 1e-12, "value")
      expectClose(slopes[0], Tensor(rows: found.ofQueries), tolerance: 1e-11, "queries")
      expectClose(slopes[1], Tensor(rows: found.ofReferences), tolerance: 1e-11, "references")
    }
  }

  @Test func `equal scores give the chance level`() throws {
    let loss = SymmetricInfoNCELoss(smoothing: 0.3)
    expectClose(try loss(scores: Tensor.full([7, 7], 5, dtype: .float64)).scalar, log(7))
  }

  @Test func `stays finite at large scores`() throws {
    let scores = Tensor(rows: [[1e4, -1e4], [1e4, 1e4]]).requiringGradient()
    let value = try SymmetricInfoNCELoss(smoothing: 0)(scores: scores)
    // Rows: 0 and log 2; columns: log 2 and 0.
    expectClose(value.scalar, log(2) / 2, tolerance: 1e-12)
    #expect(try gradients(of: value, withRespectTo: [scores])[0]!.doubles().allSatisfy(\.isFinite))
  }
}
