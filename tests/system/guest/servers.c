/* SPDX-License-Identifier: MIT */
/* File servers at endpoints: started by server_start(), asked in 9P by calls, closed, killed (R140, R141, R146). */
#define _GNU_SOURCE
#include "servers/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/p9/p9.h"
#include "expect.h"

#define MSIZE 16384u
#define LINE  64u

/* ---- a 9P client ---- */

static int send_end;
static uint8_t request[MSIZE], reply[MSIZE + LINE];

/* Sends a request of n bytes. Returns the reply's size, or a negative errno. */
static long call(ssize_t n, size_t room)
{
	struct ipc_transfer with = {
		.send = request, .send_length = (size_t)n, .receive = reply, .receive_length = room
	};
	struct ipc_message m = { { (uint64_t)n }, 0 };
	long err;

	memcpy(&m.word[1], request, (size_t)n < 24 ? (size_t)n : 24); /* as the kernel does */
	memset(reply, 0xee, sizeof(reply));
	memset(reply, 0, sizeof(uint32_t));
	err = ipc_call_with(send_end, &m, &with, IPC_NEVER);
	if (!err && p9_claimed_size(reply) == 0) {
		memcpy(reply, &m.word[1], P9_RREAD_HEAD_BYTES);
		if (m.word[0] <= 24 && reply[4] != P9_RREAD)
			memcpy(reply, &m.word[1], m.word[0]);
	}
	return err ? err : (long)m.word[0];
}

static int begin(void)
{
	struct p9_tversion version = { MSIZE, { P9_VERSION, strlen(P9_VERSION) } };
	struct p9_tattach attach = { .fid = 0, .afid = P9_NOFID };
	struct p9_rversion version_reply;
	struct p9_rattach attach_reply;
	struct p9_packet packet;
	long n = call(p9_encode_tversion(request, MSIZE, P9_NOTAG, &version), MSIZE);
	int err;

	if (n < 0)
		return (int)n;
	packet = p9_packet(reply, (size_t)n);
	err = p9_decode_rversion(&packet, P9_NOTAG, MSIZE, &version_reply);
	if (err)
		return err;
	expect("msize", MSIZE, version_reply.msize);
	n = call(p9_encode_tattach(request, MSIZE, 1, &attach), MSIZE);
	packet = p9_packet(reply, n > 0 ? (size_t)n : 0);
	return p9_decode_rattach(&packet, 1, &attach_reply);
}

static int walk_and_open(uint32_t fid, const char *name)
{
	struct p9_twalk walk = { .newfid = fid, .nwname = 1, .wname[0] = { name, strlen(name) } };
	struct p9_tlopen open = { .fid = fid };
	struct p9_rwalk walk_reply;
	struct p9_rlopen open_reply;
	long n = call(p9_encode_twalk(request, MSIZE, 2, &walk), MSIZE);
	struct p9_packet packet = p9_packet(reply, n > 0 ? (size_t)n : 0);
	int err = p9_decode_rwalk(&packet, 2, 1, &walk_reply);

	if (err)
		return err;
	n = call(p9_encode_tlopen(request, MSIZE, 3, &open), MSIZE);
	packet = p9_packet(reply, n > 0 ? (size_t)n : 0);
	return p9_decode_rlopen(&packet, 3, &open_reply);
}

/* Reads. The data is in `reply`, behind P9_RREAD_HEAD_BYTES. */
static long read_at(uint32_t fid, uint64_t offset, uint32_t count)
{
	struct p9_tread read = { fid, offset, count };
	struct p9_rread read_reply;
	long n = call(p9_encode_tread(request, MSIZE, 4, &read), P9_RREAD_HEAD_BYTES + count);
	struct p9_packet packet = p9_packet(reply, n > 0 ? (size_t)n : 0);
	int err = p9_decode_rread(&packet, 4, count, &read_reply);

	if (n > 0)
		expect("the byte behind the reply", 0xee, reply[n]);
	return err ? err : (long)read_reply.count;
}

/* ---- madeup ---- */

static char *madeup[] = { "/bin/madeup", NULL };

static pid_t start(char *const argv[])
{
	pid_t pid = -1;

	send_end = server_start(argv, &pid);
	if (send_end < 0) {
		expect(argv[0], 0, send_end);
		exit(1);
	}
	expect("the flag of the send end", FD_CLOEXEC, fcntl(send_end, F_GETFD));
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	expect("wait", pid, waitpid(pid, &status, 0));
	return status;
}

/* Multiplies what a line says: "360 = 2^3 * 3^2 * 5". */
static uint64_t product(const char *line)
{
	const char *at = strchr(line, '=');
	uint64_t result = 1;

	while (at && *at) {
		char *end;
		unsigned long base = strtoul(at + 1, &end, 10), power = 1;

		if (*end == '^')
			power = strtoul(end + 1, &end, 10);
		while (power--)
			result *= base;
		at = strchr(end, '*');
	}
	return result;
}

