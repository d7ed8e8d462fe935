/* SPDX-License-Identifier: MIT */
/* R155: what is left of sockets when their server is killed, and the next one has taken its place. */
#define _GNU_SOURCE
#include "expect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEATHS 20
#define BYTES  (4u << 20)

static const struct sockaddr_un name = { AF_UNIX, "/run/deaths" };

#define NAME (const struct sockaddr *)&name, sizeof(name)

static pid_t server(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(processes))) {
		char path[300], comm[16] = "";
		int fd, n = 0;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		n = (int)read(fd, comm, sizeof(comm) - 1);
		close(fd);
		if (n > 0 && strcmp(comm, "sockd\n") == 0)
			found = atoi(entry->d_name);
	}
	closedir(processes);
	return found;
}

/* Kills the server, and any call that asks it comes to the next one. */
static void kill_server(void)
{
	pid_t pid;

	while ((pid = server()) == 0)
		usleep(1000); /* the next one has not started yet */
	kill(pid, SIGKILL);
}

static long error_of(long result)
{
	return result < 0 ? -errno : result;
}

static void names_and_connections_stay(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	int late = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	struct sockaddr_un found;
	struct ucred peer;
	socklen_t n = sizeof(found);
	char text[8] = "";

	unlink(name.sun_path);
	expect("bind", 0, bind(listener, NAME));
	expect("listen", 0, listen(listener, 5));
	expect("connect", 0, connect(client, NAME));
	expect("write, not accepted yet", 5, write(client, "early", 5));
	kill_server();
	expect("accept of who came before", 1, (fd = accept(listener, NULL, NULL)) > 0);
	expect("its bytes", 5, read(fd, text, sizeof(text)));
	expect("as they were", 0, memcmp(text, "early", 5));
	kill_server();
	expect("write after it", 5, write(fd, "later", 5));
	expect("read after it", 5, read(client, text, sizeof(text)));
	expect("getpeername", 0, getpeername(client, (struct sockaddr *)&found, &n));
	expect("the name", 0, strcmp(found.sun_path, name.sun_path));
	n = sizeof(peer);
	expect("SO_PEERCRED", 0, getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n));
	expect("pid", getpid(), peer.pid);
	expect("connect to the same", 0, connect(late, NAME));
	unlink(name.sun_path);
	expect("bind anew", 0, bind(other, NAME));
	close(listener);
	close(client);
	close(late);
	close(other);
	close(fd);
}

static void messages_are_lost(int type, long said)
{
	int fd[2];
	char text[8];

	expect("socketpair", 0, socketpair(AF_UNIX, type, 0, fd));
	expect("send", 4, send(fd[0], "lost", 4, 0));
	kill_server();
	expect("what is said of it", said, error_of(recv(fd[1], text, sizeof(text), MSG_DONTWAIT)));
	expect("and once only", -EAGAIN, error_of(recv(fd[1], text, sizeof(text), MSG_DONTWAIT)));
	expect("send after it", 4, send(fd[0], "next", 4, 0));
	expect("recv after it", 4, recv(fd[1], text, sizeof(text), 0));
	close(fd[0]);
	close(fd[1]);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static int send_bytes(int fd)
{
	static uint8_t bytes[3000];
	size_t at = 0;

	while (at < BYTES) {
		size_t n = BYTES - at < sizeof(bytes) ? BYTES - at : sizeof(bytes);

		for (size_t i = 0; i < n; i++)
			bytes[i] = byte_at(at + i);
		if (write(fd, bytes, n) != (ssize_t)n)
			return 1;
		at += n;
	}
	return 0;
}

/* While bytes go through it, the server is killed again and again. */
static void a_stream_goes_on(void)
{
	static uint8_t bytes[5000];
	size_t at = 0, wrong = 0, deaths = 0;
	int fd[2], status = -1;
	pid_t pid;
	ssize_t n;

	expect("socketpair", 0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	if (fork() == 0) {
		close(fd[1]);
		_exit(send_bytes(fd[0]));
	}
	close(fd[0]);
	while ((n = read(fd[1], bytes, sizeof(bytes))) > 0) {
		for (size_t i = 0; i < (size_t)n; i++)
			wrong += bytes[i] != byte_at(at + i);
		at += (size_t)n;
		if (deaths < DEATHS && at > (deaths + 1) * (BYTES / (DEATHS + 1)) &&
		    (pid = server()) > 0) {
			kill(pid, SIGKILL);
			deaths++;
		}
	}
	expect("how it ends", 0, n);
	expect("bytes", BYTES, (long)at);
	expect("wrong bytes", 0, (long)wrong);
	expect("some deaths", 1, deaths > 0);
	wait(&status);
	expect("who has written", 0, status);
	close(fd[1]);
}

int main(void)
{
	names_and_connections_stay();
	messages_are_lost(SOCK_DGRAM, -EAGAIN);
	messages_are_lost(SOCK_SEQPACKET, -ECONNRESET);
	a_stream_goes_on();
	puts("deaths: ok");
	return 0;
}
