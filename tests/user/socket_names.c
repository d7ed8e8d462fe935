/* SPDX-License-Identifier: MIT */
/* R154, R156: AF_UNIX stream sockets that are found by a name: bind, listen, connect, accept. */
#include "socket_names.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/time.h>

static char buf[100];

static int sock(int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);

	if (fd < 0)
		_exit(91);
	return fd;
}

static void say_name(const char *what, const struct sockaddr_un *name, socklen_t n)
{
	if (n <= PATH_AT)
		say("%s: none, %u bytes\n", what, n);
	else if (name->sun_path[0])
		say("%s: %s, %u bytes\n", what, name->sun_path, n);
	else
		say("%s: @%.*s, %u bytes\n", what, (int)(n - PATH_AT - 1), name->sun_path + 1, n);
}

static void names(const char *who, int fd)
{
	struct sockaddr_un name;
	socklen_t n = sizeof(name);

	say("%s\n", who);
	if (getsockname(fd, (struct sockaddr *)&name, &n) == 0)
		say_name("  own", &name, n);
	else
		result("  own", -1);
	n = sizeof(name);
	if (getpeername(fd, (struct sockaddr *)&name, &n) == 0)
		say_name("  peer", &name, n);
	else
		result("  peer", -1);
}

static void who(const char *what, int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		result(what, -1);
	else
		say("%s: pid %s, uid %d, gid %d\n", what,
		    peer.pid == getpid() ? "own"
		    : peer.pid		 ? "another"
					 : "none",
		    (int)peer.uid, (int)peer.gid);
}

static void options(int fd)
{
	option("SO_SNDBUF", fd, SOL_SOCKET, SO_SNDBUF);
	option("SO_RCVBUF", fd, SOL_SOCKET, SO_RCVBUF);
	option("SO_LINGER", fd, SOL_SOCKET, SO_LINGER);
	option("SO_KEEPALIVE", fd, SOL_SOCKET, SO_KEEPALIVE);
	option("SO_REUSEADDR", fd, SOL_SOCKET, SO_REUSEADDR);
	option("SO_BROADCAST", fd, SOL_SOCKET, SO_BROADCAST);
	option("SO_OOBINLINE", fd, SOL_SOCKET, SO_OOBINLINE);
	option("SO_DONTROUTE", fd, SOL_SOCKET, SO_DONTROUTE);
	option("SO_PASSCRED", fd, SOL_SOCKET, SO_PASSCRED);
	option("SO_PRIORITY", fd, SOL_SOCKET, SO_PRIORITY);
	option("SO_TIMESTAMP", fd, SOL_SOCKET, SO_TIMESTAMP);
}

/* ---- a connection ---- */

static void one_connects(const char *path)
{
	int listener = sock(0), client = sock(0), server, value;
	struct sockaddr_un name;
	socklen_t n = sizeof(name);

	say("a connection by %s\n", path);
	TRY(connect_to(client, path));
	TRY(bind_to(listener, path));
	TRY(connect_to(client, path));
	TRY(accept(listener, NULL, NULL));
	TRY(listen(listener, 5));
	names("listener", listener);
	events("listener", listener);
	n = sizeof(value);
	TRY(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &value, &n));
	say("listens: %d\n", value);
	TRY(connect_to(client, path));
	events("listener", listener);
	events("client", client);
	names("client", client);
	TRY(write(client, "early", 5));
	n = sizeof(name);
	server = accept4(listener, (struct sockaddr *)&name, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	result("accept4", server >= 0 ? 0 : -1);
	say_name("from", &name, n);
	say("%d %#x\n", fcntl(server, F_GETFD), fcntl(server, F_GETFL));
	names("server", server);
	who("client's peer", client);
	who("server's peer", server);
	TRY(read(server, buf, sizeof(buf)));
	TRY(read(server, buf, sizeof(buf)));
	TRY(write(server, "late", 4));
	TRY(read(client, buf, sizeof(buf)));
	events("listener", listener);
	TRY(connect_to(client, path));
	TRY(listen(client, 1));
	TRY(accept(client, NULL, NULL));
	TRY(connect_to(listener, path));
	TRY(write(listener, "x", 1));
	TRY(read(listener, buf, 1));
	TRY(close(listener));
	TRY(write(client, "still", 5));
	TRY(read(server, buf, sizeof(buf)));
	TRY(close(client));
	names("server", server);
	TRY(read(server, buf, sizeof(buf)));
	TRY(close(server));
	client = sock(0);
	TRY(connect_to(client, path));
	close(client);
}

/* ---- names ---- */

