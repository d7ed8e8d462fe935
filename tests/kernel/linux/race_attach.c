/* SPDX-License-Identifier: MIT */
/* A server of files ends, and another is attached, while faults, reads, stores, forks and ends need pages of its file. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/ipc.h"
#include "abi/mount.h"
#include "abi/mman.h"
#include "abi/signal.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "desc/fdtable.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/p9/p9.h"
#include "ipc/endpoint.h"
#include "ipc/transfer.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/p9/p9.h"
#include "mm/swap/reclaim.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "linux/signal/kill.h"
#include "tests/kernel/race.h"

#define POINT "/race_m"
#define PATH  "/race_m/f"

#define PAGES 6u
#define HERE  0x40000000ul
#define ENDS  2u /* of servers in a round, and one more now and then: a request survives three */

/* ---- a server ---- */

#define FIDS   64u
#define ROOT   1u
#define FILE_F 2u
#define MSIZE  (4u * PAGE_SIZE)
#define BYTES  64u /* of a request or reply without its payload, or more */

/* Its own memory: what comes, and what it answers, by way of which bytes are copied. */
#define COPY_AT 0x50000000ul

/* What all servers have. Each page of the file has two words, and zeros. */
static uint64_t words[PAGES][2];

struct server {
	struct file *receive; /* its end, which is a descriptor of its process */
	uint32_t is_ready, is_over;
	unsigned left; /* requests after which it ends; 0: it is killed */
	struct {
		uint32_t fid;
		uint64_t path; /* 0: not in use */
	} fids[FIDS];
	uint8_t request[4 * BYTES], reply[4 * BYTES];
};

static struct server server; /* there is one at a time */
static struct file *send_end;
static int server_pid, first_pid, last_pid; /* the first of a round is the first side's child */

/* What stands for the fid; NULL: nothing, or there is no room to `make` it. */
static uint64_t *path_of(uint32_t fid, bool make)
{
	for (unsigned i = 0; i < FIDS; i++)
		if (server.fids[i].path && server.fids[i].fid == fid)
			return &server.fids[i].path;
	for (unsigned i = 0; make && i < FIDS; i++) {
		if (!server.fids[i].path) {
			server.fids[i].fid = fid;
			return &server.fids[i].path;
		}
	}
	return NULL;
}

static struct p9_qid qid_of(uint64_t path)
{
	return (struct p9_qid){ .type = path == ROOT ? P9_QTDIR : 0, .path = path };
}

static ssize_t refuse(uint16_t tag, uint32_t err)
{
	const struct p9_rlerror say = { err };

	return p9_encode_rlerror(server.reply, sizeof(server.reply), tag, &say);
}

/* Copies between the server's memory and the caller's; false: the caller has gone, or the server is killed. */
static bool copy(uint64_t rcvid, size_t offset, void *bytes, size_t n, bool write)
{
	struct call_hold hold;
	size_t wanted = n, done;

	if (write && user_copy_out(COPY_AT, bytes, n))
		return false;
	if (endpoint_hold(server.receive, rcvid, &hold))
		return false;
	done = write ? transfer_write(hold.transfer, offset, COPY_AT, n, &wanted)
		     : transfer_read(hold.transfer, offset, COPY_AT, n, &wanted);
	endpoint_unhold(&hold);
	return done == n && (write || user_copy_in(bytes, COPY_AT, n) == 0);
}

static ssize_t do_walk(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rwalk say = { 0 };
	struct p9_twalk ask;
	const uint64_t *from;
	uint64_t to, *made;

	if (p9_decode_twalk(packet, &ask) || !(from = path_of(ask.fid, false)))
		return refuse(tag, EBADF);
	to = *from;
	if (ask.nwname) {
		if (ask.nwname > 1 || to != ROOT || ask.wname[0].len != 1 ||
		    ask.wname[0].data[0] != 'f')
			return refuse(tag, ENOENT);
		to = FILE_F;
		say.wqid[say.nwqid++] = qid_of(to);
	}
	made = path_of(ask.newfid, true);
	if (!made)
		return refuse(tag, ENOMEM);
	*made = to;
	return p9_encode_rwalk(server.reply, sizeof(server.reply), tag, &say);
}

