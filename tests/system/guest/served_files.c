/* SPDX-License-Identifier: MIT */
/* Files that a program serves: those of the device of docs/servers.md, and those of a server that is killed all the time. */
#define _GNU_SOURCE
#include "lib/serve.h"
#include "asleep.h"
#include "killed_server.h"
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

/* ---- users of docs/servers.md's device ---- */

#define NAME "/srv/rot13"

static void say(const char *what, long result)
{
	printf("%s: ", what);
	if (result < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("%ld\n", result);
	fflush(stdout);
}

static void say_text(const char *what, int fd, size_t most)
{
	char text[8192];
	long n = read(fd, text, most);

	if (n < 0)
		say(what, n);
	else
		printf("%s: %.*s\n", what, (int)n, text);
	fflush(stdout);
}

static char *volatile nowhere = (char *)8;

static int events_of(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&poll_fd, 1, 0) < 0 ? -1 : poll_fd.revents;
}

/* A reader that waits is woken by what somebody else writes, and by a signal. */
static void waits(int fd)
{
	pid_t reader = fork();
	int status;
	long n;

	if (reader == 0) {
		say_text("a reader that waits", fd, 100);
		_exit(0);
	}
	until_asleep(&reader, 1);
	n = write(fd, "jnvg", 4);
	wait(&status);
	say("write", n);
	if (fork() == 0) {
		alarm(1);
		say_text("never", fd, 100);
		_exit(0);
	}
	wait(&status);
	printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	say_text("without waiting", fd, 100);
	fcntl(fd, F_SETFL, O_RDWR);
}

static void edges(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int set = epoll_create1(0);
	char byte;

	epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
	say("epoll, nothing yet", epoll_wait(set, &event, 1, 0));
	write(fd, "ab", 2);
	say("epoll, an edge", epoll_wait(set, &event, 1, 0));
	say("epoll, none", epoll_wait(set, &event, 1, 0));
	write(fd, "c", 1);
	say("epoll, another", epoll_wait(set, &event, 1, 0));
	while (events_of(fd) & POLLIN)
		(void)!read(fd, &byte, 1);
	close(set);
}

/* The server has room for so many files. */
static void as_many_as_go(int one_of_them)
{
	int n = 0, last;

	while ((last = open(NAME, O_RDWR)) >= 0)
		n++;
	printf("%d more\n", n);
	say("one too many", last);
	close(one_of_them);
	say("one is closed", open(NAME, O_RDWR) < 0 ? -1 : 0);
	closefrom(one_of_them);
}

static void use(void)
{
	struct iovec pieces[] = { { "Pyrna ", 6 }, { "jnyyf", 5 } };
	int fd = open(NAME, O_RDWR), other = open(NAME, O_RDWR);
	static char much[6000];
	struct stat st;

	say("open", fd < 0 ? -1 : 0);
	fstat(fd, &st);
	printf("mode %o, device %lx\n", st.st_mode, (long)st.st_rdev);
	say("events", events_of(fd));
	say("write", write(fd, "Uryyb, jbeyq", 12));
	say("events", events_of(fd));
	say("events of the other", events_of(other));
	say_text("five", fd, 5);
	say_text("rest", fd, 100);
	say("writev", writev(other, pieces, 2));
	say_text("the other", other, 100);
	say("seek", lseek(fd, 0, SEEK_SET));
	say("ioctl", ioctl(fd, FIONREAD, &fd));
	say("read of none", read(fd, much, 0));
	say("read into nowhere", write(fd, "x", 1) == 1 ? read(fd, nowhere, 1) : 0);
	say_text("which lost nothing", fd, 100);
	waits(fd);
	edges(fd);
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	memset(much, 'n', sizeof(much));
	say("more than it takes", write(fd, much, sizeof(much)));
	say("still more", write(fd, much, 1));
	say("events", events_of(fd));
	say("all of it", read(fd, much, sizeof(much)));
	as_many_as_go(other);
}

/* The server dies under a reader. */
static void outlive(pid_t server)
{
	int fd = 3, status; /* one that is open */
	pid_t reader;

	while (events_of(fd) & POLLIN) {
		char byte;

		(void)!read(fd, &byte, 1);
	}
	fcntl(fd, F_SETFL, O_RDWR);
	reader = fork();
	if (reader == 0) {
		say_text("the reader", fd, 100);
		_exit(0);
	}
	until_asleep(&reader, 1);
	kill(server, SIGKILL);
	waitpid(server, &status, 0);
	wait(&status);
	say("write", write(fd, "x", 1));
	say("events", events_of(fd));
	say("open", open(NAME, O_RDWR));
	say("unlink", unlink(NAME));
}

