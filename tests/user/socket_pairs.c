/* SPDX-License-Identifier: MIT */
/* R154: stream sockets of socketpair: their bytes, ends, events, options and messages. */
#include "socket.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

static int a, b;
static char buf[3 * PAGE];

static void pair(int type)
{
	int ends[2] = { -1, -1 };

	if (a > 0)
		close(a);
	if (b > 0)
		close(b);
	if (socketpair(AF_UNIX, SOCK_STREAM | type, 0, ends) != 0)
		_exit(91);
	a = ends[0];
	b = ends[1];
}

static void all_events(const char *who, int fd)
{
	struct pollfd ask = { .fd = fd,
			      .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM |
					POLLRDBAND | POLLWRNORM | POLLWRBAND };

	poll(&ask, 1, 0);
	say("%s:%s%s%s%s%s%s%s%s%s\n", who, ask.revents & POLLIN ? " in" : "",
	    ask.revents & POLLPRI ? " pri" : "", ask.revents & POLLOUT ? " out" : "",
	    ask.revents & POLLERR ? " err" : "", ask.revents & POLLHUP ? " hup" : "",
	    ask.revents & POLLRDHUP ? " rdhup" : "", ask.revents & POLLRDNORM ? " rdnorm" : "",
	    ask.revents & POLLWRNORM ? " wrnorm" : "", ask.revents & POLLWRBAND ? " wrband" : "");
}

static void both(void)
{
	all_events("a", a);
	all_events("b", b);
}

static void is(const char *bytes, size_t n)
{
	say("%s\n", memcmp(buf, bytes, n) == 0 ? bytes : "other bytes");
}

static void signalled(int sig)
{
	(void)sig;
	say("SIGPIPE\n");
}

/* ---- bytes ---- */

static void bytes_go_both_ways(void)
{
	say("bytes\n");
	pair(0);
	both();
	TRY(write(a, "from a", 6));
	TRY(send(b, "from b", 6, 0));
	both();
	TRY(recv(b, buf, 4, MSG_PEEK));
	is("from", 4);
	TRY(read(b, buf, sizeof(buf)));
	is("from a", 6);
	TRY(recv(a, buf, 3, 0));
	is("fro", 3);
	TRY(read(a, buf, sizeof(buf)));
	is("m b", 3);
	TRY(recv(a, buf, 1, MSG_DONTWAIT));
	TRY(recv(a, buf, 1, MSG_DONTWAIT | MSG_PEEK));
	TRY(recv(a, buf, 1, MSG_DONTWAIT | MSG_WAITALL));
	TRY(write(a, "", 0));
	TRY(send(a, "", 0, 0));
	TRY(read(b, buf, 0));
	both();
}

static void pages_go_in_order(void)
{
	size_t n = 0;
	int bytes;

	say("pages\n");
	pair(SOCK_NONBLOCK);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 256);
	TRY(write(a, buf, 5000));
	TRY(write(a, buf + 5000, sizeof(buf) - 5000));
	TRY(ioctl(b, FIONREAD, &bytes));
	say("%d bytes\n", bytes);
	memset(buf, 0, sizeof(buf));
	TRY(recv(b, buf, sizeof(buf), MSG_PEEK));
	for (size_t i = 0; i < sizeof(buf); i++)
		n += buf[i] == (char)(i * 7 + i / 256);
	say("%zu right\n", n);
	memset(buf, 0, sizeof(buf));
	TRY(recv(b, buf, sizeof(buf), MSG_WAITALL));
	n = 0;
	for (size_t i = 0; i < sizeof(buf); i++)
		n += buf[i] == (char)(i * 7 + i / 256);
	say("%zu right\n", n);
	TRY(ioctl(b, FIONREAD, &bytes));
	say("%d bytes\n", bytes);
	TRY(recv(b, buf, sizeof(buf), 0));
}

/* Until there is no room, and then until there is nothing. */
static void a_pair_gets_full(void)
{
	size_t put = 0, got = 0;
	ssize_t n;

	say("full\n");
	pair(SOCK_NONBLOCK);
	while ((n = write(a, buf, 1000)) > 0)
		put += (size_t)n;
	result("write", n);
	all_events("b", b);
	say("out: %d\n", (poll(&(struct pollfd){ a, POLLOUT, 0 }, 1, 0) & 1) != 0);
	while ((n = read(b, buf, sizeof(buf))) > 0)
		got += (size_t)n;
	result("read", n);
	say("as much: %d, some: %d\n", put == got, put > 10000);
	both();
}

