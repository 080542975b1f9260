import Foundation
import Storage

/// The part that a record belongs to.
private enum RecordPart {
  case train
  /// A part of train that may be held out.
  case heldOut
  /// Validation documents that are not in train.
  case validation
  case test
}

extension LabelledRecords {
  /// The data set, split by the files, by a column, or else by the texts.
  ///
  /// Labels are those of train, in the order of first use. Other documents lose the rest of their
  /// labels, and those without any are left out.
  ///
  /// - Parameter keepingAllLabels: whether other documents keep labels that train does not have, after
  ///   those of train, and are kept; for evaluation, where such labels count as misses. Only named
  ///   files are: a part that is drawn from a file is the same in training and evaluation.
  /// - Throws: `InputError` when no record of train has a label, or a value cannot be used.
  package func dataset(keepingAllLabels: Bool = false) throws -> Dataset {
    try dataset(parts: parts(), keepingAllLabels: keepingAllLabels && reading.namesParts)
  }

  /// The data set whose test part has all records with all labels.
  ///
  /// - Throws: `InputError` when no record has a label.
  package func whole() throws -> Dataset {
    var result = try dataset(
      parts: [RecordPart](repeating: .test, count: rows.count), keepingAllLabels: true)
    result.validation = nil
    return result
  }

  private func parts() throws -> [RecordPart] {
    var drawn: [RecordPart?] = roles.map { _ in nil }
    if let column = reading.group {
      guard reading.time == nil else {
        throw InputError(
          file: path, reason: "a split by group (\(column)) and by time cannot be combined",
          expected: "--group or --time")
      }
      let values = try values(of: column, option: "group")
      for record in roles.indices where roles[record] == 0 {
        // Documents without a group are their own.
        let name = values[record].flatMap { $0.isEmpty ? nil : $0 } ?? texts[record]
        drawn[record] = part(of: SplitBucket(of: name))
      }
    } else if let column = reading.time {
      drawn = try partsByTime(try values(of: column, option: "time"))
    } else if !reading.namesParts {
      drawn = texts.map { part(of: SplitBucket(of: $0)) }
      // Of one or two texts, chance may leave none to train on.
      if drawn.allSatisfy({ $0 == .test }) { drawn = drawn.map { _ in .train } }
    }
    return zip(roles, drawn).map { role, drawn in
      switch (role, drawn) {
      case (1, _): .validation
      case (2, _): .test
      case (_, .test) where reading.test != nil: .train
      case (_, .heldOut) where reading.validation != nil: .train
      default: drawn ?? .train
      }
    }
  }

  private func part(of bucket: SplitBucket) -> RecordPart {
    bucket.isTest ? .test : bucket.isValidation ? .heldOut : .train
  }

  /// The values of a column; nil for records without it.
  ///
  /// - Parameter column: its name, as it is written or but for case.
  private func values(of column: String, option: String) throws -> [String?] {
    let exact = cells(of: column)
    if exact.contains(where: { $0 != nil }) { return exact }
    var names: [String] = []
    for record in roles.indices {
      for field in metadata?[record] ?? [] where !names.contains(field.name) {
        names.append(field.name)
      }
    }
    let same = names.filter { $0.lowercased() == column.lowercased() }
    guard same.count == 1 else {
      let others = names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
      throw InputError(
        file: path,
        reason: "the column \"\(column)\" is missing, or holds the text, the labels or the id"
          + (others.isEmpty ? "" : "; others are \(others)"),
        expected: "--\(option) COLUMN")
    }
    return cells(of: same[0])
  }

  private func cells(of column: String) -> [String?] {
    roles.indices.map { metadata?.text(of: column, at: $0) }
  }

  /// The latest fifth is for testing, the 8 % before it for validation; equal times stay together.
  private func partsByTime(_ values: [String?]) throws -> [RecordPart?] {
    let records = roles.indices.filter { roles[$0] == 0 }
    var times: [(time: Double, record: Int)] = []
    for record in records {
      guard let time = values[record].flatMap(Self.time(in:)) else {
        throw InputError(
          file: path,
          reason: "the document \(ids[record]) has the time \"\(values[record] ?? "")\"",
          expected: "a date such as 2026-01-31, with or without a time, or a number")
      }
      times.append((time, record))
    }
    times.sort { ($0.time, $0.record) < ($1.time, $1.record) }
    func time(before share: Double) -> Double {
      times[min(times.count - 1, Int(Double(times.count) * (1 - share)))].time
    }
    guard let earliest = times.first?.time else { return values.map { _ in nil } }
    let (test, heldOut) = (time(before: 0.2), time(before: 0.28))
    guard test > earliest else {
      throw InputError(
        file: path, reason: "most documents have the time of the latest fifth",
        expected: "a column of different times")
    }
    var parts: [RecordPart?] = values.map { _ in nil }
    for (time, record) in times {
      parts[record] =
        time >= test ? .test : time >= heldOut && heldOut > earliest ? .heldOut : .train
    }
    return parts
  }