static int rot13(void)
{
	pid_t server = fork();
	int send;

	if (server == 0)
		_exit(execl("/bin/example_rot13", "rot13", NAME, NULL));
	UNTIL("the name is there", access(NAME, F_OK) == 0);
	send = open("/dev/null", O_RDWR);
	errno = (int)-ipc_name(AT_FDCWD, "/srv/other", 0666, send);
	say("name of something else", errno ? -1 : 0);
	close(send);
	use();
	outlive(server);
	return 0;
}

/* ---- calls that are refused ---- */

static void check(const char *what, long expected, long result)
{
	if (result != expected)
		printf("%s: %ld instead of %ld\n", what, result, expected);
}

/* A descriptor table without room: 3 descriptors are open. */
static void full_table(int keeper)
{
	struct rlimit none = { 3, 3 };

	if (fork() == 0) {
		dup2(keeper, 2);
		setrlimit(RLIMIT_NOFILE, &none);
		_exit(ipc_reopen(2, 0) == -EMFILE ? 0 : 1);
	}
}

static void names(int receive, int send)
{
	char long_name[257] = "";

	mkdir("/run/there", 0755);
	check("name", 0, ipc_name(AT_FDCWD, "/run/there/file", 0666, send));
	check("name that is there", -EEXIST, ipc_name(AT_FDCWD, "/run/there/file", 0666, send));
	check("name of a receive end", -EINVAL, ipc_name(AT_FDCWD, "/run/r", 0666, receive));
	check("name of no file", -EBADF, ipc_name(AT_FDCWD, "/run/r", 0666, 99));
	check("name without a directory", -ENOENT, ipc_name(AT_FDCWD, "/no/r", 0666, send));
	check("name in /proc", -EPERM, ipc_name(AT_FDCWD, "/proc/r", 0666, send));
	check("name at nothing", -EBADF, ipc_name(98, "r", 0666, send));
	check("name at no address", -EFAULT, ipc_name(AT_FDCWD, nowhere, 0666, send));
	check("name below a file", -ENOTDIR, ipc_name(AT_FDCWD, "/run/there/file/r", 0666, send));
	memset(long_name, 'n', 256);
	check("name too long", -ENAMETOOLONG, ipc_name(AT_FDCWD, long_name, 0666, send));
	check("loop", 0, symlink("loop", "/run/loop"));
	check("name in a loop", -ELOOP, ipc_name(AT_FDCWD, "/run/loop/r", 0666, send));
	check("rename", 0, rename("/run/there/file", "/run/there/other"));
	check("link", 0, link("/run/there/other", "/run/there/file"));
	check("unlink", 0, unlink("/run/there/other"));
	check("unlink", 0, unlink("/run/there/file"));
}

static void names_of_another_user(int send)
{
	int status;

	if (fork() == 0) {
		_exit(setuid(1000) == 0 && ipc_name(AT_FDCWD, "/run/r", 0666, send) == -EACCES ? 0
											       : 1);
	}
	wait(&status);
	check("name by another user", 0, status);
}

static void names_in_mounts(int send)
{
	mkdir("/run/small", 0755);
	check("mount", 0, mount("small", "/run/small", "tmpfs", 0, "nr_inodes=2"));
	check("name", 0, ipc_name(AT_FDCWD, "/run/small/a", 0666, send));
	check("one too many", -ENOSPC, ipc_name(AT_FDCWD, "/run/small/b", 0666, send));
	check("remount", 0, mount("", "/run/small", "", MS_REMOUNT | MS_RDONLY, ""));
	check("name in what is only read", -EROFS, ipc_name(AT_FDCWD, "/run/small/b", 0666, send));
	check("umount", 0, umount("/run/small"));
}

