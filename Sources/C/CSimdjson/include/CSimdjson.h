#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What was read, in simdjson's own words (its doc/tape.md). It stands until this thread reads again.
struct json_tape {
  const uint64_t *words;
  const uint8_t *strings;
};

/// Reads one JSON text. False when it is none, or is too large or too deep for the library.
bool json_tape_read(const uint8_t *text, size_t length, struct json_tape *tape);

#ifdef __cplusplus
}
#endif