static ssize_t do_getattr(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rgetattr say = { .valid = P9_GETATTR_BASIC, .nlink = 1, .blksize = PAGE_SIZE };
	struct p9_tgetattr ask;
	const uint64_t *path;

	if (p9_decode_tgetattr(packet, &ask) || !(path = path_of(ask.fid, false)))
		return refuse(tag, EBADF);
	say.qid = qid_of(*path);
	say.mode = *path == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644;
	say.size = *path == ROOT ? 0 : PAGES * PAGE_SIZE;
	return p9_encode_rgetattr(server.reply, sizeof(server.reply), tag, &say);
}

/* The bytes follow the head, a page at most. */
static ssize_t do_read(const struct p9_packet *packet, uint16_t tag, uint64_t rcvid)
{
	static uint8_t page[PAGE_SIZE];
	struct p9_rread say = { 0 };
	struct p9_tread ask;
	size_t done = 0;
	ssize_t n;

	if (p9_decode_tread(packet, &ask))
		return refuse(tag, EBADF);
	if (ask.offset < PAGES * PAGE_SIZE)
		say.count = (uint32_t)MIN((uint64_t)ask.count, PAGES * PAGE_SIZE - ask.offset);
	n = p9_encode_rread(server.reply, sizeof(server.reply), tag, &say);
	if (n < 0 || !copy(rcvid, 0, server.reply, (size_t)n, true))
		return -1;
	while (done < say.count) {
		size_t at = (ask.offset + done) & PAGE_MASK,
		       part = MIN(say.count - done, PAGE_SIZE - at);

		memset(page, 0, sizeof(page));
		memcpy(page, words[(ask.offset + done) / PAGE_SIZE], sizeof(words[0]));
		if (!copy(rcvid, (size_t)n + done, page + at, part, true))
			return -1;
		done += part;
	}
	return n + (ssize_t)done;
}

/* Pages are written whole; of each the words are kept. */
static ssize_t do_write(const struct p9_packet *packet, uint16_t tag, uint64_t rcvid)
{
	struct p9_rwrite say = { 0 };
	struct p9_twrite ask;

	if (p9_decode_twrite(packet, &ask) || ask.offset + ask.count > PAGES * PAGE_SIZE ||
	    ask.offset % PAGE_SIZE)
		return refuse(tag, EINVAL);
	for (size_t at = 0; at < ask.count; at += PAGE_SIZE)
		if (!copy(rcvid, P9_TWRITE_HEAD_BYTES + at, words[(ask.offset + at) / PAGE_SIZE],
			  sizeof(words[0]), false))
			return -1;
	say.count = ask.count;
	return p9_encode_rwrite(server.reply, sizeof(server.reply), tag, &say);
}

static ssize_t do_attach(const struct p9_packet *packet, uint16_t tag)
{
	const struct p9_rattach say = { qid_of(ROOT) };
	struct p9_tattach ask;

	if (p9_decode_tattach(packet, &ask))
		return refuse(tag, EINVAL);
	*path_of(ask.fid, true) = ROOT;
	return p9_encode_rattach(server.reply, sizeof(server.reply), tag, &say);
}

static ssize_t do_open(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_rlopen say = { 0 };
	struct p9_tlopen ask;
	const uint64_t *path;

	if (p9_decode_tlopen(packet, &ask) || !(path = path_of(ask.fid, false)))
		return refuse(tag, EBADF);
	say.qid = qid_of(*path);
	return p9_encode_rlopen(server.reply, sizeof(server.reply), tag, &say);
}

static ssize_t do_clunk(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tclunk ask;
	uint64_t *path;

	if (p9_decode_tclunk(packet, &ask) == 0 && (path = path_of(ask.fid, false)))
		*path = 0;
	return p9_encode_rclunk(server.reply, sizeof(server.reply), tag);
}

static ssize_t do_version(const struct p9_packet *packet, uint16_t tag)
{
	struct p9_tversion ask;
	struct p9_rversion say;

	if (p9_decode_tversion(packet, &ask))
		return refuse(tag, EINVAL);
	say = (struct p9_rversion){ MIN(ask.msize, MSIZE), ask.version };
	return p9_encode_rversion(server.reply, sizeof(server.reply), tag, &say);
}

