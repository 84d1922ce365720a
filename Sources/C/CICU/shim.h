#pragma once
// ICU renames its functions by macro (u_foo → u_foo_72), which Swift cannot see; these wrappers carry plain names.
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/ulistformatter.h>
#include <unicode/unum.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

static inline void *icu_pattern_open(const char *locale, UErrorCode *e) { return udatpg_open(locale, e); }
static inline void icu_pattern_close(void *g) { udatpg_close(g); }
static inline int32_t icu_pattern_best(void *g, const UChar *skeleton, int32_t n, UChar *out, int32_t room, UErrorCode *e) {
  return udatpg_getBestPattern(g, skeleton, n, out, room, e);
}
static inline void *icu_date_open(const char *locale, const UChar *zone, int32_t zn, const UChar *pattern, int32_t pn, UErrorCode *e) {
  return udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, zone, zn, pattern, pn, e);
}
static inline void icu_date_close(void *f) { udat_close(f); }
static inline int32_t icu_date_format(void *f, UDate at, UChar *out, int32_t room, UErrorCode *e) {
  return udat_format(f, at, out, room, NULL, e);
}
static inline void *icu_currency_open(const char *locale, const UChar *code, int32_t n, int whole, UErrorCode *e) {
  UNumberFormat *f = unum_open(UNUM_CURRENCY, NULL, 0, locale, NULL, e);
  if (f) {
    unum_setTextAttribute(f, UNUM_CURRENCY_CODE, code, n, e);
    if (whole) unum_setAttribute(f, UNUM_FRACTION_DIGITS, 0);
  }
  return f;
}
static inline int32_t icu_decimal_format(void *f, const char *digits, UChar *out, int32_t room, UErrorCode *e) {
  return unum_formatDecimal(f, digits, -1, out, room, NULL, e);
}
static inline void *icu_plural_open(const char *locale, UErrorCode *e) { return uplrules_open(locale, e); }
static inline int32_t icu_plural_select(const void *r, double n, UChar *out, int32_t room, UErrorCode *e) {
  return uplrules_select(r, n, out, room, e);
}
/// 1 is Sunday … 7 is Saturday; 0 when ICU does not know.
static inline int32_t icu_first_weekday(const char *locale, UErrorCode *e) {
  const UChar utc[] = {'U', 'T', 'C', 0};
  UCalendar *c = ucal_open(utc, 3, locale, UCAL_DEFAULT, e);
  if (!c) return 0;
  int32_t day = ucal_getAttribute(c, UCAL_FIRST_DAY_OF_WEEK);
  ucal_close(c);
  return day;
}
static inline void *icu_list_open(const char *locale, int narrow, UErrorCode *e) {
  return ulistfmt_openForType(locale, narrow ? ULISTFMT_TYPE_UNITS : ULISTFMT_TYPE_AND, narrow ? ULISTFMT_WIDTH_SHORT : ULISTFMT_WIDTH_WIDE, e);
}
static inline int32_t icu_list_format(const void *f, const UChar *const items[], const int32_t *lengths, int32_t n, UChar *out, int32_t room, UErrorCode *e) {
  return ulistfmt_format(f, items, lengths, n, out, room, e);
}
/// What is no character becomes U+FFFD.
static inline void icu_utf8(char *out, int32_t room, int32_t *written, const UChar *text, int32_t n, UErrorCode *e) {
  u_strToUTF8WithSub(out, room, written, text, n, 0xFFFD, NULL, e);
}