  /// Seconds or another number; nil if a text is not a time.
  private static func time(in text: String) -> Double? {
    let text = text.trimmingBlanks()
    if let number = Double(text) { return number.isFinite ? number : nil }
    let fields = text.split(whereSeparator: { !$0.isNumber || !$0.isASCII }).map(String.init)
    let numbers = fields.compactMap(Int.init)
    guard fields.count >= 3, fields[0].count == 4, numbers.count == fields.count,
      1...12 ~= numbers[1], 1...31 ~= numbers[2], numbers[0] > 0,
      text.dropFirst(4).first.map({ "-/.".contains($0) }) == true
    else { return nil }
    var parts = DateComponents()
    (parts.year, parts.month, parts.day) = (numbers[0], numbers[1], numbers[2])
    let clock = numbers.dropFirst(3).prefix(3) + [0, 0, 0]
    var seconds = 0.0
    for (number, scale) in zip(clock, [3600, 60, 1]) { seconds += Double(number * scale) }
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    guard let day = calendar.date(from: parts) else { return nil }
    return day.timeIntervalSince1970 + seconds
  }

  private func dataset(parts: [RecordPart], keepingAllLabels: Bool) throws -> Dataset {
    let isWhole = !parts.contains { $0 != .test }
    var firstUse = [Bool](repeating: false, count: labels.count)
    var kept: [Int] = []
    func learn(where isMember: (RecordPart) -> Bool) {
      for (row, part) in zip(rows, parts) where isMember(part) {
        for label in row.labels { firstUse[label] = true }
      }
    }
    learn { $0 == .train || $0 == .heldOut }
    kept = firstUse.indices.filter { firstUse[$0] }
    let learnt = firstUse
    if keepingAllLabels {
      learn { _ in true }
      kept += firstUse.indices.filter { firstUse[$0] && !learnt[$0] }
    }
    try refuseUnlessLabelled(kept.isEmpty, isWhole: isWhole)
    var newLabel = [Int32](repeating: -1, count: labels.count)
    for (new, old) in kept.enumerated() { newLabel[old] = Int32(new) }
    let hasWeights = rows.contains { $0.weights != nil }
    func split(where isMember: (Int) -> Bool) -> Split {
      let members = rows.indices.filter(isMember)
      var offsets: [Int64] = [0]
      var columns: [Int32] = []
      var values: [Float] = []
      for member in members {
        for (position, label) in rows[member].labels.enumerated() where newLabel[label] >= 0 {
          columns.append(newLabel[label])
          values.append(rows[member].weights?[position] ?? 1)
        }
        offsets.append(Int64(columns.count))
      }
      return Split(
        documentIndices: MappedArray(members.map { Int32($0) }),
        labels: CSRMatrix(
          rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
          values: hasWeights ? MappedArray(values) : nil, columnCount: kept.count))
    }
    func isKept(_ record: Int) -> Bool {
      keepingAllLabels || rows[record].labels.contains { newLabel[$0] >= 0 }
    }
    let isApart = parts.contains(.validation)
    let train = split { parts[$0] == .train || parts[$0] == .heldOut }
    let drawsValidation = !reading.namesParts || parts.contains(.heldOut)
    let validation =
      isApart
      ? split { parts[$0] == .validation && isKept($0) }
      : isWhole || !drawsValidation ? nil : split { parts[$0] == .heldOut }
    let test =
      reading.namesParts && !parts.contains(.test)
      ? nil : split { parts[$0] == .test && isKept($0) }
    let testPairs = zip(rows, parts).reduce(0) { $0 + ($1.1 == .test ? $1.0.labels.count : 0) }
    var result = Dataset(
      documents: documents, labels: Labels(ids: labels.column(selecting: kept)), train: train,
      validation: validation, test: test,
      description: DatasetDescription(
        name: path.split(separator: "/").last.map(String.init) ?? path,
        origins: ([path] + (reading.more ?? [])
          + [reading.validation, reading.test].compactMap { $0 })
          .map { DatasetDescription.Origin(source: $0) },
        statistics: DatasetStatistics(
          train: train, validation: validation, test: test,
          droppedTestPairs: testPairs - (test?.labels.entryCount ?? 0))),
      skipped: skipped, contentHash: hash)
    result.notes = notes
    return result
  }

  /// The hash of the records and of the way to split them.
  private var hash: UInt64 {
    guard let rule = reading.group.map({ "group \($0)" }) ?? reading.time.map({ "time \($0)" })
    else { return contentHash }
    let sum = Array(rule.utf8).withUnsafeBytes { XXHash64.hash($0) }
    return [contentHash, sum].withUnsafeBytes { XXHash64.hash($0) }
  }

  private func refuseUnlessLabelled(_ isEmpty: Bool, isWhole: Bool) throws {
    guard isEmpty else { return }
    guard !rows.isEmpty else {
      throw InputError(
        file: path, reason: "there are no records",
        expected: #"one JSON object per line: {"text": "…", "labels": ["…"]}"#)
    }
    let reason =
      labels.count == 0
      ? "none of the \(rows.count) records has a label" : "no record of train has a label"
    throw InputError(
      file: path, reason: reason,
      expected: isWhole || reading.namesParts
        ? "records with labels" : "records with labels; a fifth of them is kept for testing")
  }
}
