/* The first program of the image: `launch COMMAND [ARGUMENT...]` becomes /opt/seamark/bin/COMMAND.
 *
 * The image's user is a number that belongs to nobody. Two things it may do nevertheless: talk to
 * the engine whose socket somebody has mounted, and bind port 53 in the host's network. For these
 * this file has two capabilities (capabilities(7): cap_setgid, cap_net_bind_service), permitted but
 * not effective, so that it starts where they are withheld (--cap-drop ALL, no-new-privileges) and
 * then does without. Python has none: every script could use them. */

#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FOLDER "/opt/seamark/bin/"
#define BIT(capability) (1u << (capability))
#define MOST_GROUPS 64

/* Where seamark looks for an engine by itself. Nothing that the caller says is looked at. */
static const char *const SOCKETS[] = {
    "/var/run/docker.sock", "/tmp/docker.sock", "/run/podman/podman.sock"};
static const char *const COMMANDS[] = {"seamark", "registrar", "dnsproxy"};

/* Have these capabilities and no others, as far as they are permitted. Returns what is had. */
static unsigned only(unsigned wanted, int inheritable)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &head, data)) return 0;
    unsigned had = data[0].permitted & wanted;
    memset(data, 0, sizeof data);
    data[0].permitted = data[0].effective = had;
    data[0].inheritable = inheritable ? had : 0;
    return syscall(SYS_capset, &head, data) ? 0 : had;
}

/* Join the groups that may write to the engines' sockets. */
static void join_engines(void)
{
    gid_t groups[MOST_GROUPS];
    int count = getgroups(MOST_GROUPS - sizeof SOCKETS / sizeof *SOCKETS, groups);
    struct stat found;

    if (count < 0) return;
    for (unsigned n = 0; n < sizeof SOCKETS / sizeof *SOCKETS; n++)
        /* Not where a link leads: in /tmp anybody may make one. */
        if (!lstat(SOCKETS[n], &found) && S_ISSOCK(found.st_mode) && found.st_mode & S_IWGRP)
            groups[count++] = found.st_gid;
    setgroups(count, groups);
}

int main(int count, char **words)
{
    char path[sizeof FOLDER + 16] = FOLDER;

    for (unsigned n = 0; count > 1 && n < sizeof COMMANDS / sizeof *COMMANDS; n++) {
        if (strcmp(words[1], COMMANDS[n])) continue;
        strcat(path, COMMANDS[n]);
        if (getuid()) {
            if (only(BIT(CAP_SETGID) | BIT(CAP_NET_BIND_SERVICE), 0) & BIT(CAP_SETGID))
                join_engines();
            if (only(BIT(CAP_NET_BIND_SERVICE), 1))
                prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0);
        }
        /* Nothing that it starts gets these capabilities from this file again. */
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return 1;
        execv(path, words + 1);
        perror(path);
        return 1;
    }
    fputs("error: no such command in this image\nhint: seamark, registrar or dnsproxy\n", stderr);
    return 2;
}
