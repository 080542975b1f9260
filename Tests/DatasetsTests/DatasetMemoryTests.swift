import Datasets
import Storage
import Testing

@Suite struct DatasetMemoryTests {
  @Test func `numbers labels by first use and keeps texts in Normalization Form C`() throws {
    let data = try Dataset(
      texts: ["cafe\u{301}", "tea", "nothing"],
      labels: [["hot", "e\u{301}t\u{e9}"], ["\u{e9}t\u{e9}"], []],
      labelTexts: ["hot": "a warm drink"], name: "drinks")
    #expect(Array(data.documents.ids) == ["1", "2", "3"])
    #expect(data.documents.texts?[0].utf8.elementsEqual("caf\u{e9}".utf8) == true)
    #expect(Array(data.labels.ids) == ["hot", "\u{e9}t\u{e9}"])
    #expect(data.labels.textOrID(at: 0) == "a warm drink")
    #expect(data.labels.textOrID(at: 1) == "\u{e9}t\u{e9}")
    #expect(
      (0..<3).map { data.train.labels.columns(ofRow: $0).map(Int.init) } == [[0, 1], [1], []])
    #expect(data.description.name == "drinks" && data.test == nil && data.validation == nil)
  }

  @Test func `its hash changes with any text, name or label`() throws {
    let texts = ["a b", "c"]
    let all = [
      try Dataset(texts: texts, labels: [["x"], ["y"]]),
      try Dataset(texts: ["a", "b c"], labels: [["x"], ["y"]]),
      try Dataset(texts: texts, labels: [["x"], ["z"]]),
      try Dataset(texts: texts, labels: [["x", "y"], []]),
      try Dataset(texts: texts, labels: [["x"], ["y"]], ids: ["1", "2"]),
      try Dataset(texts: texts, labels: [["x"], ["y"]], labelTexts: ["x": "X"]),
    ]
    #expect(Set(all.map(\.contentHash)).count == all.count)
    #expect(try Dataset(texts: texts, labels: [["x"], ["y"]]).contentHash == all[0].contentHash)
  }

  @Test func `names the fault and its text`() throws {
    func expect(_ words: String, _ make: () throws -> Dataset) {
      let error = #expect(throws: ValueError.self) { try make() }
      #expect("\(error.map(\.description) ?? "")".contains(words), "\(String(describing: error))")
    }
    expect("texts: there are none") { try Dataset(texts: [], labels: []) }
    expect("lists of labels: 1 for 2 texts") { try Dataset(texts: ["a", "b"], labels: [["x"]]) }
    expect("ids: 1 for 2 texts") {
      try Dataset(texts: ["a", "b"], labels: [["x"], ["y"]], ids: ["1"])
    }
    expect("labels of text 2: the label \"x\" appears a second time") {
      try Dataset(texts: ["a", "b"], labels: [["x"], ["x", "x"]])
    }
    expect("text 2: it contains U+0000") {
      try Dataset(texts: ["a", "b\0"], labels: [["x"], ["x"]])
    }
    expect("labels of text 1: the label \"\" is empty") {
      try Dataset(texts: ["a"], labels: [[""]])
    }
    expect("id of text 2: the id") {
      try Dataset(texts: ["a", "b"], labels: [["x"], ["x"]], ids: ["1", "\u{7}"])
    }
    expect("the id \"1\" appears a second time") {
      try Dataset(texts: ["a", "b"], labels: [["x"], ["x"]], ids: ["1", "1"])
    }
    expect("label texts: no text has the label \"z\"") {
      try Dataset(texts: ["a"], labels: [["x"]], labelTexts: ["z": "Z"])
    }
  }
}
