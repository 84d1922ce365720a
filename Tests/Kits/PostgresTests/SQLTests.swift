import Testing

@testable import Postgres

@Suite struct SQLShapeTests {
  @Test func `one statement written in one place is one shape whatever its values, and another in its other forms`() {
    func sql(_ limit: Int?, _ isSorted: Bool) -> SQL {
      let order: SQL = isSorted ? "order by name" : ""
      return "select é from t where id = \(limit) \(order)"
    }
    #expect(sql(1, true).shape == sql(nil, true).shape && sql(1, true).shape.hashValue == sql(2, true).shape.hashValue)
    #expect(sql(1, true).shape != sql(1, false).shape)
    #expect(sql(1, true).text == "select é from t where id = $1 order by name" && sql(1, true).values.count == 1)
    #expect(sql(1, false).text == "select é from t where id = $1 ")
    let none: SQL = ""
    #expect(none.text == "" && (none + "x").shape != none.shape)
  }
}