static void names_are_files(void)
{
	int fd = sock(0), other = sock(0);
	struct stat st;

	say("names\n");
	umask(027);
	TRY(bind_to(fd, "one"));
	TRY(lstat("one", &st));
	say("%o\n", st.st_mode);
	TRY(bind_to(fd, "two"));
	TRY(access("two", F_OK));
	TRY(bind_to(other, "one"));
	TRY(open("one", O_RDWR));
	TRY(link("one", "linked"));
	TRY(rename("one", "renamed"));
	TRY(listen(fd, 1));
	TRY(connect_to(other, "one"));
	TRY(connect_to(other, "linked"));
	close(other);
	other = sock(0);
	TRY(symlink("renamed", "symbolic"));
	TRY(connect_to(other, "symbolic"));
	close(other);
	other = sock(0);
	TRY(bind_to(other, "symbolic"));
	TRY(unlink("renamed"));
	TRY(bind_to(other, "renamed"));
	TRY(listen(other, 1));
	close(fd);
	fd = sock(0);
	TRY(connect_to(fd, "linked"));
	TRY(connect_to(fd, "renamed"));
	names("fd", fd);
	close(fd);
	close(other);
	fd = sock(0);
	make_file("file", 10);
	TRY(connect_to(fd, "file"));
	TRY(connect_to(fd, "."));
	TRY(connect_to(fd, "none/name"));
	TRY(connect_to(fd, "file/name"));
	TRY(bind_to(fd, "none/name"));
	TRY(bind_to(fd, "file"));
	TRY(bind_to(fd, "/proc/name"));
	unlink("linked");
	unlink("renamed");
	unlink("symbolic");
	unlink("file");
	close(fd);
}

static void addresses_are_looked_at(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char longest[130];
	int fd = sock(0);
	socklen_t n;

	say("addresses\n");
	TRY(bind(fd, (struct sockaddr *)&name, 0));
	TRY(bind(fd, (struct sockaddr *)&name, 1));
	TRY(bind(fd, (struct sockaddr *)&name, 129));
	TRY(bind(fd, (struct sockaddr *)&name, (socklen_t)-1));
	TRY(bind(fd, NULL, sizeof(name)));
	TRY(connect(fd, (struct sockaddr *)&name, 1));
	TRY(connect(fd, (struct sockaddr *)&name, 2));
	TRY(connect(fd, (struct sockaddr *)&name, 3));
	TRY(connect(fd, NULL, sizeof(name)));
	name.sun_family = AF_INET;
	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(connect(fd, (struct sockaddr *)&name, sizeof(name)));
	memset(longest, 'x', sizeof(longest));
	((struct sockaddr_un *)longest)->sun_family = AF_UNIX;
	TRY(bind(fd, (struct sockaddr *)longest, 111));
	TRY(bind(fd, (struct sockaddr *)longest, 110));
	names("longest", fd);
	close(fd);
	longest[110] = '\0';
	TRY(unlink(longest + 2));
	fd = sock(0);
	memcpy(longest + 2, "short\0rest", 10);
	TRY(bind(fd, (struct sockaddr *)longest, 30));
	names("short", fd);
	TRY(unlink("short"));
	close(fd);
	fd = sock(0);
	TRY(listen(fd, 1));
	TRY(bind(fd, (struct sockaddr *)&(sa_family_t){ AF_UNIX }, 2));
	n = sizeof(name);
	TRY(getsockname(fd, (struct sockaddr *)&name, &n));
	say("chosen: %u bytes, abstract: %d\n", n, name.sun_path[0] == '\0');
	TRY(listen(fd, 1));
	close(fd);
}

/* ---- who waits ---- */

static void a_backlog_gets_full(void)
{
	int listener = sock(0), fd[4], server;
	struct pollfd ask;

	say("backlog\n");
	TRY(bind_to(listener, "@backlog"));
	TRY(listen(listener, 1));
	for (int i = 0; i < 4; i++) {
		fd[i] = sock(SOCK_NONBLOCK);
		TRY(connect_to(fd[i], "@backlog"));
	}
	TRY(listen(listener, 3));
	TRY(connect_to(fd[2], "@backlog"));
	for (int i = 0; i < 3; i++) {
		server = accept(listener, NULL, NULL);
		say("accepted %d\n", server >= 0);
		write(server, &i, 1);
		close(server);
	}
	for (int i = 0; i < 3; i++) {
		char c = 9;

		TRY(read(fd[i], &c, 1));
		say("%d\n", c);
	}
	fcntl(listener, F_SETFL, O_NONBLOCK);
	TRY(accept(listener, NULL, NULL));
	TRY(connect_to(fd[3], "@backlog"));
	TRY(write(fd[3], "x", 1));
	close(listener);
	ask = (struct pollfd){ fd[3], POLLIN, 0 };
	poll(&ask, 1, 1000);
	events("not accepted", fd[3]);
	TRY(read(fd[3], buf, 1));
	TRY(read(fd[3], buf, 1));
	TRY(write(fd[3], "x", 1));
	for (int i = 0; i < 4; i++)
		close(fd[i]);
}

