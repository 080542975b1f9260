import TestSupport

/// The cases of `Goldens/NAME.json` next to this file, for tests in subfolders.
func goldenCases<Case: Decodable>(_ name: String, as type: Case.Type) throws -> [Case] {
  try Golden<Case>(name).cases
}
