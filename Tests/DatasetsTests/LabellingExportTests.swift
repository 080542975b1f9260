import Datasets
import Storage
import TestSupport
import Testing

@Suite struct LabellingExportTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ text: String, of program: LabellingExport.Program) throws -> LabellingExport {
    let path = folder.file("export.json")
    try writeAtomically(text, to: path)
    return try LabellingExport(contentsOf: path, of: program)
  }

  @Test func `reads Label Studio's tasks with the labels of most people`() throws {
    let export = try read(
      """
      [{"id": 1, "data": {"id": "a", "text": "one"}, "annotations": [
          {"was_cancelled": false, "result": [
            {"from_name": "labels", "to_name": "text", "type": "choices",
             "value": {"choices": ["x", "y"]}}]},
          {"result": [{"value": {"choices": ["x"]}}]},
          {"was_cancelled": true, "result": [{"value": {"choices": ["z"]}}]}]},
       {"id": 2, "data": {"text": "two"}, "annotations": []},
       {"id": 3, "data": {"title": "three"}, "annotations": [
          {"result": [{"value": {"choices": ["y"]}}]}]}]
      """, of: .labelStudio)
    #expect(
      export.records == [
        .init(id: "a", text: "one", labels: ["x"]), .init(id: "3", text: "three", labels: ["y"]),
      ])
    #expect(export.unlabelled == 1)
  }

  @Test func `reads Label Studio's short form`() throws {
    let export = try read(
      """
      [{"id": 7, "text": "one", "labels": "x", "annotator": 1, "lead_time": 2.5},
       {"id": 8, "text": "two", "labels": {"choices": ["x", "y"]}},
       {"id": 9, "text": "three"}]
      """, of: .labelStudio)
    #expect(
      export.records == [
        .init(id: "7", text: "one", labels: ["x"]),
        .init(id: "8", text: "two", labels: ["x", "y"]),
      ])
    #expect(export.unlabelled == 1)
  }

  @Test func `reads Argilla's responses by person`() throws {
    let export = try read(
      """
      [{"id": "a", "fields": {"text": "one"}, "metadata": {},
        "suggestions": {"labels": {"value": ["z"], "score": [0.9], "agent": "run"}},
        "responses": {"labels": [
          {"value": ["x", "y"], "user_id": "1"}, {"value": ["y"], "user_id": "2"},
          {"value": ["y", "x"], "user_id": "3"}]}, "status": "completed"},
       {"id": "b", "fields": {"text": "two"}, "responses": {"labels": [{"value": "x", "user_id": "1"}]}},
       {"id": "c", "fields": {"text": "three"}, "responses": {}}]
      """, of: .argilla)
    #expect(
      export.records == [
        .init(id: "a", text: "one", labels: ["x", "y"]), .init(id: "b", text: "two", labels: ["x"]),
      ])
    #expect(export.unlabelled == 1)
  }

  @Test(arguments: [
    (#"{"id": 1}"#, "not a list"), ("[{\"data\": {}}]", "no text"), ("[", "export.json:1:2"),
    (#"[{"data": {"a": "x", "b": "y"}, "annotations": []}]"#, "no text"),
  ])
  func `refuses other JSON`(text: String, words: String) throws {
    let error = #expect(throws: InputError.self) { try read(text, of: .labelStudio) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(words))
  }
}
