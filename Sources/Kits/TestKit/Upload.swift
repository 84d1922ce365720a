import Core
package import Web

extension TestSite {
  /// Sends a form that carries one file, as a browser would; no file when `bytes` is nil.
  package func upload(
    _ address: String, field: String, filename: String = "file", type: String = "application/octet-stream",
    _ bytes: [UInt8]?,
    form: KeyValuePairs<String, String> = [:], as person: Person
  ) async -> Response {
    let boundary = "----tutalink-test"
    var body: [UInt8] = []
    func line(_ text: String) { body += Array((text + "\r\n").utf8) }
    for (name, value) in Array(form.map { ($0.key, $0.value) }) + [("_csrf", table.csrf(for: person.identity))] {
      line("--" + boundary)
      line("Content-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)")
    }
    if let bytes {
      line("--" + boundary)
      line("Content-Disposition: form-data; name=\"\(field)\"; filename=\"\(filename)\"\r\nContent-Type: \(type)\r\n")
      body += bytes
      line("")
    }
    line("--\(boundary)--")
    var headers = Headers()
    headers.add("host", "localhost:8080")
    headers.add("cookie", "session=\(person.username)")
    headers.add("content-type", "multipart/form-data; boundary=\(boundary)")
    return await table.answer(Request(.post, address, headers: headers, body: body))
  }
}
