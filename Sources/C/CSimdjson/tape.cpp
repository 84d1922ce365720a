// simdjson is C++; this is the one place where the house speaks it. No exception leaves: the library is asked by its
// error codes.
#include "CSimdjson.h"

#include <simdjson.h>

bool json_tape_read(const uint8_t *text, size_t length, json_tape *tape) {
  // A parser keeps what its largest text needed, some twelve bytes for each: so much stays for good, and no more.
  constexpr size_t usual = 32 << 10;
  static thread_local simdjson::dom::parser kept;
  static thread_local simdjson::dom::parser large;
  if (length == 0) return false;
  if (large.capacity() > 0) large = simdjson::dom::parser();
  simdjson::dom::parser &parser = length <= usual ? kept : large;
  if (parser.parse(text, length, true).error()) return false;
  tape->words = parser.doc.tape.get();
  tape->strings = parser.doc.string_buf.get();
  return true;
}
