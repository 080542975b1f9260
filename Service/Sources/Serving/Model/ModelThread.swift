import Foundation
public import Models
import Storage

/// Runs all work on the model on one thread, in order of arrival.
///
/// Waiting texts are ranked together: while one batch is computed the next one gathers, so that
/// batches grow with the load and a single request never waits for others. Requests that waited too
/// long are rejected instead of computed, and a full queue rejects immediately.
public final class ModelThread: @unchecked Sendable {
  /// Why a job was rejected.
  public enum Refusal: Error, Equatable {
    /// Too many jobs are waiting.
    case full
    /// It waited too long.
    case late
    /// The service is shutting down.
    case stopped
    /// A file of the model was written to meanwhile.
    case changed
  }

  /// The limits of the queue and of a batch.
  public struct Limits: Sendable {
    /// The maximum number of texts per batch.
    public var batch: Int
    /// The maximum number of waiting jobs.
    public var waiting: Int
    /// How long a job may wait.
    public var patience: Duration

    /// Creates limits; by default batches of 64 texts, 1,024 jobs, two seconds.
    public init(batch: Int = 64, waiting: Int = 1024, patience: Duration = .seconds(2)) {
      self.batch = batch
      self.waiting = waiting
      self.patience = patience
    }
  }

  /// A measurement of the thread's work.
  public enum Measurement: Sendable {
    /// The number of texts that were ranked together.
    case batch(texts: Int)
    /// How long a job waited.
    case wait(Duration)
    /// How long the features of a batch took.
    case features(Duration)
    /// How long the ranking of a batch took, after the features.
    case ranking(Duration)
  }

  private struct Job {
    enum Kind {
      case rank(Ranking)
      case other((inout Engine) -> Void, refuse: (Refusal) -> Void)
    }
    var kind: Kind
    var begun = ContinuousClock.now
    /// Nil for jobs that may wait indefinitely.
    var deadline: ContinuousClock.Instant?

    func refuse(_ reason: Refusal) {
      switch kind {
      case .rank(let ranking): ranking.continuation.resume(throwing: reason)
      case .other(_, let refuse): refuse(reason)
      }
    }
  }