/* By a user who keeps no descriptor of them. They are not to be at the expense of open files. */
static void names_without_end(int send)
{
	char path[32];
	int status;

	mkdir("/run/all", 0777);
	chmod("/run/all", 01777);
	if (fork() == 0) {
		int n = 0;

		_exit(setuid(1000) != 0 ||
		      ({
			      do
				      snprintf(path, sizeof(path), "/run/all/%d", n++);
			      while (ipc_name(AT_FDCWD, path, 0666, send) == 0);
			      ipc_name(AT_FDCWD, path, 0666, send);
		      }) != -ENOSPC);
	}
	wait(&status);
	check("names without end", 0, status);
	check("name by root", 0, ipc_name(AT_FDCWD, "/run/all/root", 0666, send));
}

/* What the words of requests have that no bytes travel in. */
static void words_of_requests(void)
{
	struct iovec pieces[] = { { "abcdef", 6 }, { "ghijklmnopqrstuvwxyz", 20 } };
	int receive = ipc_create(0), send = ipc_badge(receive, 9, 0), nbytes = 0, status;
	struct ipc_message m;
	long rcvid;

	ipc_name(AT_FDCWD, "/run/words", 0600, send);
	if (fork() == 0) {
		char bytes[32];
		int fd;

		close(receive);
		fd = open("/run/words", O_RDWR);
		_exit(read(fd, bytes, 4) != 0 || read(fd, bytes, 32) != 0 ||
		      writev(fd, pieces, 2) != 26 || write(fd, pieces[1].iov_base, 20) != 20);
	}
	close(send);
	while ((rcvid = ipc_receive(receive, &m, IPC_NEVER)) > 0) {
		uint32_t op = SERVED_OP(m.word[0]);
		char *bytes = (char *)&m.word[2];
		bool empty = m.word[2] == 0 && m.word[3] == 0;

		if (op == SERVED_WRITE && m.word[1] <= SERVED_SHORT) {
			for (uint64_t i = 0; i < m.word[1]; i++)
				check("byte", 'a' + nbytes++, bytes[i]);
		} else if (op == SERVED_WRITE) {
			nbytes += m.word[1];
		}
		if (op == SERVED_READ || (op == SERVED_WRITE && m.word[1] > SERVED_SHORT))
			check("words that mean nothing are 0", true, empty);
		m.word[0] = op == SERVED_WRITE ? m.word[1] : 0;
		m.word[1] = SERVED_STATE(1, POLLIN | POLLOUT);
		ipc_reply(receive, rcvid, &m);
	}
	wait(&status);
	check("reads and writes", 0, status);
	check("bytes", 46, nbytes);
	unlink("/run/words");
	close(receive);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A server that has nothing, but says each time that this has changed: a signal ends the read all the same. */
static void signals_between_answers(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 9, 0), status;
	struct ipc_message m = { 0 };
	uint64_t generation = 0;
	long rcvid = 0;

	ipc_name(AT_FDCWD, "/run/restless", 0600, send);
	if (fork() == 0) {
		const struct itimerval soon = { .it_value = { 0, 20000 } };
		const struct sigaction action = { .sa_handler = on_alarm };
		char byte;
		int fd;

		close(receive);
		close(send);
		fd = open("/run/restless", O_RDONLY);
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &soon, NULL);
		_exit(read(fd, &byte, 1) == -1 && errno == EINTR ? 0 : 1);
	}
	close(send);
	for (;;) {
		rcvid = ipc_reply_receive(receive, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			break;
		m.word[0] = SERVED_OP(m.word[0]) == SERVED_OPEN ? 0 : (uint64_t)-EAGAIN;
		m.word[1] = SERVED_STATE(++generation, POLLIN);
	}
	wait(&status);
	check("a signal between answers", 0, status);
	unlink("/run/restless");
	close(receive);
}

/* Opens the file of the other server. If that is refused, serves the other one. Returns the errno. */
static int opens_other(int receive, const char *other)
{
	struct ipc_message m = { 0 };
	struct timespec now;
	uint64_t deadline;
	long rcvid;
	int err;

	rcvid = ipc_receive(receive, &m, IPC_NOW); /* so the kernel knows who serves */
	err = open(other, O_RDONLY) < 0 ? errno : 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	deadline = (uint64_t)(now.tv_sec + 60) * 1000000000; /* of a busy host */
	if (rcvid < 0)
		rcvid = 0;
	while (err == EDEADLK && rcvid >= 0) {
		m.word[0] = 0;
		m.word[1] = SERVED_STATE(1, POLLIN);
		rcvid = ipc_reply_receive(receive, rcvid, &m, deadline);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			break;
	}
	return err;
}

