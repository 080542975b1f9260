import HTTPTypes

extension Routes {
  /// Rejects a text that is too long to store.
  ///
  /// - Parameters:
  ///   - most: the maximum number of characters (Unicode code points).
  ///   - option: the option that raises the limit.
  func check(_ text: String, _ key: String, upTo most: Int, _ option: String) throws {
    let count = text.unicodeScalars.count
    guard count <= most else {
      throw Refusal(
        .unprocessableContent, "too_long",
        "\"\(key)\" has \(count) characters; expected at most \(most) (\(option) allows more)")
    }
  }

  /// Stores something, and turns a failure into a response.
  func keeping<R>(_ body: () async throws -> R) async throws -> R {
    do {
      return try await body()
    } catch let refusal as ServiceStore.Refusal {
      switch refusal {
      case .labelExists:
        throw Refusal(
          .conflict, "label_exists", "a label of that name is stored, which this model cannot rank")
      case .full(let limit):
        throw Refusal(
          .insufficientStorage, "store_full",
          "the store has reached \(limit >> 20) MiB; --maximum-store allows more")
      case .noRoom:
        throw Refusal(.insufficientStorage, "disk_full", "the store's disk is full")
      case .moved:
        throw Refusal(
          .serviceUnavailable, "store_moved",
          "the store's file was moved or deleted; nothing is stored until the service restarts")
      }
    }
  }
}