static uint64_t seed = 20261122;

static uint64_t below(uint64_t n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (seed >> 20) % n;
}

/* Lines from anywhere in the 16 GiB say what they should. */
static void random_reads(void)
{
	expect("walk and open", 0, walk_and_open(1, "numbers"));
	expect("no such name", -ENOENT, walk_and_open(2, "letters"));
	for (unsigned i = 0; i < 40; i++) {
		uint64_t n = below(1u << 28), skip = below(LINE);
		char line[LINE + 1] = { 0 };

		expect("read", 4096, read_at(1, n * LINE, 4096));
		memcpy(line, reply + P9_RREAD_HEAD_BYTES, LINE);
		expect("number", (long)n, (long)strtoul(line, NULL, 10));
		if (strchr(line, '='))
			expect("product", (long)n, (long)product(line));
		expect("newline", '\n', line[LINE - 1]);
		expect("read a piece", 10, read_at(1, n * LINE + skip, 10));
		expect("the same bytes", 0,
		       memcmp(reply + P9_RREAD_HEAD_BYTES, line + skip,
			      skip < LINE - 10 ? 10 : LINE - skip));
	}
	expect("read at the end", 1, read_at(1, (1ul << 34) - 1, 100));
	expect("read behind the end", 0, read_at(1, 1ul << 34, 100));
}

/* A client may claim any size, or have no room. It gets no message, and the server lives. */
static void false_sizes(void)
{
	struct p9_tread read = { 1, 0, 100 };
	struct ipc_message m = { { UINT64_MAX }, 0 };
	ssize_t n = p9_encode_tread(request, MSIZE, 5, &read);

	expect("a call without buffers", 0, ipc_call(send_end, &m, IPC_NEVER));
	expect("its reply", 0, (long)m.word[0]);
	expect("a size of 0", 0, call(0, MSIZE));
	expect("half a message", 0, call(n - 1, MSIZE));
	expect("no room for the reply", 0, call(n, 10));
	expect("no room for the data", 0, call(n, P9_RREAD_HEAD_BYTES + 99));
	expect("the server answers still", 100, read_at(1, 0, 100));
}

/* Clients are killed in the middle of calls. */
static void killed_clients(void)
{
	for (unsigned i = 0; i < 10; i++) {
		struct timespec pause = { 0, 200000l * (i % 4) };
		pid_t child = fork();

		if (child == 0)
			for (;;)
				(void)read_at(1, below(1ul << 33), 8000);
		nanosleep(&pause, NULL);
		kill(child, SIGKILL);
		status_of(child);
	}
	expect("read after that", 100, read_at(1, 6400, 100));
}

static void ends_of_servers(void)
{
	pid_t pid = start(madeup);

	expect("begin", 0, begin());
	close(send_end);
	expect("status when the client has closed", 0, status_of(pid));
	pid = start(madeup);
	expect("begin", 0, begin());
	kill(pid, SIGKILL);
	status_of(pid);
	expect("call of a dead server", -EPIPE, begin());
	close(send_end);
}

/* The example of docs/servers.md. */
static void server_of_the_manual(void)
{
	char *words[] = { "/bin/example_files", NULL };
	pid_t pid = start(words);

	expect("begin", 0, begin());
	expect("walk and open", 0, walk_and_open(1, "count"));
	expect("the first read", 11, read_at(1, 0, 100));
	expect("its count", 0, memcmp(reply + P9_RREAD_HEAD_BYTES, "         1\n", 11));
	expect("the second read", 3, read_at(1, 8, 100));
	expect("its count", 0, memcmp(reply + P9_RREAD_HEAD_BYTES, " 2\n", 3));
	expect("the end", 0, read_at(1, 11, 100));
	close(send_end);
	expect("its status", 0, status_of(pid));
}

/* Byte n of "0 1 2 3 ...", which the archive's files have. */
static void make_numbers(char *to, size_t n)
{
	char text[20];

	for (unsigned i = 0; n > 0; i++) {
		size_t len = (size_t)sprintf(text, "%u ", i);

		len = len < n ? len : n;
		memcpy(to, text, len);
		to += len;
		n -= len;
	}
}

