/// The version of Decant.
public enum DecantVersion {
  /// The version of this source; `Scripts/version --check` compares it with the changelog.
  public static let current = "0.1.0"
}
