#pragma once
#include <sys/time.h>
#include <hiredis/hiredis.h>
#include <hiredis/async.h>

/// The event hooks live in an unnamed struct, which Swift reads badly.
static inline void hiredis_attach(
  redisAsyncContext *context, void *data, void (*add_read)(void *), void (*del_read)(void *),
  void (*add_write)(void *), void (*del_write)(void *), void (*cleanup)(void *)) {
  context->ev.data = data;
  context->ev.addRead = add_read;
  context->ev.delRead = del_read;
  context->ev.addWrite = add_write;
  context->ev.delWrite = del_write;
  context->ev.cleanup = cleanup;
}

static inline int hiredis_descriptor(const redisAsyncContext *context) { return context->c.fd; }
