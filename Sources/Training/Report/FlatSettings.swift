import Foundation

/// Settings as paths and values, such as `loss.decoupledSoftmax.temperature` and `1`.
enum FlatSettings {
  /// All leaves of what the value is as JSON, by path.
  static func of(_ value: some Encodable) -> [(key: String, value: String)] {
    do {
      return try flat(JSONEncoder.stable.encode(value))
    } catch {
      return [("settings", "\(error)")]
    }
  }

  private static func flat(_ data: Data) throws -> [(key: String, value: String)] {
    var leaves: [(key: String, value: String)] = []
    collect(try JSONDecoder().decode(Tree.self, from: data), at: "", into: &leaves)
    return leaves
  }

  private static func collect(
    _ tree: Tree, at path: String, into leaves: inout [(key: String, value: String)]
  ) {
    switch tree {
    case .leaf(let text): leaves.append((path, text))
    case .list(let items):
      // Lists of numbers stay together: a list of widths is one setting.
      let texts = items.compactMap { if case .leaf(let text) = $0 { text } else { nil } }
      if texts.count == items.count {
        leaves.append((path, "[\(texts.joined(separator: ", "))]"))
      } else {
        for (index, item) in items.enumerated() {
          collect(item, at: "\(path)[\(index)]", into: &leaves)
        }
      }
    case .object(let members):
      if members.isEmpty { leaves.append((path, "{}")) }
      for (key, member) in members.sorted(by: { $0.key < $1.key }) {
        collect(member, at: path.isEmpty ? key : "\(path).\(key)", into: &leaves)
      }
    }
  }

  private enum Tree: Decodable {
    case leaf(String)
    case list([Tree])
    case object([String: Tree])

    init(from decoder: any Decoder) throws {
      if let members = Self.attempt({ try decoder.container(keyedBy: AnyKey.self) }) {
        self = .object(
          Dictionary(
            try members.allKeys.map {
              ($0.stringValue, try members.decode(Tree.self, forKey: $0))
            }
          ) { $1 })
        return
      }
      if var items = Self.attempt({ try decoder.unkeyedContainer() }) {
        var list: [Tree] = []
        while !items.isAtEnd { list.append(try items.decode(Tree.self)) }
        self = .list(list)
        return
      }
      let single = try decoder.singleValueContainer()
      if single.decodeNil() {
        self = .leaf("null")
      } else if let value = Self.attempt({ try single.decode(Bool.self) }) {
        self = .leaf("\(value)")
      } else if let value = Self.attempt({ try single.decode(Int.self) }) {
        self = .leaf("\(value)")
      } else if let value = Self.attempt({ try single.decode(Double.self) }) {
        self = .leaf("\(value)")
      } else {
        self = .leaf(try single.decode(String.self))
      }
    }

    /// A decoder tells what it holds only by refusing what it does not.
    private static func attempt<Value>(_ decode: () throws -> Value) -> Value? {
      do { return try decode() } catch { return nil }
    }
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