/* Returns how long the reply is; -1: the caller has gone. */
static ssize_t answer(const struct p9_packet *packet, uint64_t rcvid)
{
	struct p9_header header;

	if (p9_peek(packet, &header))
		return refuse(P9_NOTAG, EINVAL);
	switch (header.type) {
	case P9_TVERSION:
		return do_version(packet, header.tag);
	case P9_TATTACH:
		return do_attach(packet, header.tag);
	case P9_TWALK:
		return do_walk(packet, header.tag);
	case P9_TGETATTR:
		return do_getattr(packet, header.tag);
	case P9_TLOPEN:
		return do_open(packet, header.tag);
	case P9_TREAD:
		return do_read(packet, header.tag, rcvid);
	case P9_TWRITE:
		return do_write(packet, header.tag, rcvid);
	case P9_TCLUNK:
		return do_clunk(packet, header.tag);
	case P9_TFLUSH:
		return p9_encode_rflush(server.reply, sizeof(server.reply), header.tag);
	default:
		return refuse(header.tag, EOPNOTSUPP);
	}
}

static uint64_t answer_call(uint64_t rcvid, const struct ipc_words *came)
{
	size_t n = came->word[0], in_buf = MIN(n, sizeof(server.request));
	struct p9_packet packet = { server.request, in_buf, n };
	ssize_t size;

	if (n <= IPC_WORDS * sizeof(uint64_t) - sizeof(uint64_t))
		memcpy(server.request, &came->word[1], n);
	else if (!copy(rcvid, 0, server.request, in_buf, false))
		return 0;
	size = answer(&packet, rcvid);
	if (size < 0)
		return 0;
	if (server.reply[sizeof(uint32_t)] == P9_RREAD) /* it is there already */
		return (uint64_t)size;
	return copy(rcvid, 0, server.reply, (size_t)size, true) ? (uint64_t)size : 0;
}

/* Its end closes the receive end, whatever it is doing. */
static int serve(void *arg)
{
	uint64_t rcvid = 0, badge;
	struct ipc_words came, reply = { { 0 } };
	int64_t next;

	(void)arg;
	EXPECT_TRUE(current_map(COPY_AT, PAGE_SIZE));
	server.receive = endpoint_create();
	EXPECT_TRUE(server.receive && endpoint_badge(server.receive, 1, true, &send_end) == 0);
	EXPECT_TRUE(fdtable_install(current_thread()->fdtable, server.receive, 0, false) >= 0);
	atomic_store(&server.is_ready, 1);
	while (!current_killed()) {
		next = endpoint_reply_receive(server.receive, &rcvid, &reply, &came, &badge,
					      UINT64_MAX);
		if (next == -EINTR || (next == 0 && came.word[0] == IPC_PULSE_CLOSED))
			break;
		rcvid = next > 0 ? (uint64_t)next : 0;
		if (rcvid)
			reply.word[0] = answer_call(rcvid, &came);
		if (rcvid && server.left && --server.left == 0)
			break;
	}
	atomic_store(&server.is_over, 1);
	return 0;
}

/* Returns the number of a descriptor of its send end, of the running process. */
static int start_server(unsigned requests)
{
	memset(&server, 0, sizeof(server));
	server.left = requests;
	server_pid = race_spawn(serve, NULL);
	while (!atomic_load(&server.is_ready))
		sched_yield();
	return fdtable_install(current_thread()->fdtable, send_end, 0, false);
}

static void await_end(void)
{
	while (!atomic_load(&server.is_over))
		sched_yield();
}

static void kill_server(void)
{
	EXPECT_EQ(0, process_kill(server_pid, SIGKILL));
	await_end();
}

/* ---- the sides ---- */

static struct file *file;
static uint64_t stored[PAGES];

static void options_of(int fd, char *text, size_t size)
{
	ksnprintf(text, size, "fd=%d", fd);
}

static void mount_and_map(void)
{
	struct map_request request = { .addr = HERE,
				       .len = PAGES * PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .vma_flags = VMA_WRITER };
	static bool is_known;
	char options[32];
	vaddr_t where;
	int fd;

	if (!is_known)
		fs_add_type(&p9_type);
	is_known = true;
	if (race_round == 0)
		last_pid = 0;
	memset(stored, 0, sizeof(stored));
	for (unsigned page = 0; page < PAGES; page++) {
		words[page][0] = 0xf11e00 + page;
		words[page][1] = 0;
	}
	fd = start_server(0);
	first_pid = server_pid;
	options_of(fd, options, sizeof(options));
	EXPECT_EQ(0, fs_mkdir(NULL, POINT, 0755));
	EXPECT_EQ(0, fs_mount("9p", "race", NULL, POINT, 0, options));
	EXPECT_EQ(0, fdtable_close(current_thread()->fdtable, fd));
	EXPECT_EQ(0, fs_open(NULL, PATH, O_RDWR, 0, &file));
	request.object = file->ops->object(file);
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_map(&race_space->space, &request, &where));
	uspace_unlock(race_space);
}

