/* SPDX-License-Identifier: MIT */
/* R154: what /proc/net shows of sockets. Linux may have others, and other interfaces, which are left out. */
#include "t.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define USER 1000

static char text[65536];

/* On Linux the loopback may be off. */
static void bring_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	ioctl(fd, SIOCGIFFLAGS, &lo);
	lo.ifr_flags |= IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
}

static ssize_t read_all(const char *name)
{
	char path[40];
	ssize_t n, size = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/net/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	while ((n = read(fd, text + size, sizeof(text) - 1 - (size_t)size)) > 0)
		size += n;
	close(fd);
	text[size] = '\0';
	return size;
}

static unsigned long inode_of(int fd)
{
	struct stat st;

	fstat(fd, &st);
	return st.st_ino;
}

/* Returns the n-th word of a line, which is cut into words. */
static char *word_of(char *line, int n)
{
	static char copy[600];
	char *word;

	snprintf(copy, sizeof(copy), "%s", line);
	word = strtok(copy, " \n");
	while (word && n--)
		word = strtok(NULL, " \n");
	return word ?: (char *)"";
}

/* Says a word; of an address, a port that the kernel has chosen is "chosen". */
static void say_word(const char *word)
{
	const char *colon = strchr(word, ':');

	if (colon && strlen(colon) == 5 && strtoul(colon + 1, NULL, 16) >= 32768)
		say(" %.*s:chosen", (int)(colon - word), word);
	else
		say(" %s", word);
}

/*
 * Says these words (their numbers, ending with -1) of each line in which the word `at` is that inode. What is said of 0 are sockets that
 * nobody has yet.
 */
static void say_lines(const char *name, const char *what, int at, unsigned long inode,
		      const int *words)
{
	char *line, *end;

	if (read_all(name) < 0) {
		result("open", -1);
		return;
	}
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (line == text || strtoul(word_of(line, at), NULL, 10) != inode)
			continue;
		say("%s, %s:", name, what);
		for (const int *word = words; *word >= 0; word++)
			say_word(word_of(line, *word));
		say("\n");
	}
}

static const int inet_words[] = { 1, 2, 3, 7, 8, -1 };
static const int unix_words[] = { 1, 2, 3, 4, 5, 7, -1 };
static const int netlink_words[] = { 1, 3, -1 };

static void inet(const char *what, int fd, const char *table)
{
	say_lines(table, what, 9, inode_of(fd), inet_words);
}

static void say_head(const char *name)
{
	ssize_t n = read_all(name);
	char *end = n < 0 ? NULL : strchr(text, '\n');

	if (!end)
		say("%s: %zd\n", name, n);
	else
		say("%.*s|\n", (int)(end - text), text);
}

/* How long the first line is, and whether all are as long. */
static void say_widths(const char *name)
{
	size_t first = 0, n, others = 0;
	char *line, *end;

	read_all(name);
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		n = (size_t)(end - line);
		if (!first)
			first = n;
		others += n != first;
	}
	say("%s: %zu, %zu others\n", name, first, others);
}

/* ---- sockets ---- */

static int bound(int family, int type, const char *address, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	int fd = socket(family, type, 0);

	if (family == AF_INET) {
		inet_pton(AF_INET, address, &in.sin_addr);
		TRY(bind(fd, (struct sockaddr *)&in, sizeof(in)));
	} else {
		inet_pton(AF_INET6, address, &in6.sin6_addr);
		TRY(bind(fd, (struct sockaddr *)&in6, sizeof(in6)));
	}
	return fd;
}

static int connected(int type, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, type, 0);

	TRY(connect(fd, (struct sockaddr *)&in, sizeof(in)));
	return fd;
}

static void tcp(void)
{
	int listener = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 4001), client, server;
	int other, any = bound(AF_INET6, SOCK_STREAM, "::", 4002);

	inet("bound", listener, "tcp");
	listen(listener, 5);
	inet("listens", listener, "tcp");
	client = connected(SOCK_STREAM, 4001);
	until_time_moves();
	say_lines("tcp", "waits", 9, 0, inet_words);
	server = accept(listener, NULL, NULL);
	inet("listens", listener, "tcp");
	inet("client", client, "tcp");
	inet("server", server, "tcp");
	say_widths("tcp");
	listen(any, 5);
	other = connected(SOCK_STREAM, 4002);
	inet("listens", any, "tcp6");
	inet("client", other, "tcp");
	inet("server", accept(any, NULL, NULL), "tcp6");
	close(client);
	until_time_moves();
	inet("left", server, "tcp");
	inet("new", socket(AF_INET, SOCK_STREAM, 0), "tcp");
}