/* Two servers that open the file of each other: one is refused soon, and none waits until it is too late. */
static void ring_of_servers(void)
{
	static const char *const names[] = { "/run/ring0", "/run/ring1" };
	int receive[2], begin[2], send, status, refused = 0;
	char byte;

	check("pipe", 0, pipe(begin));
	for (int i = 0; i < 2; i++) {
		receive[i] = ipc_create(0);
		send = ipc_badge(receive[i], 9, 0);
		ipc_name(AT_FDCWD, names[i], 0600, send);
		close(send);
	}
	for (int i = 0; i < 2; i++)
		if (fork() == 0) {
			close(receive[1 - i]);
			close(begin[1]);
			(void)!read(begin[0], &byte, 1); /* until nobody else has a receive end */
			_exit(opens_other(receive[i], names[1 - i]));
		}
	close(receive[0]);
	close(receive[1]);
	close(begin[0]);
	close(begin[1]);
	for (int i = 0; i < 2; i++) {
		wait(&status);
		refused += WEXITSTATUS(status) == EDEADLK;
		check("open in a ring", true, status == 0 || WEXITSTATUS(status) == EDEADLK);
	}
	check("refused in a ring", true, refused > 0);
	unlink(names[0]);
	unlink(names[1]);
}

static volatile int poster_of;

/* Looks at files that are there for a moment only, and posts for them. */
static void *post_for_all(void *unused)
{
	struct served_file files[8];
	uint64_t generation = 1;

	(void)unused;
	while (poster_of)
		for (long n = ipc_files(poster_of, 0, files, 8); n > 0; n--)
			ipc_post(poster_of, files[n - 1].cookie,
				 SERVED_STATE(++generation, POLLIN));
	return NULL;
}

/* Many opens, all of which are refused, while another thread looks at these files; and servers that end in the middle. */
static void refused_opens(void)
{
	for (int round = 0; round < 30; round++) {
		int receive = ipc_create(0), send = ipc_badge(receive, 9, 0), status;
		struct ipc_message m = { 0 };
		pthread_t poster;
		long rcvid = 0;

		ipc_name(AT_FDCWD, "/run/refuses", 0600, send);
		if (fork() == 0) {
			close(receive);
			close(send);
			while (open("/run/refuses", O_RDWR) < 0 && errno == EACCES)
				;
			_exit(errno == EIO || errno == ENXIO ? 0 : errno);
		}
		close(send);
		poster_of = receive;
		pthread_create(&poster, NULL, post_for_all, NULL);
		for (int i = 0; i < 200;) {
			rcvid = ipc_reply_receive(receive, rcvid > 0 ? rcvid : 0, &m, IPC_NEVER);
			i += rcvid > 0;
			m.word[0] = (uint64_t)-EACCES;
			m.word[1] = 0;
		}
		poster_of = 0;
		pthread_join(poster, NULL);
		close(receive);
		wait(&status);
		check("how opens end", 0, status);
		unlink("/run/refuses");
	}
}

/* Answers the request to open a file. Returns the file's cookie. */
static uint64_t answer_open(int receive)
{
	struct ipc_message m;
	long rcvid = ipc_receive(receive, &m, IPC_NEVER);

	check("an open", SERVED_OPEN, SERVED_OP(m.word[0]));
	m.word[0] = 0;
	m.word[1] = SERVED_STATE(1, 0);
	check("its answer", 0, ipc_reply(receive, rcvid, &m));
	return m.badge;
}

/* Writes a byte to the first of two files, and reads it from the second, when `go` can be read. */
static int use_joined(int go)
{
	int one = open("/run/joined", O_RDWR), other = open("/run/joined", O_RDWR);
	char c = 0;

	if (read(go, &c, 1) != 1 || write(one, "x", 1) != 1 || read(other, &c, 1) != 1)
		return errno;
	return c == 'x' ? 0 : 99;
}