static void memory_is_looked_at(void)
{
	char *end = (char *)mmap(NULL, 2 * PAGE, RW, ANON, -1, 0) + PAGE;

	say("memory\n");
	munmap(end, PAGE);
	pair(SOCK_NONBLOCK);
	TRY(write(a, "bytes", 5));
	TRY(recv(b, end, 5, MSG_PEEK));
	TRY(read(b, end, 5));
	TRY(recv(b, (void *)-4096l, 5, 0));
	TRY(write(a, end, 5));
	TRY(write(a, end - 2, 2));
	TRY(read(b, buf, 5));
	TRY(send(a, (void *)-4096l, 5, 0));
}

/* ---- ends ---- */

static void one_way_is_shut(void)
{
	say("SHUT_WR\n");
	pair(0);
	TRY(write(a, "last", 4));
	TRY(shutdown(a, SHUT_WR));
	both();
	TRY(write(a, "more", 4));
	TRY(send(a, "more", 4, MSG_NOSIGNAL));
	TRY(recv(b, buf, 10, MSG_WAITALL));
	TRY(read(b, buf, 10));
	TRY(recv(b, buf, 10, MSG_PEEK));
	both();
	TRY(write(b, "back", 4));
	TRY(read(a, buf, 10));
	say("SHUT_RD\n");
	pair(0);
	TRY(write(b, "first", 5));
	TRY(shutdown(a, SHUT_RD));
	both();
	TRY(write(b, "next", 4));
	TRY(read(a, buf, 10));
	TRY(read(a, buf, 10));
	TRY(write(a, "other way", 9));
	TRY(read(b, buf, 10));
	both();
	say("SHUT_RDWR\n");
	pair(0);
	TRY(shutdown(a, SHUT_RDWR));
	both();
	TRY(read(a, buf, 10));
	TRY(read(b, buf, 10));
	TRY(write(b, "x", 1));
	TRY(shutdown(a, 3));
	TRY(shutdown(a, -1));
}

static void one_side_is_closed(void)
{
	int error = 0;
	socklen_t n = sizeof(error);

	say("closed\n");
	pair(0);
	TRY(write(a, "last", 4));
	TRY(close(a));
	a = 0;
	all_events("b", b);
	TRY(read(b, buf, 2));
	TRY(read(b, buf, 10));
	TRY(read(b, buf, 10));
	TRY(write(b, "x", 1));
	all_events("b", b);
	say("closed with bytes unread\n");
	pair(0);
	TRY(write(b, "unread", 6));
	TRY(write(a, "last", 4));
	TRY(close(a));
	a = 0;
	all_events("b", b);
	TRY(recv(b, buf, 2, MSG_PEEK));
	TRY(read(b, buf, 10));
	TRY(recv(b, buf, 10, MSG_PEEK));
	TRY(read(b, buf, 10));
	TRY(write(b, "x", 1));
	all_events("b", b);
	say("and SO_ERROR\n");
	pair(0);
	TRY(write(b, "unread", 6));
	TRY(close(a));
	a = 0;
	TRY(getsockopt(b, SOL_SOCKET, SO_ERROR, &error, &n));
	say("%s\n", error ? strerrorname_np(error) : "0");
	TRY(getsockopt(b, SOL_SOCKET, SO_ERROR, &error, &n));
	say("%s\n", error ? strerrorname_np(error) : "0");
	TRY(read(b, buf, 10));
	all_events("b", b);
}

static volatile pid_t waiter;

static void *read_one(void *fd)
{
	waiter = gettid();
	result("read", read(*(int *)fd, buf, 1));
	return NULL;
}

static void *write_much(void *fd)
{
	static char much[8 * MIB];

	waiter = gettid();
	say("wrote a part: %d\n", write(*(int *)fd, much, sizeof(much)) < (ssize_t)sizeof(much));
	return NULL;
}

/* Whoever waits learns the end, whichever side it comes from. */
static void who_waits_is_woken(void)
{
	pthread_t thread;

	say("waits\n");
	pair(0);
	pthread_create(&thread, NULL, read_one, &a);
	until_thread_sleeps(&waiter);
	shutdown(a, SHUT_RD);
	pthread_join(thread, NULL);
	pair(0);
	pthread_create(&thread, NULL, read_one, &a);
	until_thread_sleeps(&waiter);
	close(b);
	b = 0;
	pthread_join(thread, NULL);
	pair(0);
	pthread_create(&thread, NULL, write_much, &a);
	until_thread_sleeps(&waiter);
	shutdown(a, SHUT_WR);
	pthread_join(thread, NULL);
}

