import Storage

extension TextPattern {
  /// A step of matching.
  enum Instruction: Sendable {
    /// The next character must be in the set.
    case set(ScalarSet)
    /// As many characters of the set as possible or as few, at least and at most so many.
    case run(ScalarSet, Range<Int>, Mode)
    /// Goes on at both places, the first one first.
    case split(Int, Int)
    case jump(Int)
    case anchor(Anchor)
    case lookBehind(ScalarSet, isNegative: Bool)
    /// The program up to the next `accept` must match here, or must not; goes on at the place.
    case look(Int, isNegative: Bool)
    /// The program up to the next `accept` matches without a second try; goes on at the place.
    case once(Int)
    case accept
  }

  /// Splits a text into matches and the texts between them, in order and without gaps.
  ///
  /// Empty matches are left out. After 200 steps for each character of the text, which only a
  /// pattern with nested repetitions takes, the rest counts as not matching: no pattern takes more
  /// time than in proportion to the text.
  func parts(of text: ArraySlice<Unicode.Scalar>) -> [(range: Range<Int>, isMatch: Bool)] {
    var result: [(Range<Int>, Bool)] = []
    var budget = 10_000 + 200 * text.count
    var done = text.startIndex
    var start = text.startIndex
    while start < text.endIndex {
      guard let end = end(from: 0, at: start, in: text, &budget), end > start else {
        start += 1
        continue
      }
      if done < start { result.append((done..<start, false)) }
      result.append((start..<end, true))
      (start, done) = (end, end)
    }
    if done < text.endIndex { result.append((done..<text.endIndex, false)) }
    return result
  }

  /// A place to go back to.
  private struct Choice {
    var instruction: Int
    var position: Int
    /// The last position of a greedy run that may still be tried, before `position`; or for a lazy
    /// one the first.
    var limit: Int
    var step: Int
  }

  /// The end of a match of the program from `first` on; nil if there is none.
  private func end(
    from first: Int, at start: Int, in text: ArraySlice<Unicode.Scalar>, _ budget: inout Int
  ) -> Int? {
    var choices: [Choice] = []
    var instruction = first
    var position = start
    while true {
      budget -= 1
      guard budget > 0 else { return nil }
      var isAlive = true
      switch program[instruction] {
      case .accept: return position
      case .set(let set):
        isAlive = position < text.endIndex && set.contains(text[position])
        position += 1
        instruction += 1
      case .run(let set, let bounds, let mode):
        let limit = min(text.endIndex - position, bounds.upperBound - 1)
        var count = 0
        while count < limit, set.contains(text[position + count]) { count += 1 }
        budget -= count
        isAlive = count >= bounds.lowerBound
        instruction += 1
        guard isAlive else { break }
        let (least, most) = (position + bounds.lowerBound, position + count)
        switch mode {
        case .possessive: position = most
        case .greedy:
          if least < most {
            choices.append(
              .init(instruction: instruction, position: most - 1, limit: least, step: -1))
          }
          position = most
        case .lazy:
          if least < most {
            choices.append(
              .init(instruction: instruction, position: least + 1, limit: most, step: 1))
          }
          position = least
        }
      case .split(let one, let other):
        choices.append(.init(instruction: other, position: position, limit: position, step: 1))
        instruction = one
      case .jump(let target): instruction = target
      case .anchor(let anchor):
        isAlive = holds(anchor, at: position, in: text)
        instruction += 1
      case .lookBehind(let set, let isNegative):
        isAlive = (position > text.startIndex && set.contains(text[position - 1])) != isNegative
        instruction += 1
      case .look(let target, let isNegative):
        let found = end(from: instruction + 1, at: position, in: text, &budget)
        isAlive = (found != nil) != isNegative
        instruction = target
      case .once(let target):
        if let end = end(from: instruction + 1, at: position, in: text, &budget) {
          position = end
        } else {
          isAlive = false
        }
        instruction = target
      }
      if !isAlive {
        guard var choice = choices.popLast() else { return nil }
        (instruction, position) = (choice.instruction, choice.position)
        if choice.position != choice.limit {
          choice.position += choice.step
          choices.append(choice)
        }
      }
    }
  }