static void joins(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), go[2], status = -1;
	uint64_t one, other;

	ipc_name(AT_FDCWD, "/run/joined", 0600, send);
	if (pipe(go) != 0)
		return;
	if (fork() == 0) {
		close(receive);
		close(send);
		_exit(use_joined(go[0]));
	}
	one = answer_open(receive);
	other = answer_open(receive);
	check("join with none", -ENOENT, ipc_join(receive, one, other + 9));
	check("join with itself", -EINVAL, ipc_join(receive, one, one));
	check("join by a send end", -EINVAL, ipc_join(send, one, other));
	check("join by nothing", -EBADF, ipc_join(99, one, other));
	check("join", 0, ipc_join(receive, one, other));
	check("join again", -EBUSY, ipc_join(receive, one, other));
	check("connect at a file with a name", -EINVAL, ipc_connect(receive, 0, other, 0));
	check("connect at none", -ENOENT, ipc_connect(receive, 0, other + 9, 0));
	check("connect with a flag", -EINVAL, ipc_connect(receive, 0, other, 4));
	check("drop by a send end", -EINVAL, ipc_drop(send, one));
	check("drop by nothing", -EBADF, ipc_drop(99, one));
	check("drop what is open", -ENOENT, ipc_drop(receive, one));
	check("go", 1, write(go[1], "g", 1));
	wait(&status);
	check("what comes through", 0, status);
	unlink("/run/joined");
	close(send);
	close(receive);
	close(go[0]);
	close(go[1]);
}

static int refused(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), status;
	int keeper = ipc_badge(receive, 2, IPC_KEEPS), again;
	struct served_file files[2];

	check("badge of the kernel's", -EINVAL, ipc_badge(receive, IPC_BADGE_SERVED, 0));
	check("unknown flag", -EINVAL, ipc_badge(receive, 1, 4));
	check("post of no file", -ENOENT, ipc_post(receive, IPC_BADGE_SERVED | 1, 1 << 16));
	check("post by a send end", -EINVAL, ipc_post(send, 1, 1 << 16));
	check("post by nothing", -EBADF, ipc_post(99, 1, 1 << 16));
	check("files of none", 0, ipc_files(receive, 0, files, 2));
	check("files by a send end", -EINVAL, ipc_files(send, 0, files, 2));
	check("files by nothing", -EBADF, ipc_files(99, 0, files, 2));
	check("reopen while open", -EBUSY, ipc_reopen(keeper, 0));
	check("reopen by no keeper", -EINVAL, ipc_reopen(send, 0));
	check("reopen with a flag", -EINVAL, ipc_reopen(keeper, 1));
	check("reopen by nothing", -EBADF, ipc_reopen(99, 0));
	names(receive, send);
	names_of_another_user(send);
	names_in_mounts(send);
	names_without_end(send);
	words_of_requests();
	signals_between_answers();
	ring_of_servers();
	refused_opens();
	joins();
	close(receive);
	full_table(keeper);
	wait(&status);
	check("reopen in a full table", 0, status);
	again = ipc_reopen(keeper, 0);
	check("the same descriptor", receive, again);
	puts("refused: ok");
	return 0;
}

/* ---- a server of sockets that lies ---- */

#define SOCKETS "/srv/socket"
#define LETTER	50 /* bytes of a message */

#define CONTROL 40 /* bytes of its control messages */

static void receive_control(const char *what, int fd, ssize_t expected)
{
	char bytes[LETTER], control[CONTROL];
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };

	message.msg_controllen = sizeof(control);
	check(what, expected, recvmsg(fd, &message, 0));
	check("its control messages", CONTROL, (ssize_t)message.msg_controllen);
}

static void use_lying_sockets(void)
{
	char bytes[LETTER];
	struct iovec part = { bytes, sizeof(bytes) };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), inet;

	check("a message that is not there", -1, recv(fd, bytes, sizeof(bytes), 0));
	check("its errno", EIO, errno);
	check("half a message", -1, readv(fd, &part, 1));
	check("its errno", EIO, errno);
	check("a whole one", LETTER, recv(fd, bytes, sizeof(bytes), 0));
	check("more than there is room for", -1, recv(fd, bytes, sizeof(bytes), 0));
	check("its errno", EIO, errno);
	check("more than was sent", -1, send(fd, bytes, sizeof(bytes), 0));
	check("its errno", EIO, errno);
	inet = socket(AF_INET, SOCK_DGRAM, 0);
	receive_control("control messages that are not there", inet, -1);
	receive_control("those that are", inet, LETTER);
	receive_control("more than there is room for", inet, LETTER);
	check("a file that does not wait", -1, accept(fd, NULL, NULL));
	check("its errno", EIO, errno);
	close(inet);
	close(fd);
}