/* ---- events ---- */

static void edges(int set)
{
	struct epoll_event event[4];
	int n = epoll_wait(set, event, 4, 0);

	say("%d:", n);
	for (int i = 0; i < n; i++)
		say(" %#x", event[i].events);
	say("\n");
}

static void each_write_is_an_edge(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int set = epoll_create1(0);

	say("edges\n");
	pair(SOCK_NONBLOCK);
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, a, &event));
	edges(set);
	edges(set);
	TRY(write(b, "x", 1));
	edges(set);
	TRY(write(b, "y", 1));
	edges(set);
	edges(set);
	TRY(read(a, buf, 1));
	edges(set);
	TRY(shutdown(b, SHUT_WR));
	edges(set);
	TRY(close(b));
	b = 0;
	edges(set);
	edges(set);
	close(set);
}

/* ---- what they are ---- */

static void options_are_kept(void)
{
	struct linger linger = { 5, 7 };
	socklen_t n = sizeof(linger);
	int value;

	say("options\n");
	pair(0);
	option("SO_TYPE", a, SOL_SOCKET, SO_TYPE);
	option("SO_DOMAIN", a, SOL_SOCKET, SO_DOMAIN);
	option("SO_PROTOCOL", a, SOL_SOCKET, SO_PROTOCOL);
	option("SO_ACCEPTCONN", a, SOL_SOCKET, SO_ACCEPTCONN);
	option("SO_ERROR", a, SOL_SOCKET, SO_ERROR);
	option("SO_SNDBUF", a, SOL_SOCKET, SO_SNDBUF);
	option("SO_RCVBUF", a, SOL_SOCKET, SO_RCVBUF);
	option("SO_REUSEADDR", a, SOL_SOCKET, SO_REUSEADDR);
	option("a level", a, 77, SO_REUSEADDR);
	option("an option", a, SOL_SOCKET, 7777);
	set("SO_SNDBUF", a, SOL_SOCKET, SO_SNDBUF, 10000);
	set("SO_SNDBUF", a, SOL_SOCKET, SO_SNDBUF, 1);
	set("SO_RCVBUF", a, SOL_SOCKET, SO_RCVBUF, 1);
	set("SO_RCVBUF", a, SOL_SOCKET, SO_RCVBUF, -1);
	set("SO_REUSEADDR", a, SOL_SOCKET, SO_REUSEADDR, 6);
	set("SO_KEEPALIVE", a, SOL_SOCKET, SO_KEEPALIVE, 1);
	set("SO_PASSCRED", a, SOL_SOCKET, SO_PASSCRED, 1);
	set_part("SO_BROADCAST", a, SOL_SOCKET, SO_BROADCAST, 1, 3);
	set("SO_TYPE", a, SOL_SOCKET, SO_TYPE, 1);
	set("a level", a, 77, SO_REUSEADDR, 1);
	set("an option", a, SOL_SOCKET, 7777, 1);
	TRY(setsockopt(a, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	TRY(getsockopt(a, SOL_SOCKET, SO_LINGER, &linger, &n));
	say("%d %d, %u bytes\n", linger.l_onoff, linger.l_linger, n);
	TRY(setsockopt(a, SOL_SOCKET, SO_LINGER, &linger, 4));
	n = 2;
	TRY(getsockopt(a, SOL_SOCKET, SO_TYPE, &value, &n));
	say("%u bytes\n", n);
	n = (socklen_t)-1;
	TRY(getsockopt(a, SOL_SOCKET, SO_TYPE, &value, &n));
	n = sizeof(value);
	TRY(getsockopt(a, SOL_SOCKET, SO_TYPE, NULL, &n));
	TRY(getsockopt(a, SOL_SOCKET, SO_TYPE, &value, NULL));
	TRY(setsockopt(a, SOL_SOCKET, SO_REUSEADDR, NULL, 4));
	TRY(setsockopt(a, SOL_SOCKET, SO_REUSEADDR, &value, (socklen_t)-1));
}

static void they_know_their_maker(void)
{
	struct ucred who;
	struct sockaddr_un name;
	socklen_t n = sizeof(who);
	struct stat st;
	char link[64], label[64] = "";

	say("who\n");
	pair(0);
	if (setegid(7) != 0 || seteuid(5) != 0)
		_exit(92);
	TRY(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &who, &n));
	say("pid %d, uid %u, gid %u, %u bytes\n", who.pid == getpid(), who.uid, who.gid, n);
	pair(0);
	TRY(getsockopt(b, SOL_SOCKET, SO_PEERCRED, &who, &n));
	say("pid %d, uid %u, gid %u, %u bytes\n", who.pid == getpid(), who.uid, who.gid, n);
	TRY(fstat(a, &st));
	say("%o, uid %u, gid %u, %lu links\n", st.st_mode, st.st_uid, st.st_gid,
	    (unsigned long)st.st_nlink);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", a);
	if (readlink(link, label, sizeof(label) - 1) > 0)
		say("%.8s, %d\n", label, strtoul(label + 8, NULL, 10) == st.st_ino);
	TRY(open(link, O_RDWR));
	if (seteuid(0) != 0 || setegid(0) != 0)
		_exit(93);
	memset(&name, 9, sizeof(name));
	n = sizeof(name);
	TRY(getsockname(a, (struct sockaddr *)&name, &n));
	say("%u bytes, family %u\n", n, name.sun_family);
	n = 1;
	TRY(getpeername(a, (struct sockaddr *)&name, &n));
	say("%u bytes\n", n);
	TRY(getpeername(a, (struct sockaddr *)&name, NULL));
	n = sizeof(name);
	TRY(getsockname(a, NULL, &n));
	n = (socklen_t)-1;
	TRY(getsockname(a, (struct sockaddr *)&name, &n));
}

static void flags_are_kept(void)
{
	say("flags\n");
	pair(SOCK_CLOEXEC | SOCK_NONBLOCK);
	say("%d %d\n", fcntl(a, F_GETFD), (fcntl(b, F_GETFL) & O_NONBLOCK) != 0);
	say("%#x\n", fcntl(b, F_GETFL) & ~O_NONBLOCK);
	TRY(fcntl(a, F_SETFL, 0));
	say("%d %d\n", (fcntl(a, F_GETFL) & O_NONBLOCK) != 0,
	    (fcntl(b, F_GETFL) & O_NONBLOCK) != 0);
	TRY(lseek(a, 0, SEEK_SET));
	TRY(pread(a, buf, 1, 0));
	TRY(ftruncate(a, 0));
	TRY(fsync(a));
	TRY(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, a, 0) == MAP_FAILED ? -1 : 0);
	TRY(ioctl(a, 0x5401, buf));
}

