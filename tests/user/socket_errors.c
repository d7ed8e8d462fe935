/* SPDX-License-Identifier: MIT */
/* R154: the errors of calls on sockets, each by the name of its call. */
#include "t.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#define NO_MEMORY ((void *)-4096l)

static char buf[PAGE], big[300000];
static struct sockaddr_un name;

/* All addresses here are of full length. An abstract name begins with '@'. */
#define AT(path) address(path), sizeof(name)

static struct sockaddr *address(const char *path)
{
	name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(name.sun_path, path, strlen(path));
	if (path[0] == '@')
		name.sun_path[0] = '\0';
	return (struct sockaddr *)&name;
}

static int sock(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

static void pair(int type, int fd[2])
{
	if (socketpair(AF_UNIX, type, 0, fd) != 0)
		_exit(92);
}

static void close_both(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* By each of the calls that send; to where the socket is connected, if there is no path. */
static void send_all(int fd, const char *path, size_t n, int flags)
{
	struct iovec part = { big, n };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	if (path) {
		one.msg_hdr.msg_name = address(path);
		one.msg_hdr.msg_namelen = sizeof(name);
	}
	TRY(sendto(fd, big, n, flags, one.msg_hdr.msg_name, one.msg_hdr.msg_namelen));
	TRY(sendmsg(fd, &one.msg_hdr, flags));
	TRY(sendmmsg(fd, &one, 1, flags));
}

static void receive_all(int fd, int flags)
{
	struct iovec part = { buf, sizeof(buf) };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	TRY(recvfrom(fd, buf, sizeof(buf), flags, NULL, NULL));
	TRY(recvmsg(fd, &one.msg_hdr, flags));
	TRY(recvmmsg(fd, &one, 1, flags, NULL));
}

/* ---- paths ---- */

static void use_path(const char *path)
{
	int fd = sock(SOCK_DGRAM);

	say("%.10s\n", path);
	TRY(bind(fd, AT(path)));
	TRY(connect(fd, AT(path)));
	send_all(fd, path, 1, 0);
	close(fd);
}

static int as_another(void *unused)
{
	int fd;

	(void)unused;
	if (setgid(100) != 0 || setuid(1000) != 0)
		_exit(93);
	fd = sock(SOCK_DGRAM);
	use_path("closed/name");
	use_path("closed_name");
	TRY(setsockopt(fd, SOL_SOCKET, SO_DEBUG, &(int){ 1 }, sizeof(int)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_DEBUG, &(int){ 0 }, sizeof(int)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 10000 }, sizeof(int)));
	close(fd);
	return 0;
}

static void paths_are_walked(void)
{
	int closed = sock(SOCK_DGRAM), stream = sock(SOCK_STREAM);
	char far[301];

	memset(far, 'f', sizeof(far));
	far[300] = '\0';
	symlink("loop", "loop");
	symlink(far, "far");
	make_file("file", 10);
	mkdir("closed", 0700);
	chmod(".", 0755);
	TRY(bind(closed, AT("closed_name")));
	chmod("closed_name", 0600);
	TRY(bind(stream, AT("stream")));
	use_path("none/name");
	use_path("file/name");
	use_path("loop/name");
	use_path("far/name");
	use_path("file");
	use_path("stream");
	in_child("another", as_another, NULL);
	TRY(connect(stream, AT("closed_name")));
	close(closed);
	close(stream);
	unlink("loop");
	unlink("far");
	unlink("file");
	unlink("closed_name");
	unlink("stream");
	rmdir("closed");
}

static void mounts_are_full_or_read_only(void)
{
	int fd[2] = { sock(SOCK_STREAM), sock(SOCK_STREAM) };

	say("mounts\n");
	mkdir("mount", 0755);
	TRY(mount("none", "mount", "tmpfs", 0, "nr_inodes=2"));
	TRY(bind(fd[0], AT("mount/one")));
	TRY(bind(fd[1], AT("mount/two")));
	TRY(mount("none", "mount", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
	TRY(bind(fd[1], AT("mount/two")));
	close(fd[0]);
	TRY(umount("mount"));
	rmdir("mount");
	TRY(bind(fd[1], AT("/sys/name")));
	close(fd[1]);
}

/* ---- connections ---- */

static void accepts(void)
{
	int listener = sock(SOCK_STREAM | SOCK_NONBLOCK), client = sock(SOCK_STREAM);
	int datagrams = sock(SOCK_DGRAM);
	struct rlimit limit, none;
	socklen_t n = (socklen_t)-1;

	say("accept\n");
	TRY(accept4(listener, NULL, NULL, 0));
	TRY(accept4(datagrams, NULL, NULL, 0));
	TRY(accept(datagrams, NULL, NULL));
	TRY(listen(datagrams, 1));
	TRY(bind(listener, AT("@accept")));
	TRY(listen(listener, 0));
	TRY(accept(listener, NULL, NULL));
	TRY(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	for (int i = 0; i < 4; i++) {
		if (connect(client, AT("@accept")) != 0)
			_exit(94);
		if (i == 0)
			TRY(accept(listener, (struct sockaddr *)buf, NULL));
		else if (i == 1)
			TRY(accept4(listener, (struct sockaddr *)buf, NULL, 0));
		else if (i == 2)
			TRY(accept(listener, (struct sockaddr *)buf, &n));
		else
			TRY(accept4(listener, (struct sockaddr *)buf, &n, 0));
		close(client);
		client = sock(SOCK_STREAM);
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	none = (struct rlimit){ 0, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	TRY(accept(listener, NULL, NULL));
	TRY(accept4(listener, NULL, NULL, 0));
	setrlimit(RLIMIT_NOFILE, &limit);
	TRY(connect(client, AT("@accept")));
	close(accept(listener, NULL, NULL));
	TRY(connect(client, AT("@accept")));
	close(client);
	client = sock(SOCK_STREAM);
	TRY(connect(client, AT("@accept")));
	close(client);
	client = sock(SOCK_STREAM | SOCK_NONBLOCK);
	TRY(connect(client, AT("@accept")));
	TRY(getpeername(client, (struct sockaddr *)buf, &n));
	n = sizeof(name);
	TRY(getpeername(client, (struct sockaddr *)buf, &n));
	close(client);
	close(listener);
	close(datagrams);
}

static void some_are_connected_with_another(void)
{
	int fd[2] = { sock(SOCK_DGRAM), sock(SOCK_DGRAM) }, other = sock(SOCK_DGRAM);

	say("connected with another\n");
	TRY(bind(fd[0], AT("@zero")));
	TRY(bind(fd[1], AT("@one")));
	TRY(connect(fd[0], AT("@one")));
	TRY(connect(other, AT("@zero")));
	send_all(other, "@zero", 1, 0);
	send_all(other, "@nobody", 1, 0);
	close_both(fd);
	close(other);
}

/* By the calls that move bytes from file to file. */
static void move_to(int fd)
{
	int from = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];

	if (write(from, "bytes", 5) != 5 || lseek(from, 0, SEEK_SET) != 0 || pipe(ends) != 0 ||
	    write(ends[1], "bytes", 5) != 5)
		_exit(97);
	TRY(sendfile(fd, from, NULL, 5));
	TRY(splice(ends[0], NULL, fd, NULL, 5, 0));
	close_both(ends);
	close(from);
	unlink("file");
}

/* What a datagram socket is connected with has gone, which one call learns. */
static void refuse(const char *what, ssize_t (*call)(int fd))
{
	int fd[2];

	pair(SOCK_DGRAM, fd);
	close(fd[1]);
	if (call)
		result(what, call(fd[0]));
	else
		move_to(fd[0]);
	close(fd[0]);
}

static ssize_t by_write(int fd)
{
	return write(fd, "x", 1);
}

static ssize_t by_writev(int fd)
{
	return writev(fd, &(struct iovec){ buf, 1 }, 1);
}

static ssize_t by_pwritev2(int fd)
{
	return pwritev2(fd, &(struct iovec){ buf, 1 }, 1, -1, 0);
}

static ssize_t by_splice_out(int fd)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1)
		_exit(98);
	n = splice(ends[0], NULL, fd, NULL, 1, 0);
	close_both(ends);
	return n;
}

static void some_are_refused(void)
{
	say("refused\n");
	refuse("write", by_write);
	refuse("writev", by_writev);
	refuse("pwritev2", by_pwritev2);
	refuse("splice", by_splice_out);
	refuse("sendfile and splice", NULL);
}

static void some_are_not_connected(void)
{
	int stream = sock(SOCK_STREAM), packets = sock(SOCK_SEQPACKET);
	int fd[2];
	socklen_t n = (socklen_t)-1;

	say("not connected\n");
	send_all(stream, NULL, 1, MSG_NOSIGNAL);
	send_all(packets, NULL, 1, MSG_NOSIGNAL);
	send_all(stream, "@address", 1, MSG_NOSIGNAL);
	receive_all(stream, 0);
	receive_all(packets, 0);
	TRY(read(packets, buf, 1));
	TRY(write(packets, "x", 1));
	TRY(readv(packets, &(struct iovec){ buf, 1 }, 1));
	TRY(writev(packets, &(struct iovec){ buf, 1 }, 1));
	TRY(preadv2(packets, &(struct iovec){ buf, 1 }, 1, -1, 0));
	TRY(pwritev2(packets, &(struct iovec){ buf, 1 }, 1, -1, 0));
	move_to(packets);
	say("connected\n");
	pair(SOCK_STREAM, fd);
	send_all(fd[0], "@address", 1, 0);
	TRY(getpeername(fd[0], (struct sockaddr *)buf, &n));
	close_both(fd);
	close(stream);
	close(packets);
}

/* ---- ends ---- */

/* By one call each, as only the first one learns it. */
static void resets(const char *what, int type, ssize_t (*call)(int fd))
{
	int fd[2];

	pair(type, fd);
	if (write(fd[0], "unread", 6) != 6)
		_exit(95);
	close(fd[1]);
	result(what, call(fd[0]));
	close(fd[0]);
}

static ssize_t by_read(int fd)
{
	return read(fd, buf, 1);
}

static ssize_t by_readv(int fd)
{
	return readv(fd, &(struct iovec){ buf, 1 }, 1);
}

static ssize_t by_preadv2(int fd)
{
	return preadv2(fd, &(struct iovec){ buf, 1 }, 1, -1, 0);
}

static ssize_t by_recvfrom(int fd)
{
	return recvfrom(fd, buf, 1, 0, NULL, NULL);
}

static ssize_t by_recvmsg(int fd)
{
	struct iovec part = { buf, 1 };

	return recvmsg(fd, &(struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 }, 0);
}

static ssize_t by_recvmmsg(int fd)
{
	struct iovec part = { buf, 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	return recvmmsg(fd, &one, 1, 0, NULL);
}

static ssize_t by_sendto(int fd)
{
	return sendto(fd, buf, 1, 0, NULL, 0);
}

static ssize_t by_sendmsg(int fd)
{
	struct iovec part = { buf, 1 };

	return sendmsg(fd, &(struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 }, 0);
}

static ssize_t by_sendmmsg(int fd)
{
	struct iovec part = { buf, 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };

	return sendmmsg(fd, &one, 1, 0);
}

static ssize_t by_sendfile(int fd)
{
	int from = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	if (write(from, "x", 1) != 1)
		_exit(98);
	n = sendfile(fd, from, &(off_t){ 0 }, 1);
	close(from);
	unlink("file");
	return n;
}

static ssize_t by_splice(int fd)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends) != 0)
		_exit(96);
	n = splice(fd, NULL, ends[1], NULL, 1, 0);
	close_both(ends);
	return n;
}

static void the_other_side_ends(void)
{
	int fd[2];

	say("resets\n");
	resets("read", SOCK_STREAM, by_read);
	resets("readv", SOCK_STREAM, by_readv);
	resets("preadv2", SOCK_STREAM, by_preadv2);
	resets("recvfrom", SOCK_STREAM, by_recvfrom);
	resets("recvmsg", SOCK_STREAM, by_recvmsg);
	resets("recvmmsg", SOCK_STREAM, by_recvmmsg);
	resets("splice", SOCK_STREAM, by_splice);
	say("resets of packets\n");
	resets("recvfrom", SOCK_SEQPACKET, by_recvfrom);
	resets("write", SOCK_SEQPACKET, by_write);
	resets("writev", SOCK_SEQPACKET, by_writev);
	resets("pwritev2", SOCK_SEQPACKET, by_pwritev2);
	resets("sendto", SOCK_SEQPACKET, by_sendto);
	resets("sendmsg", SOCK_SEQPACKET, by_sendmsg);
	resets("sendmmsg", SOCK_SEQPACKET, by_sendmmsg);
	resets("splice", SOCK_SEQPACKET, by_splice_out);
	resets("sendfile", SOCK_SEQPACKET, by_sendfile);
	say("closed\n");
	pair(SOCK_STREAM, fd);
	close(fd[1]);
	send_all(fd[0], NULL, 1, MSG_NOSIGNAL);
	close(fd[0]);
	say("shut\n");
	pair(SOCK_SEQPACKET, fd);
	TRY(shutdown(fd[0], SHUT_WR));
	send_all(fd[0], NULL, 1, MSG_NOSIGNAL);
	close_both(fd);
}

/* ---- messages ---- */

static void messages_are_looked_at(void)
{
	struct iovec part = { big, sizeof(big) };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	int fd[2];

	say("messages\n");
	pair(SOCK_DGRAM, fd);
	send_all(fd[0], NULL, sizeof(big), 0);
	TRY(write(fd[0], big, sizeof(big)));
	TRY(writev(fd[0], &part, 1));
	TRY(pwritev2(fd[0], &part, 1, -1, 0));
	send_all(fd[0], NULL, 1, MSG_OOB);
	receive_all(fd[0], MSG_OOB);
	receive_all(fd[0], MSG_DONTWAIT);
	while (send(fd[0], "x", 1, MSG_DONTWAIT) == 1)
		;
	send_all(fd[0], NULL, 1, MSG_DONTWAIT);
	part.iov_len = 1;
	one.msg_hdr.msg_iovlen = 1025;
	TRY(sendmsg(fd[0], &one.msg_hdr, 0));
	TRY(sendmmsg(fd[0], &one, 1, 0));
	TRY(recvmsg(fd[0], &one.msg_hdr, 0));
	TRY(recvmmsg(fd[0], &one, 1, 0, NULL));
	one.msg_hdr.msg_iovlen = 1;
	one.msg_hdr.msg_name = &name;
	one.msg_hdr.msg_namelen = (socklen_t)-1;
	TRY(sendmsg(fd[0], &one.msg_hdr, 0));
	TRY(sendmmsg(fd[0], &one, 1, 0));
	TRY(recvmsg(fd[0], &one.msg_hdr, 0));
	TRY(recvmmsg(fd[0], &one, 1, 0, NULL));
	one.msg_hdr.msg_name = NULL;
	one.msg_hdr.msg_namelen = 0;
	one.msg_hdr.msg_control = buf;
	one.msg_hdr.msg_controllen = (size_t)1 << 31;
	TRY(sendmsg(fd[0], &one.msg_hdr, 0));
	TRY(sendmmsg(fd[0], &one, 1, 0));
	TRY(sendto(fd[0], big, 1, 0, (struct sockaddr *)&name, (socklen_t)-1));
	TRY(sendto(fd[0], big, 1, 0, NO_MEMORY, sizeof(name)));
	TRY(sendto(fd[0], NO_MEMORY, 1, 0, NULL, 0));
	TRY(sendmsg(fd[0], NO_MEMORY, 0));
	TRY(sendmmsg(fd[0], NO_MEMORY, 1, 0));
	TRY(recvfrom(fd[0], NO_MEMORY, 1, 0, NULL, NULL));
	TRY(recvmsg(fd[0], NO_MEMORY, 0));
	TRY(recvmmsg(fd[0], NO_MEMORY, 1, 0, NULL));
	close_both(fd);
}

static void options_are_looked_at(void)
{
	struct timeval time = { 0, 1000000 };
	socklen_t n = sizeof(time);
	int fd = sock(SOCK_STREAM), pairs[2], value = 0;

	say("options\n");
	TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, n));
	TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, NO_MEMORY, n));
	TRY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3));
	TRY(setsockopt(fd, SOL_SOCKET, 7777, &value, sizeof(value)));
	TRY(setsockopt(fd, 77, 1, &value, sizeof(value)));
	TRY(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, NO_MEMORY, &n));
	n = (socklen_t)-1;
	TRY(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &n));
	n = sizeof(value);
	TRY(getsockopt(fd, SOL_SOCKET, 7777, &value, &n));
	TRY(getsockopt(fd, 77, 1, &value, &n));
	TRY(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 10000 }, sizeof(int)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)));
	TRY(socketpair(AF_UNIX, SOCK_RDM, 0, pairs));
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 7, pairs));
	close(fd);
}

