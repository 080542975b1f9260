import Storage
import Testing

@testable import Training

@Suite struct StepInputsTests {
  private static let bags = CSRMatrix(
    rows: (0..<40).map { row in (0..<9).map { ($0 * 5 + row) % 50 } }, columnCount: 50)
  private static let labels = CSRMatrix(
    rows: (0..<40).map { [$0 % 7] }, columnCount: 7)

  private func step(_ number: Int, epoch: Int = 0) -> StepInputs.Step {
    StepInputs.Step(
      position: TrainingPosition(epoch: epoch, step: number),
      rows: (0..<8).map { (number * 8 + $0 + epoch) % 40 },
      random: SplitMix64(3, UInt64(epoch), UInt64(number)))
  }

  private func inputs(worksAhead: Bool) -> StepInputs {
    StepInputs(
      .init(bags: Self.bags, labels: Self.labels, wideBags: Self.bags, dropout: 0.3),
      worksAhead: worksAhead)
  }

  private func expectEqual(
    _ one: StepInput, _ other: StepInput, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(one.bags == other.bags, sourceLocation: sourceLocation)
    #expect(one.positives == other.positives, sourceLocation: sourceLocation)
    #expect(one.wideBags == other.wideBags, sourceLocation: sourceLocation)
  }

  @Test func `the next input is the same on any thread`() {
    let (ahead, alone) = (inputs(worksAhead: true), inputs(worksAhead: false))
    for epoch in 0..<3 {
      for number in 0..<5 {
        let next = number < 4 ? step(number + 1, epoch: epoch) : nil
        let current = step(number, epoch: epoch)
        expectEqual(
          ahead.input(of: current, before: next), alone.input(of: current, before: next))
      }
    }
  }

  @Test func `an input that was not asked for is dropped`() {
    let ahead = inputs(worksAhead: true)
    _ = ahead.input(of: step(0), before: step(1))
    // As after a checkpoint of another position.
    let found = ahead.input(of: step(3), before: nil)
    expectEqual(found, inputs(worksAhead: false).input(of: step(3), before: nil))
  }

  @Test func `has the labels and the whole bags of its rows`() {
    let found = inputs(worksAhead: true).input(of: step(2), before: nil)
    #expect(found.positives == Self.labels.selecting(rows: 16..<24))
    #expect(found.wideBags == Self.bags.selecting(rows: 16..<24))
    #expect(found.bags.entryCount < 8 * 9)
  }
}
