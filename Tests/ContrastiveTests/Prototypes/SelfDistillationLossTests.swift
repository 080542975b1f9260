import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct SelfDistillationLossTests {
  private struct Case: Decodable {
    let options: SelfDistillationLoss
    let classes: [Int?]?
    let student: [[Double]]
    let teacher: [[Double]]
    let value: Double
    let ofStudent: [[Double]]
  }

  private static var cases: [Case] {
    get throws { try Golden<Case>("SelfDistillationLoss").cases }
  }

  private static func softmax(_ row: [Double], _ temperature: Double) -> [Double] {
    let powers = row.map { exp(($0 - (row.max() ?? 0)) / temperature) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  @Test func `matches the equation`() throws {
    for (index, one) in try Self.cases.enumerated() {
      let (share, temperature) = (one.options.teacherShare, one.options.temperature)
      var distance = 0.0
      for (student, teacher) in zip(one.student, one.teacher) {
        let (p, q) = (Self.softmax(student, temperature), Self.softmax(teacher, temperature))
        distance -= zip(p, q).reduce(0) { $0 + $1.1 * log($1.0) } / Double(one.student.count)
      }
      let known = (one.classes ?? []).enumerated().compactMap { row, label in
        label.map { -log(Self.softmax(one.student[row], 1)[$0]) }
      }
      let error = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
      let value = one.options(
        student: Tensor(rows: one.student), teacher: Tensor(rows: one.teacher),
        classes: one.classes)
      expectClose(
        value.scalar, share * distance + (1 - share) * error, tolerance: 1e-12, "case \(index)")
    }
  }

  @Test func `value and gradient agree with PyTorch`() throws {
    for (index, one) in try Self.cases.enumerated() {
      let student = Tensor(rows: one.student).requiringGradient()
      let teacher = Tensor(rows: one.teacher).requiringGradient()
      let value = one.options(student: student, teacher: teacher, classes: one.classes)
      expectClose(value.scalar, one.value, tolerance: 1e-12, "case \(index)")
      let slopes = try gradients(of: value, withRespectTo: [student, teacher])
      expectClose(slopes[0], Tensor(rows: one.ofStudent), tolerance: 1e-12, "case \(index)")
      #expect(slopes[1] == nil)
    }
  }

  @Test func `matches closed forms`() throws {
    let even = Tensor.zeros([3, 8], dtype: .float64)
    expectClose(SelfDistillationLoss()(student: even, teacher: even).scalar, log(8))
    // A student that is its teacher has the entropy, and nowhere to go.
    let teacher = Tensor(rows: [[1.0, 0, -2], [0.5, 0.25, 0]])
    let student = teacher.requiringGradient()
    let value = SelfDistillationLoss(temperature: 0.5)(student: student, teacher: teacher)
    let slope = try gradients(of: value, withRespectTo: [student])[0]
    expectClose(slope, .zeros([2, 3], dtype: .float64), tolerance: 1e-15)
  }

  @Test func `traps on logits of different shapes`() async {
    await #expect(processExitsWith: .failure) {
      _ = SelfDistillationLoss()(student: .zeros([2, 3]), teacher: .zeros([2, 1]))
    }
  }
}
