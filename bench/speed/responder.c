/* A DNS server that does next to nothing, over UDP and TCP on a port of 127.0.0.1.
 *
 *   responder PORT        sends each message back as a reply: what the kernel alone costs
 *   responder PORT TTL    answers each A question with one address: an upstream that is never late
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, MESSAGE = 2048, CONNECTIONS = 256, BUFFER = 1 << 17, HEAD = 12 };

struct connection {
    unsigned char in[BUFFER];
    size_t have;
};

static int echo;
static uint32_t ttl;
static struct connection connections[CONNECTIONS];
static struct pollfd polled[CONNECTIONS + 2];

/* Where the question ends, 0 if it has no end. */
static size_t question_end(const unsigned char *message, size_t length)
{
    size_t at = HEAD;
    while (at < length && message[at])
        at += message[at] + 1u;
    return at + 5 <= length ? at + 5 : 0;
}

/* Makes a query a reply, in place; its length. The buffer has room for one record more. */
static size_t reply(unsigned char *message, size_t length)
{
    static const unsigned char record[] = {0xc0, HEAD, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 198, 51, 100, 1};
    static const unsigned char counts[] = {0, 1, 0, 0, 0, 0, 0, 0};
    size_t end = length > HEAD ? question_end(message, length) : 0;
    if (length > 2)
        message[2] |= 0x80;
    if (echo || !end)
        return length;
    message[3] = 0x80;
    memcpy(message + 4, counts, sizeof counts);
    if (message[end - 4] || message[end - 3] != 1)
        return end;
    message[7] = 1;
    memcpy(message + end, record, sizeof record);
    uint32_t wire = htonl(ttl);
    memcpy(message + end + 6, &wire, sizeof wire);
    return end + sizeof record;
}

static void serve_packets(int fd)
{
    static unsigned char buffers[BATCH][MESSAGE];
    static struct mmsghdr messages[BATCH];
    static struct iovec pieces[BATCH];
    static struct sockaddr_in clients[BATCH];
    for (int i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){buffers[i], MESSAGE - 64};
        messages[i].msg_hdr = (struct msghdr){&clients[i], sizeof clients[i], &pieces[i], 1, 0, 0, 0};
    }
    int got = recvmmsg(fd, messages, BATCH, 0, NULL);
    for (int i = 0; i < got; i++)
        pieces[i].iov_len = reply(buffers[i], messages[i].msg_len);
    for (int done = 0, sent; done < got; done += sent)
        if ((sent = sendmmsg(fd, messages + done, got - done, 0)) <= 0)
            return;
}

static void hang_up(int number)
{
    close(polled[number + 2].fd);
    polled[number + 2].fd = -1;
}

static void take_connection(int listener)
{
    int on = 1, fd = accept(listener, NULL, NULL);
    for (int i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        if (polled[i + 2].fd >= 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        polled[i + 2].fd = fd;
        connections[i].have = 0;
        return;
    }
    close(fd);
}

static void serve_connection(int number)
{
    static unsigned char out[2 * BUFFER];
    struct connection *one = &connections[number];
    int fd = polled[number + 2].fd;
    ssize_t got = read(fd, one->in + one->have, sizeof one->in - one->have);
    size_t at = 0, filled = 0;
    if (got <= 0) {
        hang_up(number);
        return;
    }
    one->have += got;
    while (one->have - at >= 2) {
        size_t length = one->in[at] << 8 | one->in[at + 1];
        if (one->have - at < length + 2)
            break;
        memcpy(out + filled + 2, one->in + at + 2, length);
        size_t made = reply(out + filled + 2, length);
        out[filled] = made >> 8;
        out[filled + 1] = made & 255;
        filled += made + 2;
        at += length + 2;
    }
    memmove(one->in, one->in + at, one->have -= at);
    /* Blocking: who does not read its replies stops us, and nobody here does that. */
    if (filled && write(fd, out, filled) != (ssize_t)filled)
        hang_up(number);
}

static int bound(int kind, int port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int size = 4 << 20, on = 1, fd = socket(AF_INET, kind, 0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) || (kind == SOCK_STREAM && listen(fd, 64))) {
        perror("responder");
        exit(1);
    }
    if (kind == SOCK_DGRAM)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int main(int count, char **words)
{
    if (count < 2)
        return 2;
    echo = count < 3;
    ttl = echo ? 0 : strtoul(words[2], NULL, 10);
    for (int i = 0; i < CONNECTIONS + 2; i++)
        polled[i] = (struct pollfd){-1, POLLIN, 0};
    polled[0].fd = bound(SOCK_DGRAM, atoi(words[1]));
    polled[1].fd = bound(SOCK_STREAM, atoi(words[1]));
    for (;;) {
        poll(polled, CONNECTIONS + 2, -1);
        if (polled[0].revents)
            serve_packets(polled[0].fd);
        if (polled[1].revents)
            take_connection(polled[1].fd);
        for (int i = 0; i < CONNECTIONS; i++)
            if (polled[i + 2].fd >= 0 && polled[i + 2].revents)
                serve_connection(i);
    }
}
