import Foundation

/// Runs what touches the model on one thread, in the order of arrival.
///
/// Texts that wait together are ranked together: while one batch is computed the next one gathers,
/// so that batches grow with the load and a lone request never waits for company. What has waited
/// longer than its time is refused instead of computed, and a full queue refuses at once.
public final class ModelThread: @unchecked Sendable {
  /// Why a job was not done.
  public enum Refusal: Error, Equatable {
    /// Too many wait already.
    case full
    /// Its time was over before its turn came.
    case late
    /// The service is shutting down.
    case stopped
  }

  /// How much may wait, and how much is done at once.
  public struct Limits: Sendable {
    /// Texts that are ranked together, at most.
    public var batch: Int
    /// Jobs that wait, at most.
    public var waiting: Int
    /// How long a job may wait.
    public var patience: Duration

    /// Batches of 64 texts, 1,024 jobs, two seconds, unless told otherwise.
    public init(batch: Int = 64, waiting: Int = 1024, patience: Duration = .seconds(2)) {
      self.batch = batch
      self.waiting = waiting
      self.patience = patience
    }
  }

  private struct Job {
    enum Kind {
      case rank(texts: [String], k: Int, CheckedContinuation<[[RankedLabel]], any Error>)
      case other((inout Engine) -> Void, refuse: (Refusal) -> Void)
    }
    var kind: Kind
    /// Nil for what may wait as long as it takes.
    var deadline: ContinuousClock.Instant?

    func refuse(_ reason: Refusal) {
      switch kind {
      case .rank(_, _, let continuation): continuation.resume(throwing: reason)
      case .other(_, let refuse): refuse(reason)
      }
    }
  }

  private let limits: Limits
  private let condition = NSCondition()
  // Both are touched under the condition's lock only.
  private var jobs: [Job] = []
  private var isStopped = false
  // Touched on the thread only, once it runs.
  private var engine: Engine
  /// Told how many texts each batch had.
  private let observe: @Sendable (Int) -> Void

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - engine: nobody else may use it, or the model in it, from now on.
  ///   - observe: told how many texts each batch had.
  public init(
    _ engine: sending Engine, limits: Limits = .init(),
    observing observe: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.engine = engine
    self.limits = limits
    self.observe = observe
    let thread = Thread { [self] in run() }
    thread.name = "model"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// How many jobs wait.
  public var waiting: Int {
    condition.lock()
    defer { condition.unlock() }
    return jobs.count
  }

  /// The best `k` labels of each text, best first.
  ///
  /// - Throws: `Refusal`, or what the model throws.
  public func rank(_ texts: [String], k: Int) async throws -> [[RankedLabel]] {
    try await withCheckedThrowingContinuation { continuation in
      enqueue(.rank(texts: texts, k: k, continuation))
    }
  }

  /// Does something else with the engine.
  ///
  /// - Throws: `Refusal`, or what `body` throws.
  public func perform<R: Sendable>(_ body: @escaping @Sendable (inout Engine) throws -> R)
    async throws -> R
  {
    try await withCheckedThrowingContinuation { continuation in
      enqueue(
        .other(
          { engine in continuation.resume(with: Result { try body(&engine) }) },
          refuse: { continuation.resume(throwing: $0) }))
    }
  }

  /// Has another engine answer all that comes after what waits already.
  ///
  /// It waits its turn however long that takes, also behind a full queue.
  ///
  /// - Parameter body: called on the thread, after the old engine's last answer and before the new
  ///   one's first.
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

  /// Refuses what waits and all that comes; the thread ends after what it is doing.
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
        switch job.kind {
        case .rank(let texts, let k, let continuation):
          rankings.append(Ranking(texts: texts, k: k, continuation: continuation))
        case .other(let body, _):
          // What was asked before a label was added is answered without it.
          rank(rankings)
          rankings = []
          body(&engine)
        }
      }
      rank(rankings)
    }
  }

  /// The jobs to do next, as many as one batch takes; nil when the thread is to end.
  private func next() -> [Job]? {
    condition.lock()
    defer { condition.unlock() }
    while jobs.isEmpty && !isStopped { condition.wait() }
    guard !jobs.isEmpty else { return nil }
    var texts = 0
    let count =
      jobs.firstIndex { job in
        guard case .rank(let more, _, _) = job.kind else { return false }
        texts += more.count
        return texts > limits.batch
      } ?? jobs.count
    let batch = Array(jobs.prefix(max(count, 1)))
    jobs.removeFirst(batch.count)
    return batch
  }

  private struct Ranking {
    var texts: [String]
    var k: Int
    var continuation: CheckedContinuation<[[RankedLabel]], any Error>
  }

  private func rank(_ rankings: [Ranking]) {
    guard let depth = rankings.map(\.k).max() else { return }
    let texts = rankings.flatMap(\.texts)
    observe(texts.count)
    do {
      var answers = try engine.rank(texts, k: depth)[...]
      for ranking in rankings {
        let own = answers.prefix(ranking.texts.count).map { Array($0.prefix(ranking.k)) }
        answers = answers.dropFirst(ranking.texts.count)
        ranking.continuation.resume(returning: own)
      }
    } catch  where rankings.count > 1 {
      // One request's text must not fail the others.
      for ranking in rankings { rank([ranking]) }
    } catch {
      rankings[0].continuation.resume(throwing: error)
    }
  }
}