/* What it answers to each call of use_lying_sockets(), and how much of a message it gives before. */
static int lies_about_sockets(void)
{
	static const struct {
		long result;
		size_t given, control;
	} lies[] = { { 0 },
		     { LETTER, 0, 0 },
		     { LETTER, sizeof(struct served_address) + LETTER / 2, 0 },
		     { LETTER, sizeof(struct served_address) + LETTER, 0 },
		     { LETTER + 1, sizeof(struct served_address) + LETTER, 0 },
		     { LETTER + 1, 0, 0 },
		     { 0 },
		     { LETTER, sizeof(struct served_address) + LETTER, CONTROL },
		     { LETTER, sizeof(struct served_address) + CONTROL + LETTER, CONTROL },
		     { LETTER, sizeof(struct served_address) + CONTROL + LETTER, SIZE_MAX },
		     /* of an accept, which asks again: */
		     { 0 },
		     { 0 },
		     { 0 },
		     { 0 },
		     { 0 } };
	static const char zeros[sizeof(struct served_address) + CONTROL + LETTER];
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), status = -1;
	struct ipc_message m = { 0 };
	pid_t user;

	unlink(SOCKETS); /* of the usual server */
	check("name for sockets", 0, ipc_name(AT_FDCWD, SOCKETS, 0600, send));
	user = fork();
	if (user == 0) {
		close(receive);
		use_lying_sockets();
		_exit(0);
	}
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		long rcvid = ipc_receive(receive, &m, IPC_NEVER);

		if (lies[i].given)
			ipc_write(receive, rcvid, zeros, lies[i].given, 0);
		m.word[0] = (uint64_t)lies[i].result;
		m.word[1] = SERVED_STATE(i + 1, POLLIN | POLLOUT | SERVED_RESETS);
		m.word[2] = lies[i].control;
		m.word[3] = 0;
		ipc_reply(receive, rcvid, &m);
	}
	waitpid(user, &status, 0);
	check("user of lies", 0, status);
	unlink(SOCKETS);
	close(send);
	close(receive);
	puts("lies: ok");
	return 0;
}

/* Sends a pipe's end that is written to, and closes it. Returns the other end. */
static int send_end_of_pipe(int socket)
{
	struct rights rights;
	int ends[2];

	check("pipe", 0, pipe(ends));
	rights_init(&rights, ends[1], (char *)"x", 1);
	check("a message with a descriptor", 1, sendmsg(socket, &rights.message, 0));
	close(ends[1]);
	return ends[0];
}

/* Returns the descriptor that comes with a message, or -1. */
static int receive_end_of_pipe(int socket)
{
	struct rights rights;
	char byte;

	rights_init(&rights, -1, &byte, 1);
	check("a message", 1, recvmsg(socket, &rights.message, 0));
	return rights_fd(&rights);
}

static void see_end_of_pipe(const char *what, int end)
{
	char byte;

	check(what, 0, read(end, &byte, 1));
	close(end);
}

static void send_to_liar(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), end, came;

	alarm(60);
	end = send_end_of_pipe(fd);
	came = receive_end_of_pipe(fd);
	check("a descriptor", 1, came >= 0 && write(came, "y", 1) == 1);
	check("the same again", -1, receive_end_of_pipe(fd));
	close(came);
	check("what went through it", 1, read(end, &(char){ 0 }, 1));
	see_end_of_pipe("its end", end);
	see_end_of_pipe("for nobody", send_end_of_pipe(fd));
	see_end_of_pipe("dropped", send_end_of_pipe(fd));
	check("what was dropped", -1, receive_end_of_pipe(fd));
	end = send_end_of_pipe(fd);
	check("accept", -1, accept(fd, NULL, NULL));
	check("its errno", EIO, errno);
	see_end_of_pipe("what was accepted", end);
	close(fd);
}

/* The number of a message's files is what the server may lie about. */
static void lie_about_number(int receive, uint64_t number, uint64_t socket, int which)
{
	check("a number", 1, number != 0);
	if (which == 1)
		return; /* says nothing */
	check("for nobody", -ENOENT, ipc_wait_at(receive, number, socket + 99));
	check("a wrong number", -ENOENT, ipc_wait_at(receive, number + 99, socket));
	check("an open file", -ENOENT, ipc_wait_at(receive, socket, socket));
	check("a file made from it", -EINVAL, ipc_connect(receive, 0, number, 0));
	check("and joined", -EINVAL, ipc_connect(receive, socket, number, 0));
	check("joined with it", -EINVAL, ipc_join(receive, number, socket));
	check("for the socket", 0, ipc_wait_at(receive, number, socket));
	check("for it again", -EINVAL, ipc_wait_at(receive, number, socket));
	if (which == 2)
		check("drop", 0, ipc_drop(receive, number));
}

