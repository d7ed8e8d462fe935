/* SPDX-License-Identifier: MIT */
/* The example of docs/servers.md with a socket: a service that sends back what it gets, and its client. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct sockaddr_un name = { AF_UNIX, "/run/echo" };

#define NAME (const struct sockaddr *)&name, sizeof(name)

static void echo(int fd)
{
	char text[512];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		if (write(fd, text, (size_t)n) != n)
			break;
	close(fd);
}

static int serve(void)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	unlink(name.sun_path); /* of a service that was there before */
	if (bind(listener, NAME) == 0 && listen(listener, 5) == 0)
		while ((fd = accept(listener, NULL, NULL)) >= 0)
			echo(fd);
	perror("echo");
	return 1;
}

static int ask(const char *text)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char answer[512];
	ssize_t n;

	while (connect(fd, NAME) != 0)
		usleep(10000); /* until the service is there */
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return 1;
	shutdown(fd, SHUT_WR);
	n = recv(fd, answer, sizeof(answer), MSG_WAITALL);
	printf("%.*s\n", (int)n, answer);
	return n < 0;
}

int main(int argc, char **argv)
{
	return argc > 1 ? ask(argv[1]) : serve();
}
