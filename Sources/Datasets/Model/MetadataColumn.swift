import Storage

/// The further fields of the documents' records, read from the file on access.
///
/// A column takes 12 bytes per document. Documents beyond its end have no fields.
public struct MetadataColumn: Sendable {
  /// One field of a record.
  public struct Field: Hashable, Sendable {
    /// The key, or the name of the column.
    public var name: String
    /// The value as text: that of a string or a number, otherwise as JSON; empty for `null`.
    public var text: String
    /// The value as JSON.
    public var json: String
  }

  private let file: MappedFile
  private let locations: [TextColumn.Location]
  /// Keys that are not metadata.
  private let others: Set<String>

  /// - Parameters:
  ///   - locations: the objects with the fields.
  ///   - others: keys of these objects that are not metadata.
  init(file: MappedFile, locations: [TextColumn.Location], without others: Set<String>) {
    (self.file, self.locations, self.others) = (file, locations, others)
  }

  /// The fields of document `index`, in the order of its record.
  public subscript(index: Int) -> [Field] {
    guard locations.indices.contains(index), !locations[index].isMissing else { return [] }
    return file.withBytes { bytes in
      var cursor = JSONCursor(bytes, in: locations[index].literal.content, readsNaN: true)
      do {
        return try cursor.element().value.members.compactMap { member in
          guard !others.contains(member.name) else { return nil }
          let value = member.element.value
          return Field(
            name: member.name.normalizedToNFC,
            text: value == .null ? "" : value.plainText ?? value.json, json: value.json)
        }
      } catch {
        // A record is checked when it is read, except for repeated keys in nested objects.
        return []
      }
    }
  }

  /// The text of a field of document `index`; nil if it has none.
  public func text(of name: String, at index: Int) -> String? {
    self[index].first { $0.name == name }?.text
  }
}
