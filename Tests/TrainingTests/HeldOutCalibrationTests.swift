import Testing

@testable import Training

@Suite struct HeldOutCalibrationTests {
  @Test(arguments: [10, 2999, 3000, 20_000, 20_001, 1_000_000, 50_000_000], [false, true])
  func `no model scores a document that it learnt`(documents: Int, isCostly: Bool) {
    let rounds = HeldOutCalibration.rounds(documents: documents, isCostly: isCostly)
    #expect(!rounds.isEmpty)
    for round in rounds {
      #expect(!round.judged.isEmpty)
      #expect(round.judged.allSatisfy { 0..<1000 ~= $0 && !round.learns($0) })
      #expect(round.learnt.contains { !$0.isEmpty })
    }
  }

  @Test func `few documents are all scored, once`() {
    let rounds = HeldOutCalibration.rounds(documents: 500, isCostly: true)
    #expect(rounds.flatMap { Array($0.judged) }.sorted() == Array(0..<1000))
  }

  @Test func `many documents cost less than a quarter of their training`() {
    let rounds = HeldOutCalibration.rounds(documents: 100_000, isCostly: false)
    #expect(rounds.count == 1 && rounds[0].learnt.joined().count < 250)
    // About as many documents are scored, whatever the size.
    #expect(rounds[0].judged.count == 40)
    let few = HeldOutCalibration.rounds(documents: 5000, isCostly: false)
    #expect(few[0].judged.count == 200 && few[0].learnt.joined().count == 800)
  }
}
