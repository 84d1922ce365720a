import Core
import Testing

@Suite struct MemoTests {
  @Test func `what is asked for stays, what nobody asks for is forgotten, and the limit holds`() {
    let memo = Memo<Int, String>(limit: 100)
    memo.hold("kept", under: 0)
    for number in 1...10_000 {
      memo.hold("\(number)", under: number)
      #expect(memo.find(0) == "kept")
      #expect(memo.weight <= 100 && memo.count <= 100)
    }
    #expect(memo.find(1) == nil && memo.find(10_000) == "10000")
    memo.removeAll()
    #expect(memo.count == 0 && memo.weight == 0 && memo.find(0) == nil)
  }

  @Test func `weights are counted, also when a value is replaced or found again`() {
    let memo = Memo<String, Int>(limit: 1000)
    memo.hold(1, under: "a", weight: 400)
    memo.hold(2, under: "a", weight: 300)
    #expect(memo.weight == 300 && memo.find("a") == 2)
    // The young are full: they grow old together, and who is asked for is young again.
    memo.hold(3, under: "b", weight: 400)
    #expect(memo.weight == 700 && memo.find("a") == 2 && memo.find("b") == 3)
    memo.hold(4, under: "c", weight: 500)
    #expect(memo.weight <= 1000 && memo.find("c") == 4)
    memo.hold(5, under: "giant", weight: 501)
    #expect(memo.find("giant") == nil && memo.weight <= 1000)
  }

  @Test func `many threads at once keep it whole`() async {
    let memo = Memo<Int, Int>(limit: 64)
    await withTaskGroup(of: Void.self) { group in
      for seed in 0..<8 {
        group.addTask {
          for step in 0..<5_000 {
            let key = (step &* 7919 &+ seed) % 200
            #expect(memo.value(key) { key * 2 } == key * 2)
          }
        }
      }
    }
    #expect(memo.weight <= 64 && memo.weight == memo.count)
  }
}
