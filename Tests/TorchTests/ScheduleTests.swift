import Foundation
import TestSupport
import Testing
import Torch

@Suite struct ScheduleTests {
  struct Case: Decodable {
    let name: String
    let warmupSteps: Int?
    let finalFactor: Double?
    let period: Int?
    let decay: Double?
    let factors: [Double]

    var schedule: (any Schedule)? {
      switch name {
      case "constant": ConstantSchedule()
      case "linear":
        LinearSchedule(warmupSteps: warmupSteps ?? 0, finalFactor: finalFactor ?? 0)
      case "cosine":
        CosineSchedule(warmupSteps: warmupSteps ?? 0, finalFactor: finalFactor ?? 0)
      case "step": StepSchedule(period: period ?? 1, decay: decay ?? 0.1)
      default: nil
      }
    }
  }

  @Test func `agrees with PyTorch`() throws {
    for entry in try Golden<Case>("Schedules").cases {
      let schedule = try #require(entry.schedule)
      let factors = (0..<12).map { schedule.factor(step: $0, of: 12) }
      expectClose(factors, entry.factors, tolerance: 1e-14, entry.name)
    }
  }

  @Test func `reaches and keeps the final factor`() {
    for schedule: any Schedule in [
      LinearSchedule(warmupSteps: 2, finalFactor: 0.1),
      CosineSchedule(warmupSteps: 2, finalFactor: 0.1),
    ] {
      expectClose(schedule.factor(step: 10, of: 10), 0.1, tolerance: 1e-15)
      expectClose(schedule.factor(step: 99, of: 10), 0.1, tolerance: 1e-15)
      // A warm-up longer than the training does not divide by zero.
      #expect(schedule.factor(step: 0, of: 1) == 1.0 / 3)
      expectClose(schedule.factor(step: 2, of: 2), 0.1, tolerance: 1e-15)
    }
    #expect(LinearSchedule().factor(step: 0, of: 0) == 0)
    #expect(LinearSchedule(warmupSteps: 4).learningRate(0.5, step: 1, of: 10) == 0.2)
  }

  @Test func `round-trips through Codable`() throws {
    func check<S: Schedule>(_ schedule: S) throws {
      let data = try JSONEncoder().encode(schedule)
      #expect(try JSONDecoder().decode(S.self, from: data) == schedule)
    }
    try check(ConstantSchedule())
    try check(LinearSchedule(warmupSteps: 3, finalFactor: 0.2))
    try check(CosineSchedule(warmupSteps: 3, finalFactor: 0.2))
    try check(StepSchedule(period: 7, decay: 0.3))
  }
}
