import Foundation

/// The data sets next to the checkout, which a test reads where they are there.
public enum SharedData {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../shared/data").standardized.path

  /// The path of a data set's folder or file.
  public static func path(_ name: String) -> String { root + "/" + name }

  /// Whether a data set is there.
  public static func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: path(name))
  }
}
