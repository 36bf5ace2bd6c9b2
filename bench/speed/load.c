/* Asks a DNS server on 127.0.0.1 and counts what comes back; one line of JSON on stdout.
 *
 *   load PORT FILE SECONDS WINDOW RATE CONNECTIONS ANSWERS ONCE
 *
 * FILE       queries as they stand on a TCP connection; the ids are ours
 * WINDOW     how many are under way at a time; a reply makes room for the next
 * RATE       in place of it, so many a second by the clock, whatever comes back; 0: the window
 * CONNECTIONS  0: UDP, else the queries are pipelined on so many TCP connections
 * ANSWERS    how many records a good reply has at least
 * ONCE       1: each query once, then the end
 *
 * By the clock, a query's time begins when it is due, not when it is sent: a server that holds us
 * up does not look fast for it.
 */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { IDS = 65536, SPAN = 60000, LONGEST_US = 2000000 };

struct slot {
    uint64_t begun_ns;
    uint32_t query;
    int16_t lane;
    int16_t live;
};

struct tally tally;
static struct slot slots[IDS];
static uint32_t histogram[LONGEST_US + 1];
static const unsigned char **queries;
static size_t known;
static uint64_t next, oldest, first_ns;
static long under_way;
static int answers_wanted;

uint64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000ull + at.tv_nsec;
}

void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_queries(const char *path)
{
    struct stat found;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &found) || !found.st_size)
        fail(path);
    const unsigned char *text = mmap(NULL, found.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (text == MAP_FAILED)
        fail(path);
    queries = malloc(sizeof *queries * (found.st_size / 12));
    for (const unsigned char *at = text; at < text + found.st_size; at += frame_length(at))
        queries[known++] = at;
}

/* The next query under an id of its own, framed; its length with the frame. */
size_t take_query(unsigned char *into, int lane, uint64_t begun_ns)
{
    uint32_t query = next % known;
    uint16_t id = next++;
    size_t length = frame_length(queries[query]);
    memcpy(into, queries[query], length);
    into[2] = id >> 8;
    into[3] = id & 255;
    slots[id] = (struct slot){begun_ns, query, lane, 1};
    under_way++;
    return length;
}

void give_back(long count)
{
    under_way -= count;
    while (count-- > 0)
        slots[--next % IDS].live = 0;
}

static int same_question(const unsigned char *reply, size_t length, uint32_t query)
{
    const unsigned char *frame = queries[query];
    size_t asked = frame_length(frame) - 2;
    return length >= asked && !memcmp(reply + 12, frame + 14, asked - 12);
}

void note_reply(const unsigned char *reply, size_t length, uint64_t at_ns)
{
    struct slot *slot = length < 12 ? NULL : &slots[reply[0] << 8 | reply[1]];
    if (!slot || !slot->live || !(reply[2] & 0x80) || !same_question(reply, length, slot->query)) {
        tally.stray++;
        return;
    }
    slot->live = 0;
    under_way--;
    if (reply[3] & 15 || (reply[6] << 8 | reply[7]) < answers_wanted) {
        tally.bad++;
        tally.last_bad_rcode = reply[3] & 15;
        return;
    }
    uint64_t took_us = (at_ns - slot->begun_ns) / 1000;
    histogram[took_us < LONGEST_US ? took_us : LONGEST_US]++;
    tally.answered++;
}

static void lose(struct slot *slot)
{
    if (!slot->live)
        return;
    slot->live = 0;
    under_way--;
    tally.lost++;
}

void lose_lane(int lane)
{
    for (uint64_t number = oldest; number < next; number++)
        if (slots[number % IDS].lane == lane)
            lose(&slots[number % IDS]);
}

/* Lost is what has had no reply for as long as a patient client waits. */
static void expire(uint64_t at_ns)
{
    for (; oldest < next; oldest++) {
        struct slot *slot = &slots[oldest % IDS];
        int old = at_ns > slot->begun_ns && at_ns - slot->begun_ns > LONGEST_US * 1000ull;
        if (slot->live && !old && next - oldest < SPAN)
            return;
        lose(slot);
    }
}

static uint64_t due_ns(uint64_t number, double rate)
{
    return first_ns + (uint64_t)(number * 1e9 / rate);
}

/* When the queries began that are to be sent now: by the window or by the clock. How many. */
static long wanted(const struct settings *how, uint64_t at_ns, uint64_t *begun_ns)
{
    uint64_t left = how->once ? known - next : MOST;
    long count = 0;
    while (count < MOST && (uint64_t)count < left) {
        begun_ns[count] = how->rate > 0 ? due_ns(next + count, how->rate) : at_ns;
        if (how->rate > 0 ? begun_ns[count] > at_ns : under_way + count >= how->window)
            break;
        count++;
    }
    return count;
}

/* Sends what is due; how long it is until there is more, in nanoseconds. */
static uint64_t send_due(const struct settings *how, uint64_t at_ns)
{
    uint64_t begun_ns[MOST];
    long count;
    while ((count = wanted(how, at_ns, begun_ns)))
        if (transport_send(how, begun_ns, count) < count)
            return 100000;
    if (how->rate <= 0)
        return 20000000;
    uint64_t then_ns = due_ns(next, how->rate);
    return then_ns > at_ns ? then_ns - at_ns : 0;
}

static double percentile_us(double part)
{
    uint64_t wanted = part * tally.answered, seen = 0;
    for (int took = 0; took <= LONGEST_US; took++)
        if ((seen += histogram[took]) > wanted)
            return took;
    return LONGEST_US;
}

static void report(double seconds, long in_time)
{
    printf("{\"seconds\": %.6f, \"sent\": %lu, \"in_time\": %ld, \"answered\": %ld, "
           "\"lost\": %ld, \"bad\": %ld, \"last_bad_rcode\": %d, \"stray\": %ld, "
           "\"closed\": %ld, \"p50_us\": %.0f, \"p99_us\": %.0f}\n",
           seconds, (unsigned long)next, in_time, tally.answered, tally.lost, tally.bad,
           tally.last_bad_rcode, tally.stray, tally.closed, percentile_us(0.5), percentile_us(0.99));
}

int main(int count, char **words)
{
    if (count != 9)
        return 2;
    struct settings how = {.port = atoi(words[1]), .window = atol(words[4]), .rate = atof(words[5]),
                           .connections = atoi(words[6]), .once = atoi(words[8])};
    answers_wanted = atoi(words[7]);
    read_queries(words[2]);
    prctl(PR_SET_TIMERSLACK, 1000ul);
    transport_open(&how);
    first_ns = now_ns();
    uint64_t at_ns = first_ns, end_ns = first_ns + (uint64_t)(atof(words[3]) * 1e9);
    while (at_ns < end_ns && !(how.once && next >= known)) {
        uint64_t pause_ns = send_due(&how, at_ns);
        transport_receive(&how, pause_ns < end_ns - at_ns ? pause_ns : end_ns - at_ns);
        expire(at_ns = now_ns());
    }
    double seconds = (at_ns - first_ns) / 1e9;
    long in_time = tally.answered;
    while (under_way > 0) {
        transport_receive(&how, 10000000);
        expire(now_ns());
    }
    report(seconds, in_time);
}
