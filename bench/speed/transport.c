/* How the load generator's messages get to a server and back: one UDP socket, or pipelined TCP. */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LANES = 64, QUERY = 300, REPLY = 4096, BUFFER = 1 << 17 };

struct lane {
    unsigned char in[BUFFER], out[BUFFER];
    size_t have, unsent;
};

static struct lane lanes[LANES];
static struct pollfd polled[LANES];
static int count_of_fds, turn;

static int connected(const struct settings *how)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(how->port)};
    int size = 4 << 20, on = 1;
    int fd = socket(AF_INET, how->connections ? SOCK_STREAM : SOCK_DGRAM, 0);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (connect(fd, (struct sockaddr *)&there, sizeof there))
        fail("connect");
    if (how->connections)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void transport_open(const struct settings *how)
{
    count_of_fds = how->connections ? how->connections : 1;
    if (count_of_fds > LANES)
        exit(2);
    for (int i = 0; i < count_of_fds; i++)
        polled[i] = (struct pollfd){connected(how), POLLIN, 0};
}

static void open_again(const struct settings *how, int number)
{
    tally.closed++;
    lose_lane(number);
    close(polled[number].fd);
    lanes[number].have = lanes[number].unsent = 0;
    polled[number] = (struct pollfd){connected(how), POLLIN, 0};
}

static long send_packets(const uint64_t *begun_ns, long count)
{
    static unsigned char frames[MOST][QUERY];
    static struct mmsghdr messages[MOST];
    static struct iovec pieces[MOST];
    for (long i = 0; i < count; i++) {
        size_t length = take_query(frames[i], 0, begun_ns[i]);
        pieces[i] = (struct iovec){frames[i] + 2, length - 2};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
    }
    int sent = sendmmsg(polled[0].fd, messages, count, 0);
    sent = sent < 0 ? 0 : sent;
    give_back(count - sent);
    return sent;
}

static void flush(const struct settings *how, int number)
{
    struct lane *lane = &lanes[number];
    ssize_t went = send(polled[number].fd, lane->out, lane->unsent, MSG_NOSIGNAL);
    if (went < 0 && errno != EAGAIN) {
        open_again(how, number);
        return;
    }
    went = went < 0 ? 0 : went;
    memmove(lane->out, lane->out + went, lane->unsent -= went);
    polled[number].events = lane->unsent ? POLLIN | POLLOUT : POLLIN;
}

/* All of them on the same connection, the next ones on the next: a burst is one segment. */
static long send_frames(const struct settings *how, const uint64_t *begun_ns, long count)
{
    int number = turn++ % count_of_fds;
    struct lane *lane = &lanes[number];
    long share = count < 4 ? count : (count + count_of_fds - 1) / count_of_fds, taken = 0;
    for (; taken < share && lane->unsent + QUERY < BUFFER; taken++)
        lane->unsent += take_query(lane->out + lane->unsent, number, begun_ns[taken]);
    flush(how, number);
    return taken;
}

long transport_send(const struct settings *how, const uint64_t *begun_ns, long count)
{
    if (!how->connections)
        return send_packets(begun_ns, count);
    long sent = 0, now;
    while (sent < count && (now = send_frames(how, begun_ns + sent, count - sent)))
        sent += now;
    return sent;
}

static void receive_packets(void)
{
    static unsigned char replies[MOST][REPLY];
    static struct mmsghdr messages[MOST];
    static struct iovec pieces[MOST];
    for (int i = 0; i < MOST; i++) {
        pieces[i] = (struct iovec){replies[i], REPLY};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
    }
    int got = recvmmsg(polled[0].fd, messages, MOST, 0, NULL);
    uint64_t at_ns = now_ns();
    for (int i = 0; i < got; i++)
        note_reply(replies[i], messages[i].msg_len, at_ns);
}

static void receive_frames(const struct settings *how, int number)
{
    struct lane *lane = &lanes[number];
    ssize_t got = recv(polled[number].fd, lane->in + lane->have, BUFFER - lane->have, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            open_again(how, number);
        return;
    }
    uint64_t at_ns = now_ns();
    size_t at = 0;
    lane->have += got;
    while (lane->have - at >= 2 && lane->have - at >= frame_length(lane->in + at)) {
        note_reply(lane->in + at + 2, frame_length(lane->in + at) - 2, at_ns);
        at += frame_length(lane->in + at);
    }
    memmove(lane->in, lane->in + at, lane->have -= at);
}

void transport_receive(const struct settings *how, uint64_t wait_ns)
{
    struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
    if (ppoll(polled, count_of_fds, &wait, NULL) <= 0)
        return;
    for (int i = 0; i < count_of_fds; i++) {
        if (polled[i].revents & POLLOUT)
            flush(how, i);
        if (polled[i].revents & ~POLLOUT && how->connections)
            receive_frames(how, i);
        else if (polled[i].revents)
            receive_packets();
    }
}
