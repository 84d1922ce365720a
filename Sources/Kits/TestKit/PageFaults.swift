/// What a strict reader finds wrong with a page: tags not closed in order, attributes without quotes or given twice, inline
/// styles and handlers, an id or a first heading that is not alone, a sentence the catalogue lacks. Empty when all is well.
package func pageFaults(_ text: String) -> [String] {
  var faults: [String] = []
  var open: [Substring] = []
  let empty: Set<Substring> = ["meta", "base", "link", "input", "br", "hr", "img", "source", "track"]
  let plain = text.replacing(#/<script[^>]*>.*?<\/script>/#.dotMatchesNewlines(), with: "")
  for tag in plain.matches(of: #/<(\/?)([a-z][a-z0-9-]*)([^<>]*?)(\/?)>/#) {
    let name = tag.2
    if !tag.1.isEmpty {
      if open.last == name { open.removeLast() } else { faults.append("</\(name)> closes \(open.last ?? "nothing")") }
      continue
    }
    var rest = String(tag.3)
    var names: [String] = []
    rest = rest.replacing(#/([a-zA-Z:-]+)="([^"]*)"/#) { match in
      names.append(String(match.1))
      return ""
    }
    if rest.contains("=") || rest.contains("\"") || rest.contains("'") { faults.append("\(tag.0)") }
    if Set(names).count < names.count { faults.append("twice in \(tag.0)") }
    if names.contains("style") || names.contains(where: { $0.hasPrefix("on") }) { faults.append("inline in \(tag.0)") }
    if !empty.contains(name), tag.4.isEmpty { open.append(name) }
  }
  if !open.isEmpty { faults.append("open: \(open)") }
  var ids: [Substring: Int] = [:]
  for id in plain.matches(of: #/ id="([^"]*)"/#) { ids[id.1, default: 0] += 1 }
  faults += ids.filter { $0.value > 1 }.map { "id \($0.key) \($0.value) times" }
  let titles = plain.matches(of: #/<h1[ >]/#).count
  if titles != 1 { faults.append("\(titles) first headings") }
  if plain.contains("⟦") { faults.append("a sentence is missing") }
  return faults
}
