import TestSupport

/// The cases of `Goldens/NAME.json` beside this file, for tests in folders below.
func goldenCases<Case: Decodable>(_ name: String, as type: Case.Type) throws -> [Case] {
  try Golden<Case>(name).cases
}
