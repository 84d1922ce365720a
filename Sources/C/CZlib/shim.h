#pragma once
#include <zlib.h>

/* The initialisers are macros that name the header's version and size. 15 + 16: the largest window, gzip's frame. */
static inline int zlib_begin_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
}

static inline int zlib_begin_gunzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