static volatile pid_t waiter;

static void *accept_one(void *listener)
{
	int fd;

	waiter = gettid();
	fd = accept(*(int *)listener, NULL, NULL);

	if (fd < 0)
		return (void *)(long)errno;
	close(fd);
	return NULL;
}

static void *connect_one(void *path)
{
	int fd = sock(0);
	long err;

	waiter = gettid();
	err = connect_to(fd, path) == 0 ? 0 : errno;
	close(fd);
	return (void *)err;
}

static void ends(const char *what, pthread_t thread)
{
	void *err = NULL;

	pthread_join(thread, &err);
	say("%s: %s\n", what, err ? strerrorname_np((int)(long)err) : "done");
}

static void some_wait(void)
{
	int listener = sock(0), client = sock(0), other = sock(0);
	pthread_t thread;

	say("waits\n");
	TRY(bind_to(listener, "@waits"));
	TRY(listen(listener, 0));
	pthread_create(&thread, NULL, accept_one, &listener);
	until_thread_sleeps(&waiter);
	TRY(connect_to(client, "@waits"));
	ends("accept", thread);
	close(client);
	TRY(connect_to(other, "@waits"));
	pthread_create(&thread, NULL, connect_one, (void *)"@waits");
	until_thread_sleeps(&waiter);
	say("room\n");
	close(accept(listener, NULL, NULL));
	ends("connect", thread);
	pthread_create(&thread, NULL, connect_one, (void *)"@waits");
	until_thread_sleeps(&waiter);
	say("no listener\n");
	close(listener);
	ends("connect", thread);
	close(other);
	listener = sock(0);
	TRY(bind_to(listener, "@waits"));
	TRY(listen(listener, 0));
	pthread_create(&thread, NULL, accept_one, &listener);
	until_thread_sleeps(&waiter);
	TRY(shutdown(listener, SHUT_RDWR));
	ends("accept", thread);
	events("listener", listener);
	client = sock(0);
	TRY(connect_to(client, "@waits"));
	close(client);
	close(listener);
}

static void ignore(int sig)
{
	(void)sig;
}