  private let limits: Limits
  private let condition = NSCondition()
  // Both are protected by the condition's lock.
  private var jobs: [Job] = []
  private var isStopped = false
  // Only used on the thread, once it runs.
  private var engine: Engine
  private let observe: @Sendable (Measurement) -> Void

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - engine: the engine; do not use it or its model elsewhere from now on.
  ///   - observe: receives measurements, on the thread.
  public init(
    _ engine: sending Engine, limits: Limits = .init(),
    observing observe: @escaping @Sendable (Measurement) -> Void = { _ in }
  ) {
    self.engine = engine
    self.limits = limits
    self.observe = observe
    let thread = Thread { [self] in run() }
    thread.name = "model"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// The number of waiting jobs.
  public var waiting: Int {
    condition.lock()
    defer { condition.unlock() }
    return jobs.count
  }

  /// The top `k` labels of each text, best first, among those that a restriction allows.
  ///
  /// - Parameter isTuned: leaves out labels below the thresholds of the calibration.
  /// - Throws: `Refusal`, or any error of the model.
  public func rank(
    _ texts: [String], k: Int, restriction: LabelRestriction = LabelRestriction(),
    isTuned: Bool = false
  ) async throws -> [RankedText] {
    try await withCheckedThrowingContinuation { continuation in
      enqueue(
        .rank(
          Ranking(
            texts: texts, k: k, terms: .init(restriction: restriction, isTuned: isTuned),
            continuation: continuation)))
    }
  }

  /// The result of `body`, computed from one state of the model's files.
  ///
  /// - Throws: `Refusal`, or any error of `body`.
  public func read<R: Sendable>(_ body: @escaping @Sendable (Engine) throws -> R) async throws -> R
  {
    try await perform { engine in
      let result = try body(engine)
      do { try FileGuard.checkInputs() } catch { throw Refusal.changed }
      return result
    }
  }

  /// Runs other work on the engine.
  ///
  /// - Parameter isPatient: whether it waits as long as necessary, even if the queue is full, so that
  ///   the only refusal is `.stopped`.
  /// - Throws: `Refusal`, or any error of `body`.
  public func perform<R: Sendable>(
    isPatient: Bool = false, _ body: @escaping @Sendable (inout Engine) throws -> R
  ) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      enqueue(
        .other(
          { engine in continuation.resume(with: Result { try body(&engine) }) },
          refuse: { continuation.resume(throwing: $0) }), isPatient: isPatient)
    }
  }

  /// Replaces the engine for all jobs after those already waiting.
  ///
  /// It waits as long as necessary, even if the queue is full.
  ///
  /// - Parameter body: called on the thread between the old engine's last job and the new one's
  ///   first.
  /// - Throws: `Refusal.stopped`.
  func replaceEngine(with new: Handover<Engine>, _ body: @escaping @Sendable () -> Void)
    async throws
  {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      enqueue(
        .other(
          { engine in
            engine = new.value
            body()
            continuation.resume()
          }, refuse: { continuation.resume(throwing: $0) }),
        isPatient: true)
    }
  }

  /// Rejects waiting and later jobs; the thread ends after its current job.
  public func stop() {
    condition.lock()
    isStopped = true
    let rest = jobs
    jobs = []
    condition.signal()
    condition.unlock()
    for job in rest { job.refuse(.stopped) }
  }

  private func enqueue(_ kind: Job.Kind, isPatient: Bool = false) {
    let job = Job(kind: kind, deadline: isPatient ? nil : .now + limits.patience)
    condition.lock()
    let isFull = jobs.count >= limits.waiting && !isPatient
    let refusal: Refusal? = isStopped ? .stopped : isFull ? .full : nil
    if refusal == nil {
      jobs.append(job)
      condition.signal()
    }
    condition.unlock()
    if let refusal { job.refuse(refusal) }
  }

  private func run() {
    while let batch = next() {
      let now = ContinuousClock.now
      var rankings: [Ranking] = []
      for job in batch {
        guard job.deadline.map({ $0 > now }) ?? true else {
          job.refuse(.late)
          continue
        }
        observe(.wait(job.begun.duration(to: now)))
        switch job.kind {
        case .rank(let ranking): rankings.append(ranking)
        case .other(let body, _):
          // Requests made before a label was added are answered without it.
          rank(rankings)
          rankings = []
          body(&engine)
        }
      }
      rank(rankings)
    }
  }

  /// The next jobs, as many as fit into one batch; nil if the thread should end.
  private func next() -> [Job]? {
    condition.lock()
    defer { condition.unlock() }
    while jobs.isEmpty && !isStopped { condition.wait() }
    guard !jobs.isEmpty else { return nil }
    var texts = 0
    let count =
      jobs.firstIndex { job in
        guard case .rank(let ranking) = job.kind else { return false }
        texts += ranking.texts.count
        return texts > limits.batch
      } ?? jobs.count
    let batch = Array(jobs.prefix(max(count, 1)))
    jobs.removeFirst(batch.count)
    return batch
  }

  private struct Ranking {
    /// The terms that one pass has for all of its texts.
    struct Terms: Hashable {
      var restriction: LabelRestriction
      var isTuned: Bool
    }

    var texts: [String]
    var k: Int
    var terms: Terms
    var continuation: CheckedContinuation<[RankedText], any Error>
  }

  private func rank(_ rankings: [Ranking]) {
    guard let terms = rankings.first?.terms else { return }
    let others = rankings.filter { $0.terms != terms }
    rank(rankings.filter { $0.terms == terms }, on: terms)
    rank(others)
  }

  private func rank(_ rankings: [Ranking], on terms: Ranking.Terms) {
    guard let depth = rankings.map(\.k).max() else { return }
    let texts = rankings.flatMap(\.texts)
    observe(.batch(texts: texts.count))
    do {
      var answers = try engine.rank(
        texts, k: depth, restriction: terms.restriction, isTuned: terms.isTuned,
        observing: observe)[...]
      do { try FileGuard.checkInputs() } catch { throw Refusal.changed }
      for ranking in rankings {
        let own = answers.prefix(ranking.texts.count).map {
          RankedText(labels: Array($0.labels.prefix(ranking.k)), isKnown: $0.isKnown)
        }
        answers = answers.dropFirst(ranking.texts.count)
        ranking.continuation.resume(returning: own)
      }
    } catch  where rankings.count > 1 {
      // A failing text of one request must not fail the others.
      for ranking in rankings { rank([ranking], on: terms) }
    } catch {
      rankings[0].continuation.resume(throwing: error)
    }
  }
}