/* ---- messages ---- */

static void messages_have_segments(void)
{
	char one[4] = "", other[8] = "";
	struct iovec out[2] = { { (char *)"one", 3 }, { (char *)"other", 5 } };
	struct iovec in[2] = { { one, 3 }, { other, 7 } };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct msghdr to = { .msg_iov = out, .msg_iovlen = 2 };
	struct msghdr from = { .msg_iov = in, .msg_iovlen = 2, .msg_flags = 77 };

	say("messages\n");
	pair(SOCK_NONBLOCK);
	from.msg_name = &name;
	from.msg_namelen = sizeof(name);
	TRY(sendmsg(a, &to, 0));
	TRY(recvmsg(b, &from, MSG_PEEK));
	TRY(recvmsg(b, &from, 0));
	say("%s, %s, flags %#x, name %u, control %zu\n", one, other, from.msg_flags,
	    from.msg_namelen, from.msg_controllen);
	TRY(writev(a, out, 2));
	TRY(readv(b, in, 2));
	TRY(recvmsg(b, &from, 0));
	to.msg_iovlen = 1025;
	TRY(sendmsg(a, &to, 0));
	to.msg_iovlen = 2;
	out[1].iov_len = (size_t)-1;
	TRY(sendmsg(a, &to, 0));
	out[1].iov_len = 5;
	to.msg_name = &name;
	to.msg_namelen = sizeof(name);
	TRY(sendmsg(a, &to, 0));
	to.msg_namelen = (socklen_t)-1;
	TRY(sendmsg(a, &to, 0));
	TRY(sendmsg(a, NULL, 0));
	TRY(sendto(a, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)));
	TRY(sendto(a, "x", 1, 0, NULL, 0));
	TRY(recvfrom(b, buf, 5, 0, (struct sockaddr *)&name, &to.msg_namelen));
	say("name %u\n", to.msg_namelen);
}