static void udp(void)
{
	int fd = bound(AF_INET, SOCK_DGRAM, "0.0.0.0", 4003);

	inet("bound", fd, "udp");
	inet("connected", connected(SOCK_DGRAM, 4003), "udp");
	inet("bound", bound(AF_INET6, SOCK_DGRAM, "::1", 4004), "udp6");
	inet("new", socket(AF_INET, SOCK_DGRAM, 0), "udp");
	say_widths("udp");
	close(fd);
}

static int named(int type, const char *name, size_t n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	memcpy(address.sun_path, name, n);
	TRY(bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
	return fd;
}

static void unix_of(const char *what, int fd)
{
	say_lines("unix", what, 6, inode_of(fd), unix_words);
}

static void of_unix(void)
{
	struct sockaddr_un address = { AF_UNIX, "/tmp/table" };
	int pair[2], listener, client = socket(AF_UNIX, SOCK_STREAM, 0), server;

	unix_of("new", client);
	unlink(address.sun_path);
	listener = named(SOCK_STREAM, address.sun_path, sizeof("/tmp/table"));
	unix_of("bound", listener);
	listen(listener, 5);
	unix_of("listens", listener);
	TRY(connect(client, (struct sockaddr *)&address, sizeof(address)));
	unix_of("client", client);
	say_lines("unix", "waits", 6, 0, unix_words);
	server = accept(listener, NULL, NULL);
	unix_of("server", server);
	unix_of("abstract", named(SOCK_DGRAM, "\0one\0two", 8));
	unix_of("packets", named(SOCK_SEQPACKET, "relative", 8));
	unlink("relative");
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	unix_of("pair", pair[0]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	unix_of("pair", pair[0]);
	unlink(address.sun_path);
}

static void of_netlink(void)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = 0x11 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	say_lines("netlink", "new", 9, inode_of(fd), netlink_words);
	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	say_lines("netlink", "bound", 9, inode_of(fd), netlink_words);
}

/* ---- the interface ---- */

static void say_interface(const char *name)
{
	char *line, *end;

	read_all(name);
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (strcmp(word_of(line, 0), "lo:") == 0)
			say("%s: lo, %s words\n", name, *word_of(line, 17) ? "more" : "17");
		else if (strstr(line, "       lo") &&
			 strncmp(line, "00000000000000000000000000000001 ", 33) == 0)
			say("%s: %s\n", name, line);
	}
}

/* ---- files ---- */

static void pieces(void)
{
	static char again[sizeof(text)], *volatile wrong = (char *)8;
	int fd = open("/proc/net/unix", O_RDONLY);
	size_t size = (size_t)read_all("unix"), n = 0;
	ssize_t more;

	while ((more = read(fd, again + n, 7)) > 0)
		n += (size_t)more;
	say("in pieces: %d\n", n == size && memcmp(text, again, n) == 0);
	TRY(lseek(fd, 0, SEEK_SET));
	for (n = 0; (more = read(fd, again + n, 100)) > 0;)
		n += (size_t)more;
	say("once more: %d\n", n == size && memcmp(text, again, n) == 0);
	say("backwards: %d", (int)pread(fd, again, 10, (off_t)size - 10));
	say(" %d", memcmp(again, text + size - 10, 10));
	say(" %d", (int)pread(fd, again, 10, 60));
	say(" %d\n", memcmp(again, text + 60, 10));
	TRY(pread(fd, again, 10, (off_t)size));
	TRY(pread(fd, again, 10, 1l << 33));
	TRY(read(fd, wrong, 10));
	TRY(read(fd, again, 0));
	TRY(lseek(fd, 0, SEEK_END));
	close(fd);
}

static int as_a_user(void *arg)
{
	int fd;

	if (setresuid(USER, USER, USER) != 0)
		return 1;
	inet("of root", *(int *)arg, "tcp");
	inet("of a user", bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 4005), "udp");
	TRY(open("/proc/net/tcp", O_RDWR));
	fd = open("/proc/self/net/udp", O_RDONLY);
	say("%d\n", fd >= 0 && read(fd, text, 20) == 20);
	return 0;
}

int main(void)
{
	static const char *const heads[] = { "tcp", "tcp6", "udp", "udp6", "unix", "netlink" };
	int listener;

	if (chdir("/tmp") != 0)
		return NOT_RECORDED;
	bring_up();
	for (unsigned i = 0; i < 6; i++)
		say_head(heads[i]);
	tcp();
	udp();
	of_unix();
	of_netlink();
	say_interface("dev");
	say_interface("if_inet6");
	pieces();
	listener = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 4006);
	listen(listener, 1);
	in_child("as a user", as_a_user, &listener);
	return 0;
}
