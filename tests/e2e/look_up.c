/* getaddrinfo of whatever C library it is linked with: `look_up NAME [inet|inet6]`;
 * `look_up --wait` does nothing, for a container that is only there.
 *
 * Prints an address a line, or the error's name and exits 1: a name that does not exist, a server
 * that does not answer and one that fails are three different errors. */

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *error_name(int error)
{
    switch (error) {
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_FAIL: return "EAI_FAIL";
#ifdef EAI_NODATA
    case EAI_NODATA: return "EAI_NODATA";
#endif
    default: return gai_strerror(error);
    }
}

static int family(const char *word)
{
    if (strcmp(word, "inet") == 0) return AF_INET;
    if (strcmp(word, "inet6") == 0) return AF_INET6;
    return AF_UNSPEC;
}

int main(int count, char **words)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found, *each;
    char text[INET6_ADDRSTRLEN];

    if (count < 2) return 2;
    if (strcmp(words[1], "--wait") == 0) return pause();
    hints.ai_family = family(count > 2 ? words[2] : "");
    int error = getaddrinfo(words[1], NULL, &hints, &found);
    if (error) {
        puts(error_name(error));
        return 1;
    }
    for (each = found; each; each = each->ai_next) {
        const void *address = each->ai_family == AF_INET6
            ? (void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr
            : (void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr;
        puts(inet_ntop(each->ai_family, address, text, sizeof text));
    }
    return 0;
}
