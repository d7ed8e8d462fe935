/* SPDX-License-Identifier: MIT */
/* The write-back of a served file that is preempted, by who truncates the file or stores to it again. */
#include "preempt_sweep.h"
#include "preempt_sweep_ipc.h"
#include "servers/file_server.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE	 4096ul
#define PAGES	 4ul
#define CUT_SIZE 100ul
#define OLD	 2 /* seconds, after which a page is written if nobody hurries */

/* What the server has: the size, and the file's first byte. */
static volatile struct {
	uint64_t size;
	uint8_t byte;
} * has;

/* ---- a server of one file that can be written ---- */

static struct file_server file_server;

static int walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	(void)tree;
	(void)dir;
	*ret = p9_string_is(name, "..") ? 0 : 1;
	return 0;
}

static int getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	ret->mode = file == 0 ? S_IFDIR | 0755 : S_IFREG | 0644;
	ret->nlink = 1;
	ret->size = file == 0 ? 0 : has->size;
	return 0;
}

static ssize_t read_zeros(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			  const void **data)
{
	(void)tree;
	(void)file;
	(void)data;
	if (offset >= has->size)
		return 0;
	n = n < has->size - offset ? n : has->size - offset;
	memset(buf, 0, n);
	return (ssize_t)n;
}

static const struct file_ops ops = { .walk = walk, .getattr = getattr, .read = read_zeros };

static ssize_t take_write(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_twrite ask;
	struct p9_rwrite say;

	if (p9_decode_twrite(packet, &ask) || !ask.count)
		return 0;
	if (ask.offset == 0)
		has->byte = *(const uint8_t *)ask.data;
	if (has->size < ask.offset + ask.count)
		has->size = ask.offset + ask.count;
	say.count = ask.count;
	return p9_encode_rwrite(file_server.reply, sizeof(file_server.reply), tag, &say);
}

static ssize_t take_size(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tsetattr ask;

	if (p9_decode_tsetattr(packet, &ask))
		return 0;
	if (ask.valid & P9_SETATTR_SIZE)
		has->size = ask.size;
	return p9_encode_rsetattr(file_server.reply, sizeof(file_server.reply), tag);
}

/* The library refuses whoever wants to write: what an open asks for is hidden from it. */
static size_t answer(size_t n)
{
	struct p9_packet packet = p9_packet(file_server.request, n);
	struct file_reply reply;
	struct p9_header header;

	if (p9_peek(&packet, &header))
		return 0;
	if (header.type == P9_TWRITE)
		return (size_t)take_write(&packet, header.tag);
	if (header.type == P9_TSETATTR)
		return (size_t)take_size(&packet, header.tag);
	if (header.type == P9_TLOPEN)
		memset(file_server.request + n - sizeof(uint32_t), 0, sizeof(uint32_t));
	file_server_answer(&file_server, n, &reply);
	if (reply.ndata)
		memmove(file_server.reply + reply.nhead, reply.data, reply.ndata);
	return reply.nhead + reply.ndata;
}

static int serve_file(void)
{
	struct ipc_message m = { { 0 }, 0 };
	long rcvid = 0;

	file_server_init(&file_server, &ops, NULL);
	for (;;) {
		rcvid = ipc_reply_receive(receive_end, rcvid, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			return 0;
		if (rcvid <= 0) {
			rcvid = 0;
			continue;
		}
		if (m.word[0] > sizeof(file_server.request) ||
		    ipc_read(receive_end, rcvid, file_server.request, m.word[0], 0) !=
			    (long)m.word[0])
			return 1;
		m.word[0] = answer(m.word[0]);
		if (ipc_write(receive_end, rcvid, file_server.reply, m.word[0], 0) !=
		    (long)m.word[0])
			return 2;
	}
}

/* ---- what both sweeps use ---- */

static int file;

static void prepare_file(void)
{
	char options[32];

	if (!has)
		has = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	has->size = PAGES * PAGE;
	has->byte = 0;
	mkdir("/written", 0755);
	start_server(serve_file);
	snprintf(options, sizeof(options), "fd=%d", send_end);
	expect(mount("sweep", "/written", "9p", 0, options) == 0, "mount", 0);
	file = open("/written/file", O_RDWR);
	expect(file >= 0, "open", file);
}

static void end_file(void)
{
	int status;

	expect(umount("/written") == 0, "umount", 0);
	status = stop_server();
	expect(status == 0, "the server's status", status);
}

/* ---- a truncation ---- */

static void prepare_truncate(void)
{
	static const char bytes[PAGES * PAGE] = { 1 };

	prepare_file();
	expect(write(file, bytes, sizeof(bytes)) == sizeof(bytes), "write", 0);
}

static void call_sync(void)
{
	arm();
	expect(CALL(fsync, (uint64_t)file) == 0, "fsync", 0);
}

static void compete_truncate(void)
{
	expect(CALL(ftruncate, (uint64_t)file, CUT_SIZE) == 0, "ftruncate", 0);
}

/* What is cut off does not come back. */
static void check_truncate(void)
{
	uint64_t size = common->competed ? CUT_SIZE : PAGES * PAGE;
	struct stat st;

	expect(has->size == size, "the size that the server has", (long)has->size);
	expect(fstat(file, &st) == 0 && (uint64_t)st.st_size == size, "the size", st.st_size);
	expect(close(file) == 0, "close", 0);
	end_file();
}

/* ---- a store just before the kernel thread strikes the file off its list ---- */

static volatile uint8_t *page, *other;

static volatile uint8_t *map_file(void)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	expect(at != MAP_FAILED, "mmap", 0);
	return at;
}

static void prepare_age(void)
{
	prepare_file();
	page = map_file();
	other = map_file();
	expect(close(file) == 0, "close", 0); /* or the competitor's end would do so, and write */
	*page = 1;
}

static void unmap(volatile uint8_t *at)
{
	munmap((void *)(uintptr_t)at, PAGE);
}

/* The kernel thread writes after an munmap(). When that is done it looks once more, and is preempted there. */
static void call_age(void)
{
	arm();
	unmap(other);
	while (has->byte == 0)
		yield();
	for (int i = 0; i < 8; i++)
		yield();
}

static void compete_store(void)
{
	*page = 2;
}

/* Nobody hurries: it is written when it is old. */
static void check_age(void)
{
	const struct timespec old = { .tv_sec = OLD, .tv_nsec = 500000000 };

	if (common->competed) {
		CALL(nanosleep, (uint64_t)&old, 0);
		expect(has->byte == 2, "the byte that the server has", has->byte);
	}
	unmap(page);
	end_file();
}

const struct sweep write_sweeps[] = {
	{ .name = "p9_truncate",
	  .prepare = prepare_truncate,
	  .call = call_sync,
	  .compete = compete_truncate,
	  .check = check_truncate,
	  .timed = 1,
	  .from = 4000,
	  .to = 12000,
	  .length = 8000 },
	{ .name = NULL },
};

/* It waits for seconds: quick where the time of an idle machine passes at once. */
const struct sweep slow_sweeps[] = {
	{ .name = "p9_age",
	  .prepare = prepare_age,
	  .call = call_age,
	  .compete = compete_store,
	  .check = check_age,
	  .timed = 1,
	  .from = 40000,
	  .length = 8000 },
	{ .name = NULL },
};