/* tests/host/servers/data/tree.cpio */
static void archive_server(void)
{
	char *words[] = { "/bin/cpiofs", "/tree.cpio", NULL };
	pid_t pid = start(words);
	char numbers[MSIZE];

	make_numbers(numbers, sizeof(numbers));
	expect("begin", 0, begin());
	expect("walk and open", 0, walk_and_open(1, "page+"));
	expect("read", 4097, read_at(1, 0, 8192));
	expect("the bytes", 0, memcmp(reply + P9_RREAD_HEAD_BYTES, numbers, 4097));
	expect("walk and open", 0, walk_and_open(2, "large"));
	expect("read inside", 5000, read_at(2, 7777, 5000));
	expect("the bytes", 0, memcmp(reply + P9_RREAD_HEAD_BYTES, numbers + 7777, 5000));
	expect("open a link", -ELOOP, walk_and_open(3, "relative"));
	close(send_end);
	expect("its status", 0, status_of(pid));
}

static void servers_that_give_up(void)
{
	char *no_archive[] = { "/bin/cpiofs", "/bin/madeup", NULL };
	char *too_many_words[] = { "/bin/madeup", "more", NULL };
	pid_t pid = start(no_archive);

	expect("call", -EPIPE, begin());
	expect("status without an archive", 1 << 8, status_of(pid));
	close(send_end);
	pid = start(too_many_words);
	expect("call", -EPIPE, begin());
	expect("status with bad words", 2 << 8, status_of(pid));
	close(send_end);
}

/* ---- servers that are started ---- */

/* As a server: answers one call with the descriptors that are open, a bit each. */
static int tell_descriptors(void)
{
	struct ipc_message m;
	long rcvid = ipc_receive(3, &m, IPC_NEVER);

	m.word[0] = 0;
	for (int fd = 0; fd < 64; fd++)
		m.word[0] |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
	m.word[1] = (uint64_t)(getsid(0) == getpid());
	return rcvid > 0 ? (int)ipc_reply(3, rcvid, &m) : 1;
}

/* The name keeps the send end until it is gone, and the mount does then. */
static void mounted_by_name(void)
{
	pid_t pid = start(madeup);

	expect("name", 0, ipc_name(AT_FDCWD, "/srv/madeup", 0600, send_end));
	close(send_end);
	mkdir("/named", 0755);
	expect("mount of no name", -EINVAL,
	       mount("/srv/other", "/named", "9p", MS_RDONLY, "") ? -errno : 0);
	expect("mount of another file", -EINVAL,
	       mount("/dev/null", "/named", "9p", MS_RDONLY, "") ? -errno : 0);
	expect("mount by name", 0,
	       mount("/srv/madeup", "/named", "9p", MS_RDONLY, "") ? -errno : 0);
	expect("unlink", 0, unlink("/srv/madeup"));
	expect("a file of it", 0, access("/named/numbers", R_OK));
	expect("umount", 0, umount("/named"));
	expect("its status", 0, status_of(pid));
}

static void descriptors_of_a_server(char *self)
{
	char *words[] = { self, "descriptors", NULL };
	int extra = dup(0), far = fcntl(1, F_DUPFD, 40);
	struct ipc_message m = { { 0 }, 0 };
	pid_t pid = start(words);

	expect("call", 0, ipc_call(send_end, &m, IPC_NEVER));
	expect("its descriptors", 0xf, (long)m.word[0]);
	expect("a session of its own", 1, (long)m.word[1]);
	expect("its status", 0, status_of(pid));
	close(send_end);
	close(extra);
	close(far);
}

static void servers_that_cannot_start(void)
{
	char *missing[] = { "/bin/no-such-server", NULL }, *no_program[] = { "/bin", NULL },
	     *many[62];
	int lowest = dup(0), err;
	pid_t pid;

	close(lowest);
	for (unsigned i = 0; i < 61; i++)
		many[i] = "word";
	many[61] = NULL;
	expect("no such program", -ENOENT, server_start(missing, &pid));
	expect("no program", -EACCES, server_start(no_program, &pid));
	expect("too many words", -E2BIG, server_start(many, &pid));
	err = serve_and_mount(madeup, "/no/such/directory", 0, NULL, &pid);
	expect("mounted nowhere", 1, err < 0);
	expect("no process is left", -1, waitpid(-1, NULL, 0));
	err = dup(0);
	expect("no descriptor is left", lowest, err);
	close(err);
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "descriptors") == 0)
		return argc == 4 && strcmp(argv[2], "--endpoint") == 0 ? tell_descriptors() : 1;
	pid = start(madeup);
	expect("begin", 0, begin());
	random_reads();
	false_sizes();
	killed_clients();
	close(send_end);
	expect("its status", 0, status_of(pid));
	ends_of_servers();
	server_of_the_manual();
	archive_server();
	servers_that_give_up();
	mounted_by_name();
	descriptors_of_a_server(argv[0]);
	servers_that_cannot_start();
	if (nwrong == 0)
		puts("servers: ok");
	return nwrong != 0;
}
