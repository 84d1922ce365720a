#pragma once
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>
#include <sys/timex.h>

// The resolver's state is a structure full of unions and its accessors are macros: Swift sees neither.

/// The answer's length, or -1 with `reason` a value of h_errno. `server` may be null: then the system's resolvers.
static inline int tl_ask(
  const char *server, int port, const char *name, int type, unsigned char *answer, int size, int *reason
) {
  struct __res_state state;
  memset(&state, 0, sizeof state);
  *reason = NETDB_INTERNAL;
  if (res_ninit(&state) != 0) return -1;
  state.retrans = 2;
  state.retry = 2;
  if (server) {
    state.nscount = 1;
    state.nsaddr_list[0].sin_family = AF_INET;
    state.nsaddr_list[0].sin_port = htons((unsigned short)port);
    if (inet_pton(AF_INET, server, &state.nsaddr_list[0].sin_addr) != 1) {
      res_nclose(&state);
      return -1;
    }
  }
  int length = res_nquery(&state, name, ns_c_in, type, answer, size);
  *reason = length < 0 ? state.res_h_errno : 0;
  res_nclose(&state);
  return length > size ? size : length;
}

/// Copies the data of record `index` of the answer; its length, or -1 when there is no such record. An exchange's
/// name is written out, because it may be packed into pointers into the answer.
static inline int tl_record(
  const unsigned char *answer, int length, int index, int *type, unsigned char *data, int room
) {
  ns_msg message;
  ns_rr record;
  if (ns_initparse(answer, length, &message) < 0 || index >= ns_msg_count(message, ns_s_an)) return -1;
  if (ns_parserr(&message, ns_s_an, index, &record) < 0) return -1;
  *type = ns_rr_type(record);
  int count = ns_rr_rdlen(record);
  if (*type == ns_t_mx && count > 2) {
    int used = ns_name_uncompress(
      ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record) + 2, (char *)data, room);
    return used < 0 ? -1 : (int)strlen((char *)data);
  }
  if (count > room) return -1;
  memcpy(data, ns_rr_rdata(record), count);
  return count;
}

/// Whether the kernel says that something keeps the clock right; and by how much it may be wrong, in microseconds.
static inline int tl_clock_is_kept(long *most) {
  struct timex state;
  memset(&state, 0, sizeof state);
  int condition = adjtimex(&state);
  *most = state.maxerror;
  return condition >= 0 && condition != TIME_ERROR;
}
