#pragma once
#include <gd.h>

// libgd tells of every broken picture on standard error; we tell the person instead.
static inline void tl_gd_ignore(int priority, const char *format, va_list arguments) {
  (void)priority;
  (void)format;
  (void)arguments;
}
static inline void tl_gd_be_quiet(void) { gdSetErrorMethod(tl_gd_ignore); }