static void check_page(unsigned page, bool has_stored)
{
	uint64_t word = 0;

	EXPECT_TRUE(race_load(HERE + page * PAGE_SIZE, &word));
	EXPECT_EQ(0xf11e00 + page, word);
	if (!has_stored)
		return;
	EXPECT_TRUE(race_load(HERE + page * PAGE_SIZE + sizeof(word), &word));
	EXPECT_EQ(stored[page], word);
}

static void read_file(unsigned page)
{
	uint64_t word = 0, pos = page * PAGE_SIZE;
	struct user_iter iter = user_iter_kernel(&word, sizeof(word));

	EXPECT_EQ(sizeof(word), file->ops->read(file, &iter, &pos));
	EXPECT_EQ(0xf11e00 + page, word);
}

/* Faults, stores and calls. It alone stores. */
static void use_file(void)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned page = race_lot(PAGES);
		vaddr_t at = HERE + page * PAGE_SIZE;

		switch (race_lot(4)) {
		case 0:
			EXPECT_TRUE(race_store(at + sizeof(uint64_t), ++stored[page]));
			break;
		case 1:
			read_file(page);
			break;
		case 2:
			(void)reclaim(PAGES);
			break;
		default:
			check_page(page, true);
		}
	}
}

/* A child, with the memory copied, which is killed now and then. */
static int use_copy(void *copied)
{
	struct uspace *own = race_use_space(copied);
	uint64_t word;
	int wrong = 0;

	for (unsigned page = 0; page < PAGES; page++)
		if (race_load(HERE + page * PAGE_SIZE, &word))
			wrong += word != 0xf11e00 + page;
	uspace_put(race_use_space(own));
	return wrong;
}

static void fork_and_end(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct uspace *child = race_fork_space();
		int pid = race_spawn(use_copy, child);

		if (race_lot(2)) {
			for (unsigned n = race_lot(20000); n > 0; n--)
				spin_pause();
			(void)process_kill(pid, SIGKILL);
		}
		EXPECT_TRUE(race_reap_killed(pid) <= 0);
		check_page(race_lot(PAGES), false);
	}
}

static int attach_server(unsigned requests)
{
	char options[32];
	int err, fd = start_server(requests);

	options_of(fd, options, sizeof(options));
	while ((err = fs_remount(NULL, POINT, 0, options)) == -EBUSY)
		sched_yield(); /* the first server, which another thread reaps, has not closed its end yet */
	EXPECT_EQ(0, fdtable_close(current_thread()->fdtable, fd));
	return err;
}

/* One ends while it is attached, mostly, or soon after that. */
static void replace_servers(void)
{
	if (last_pid)
		(void)race_reap_killed(last_pid);
	for (unsigned i = 0; i < ENDS; i++) {
		for (unsigned n = race_lot(20000); n > 0; n--)
			spin_pause();
		kill_server();
		if (i > 0)
			(void)race_reap_killed(server_pid);
		if (i == 0 && race_lot(2)) {
			(void)attach_server(1 + race_lot(8));
			kill_server();
			(void)race_reap_killed(server_pid);
		}
		EXPECT_EQ(0, attach_server(0));
	}
	last_pid = server_pid;
}

static void all_is_there(void)
{
	for (unsigned page = 0; page < PAGES; page++)
		check_page(page, true);
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_unmap(&race_space->space, HERE, PAGES * PAGE_SIZE));
	uspace_unlock(race_space);
	file_put(file);
	EXPECT_EQ(0, fs_umount(NULL, POINT, 0));
	EXPECT_EQ(0, fs_rmdir(NULL, POINT));
	await_end();
	(void)race_reap_killed(first_pid);
	for (unsigned page = 0; page < PAGES; page++)
		EXPECT_EQ(stored[page], words[page][1]);
}

RACE(race_server_is_attached_again, .rounds = 4, .shares_space = true, .begin = mount_and_map,
     .sides = { use_file, fork_and_end, replace_servers }, .end = all_is_there)