static int lies_about_descriptors(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), status = -1, nsent = 0;
	struct {
		struct served_address address;
		char byte;
	} letter = { 0 };
	struct ipc_message m = { 0 };
	uint64_t generation = 0, socket = 0;
	pid_t user;
	long rcvid;

	check("name for sockets", 0, ipc_name(AT_FDCWD, SOCKETS, 0600, send));
	user = fork();
	if (user == 0) {
		close(receive);
		close(send);
		send_to_liar();
		fflush(stdout);
		_exit(0);
	}
	for (;;) {
		long done = 0;

		rcvid = ipc_receive(receive, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED && m.badge == socket)
			break;
		if (rcvid <= 0)
			continue;
		socket = m.badge;
		if (SERVED_OP(m.word[0]) == SERVED_CTL &&
		    m.word[1] == SERVED_SOCKET_CALL(SYS_sendmsg)) {
			ipc_read(receive, rcvid, &letter, sizeof(letter), 0);
			lie_about_number(receive, letter.address.files, m.badge, nsent++);
			done = 1;
		} else if (SERVED_OP(m.word[0]) == SERVED_CTL &&
			   m.word[1] == SERVED_SOCKET_CALL(SYS_recvmsg)) {
			ipc_write(receive, rcvid, &letter, sizeof(letter), 0);
			done = 1;
		}
		m.word[3] = m.word[1] == SERVED_SOCKET_CALL(SYS_accept)
				    ? letter.address.files & ~IPC_BADGE_SERVED
				    : 0;
		m.word[0] = (uint64_t)done;
		m.word[1] = SERVED_STATE(++generation, POLLIN | POLLOUT);
		ipc_reply(receive, rcvid, &m);
	}
	waitpid(user, &status, 0);
	check("who sends to a liar", 0, status);
	unlink(SOCKETS);
	close(send);
	close(receive);
	puts("lies about descriptors: ok");
	return 0;
}

/* ---- the list of files ---- */

/* A program opens what it serves itself, and a file whose server is in the list of its files. */
static int lists(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 9, 0);
	struct served_file files[2];
	struct ipc_message m;
	pid_t opener;
	long rcvid;

	ipc_name(AT_FDCWD, "/run/mine", 0600, send);
	check("open by the server", -1, open("/run/mine", O_RDWR));
	check("its errno", EDEADLK, errno);
	while (ipc_receive(receive, &m, IPC_NOW) == 0)
		;
	opener = fork();
	if (opener == 0) {
		close(receive);
		_exit(open("/run/mine", O_RDONLY) < 0 ? errno : 0);
	}
	rcvid = ipc_receive(receive, &m, IPC_NEVER);
	check("what it asks", SERVED_OPEN, SERVED_OP(m.word[0]));
	check("flags, with O_LARGEFILE", 0100000, (long)(uint32_t)m.word[1]);
	check("pid", opener, (long)(m.word[1] >> 32));
	check("uid and gid", 0, (long)m.word[2]);
	check("badge of the name", 9, (long)m.word[3]);
	check("files", 1, ipc_files(receive, 0, files, 2));
	check("its cookie", (long)m.badge, (long)files[0].cookie);
	check("as it was asked", 0, memcmp(files[0].open, &m.word[1], sizeof(files[0].open)));
	check("after it", 0, ipc_files(receive, files[0].cookie + 1, files, 2));
	check("at no address", -EFAULT, ipc_files(receive, 0, (void *)nowhere, 2));
	m.word[0] = (uint64_t)-EACCES;
	ipc_reply(receive, rcvid, &m);
	wait((int *)&rcvid);
	check("what the server has said", EACCES, WEXITSTATUS((int)rcvid));
	puts("lists: ok");
	return 0;
}

/* ---- a server that is killed, and started again ---- */