static void many_messages_go_at_once(void)
{
	struct iovec part[3] = { { (char *)"a", 1 }, { (char *)"bb", 2 }, { (char *)"ccc", 3 } };
	struct mmsghdr all[3] = { 0 };
	struct timespec none = { 0, 0 }, some = { 5, 0 }, bad = { 0, -1 };

	say("many\n");
	pair(SOCK_NONBLOCK);
	for (int i = 0; i < 3; i++) {
		all[i].msg_hdr.msg_iov = &part[i];
		all[i].msg_hdr.msg_iovlen = 1;
	}
	TRY(sendmmsg(a, all, 3, 0));
	say("%u %u %u\n", all[0].msg_len, all[1].msg_len, all[2].msg_len);
	part[0].iov_base = buf;
	part[1].iov_base = buf + 1;
	part[2].iov_base = buf + 3;
	TRY(recvmmsg(b, all, 3, 0, &some));
	is("abbccc", 6);
	TRY(recvmmsg(b, all, 3, 0, NULL));
	TRY(write(a, "xyz", 3));
	TRY(recvmmsg(b, all, 3, 0, &none));
	TRY(recvmmsg(b, all, 3, MSG_WAITFORONE, NULL));
	TRY(recvmmsg(b, all, 3, 0, &bad));
	TRY(recvmmsg(b, all, 0, 0, NULL));
	TRY(sendmmsg(a, NULL, 3, 0));
}

/* ---- times ---- */

static void set_time(int which, long sec, long usec)
{
	struct timeval time = { sec, usec };
	socklen_t n = sizeof(time);

	TRY(setsockopt(a, SOL_SOCKET, which, &time, sizeof(time)));
	TRY(getsockopt(a, SOL_SOCKET, which, &time, &n));
	say("%ld.%06ld, %u bytes\n", (long)time.tv_sec, (long)time.tv_usec, n);
}

static void waits_have_an_end(void)
{
	static char much[8 * MIB];
	struct timeval time = { 1, 0 };

	say("times\n");
	pair(0);
	set_time(SO_RCVTIMEO, 0, 0);
	set_time(SO_RCVTIMEO, 5, 8000);
	set_time(SO_RCVTIMEO, 5, 1000000);
	set_time(SO_RCVTIMEO, 0, 20000);
	TRY(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &time, 8));
	TRY(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, NULL, sizeof(time)));
	TRY(read(a, buf, 1));
	TRY(recv(a, buf, 1, MSG_PEEK));
	TRY(write(b, "xy", 2));
	TRY(recv(a, buf, 5, MSG_WAITALL));
	set_time(SO_SNDTIMEO, 0, 20000);
	say("a part: %d\n", send(a, much, sizeof(much), 0) < (ssize_t)sizeof(much));
	TRY(send(a, much, 1, 0));
	TRY(write(a, much, 1));
}

/* ---- files ---- */

static void files_are_sent(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];

	say("files\n");
	pair(0);
	if (fd < 0 || write(fd, "contents", 8) != 8 || lseek(fd, 0, SEEK_SET) != 0 ||
	    pipe(ends) != 0)
		_exit(94);
	TRY(sendfile(a, fd, NULL, 100));
	TRY(splice(b, NULL, ends[1], NULL, 100, 0));
	TRY(read(ends[0], buf, 100));
	is("contents", 8);
	TRY(write(ends[1], "by a pipe", 9));
	TRY(splice(ends[0], NULL, a, NULL, 100, 0));
	TRY(read(b, buf, 100));
	is("by a pipe", 9);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

/* ---- without a pair ---- */

static void alone_it_has_nobody(void)
{
	struct sockaddr_un name;
	struct ucred who = { 9, 9, 9 };
	socklen_t n = sizeof(name);

	say("alone\n");
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	all_events("a", a);
	TRY(read(a, buf, 1));
	TRY(recv(a, buf, 1, MSG_PEEK));
	TRY(write(a, "x", 1));
	TRY(getpeername(a, (struct sockaddr *)&name, &n));
	TRY(getsockname(a, (struct sockaddr *)&name, &n));
	say("%u bytes\n", n);
	n = sizeof(who);
	TRY(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &who, &n));
	say("%d %d %d\n", who.pid, (int)who.uid, (int)who.gid);
	TRY(shutdown(a, SHUT_RD));
	all_events("a", a);
	TRY(read(a, buf, 1));
}

