import HTTPTypes

extension Routes {
  /// Refuses a text that is longer than is kept.
  ///
  /// - Parameters:
  ///   - most: how many characters (Unicode code points) it may have.
  ///   - option: what allows more.
  func check(_ text: String, _ key: String, upTo most: Int, _ option: String) throws {
    let count = text.unicodeScalars.count
    guard count <= most else {
      throw Refusal(
        .contentTooLarge, "too_large",
        "\"\(key)\" has \(count) characters; expected \(most) at most (\(option) allows more)")
    }
  }

  /// Keeps something in the store, and says what hinders it.
  func keeping(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let refusal as ServiceStore.Refusal {
      switch refusal {
      case .labelExists:
        throw Refusal(
          .conflict, "label_exists", "a label of that name is kept, which this model cannot rank")
      case .full(let limit):
        throw Refusal(
          .insufficientStorage, "store_full",
          "the store has reached \(limit >> 20) MiB; --maximum-store allows more")
      case .noRoom:
        throw Refusal(.insufficientStorage, "disk_full", "the disk of the store has no room")
      case .moved:
        throw Refusal(
          .serviceUnavailable, "store_moved",
          "the store's file was moved or deleted; nothing is kept until the service is restarted")
      }
    }
  }
}
