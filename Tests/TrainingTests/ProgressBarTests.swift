import Testing
import Training

@Suite struct ProgressBarTests {
  @Test func `formats durations like a clock`() {
    #expect(ProgressBar.duration(0.4) == "0:00")
    #expect(ProgressBar.duration(65) == "1:05")
    #expect(ProgressBar.duration(7203) == "2:00:03")
    #expect(ProgressBar.duration(59.7) == "1:00")
    #expect(ProgressBar.duration(.infinity) == "–")
  }

  @Test func `draws a bar that fits the terminal`() {
    var text = ""
    let bar = ProgressBar(isTerminal: true, width: 72) { text += $0 }
    bar.begin()
    bar.update(title: "epoch 1/2", done: 50, total: 100, unit: "documents", loss: 0.5)
    #expect(text.hasPrefix("\r\u{1B}[2K"))
    #expect(text.contains("epoch 1/2"))
    #expect(text.contains("loss 0.5"))
    #expect(text.contains("left"))
    let visible = text.replacing("\r\u{1B}[2K", with: "")
    #expect(visible.count <= 72)
    // Half is done, so both halves of the bar differ by one character at most.
    let filled = visible.filter { $0 == "━" }.count
    let open = visible.filter { $0 == "╌" }.count
    #expect(filled > 0 && abs(filled - open) <= 1)
  }

  @Test func `prints only lines without a terminal`() {
    var text = ""
    let bar = ProgressBar(isTerminal: false, width: 80) { text += $0 }
    bar.update(title: "epoch 1/2", done: 50, total: 100, unit: "documents")
    bar.line("epoch 1/2 done")
    #expect(text == "epoch 1/2 done\n")
  }
}
