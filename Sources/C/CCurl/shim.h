#pragma once
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

// curl_easy_setopt and its sisters are variadic, which Swift cannot call: one function for each kind of argument.

static inline CURLcode tl_set_number(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode tl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode tl_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode tl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode tl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}

typedef size_t (*tl_data_callback)(char *, size_t, size_t, void *);
static inline CURLcode tl_set_data_callback(CURL *easy, CURLoption option, tl_data_callback callback) {
  return curl_easy_setopt(easy, option, callback);
}

typedef curl_socket_t (*tl_open_callback)(void *, curlsocktype, struct curl_sockaddr *);
static inline CURLcode tl_set_open_callback(CURL *easy, tl_open_callback callback, void *context) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callback);
}

typedef int (*tl_socket_callback)(CURL *, curl_socket_t, int, void *, void *);
typedef int (*tl_timer_callback)(CURLM *, long, void *);
static inline void tl_multi_callbacks(CURLM *multi, tl_socket_callback socket, tl_timer_callback timer, void *context) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

static inline void *tl_private(CURL *easy) {
  void *value = 0;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
  return value;
}
static inline long tl_response_code(CURL *easy) {
  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
  return code;
}
/// The transfer a message reports the end of, or null.
static inline CURL *tl_finished(const CURLMsg *message, CURLcode *result) {
  *result = message->data.result;
  return message->msg == CURLMSG_DONE ? message->easy_handle : 0;
}
