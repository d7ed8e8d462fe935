/* SPDX-License-Identifier: MIT */
/* Finds a file server's client by the words of its command line. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_server.h"

static int server_usage(void)
{
	fprintf(stderr, "file server: the last words are `--endpoint FD' or `--socket FD'; "
			"serve(1) starts servers\n");
	return 2;
}

int file_server_main(const struct file_ops *ops, void *tree, char *const words[])
{
	static struct file_server server;
	char *end;
	long fd;
	int err;

	if (!words[0] || !words[1] || words[2])
		return server_usage();
	fd = strtol(words[1], &end, 10);
	if (*end || end == words[1] || fd < 0 || fd > 1000000)
		return server_usage();
	signal(SIGPIPE, SIG_IGN);
	file_server_init(&server, ops, tree);
	if (strcmp(words[0], "--endpoint") == 0)
		err = file_server_endpoint(&server, (int)fd);
	else if (strcmp(words[0], "--socket") == 0)
		err = file_server_socket(&server, (int)fd);
	else
		return server_usage();
	if (err)
		fprintf(stderr, "file server: %s\n", strerror(-err));
	return err != 0;
}
