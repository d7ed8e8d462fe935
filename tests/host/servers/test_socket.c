/* SPDX-License-Identifier: MIT */
/* File servers at a socket: messages that come in pieces, and streams that end or are no messages. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file_server.h"
#include "test.h"

static struct file_server server;
static pid_t child;

static int dir_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	return -ENOENT;
}

static int dir_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	ret->mode = S_IFDIR | 0755;
	return 0;
}

static const struct file_ops ops = { .walk = dir_walk, .getattr = dir_getattr };

/* Starts a server whose process ends with the result. Returns our end of its socket. */
static int start(void)
{
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	child = fork();
	if (child == 0) {
		close(ends[0]);
		file_server_init(&server, &ops, NULL);
		_exit(-file_server_socket(&server, ends[1]));
	}
	close(ends[1]);
	return ends[0];
}

/* Ends what we send. Returns the server's errno. */
static int finish(int fd)
{
	int status = 0;

	shutdown(fd, SHUT_WR);
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	close(fd);
	return WEXITSTATUS(status);
}

static size_t version(uint8_t *to)
{
	return (size_t)p9_encode_tversion(to, 100, P9_NOTAG,
					  &(struct p9_tversion){ 8192, p9_string(P9_VERSION) });
}

static void expect_version(int fd, size_t size)
{
	uint8_t reply[100] = { 0 };

	for (size_t n = 0; n < size;) {
		ssize_t got = read(fd, reply + n, size - n);

		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_int_equal(size, p9_claimed_size(reply));
	assert_int_equal(P9_RVERSION, reply[4]);
}

TEST(messages_in_pieces_and_together)
{
	uint8_t bytes[200];
	size_t n = version(bytes);
	int fd = start();

	for (size_t i = 0; i < n; i++)
		assert_int_equal(1, write(fd, bytes + i, 1));
	expect_version(fd, n);
	memcpy(bytes + n, bytes, n);
	assert_int_equal(2 * n, write(fd, bytes, 2 * n));
	expect_version(fd, n);
	expect_version(fd, n);
	assert_int_equal(0, finish(fd));
}

TEST(stream_that_ends_in_a_message)
{
	uint8_t bytes[100];
	size_t n = version(bytes);

	for (size_t i = 0; i < n; i++) {
		int fd = start();

		assert_int_equal(i, write(fd, bytes, i));
		assert_int_equal(i == 0 ? 0 : EIO, finish(fd));
	}
}

TEST(sizes_that_cannot_be)
{
	static const uint32_t sizes[] = { 0, 3, 6, FILE_SERVER_MSIZE + 1, UINT32_MAX };

	for (unsigned i = 0; i < 5; i++) {
		int fd = start();

		assert_int_equal(4, write(fd, &sizes[i], 4));
		assert_int_equal(EPROTO, finish(fd));
	}
}

TEST(client_that_does_not_wait_for_the_reply)
{
	uint8_t bytes[100];
	size_t n = version(bytes);
	int fd = start(), status = 0;

	assert_int_equal(n, write(fd, bytes, n));
	close(fd);
	assert_int_equal(child, waitpid(child, &status, 0));
	/* By its end, or by SIGPIPE, which file_server_main() ignores. */
	assert_true(WIFEXITED(status) || WTERMSIG(status) == 13);
}