static void signals_end_waits(void)
{
	struct sigaction how = { .sa_handler = ignore };
	struct itimerval soon = { .it_value = { 0, 50000 } };
	int listener = sock(0);

	say("signals\n");
	sigaction(SIGALRM, &how, NULL);
	bind_to(listener, "@signals");
	listen(listener, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(accept(listener, NULL, NULL));
	close(listener);
}

static void epoll_sees_it(void)
{
	int set = epoll_create1(0), listener = sock(SOCK_NONBLOCK), client = sock(SOCK_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int server;

	say("epoll\n");
	bind_to(listener, "@epoll");
	listen(listener, 5);
	event.data.u32 = 1;
	epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
	event.data.u32 = 2;
	epoll_ctl(set, EPOLL_CTL_ADD, client, &event);
	for (int n; (n = epoll_wait(set, &event, 1, 0)) > 0;)
		say("%u: %#x\n", event.data.u32, event.events);
	TRY(connect_to(client, "@epoll"));
	for (int n; (n = epoll_wait(set, &event, 1, 0)) > 0;)
		if (event.data.u32 == 1)
			say("%u: %#x\n", event.data.u32, event.events);
	server = accept(listener, NULL, NULL);
	TRY(write(server, "x", 1));
	for (int n; (n = epoll_wait(set, &event, 1, 0)) > 0;)
		say("%u: %#x\n", event.data.u32, event.events);
	TRY(close(server));
	for (int n; (n = epoll_wait(set, &event, 1, 0)) > 0;)
		say("%u: %#x\n", event.data.u32, event.events);
	close(set);
	close(listener);
	close(client);
}

/* ---- rights ---- */

static int as_another(void *unused)
{
	int fd = sock(0);

	(void)unused;
	if (setgid(100) != 0 || setuid(1000) != 0)
		_exit(92);
	TRY(connect_to(fd, "dir/closed"));
	TRY(connect_to(fd, "dir/open"));
	TRY(connect_to(fd, "hidden/open"));
	close(fd);
	fd = sock(0);
	TRY(connect_to(fd, "@abstract"));
	who("as another", fd);
	TRY(bind_to(fd, "dir/other"));
	return 0;
}

static void others_need_rights(void)
{
	int closed = sock(0), open = sock(0), hidden = sock(0), abstract = sock(0);

	say("rights\n");
	umask(0);
	mkdir("dir", 0755);
	mkdir("hidden", 0700);
	bind_to(closed, "dir/closed");
	chmod("dir/closed", 0600);
	bind_to(open, "dir/open");
	bind_to(hidden, "hidden/open");
	bind_to(abstract, "@abstract");
	listen(closed, 1);
	listen(open, 1);
	listen(hidden, 1);
	listen(abstract, 1);
	chmod(".", 0755);
	in_child("another", as_another, NULL);
	close(accept(open, NULL, NULL));
	open = accept(abstract, NULL, NULL);
	who("its peer", open);
	close(closed);
	close(open);
	close(hidden);
	close(abstract);
	unlink("dir/closed");
	unlink("dir/open");
	unlink("hidden/open");
	rmdir("dir");
	rmdir("hidden");
}

static int echo(void *listener)
{
	int fd = accept(*(int *)listener, NULL, NULL);
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return 1;
	return 0;
}

static void processes_talk(void)
{
	int listener = sock(0), client = sock(0), status = -1;
	pid_t child;

	say("processes\n");
	bind_to(listener, "@talk");
	listen(listener, 1);
	child = fork();
	if (child == 0) {
		close(client);
		_exit(echo(&listener));
	}
	close(listener);
	TRY(connect_to(client, "@talk"));
	who("in the parent", client);
	TRY(write(client, "hello", 5));
	TRY(recv(client, buf, 5, MSG_WAITALL));
	who("its peer", client);
	close(client);
	waitpid(child, &status, 0);
	ended("child", status);
}

/* What a socket that is accepted has of the one that listens: only whether it asks for credentials. */
static void options_go_on(int type)
{
	int listener = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0), server;
	const struct linger some = { 1, 7 };

	say("options go on\n");
	set("SO_SNDBUF", listener, SOL_SOCKET, SO_SNDBUF, 20000);
	set("SO_RCVBUF", listener, SOL_SOCKET, SO_RCVBUF, 10000);
	set("SO_KEEPALIVE", listener, SOL_SOCKET, SO_KEEPALIVE, 1);
	set("SO_REUSEADDR", listener, SOL_SOCKET, SO_REUSEADDR, 1);
	set("SO_BROADCAST", listener, SOL_SOCKET, SO_BROADCAST, 1);
	set("SO_OOBINLINE", listener, SOL_SOCKET, SO_OOBINLINE, 1);
	set("SO_DONTROUTE", listener, SOL_SOCKET, SO_DONTROUTE, 1);
	set("SO_PASSCRED", listener, SOL_SOCKET, SO_PASSCRED, 1);
	set("SO_PRIORITY", listener, SOL_SOCKET, SO_PRIORITY, 3);
	set("SO_TIMESTAMP", listener, SOL_SOCKET, SO_TIMESTAMP, 1);
	TRY(setsockopt(listener, SOL_SOCKET, SO_LINGER, &some, sizeof(some)));
	TRY(bind_to(listener, "@options"));
	TRY(listen(listener, 1));
	TRY(connect_to(client, "@options"));
	server = accept(listener, NULL, NULL);
	options(server);
	options(client);
	close(server);
	close(client);
	close(listener);
}

/* Of several errors, the one of the name comes before that of the socket that connects. */
static void connected_ones_look(void)
{
	int listener = sock(0), client = sock(0), server, packets;

	say("connected\n");
	packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	TRY(bind_to(packets, "@packets"));
	TRY(bind_to(listener, "@listens"));
	TRY(listen(listener, 5));
	TRY(listen(packets, 5));
	TRY(connect_to(client, "@listens"));
	TRY(connect_to(client, "@nobody"));
	TRY(connect_to(client, "@packets"));
	server = accept(listener, NULL, NULL);
	TRY(connect_to(client, "@listens"));
	TRY(connect_to(server, "@nobody"));
	TRY(connect_to(server, "@listens"));
	TRY(connect_to(listener, "@nobody"));
	TRY(connect_to(listener, "@packets"));
	TRY(connect_to(listener, "@listens"));
	close(server);
	close(client);
	close(listener);
	close(packets);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	one_connects("name");
	unlink("name");
	one_connects("@name");
	names_are_files();
	addresses_are_looked_at();
	a_backlog_gets_full();
	some_wait();
	signals_end_waits();
	epoll_sees_it();
	others_need_rights();
	processes_talk();
	options_go_on(SOCK_STREAM);
	options_go_on(SOCK_SEQPACKET);
	connected_ones_look();
	return 0;
}
