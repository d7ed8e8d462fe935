/* SPDX-License-Identifier: MIT */
/* Runs a program while the server of pseudo-terminals is killed again and again. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each that ends soon is started again later than the one before: so many do not take long. */
#define DEATHS 8

static pid_t find_server(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(processes))) {
		char path[300], comm[16] = "";
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		n = read(fd, comm, sizeof(comm) - 1);
		close(fd);
		if (n > 0 && strcmp(comm, "ttyd\n") == 0)
			found = atoi(entry->d_name);
	}
	closedir(processes);
	return found;
}

/* It is in a session of its own, and has the streams. Standard error says how many servers it took. */
int main(int argc, char **argv)
{
	unsigned nkilled = 0, seed = 1;
	pid_t user, server, last = 0;
	int status = 0;

	if (argc < 2)
		return 2;
	user = fork();
	if (user == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	while (waitpid(user, &status, WNOHANG) == 0) {
		server = nkilled < DEATHS ? find_server() : 0;
		if (server != 0 && server != last && kill(server, SIGKILL) == 0) {
			last = server;
			nkilled++;
		}
		usleep(1000 +
		       (useconds_t)rand_r(&seed) % 20000); /* the next one works for a while */
	}
	fprintf(stderr, "%u servers\n", nkilled);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
