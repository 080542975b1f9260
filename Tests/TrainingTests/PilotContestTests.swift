import Models
import Storage
import TestSupport
import Testing

@testable import Training

@Suite struct PilotContestTests {
  /// Results by the number of epochs, and the divisions that were trained on.
  private final class Trainings {
    var done: [(division: Int, epochs: String)] = []
    var scores: [String: [[Double]]]

    init(_ scores: [String: [[Double]]]) { self.scores = scores }

    func contest(_ divisions: Int) -> PilotContest {
      PilotContest(divisions: divisions) { [self] division, draft, _ in
        let epochs = draft.values["loop.epochs"]?.json ?? ""
        done.append((division, epochs))
        guard let scores = scores[epochs]?[division] else { return nil }
        let mean = scores.reduce(0, +) / Double(scores.count)
        return HeldOutJudge.Result(
          metrics: ["P@1": mean, "nDCG@5": mean], scores: scores,
          memoryGains: [Double(division), 1])
      }
    }
  }

  private func draft(_ epochs: String) -> SettingsDraft {
    var draft = SettingsDraft()
    draft.suggest(.number(epochs), for: "loop.epochs")
    return draft
  }

  private let base = [[50.0, 60, 50, 60], [55, 55, 55, 55], [50, 50, 60, 60]]

  @Test func `a clear difference ends after two divisions`() throws {
    let trainings = Trainings(["5": base, "2": base.map { $0.map { $0 + 10 } }])
    var contest = trainings.contest(3)
    let result = try #require(
      try contest.compare(draft("5"), with: draft("2"), margin: 1))
    #expect(result.isWon && result.before == 55 && result.after == 65)
    #expect(trainings.done.count == 4 && contest.score == 65)
    // The winner's missing division is trained when it is needed.
    trainings.scores["1"] = base
    let next = try #require(try contest.compare(draft("2"), with: draft("1"), margin: 1))
    #expect(!next.isWon && next.before == 65 && next.after == 55 && contest.score == 65)
    #expect(trainings.done.count == 6 && trainings.done.allSatisfy { $0.division < 2 })
  }

  @Test func `a difference near the margin takes all divisions`() throws {
    let near = base.enumerated().map { fold, scores in
      scores.enumerated().map { $1 + (($0 + fold) % 2 == 0 ? 9 : -8) }
    }
    let trainings = Trainings(["5": base, "2": near])
    var contest = trainings.contest(3)
    let result = try #require(try contest.compare(draft("5"), with: draft("2"), margin: 1))
    #expect(!result.isWon && trainings.done.count == 6)
    #expect(contest.memoryGains == [1, 1])
  }

  @Test func `a training that fails ends a comparison`() throws {
    let trainings = Trainings(["5": base])
    var contest = trainings.contest(3)
    #expect(try contest.compare(draft("5"), with: draft("2"), margin: 1) == nil)
    #expect(contest.score == 55)
    var none = Trainings([:]).contest(3)
    #expect(try !none.begin(with: draft("5")) && none.score == nil && none.memoryGains == nil)
  }

  @Test func `two standard errors are clear`() {
    #expect(!PilotContest.isClear([5], margin: 0))
    #expect(PilotContest.isClear([5, 5], margin: 0))
    // 4.5 on average, with a standard error of 1.285.
    let differences = [3.0, 6, 3, 6, 9, 0]
    #expect(PilotContest.isClear(differences, margin: 4.5 - 2.63))
    #expect(!PilotContest.isClear(differences, margin: 4.5 - 2.55))
  }
}