  private func holds(
    _ anchor: Anchor, at position: Int, in text: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    let before = position > text.startIndex ? text[position - 1] : nil
    let after = position < text.endIndex ? text[position] : nil
    return switch anchor {
    case .textStart: before == nil
    case .textEnd: after == nil
    case .lineStart: before == nil || before == "\n"
    case .lineEnd: after == nil || after == "\n"
    case .wordBoundary:
      (before?.isWordCharacter ?? false) != (after?.isWordCharacter ?? false)
    }
  }
}

/// Turns the parts of a pattern into steps.
struct PatternCompiler {
  private(set) var program: [TextPattern.Instruction] = []

  mutating func add(_ node: TextPattern.Node) throws(LineFault) {
    guard program.count < 10_000 else {
      throw LineFault(
        reason: "the pattern is longer than 10,000 steps", expected: "a shorter pattern")
    }
    switch node {
    case .set(let set): program.append(.set(set))
    case .anchor(let anchor): program.append(.anchor(anchor))
    case .lookBehind(let set, let isNegative):
      program.append(.lookBehind(set, isNegative: isNegative))
    case .sequence(let parts): for part in parts { try add(part) }
    case .choice(let choices):
      var ends: [Int] = []
      for (index, choice) in choices.enumerated() {
        guard index < choices.count - 1 else {
          try add(choice)
          break
        }
        let split = program.count
        program.append(.accept)
        try add(choice)
        ends.append(program.count)
        program.append(.accept)
        program[split] = .split(split + 1, program.count)
      }
      for end in ends { program[end] = .jump(program.count) }
    case .lookAhead(let node, let isNegative):
      let place = try addClosed(node)
      program[place] = .look(program.count, isNegative: isNegative)
    case .atomic(let node):
      let place = try addClosed(node)
      program[place] = .once(program.count)
    case .loop(let node, let bounds, let mode): try addLoop(node, bounds, mode)
    }
  }

  /// Adds a part that is matched separately, after a place for the instruction that does so.
  private mutating func addClosed(_ node: TextPattern.Node) throws(LineFault) -> Int {
    let place = program.count
    program.append(.accept)
    try add(node)
    program.append(.accept)
    return place
  }

  private mutating func addLoop(
    _ node: TextPattern.Node, _ bounds: Range<Int>, _ mode: TextPattern.Mode
  ) throws(LineFault) {
    if let set = node.singleSet { return program.append(.run(set, bounds, mode)) }
    guard !node.canBeEmpty else {
      throw LineFault(
        reason: "the pattern repeats a part that may be empty",
        expected: "at least one character in each repetition")
    }
    if mode == .possessive {
      return try add(.atomic(.loop(node, bounds, .greedy)))
    }
    for _ in 0..<bounds.lowerBound { try add(node) }
    func split(_ inside: Int, _ outside: Int) -> TextPattern.Instruction {
      mode == .lazy ? .split(outside, inside) : .split(inside, outside)
    }
    if bounds.upperBound == Int.max {
      let start = program.count
      program.append(.accept)
      try add(node)
      program.append(.jump(start))
      program[start] = split(start + 1, program.count)
      return
    }
    var places: [Int] = []
    for _ in bounds.dropFirst() {
      places.append(program.count)
      program.append(.accept)
      try add(node)
    }
    for place in places { program[place] = split(place + 1, program.count) }
  }
}

extension TextPattern.Node {
  /// The set, if the part is one character.
  fileprivate var singleSet: ScalarSet? {
    switch self {
    case .set(let set): set
    case .sequence(let parts) where parts.count == 1: parts[0].singleSet
    default: nil
    }
  }

  fileprivate var canBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
    case .choice(let choices): choices.contains(where: \.canBeEmpty)
    case .loop(let node, let bounds, _): bounds.lowerBound == 0 || node.canBeEmpty
    case .atomic(let node): node.canBeEmpty
    case .lookAhead, .lookBehind, .anchor: true
    }
  }
}