static void some_are_refused(void)
{
	int ends[2];

	say("refused\n");
	TRY(socket(AF_UNIX, SOCK_STREAM, 7));
	TRY(socket(AF_UNIX, SOCK_RDM, 0));
	TRY(socket(AF_UNIX, 0, 0));
	TRY(socket(AF_UNIX, 12, 0));
	TRY(socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
	TRY(socket(77, SOCK_STREAM, 0));
	TRY(socket(-1, SOCK_STREAM, 0));
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, NULL));
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 7, ends));
	TRY(socket(AF_UNIX, SOCK_STREAM, PF_UNIX) >= 0);
}

static void limits_hold(void)
{
	struct rlimit few = { 10, 10 };
	int ends[2];

	say("limits\n");
	setrlimit(RLIMIT_NOFILE, &few);
	while (dup(1) >= 0)
		;
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	TRY(socket(AF_UNIX, SOCK_STREAM, 0));
	close(9);
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	TRY(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* ---- attributes ---- */

static void attributes(const char *what, int fd)
{
	struct stat st;

	fstat(fd, &st);
	say("%s: %#o, owner %d, group %d, %d links, %ld bytes\n", what, st.st_mode, (int)st.st_uid,
	    (int)st.st_gid, (int)st.st_nlink, (long)st.st_size);
}

static int changes_it(void *unused)
{
	const struct timespec times[2] = { { 5, 0 }, { 6, 0 } };

	(void)unused;
	if (setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		_exit(97);
	TRY(fchmod(a, 0700));
	TRY(fchown(a, 1000, -1));
	TRY(fchown(a, -1, 1000));
	TRY(futimens(a, NULL));
	TRY(futimens(a, times));
	pair(0);
	attributes("its own", a);
	TRY(fchmod(a, 0707));
	TRY(fchown(a, 0, -1));
	TRY(fchown(a, 1000, 1000));
	TRY(fchown(a, -1, 7));
	TRY(futimens(a, times));
	attributes("its own", a);
	return 0;
}

static void attributes_are_kept(void)
{
	const struct timespec times[2] = { { 5, 0 }, { 6, 0 } },
			      wrong[2] = { { 5, 2000000000 }, { 6, 0 } };
	struct sockaddr_un name = { AF_UNIX, "with_a_mode" };
	struct statfs fs;
	struct stat st;
	int fd;

	say("attributes\n");
	pair(0);
	attributes("a", a);
	TRY(fchmod(a, 06640));
	attributes("a", a);
	TRY(fchown(a, 1000, 1001));
	attributes("a", a);
	attributes("b", b);
	TRY(fchmod(a, 0123));
	TRY(fchmodat(AT_FDCWD, "/proc/self/fd/none", 0123, 0));
	TRY(fchownat(a, "", -1, 7, AT_EMPTY_PATH));
	attributes("a", a);
	TRY(futimens(a, NULL));
	TRY(futimens(a, times));
	TRY(futimens(a, wrong));
	TRY(fstatfs(a, &fs));
	say("%#lx, %ld, %ld\n", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_namelen);
	TRY(ftruncate(a, 0));
	TRY(fsync(a));
	TRY(fdatasync(a));
	TRY(fallocate(a, 0, 0, 1));
	TRY(lseek(a, 0, SEEK_CUR));
	TRY(flock(a, LOCK_EX));
	TRY(faccessat(a, "", W_OK, AT_EMPTY_PATH));
	fchmod(a, 0);
	TRY(faccessat(a, "", W_OK, AT_EMPTY_PATH));
	TRY(open("/proc/self/fd/3", O_RDWR));
	TRY(fchdir(a));
	pair(0);
	in_child("another user", changes_it, NULL);
	umask(027);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	TRY(fchmod(fd, 0764));
	TRY(fchown(fd, 1000, 1000));
	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(stat(name.sun_path, &st));
	say("%#o, owner %d, group %d\n", st.st_mode, (int)st.st_uid, (int)st.st_gid);
	TRY(fchmod(fd, 0111));
	TRY(stat(name.sun_path, &st));
	say("%#o\n", st.st_mode);
	unlink(name.sun_path);
	close(fd);
}

int main(void)
{
	signal(SIGPIPE, signalled);
	bytes_go_both_ways();
	pages_go_in_order();
	a_pair_gets_full();
	memory_is_looked_at();
	one_way_is_shut();
	one_side_is_closed();
	who_waits_is_woken();
	each_write_is_an_edge();
	options_are_kept();
	they_know_their_maker();
	flags_are_kept();
	messages_have_segments();
	many_messages_go_at_once();
	waits_have_an_end();
	files_are_sent();
	alone_it_has_nobody();
	some_are_refused();
	attributes_are_kept();
	limits_hold();
	return 0;
}
