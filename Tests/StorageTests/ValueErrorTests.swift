import Storage
import Testing

@Suite struct ValueErrorTests {
  @Test func `describes subject, reason and expected value on one line`() {
    let error = ValueError("scores", reason: "score 1 is nan\n", expected: "a finite number")
    #expect(error.description == #"scores: score 1 is nan\n; expected a finite number"#)
    #expect(ValueError("scores", reason: "none").description == "scores: none")
  }

  @Test func `becomes an InputError of the file that the values came from`() throws {
    let error = #expect(throws: InputError.self) {
      try attributingErrors(to: "model.safetensors") {
        throw ValueError("parameters", reason: "there is no \"w\"", expected: "2 tensors")
      }
    }
    #expect(
      error
        == InputError(
          file: "model.safetensors", reason: "there is no \"w\"", expected: "2 tensors"))
    #expect(try attributingErrors(to: "a") { 3 } == 3)
  }

  @Test func `leaves other errors alone`() {
    let error = InputError(file: "data.jsonl", line: 3, reason: "bad")
    #expect(throws: error) { try attributingErrors(to: "model") { throw error } }
  }
}
