// For `bin/bench instructions`. libdispatch ends the thread that a program began with, which Valgrind 3.19 does not
// survive; this keeps that thread and serves its queue from it, as a run loop would.
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *);

__attribute__((noreturn)) void dispatch_main(void) {
  struct pollfd queue = {.fd = _dispatch_get_main_queue_handle_4CF(), .events = POLLIN};
  for (;;) {
    uint64_t count;
    if (poll(&queue, 1, 1000) > 0 && read(queue.fd, &count, sizeof count) < 0) continue;
    _dispatch_main_queue_callback_4CF(0);
  }
}