/* ---- signals ---- */

static void ignore(int sig)
{
	(void)sig;
}

/* Again and again, as the first one may come before the call. */
static void alarms(long us)
{
	struct itimerval soon = { .it_value = { 0, us }, .it_interval = { 0, us } };

	setitimer(ITIMER_REAL, &soon, NULL);
}

#define TRY_SIGNALLED(call) (alarms(30000), TRY(call), alarms(0))

static void signals_end_waits(void)
{
	struct sigaction how = { .sa_handler = ignore };
	struct iovec part = { buf, 1 };
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
	int listener = sock(SOCK_STREAM), client = sock(SOCK_STREAM), late = sock(SOCK_STREAM);
	int fd[2];

	say("signals\n");
	sigaction(SIGALRM, &how, NULL);
	TRY(bind(listener, AT("@signals")));
	TRY(listen(listener, 0));
	TRY_SIGNALLED(accept(listener, NULL, NULL));
	TRY_SIGNALLED(accept4(listener, NULL, NULL, 0));
	TRY(connect(client, AT("@signals")));
	TRY_SIGNALLED(connect(late, AT("@signals")));
	pair(SOCK_DGRAM, fd);
	TRY_SIGNALLED(recvfrom(fd[0], buf, 1, 0, NULL, NULL));
	TRY_SIGNALLED(recvmsg(fd[0], &one.msg_hdr, 0));
	TRY_SIGNALLED(recvmmsg(fd[0], &one, 1, 0, NULL));
	while (send(fd[0], "x", 1, MSG_DONTWAIT) == 1)
		;
	TRY_SIGNALLED(sendto(fd[0], "x", 1, 0, NULL, 0));
	TRY_SIGNALLED(sendmsg(fd[0], &one.msg_hdr, 0));
	TRY_SIGNALLED(sendmmsg(fd[0], &one, 1, 0));
	close_both(fd);
	close(listener);
	close(client);
	close(late);
}

int main(void)
{
	paths_are_walked();
	mounts_are_full_or_read_only();
	accepts();
	some_are_connected_with_another();
	some_are_not_connected();
	some_are_refused();
	the_other_side_ends();
	messages_are_looked_at();
	options_are_looked_at();
	signals_end_waits();
	return 0;
}