static ssize_t echo_write(struct serve_file *file, struct serve_request *request)
{
	char text[SERVE_QUEUE_BYTES];
	size_t n = serve_take(request, text, sizeof(text));

	return serve_queue_put(file->data, request, text, n);
}

static ssize_t echo_read(struct serve_file *file, struct serve_request *request)
{
	return serve_queue_get(file->data, request);
}

static unsigned echo_events(struct serve_file *file)
{
	return serve_queue_events(file->data);
}

static const struct serve_ops echo = {
	.data_size = sizeof(struct serve_queue),
	.read = echo_read,
	.write = echo_write,
	.events = echo_events,
	.traced = killed_traced,
};

static int serve_echo(int argc, char **argv)
{
	return serve_main(argc, argv, &echo);
}

static size_t piece_of(size_t at, size_t most)
{
	return 1 + at * 7 % most;
}

static int writer(int fd, size_t total)
{
	char bytes[64];

	for (size_t done = 0; done < total;) {
		size_t n = piece_of(done, sizeof(bytes));
		ssize_t written;

		n = n < total - done ? n : total - done;
		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)((done + i) % 251);
		written = write(fd, bytes, n);
		if (written != (ssize_t)n) {
			printf("write at %zu: %zd, %s\n", done, written, strerror(errno));
			return 1;
		}
		done += n;
	}
	return 0;
}

static int reader(int fd, size_t total)
{
	char bytes[64];

	for (size_t done = 0; done < total;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (done % 3 == 0)
			poll(&poll_fd, 1, -1);
		n = read(fd, bytes, piece_of(done, sizeof(bytes)));
		if (n <= 0) {
			printf("read at %zu: %zd, %s\n", done, n, strerror(errno));
			return 1;
		}
		for (ssize_t i = 0; i < n; i++)
			if (bytes[i] != (char)((done + (size_t)i) % 251)) {
				printf("byte %zu is another one\n", done + (size_t)i);
				return 1;
			}
		done += (size_t)n;
	}
	return 0;
}

static pid_t in_child(int (*function)(int, size_t), int fd, size_t total)
{
	pid_t pid = fork();

	if (pid == 0) {
		int status = function(fd, total);

		fflush(stdout);
		_exit(status);
	}
	return pid;
}

#define ECHO "/srv/echo"

/* A writer and a reader of one file: all bytes come in their order. */
static int use_echo(size_t total)
{
	int fd = open(ECHO, O_RDWR), one, other;

	if (fd < 0)
		printf("open: %s\n", strerror(errno));
	fflush(stdout);
	in_child(writer, fd, total);
	in_child(reader, fd, total);
	wait(&one);
	wait(&other);
	return fd < 0 || one || other;
}

static const struct killed_server echo_server = {
	.path = ECHO,
	.recovery = 1 << 16,
	.life = 19,
	.serve = serve_echo,
	.use = use_echo,
};

/* ---- a server that process 1 keeps ---- */

/* Returns its pid, once there is another one than `before`. */
static pid_t server_after(pid_t before)
{
	pid_t pid = 0;

	UNTIL("the server is started", ({
		      FILE *status = fopen("/run/servers", "r");

		      if (!status || fscanf(status, "rot13 %d", &pid) != 1)
			      pid = 0;
		      if (status)
			      fclose(status);
		      pid != 0 && pid != before;
	      }));
	return pid;
}

/* It is sent the signal five times, or once if that does not end it. */
static int supervised(int sig)
{
	int fd = open("/dev/rot13", O_RDWR);
	pid_t server = server_after(0);

	say("open", fd < 0 ? -1 : 0);
	say("write", write(fd, "Uryyb", 5));
	for (int i = 0; i < (sig == SIGKILL ? 5 : 1); i++) {
		kill(server, sig);
		say_text("read", fd, 2);
		say("write", write(fd, "n", 1));
		server = server_after(server);
	}
	say_text("all of it", fd, 100);
	return 0;
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	killed_init();
	if (argc < 2)
		return rot13();
	if (strcmp(argv[1], "refused") == 0)
		return refused() || lists() || lies_about_sockets() || lies_about_descriptors();
	if (strcmp(argv[1], "supervised") == 0)
		return supervised(atoi(argv[2]));
	return strcmp(argv[1], "steps") == 0
		       ? killed_at_each_step(&echo_server, 2000, 10)
		       : killed_often(&echo_server, 20000, (unsigned)atoi(argv[1]));
}
