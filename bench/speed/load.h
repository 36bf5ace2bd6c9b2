/* What the load generator's two halves know of each other: counting, and moving messages. */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

enum { MOST = 32 };

struct settings {
    int port;
    long window;
    double rate;
    int connections;
    int once;
};

struct tally {
    long answered, lost, bad, stray, closed;
    int last_bad_rcode;
};

extern struct tally tally;

static inline size_t frame_length(const unsigned char *frame)
{
    return (frame[0] << 8 | frame[1]) + 2u;
}

uint64_t now_ns(void);
void fail(const char *what);
size_t take_query(unsigned char *into, int lane, uint64_t begun_ns);
/* The last of those taken were not sent after all. */
void give_back(long count);
void note_reply(const unsigned char *reply, size_t length, uint64_t at_ns);
/* What is under way on a connection that was closed has no reply. */
void lose_lane(int lane);

void transport_open(const struct settings *how);
/* Sends queries that began at those times, as many as can be sent now: how many. */
long transport_send(const struct settings *how, const uint64_t *begun_ns, long count);
/* Waits so long for a reply, and notes all there are. */
void transport_receive(const struct settings *how, uint64_t wait_ns);

#endif
