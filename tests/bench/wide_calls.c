/* SPDX-License-Identifier: MIT */
/* Rows of widebench about system calls that take many descriptors, segments or pages, and about the vDSO. */
#define _GNU_SOURCE
#include "wide_calls.h"

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NFDS   200
#define ROUNDS 100
#define NREADY 16

#define NPOLLED (NFDS * ROUNDS)
#define NEVENTS (NREADY * ROUNDS)
#define NCALLS	(ROUNDS * ROUNDS)

#define SEGMENTS      16
#define SEGMENT_BYTES 256

#define FILE_PAGES 256
#define FILE_BYTES (FILE_PAGES * PAGE)
#define PIPE_BYTES (16 * PAGE)

static int fds[NFDS], set;

static void must(int is_good, const char *what)
{
	if (!is_good)
		give_up(what);
}

/* ---- many descriptors ---- */

static void make_events(void)
{
	for (int i = 0; i < NFDS; i++) {
		fds[i] = eventfd(0, 0);
		must(fds[i] >= 0, "eventfd");
	}
}

static void close_events(void)
{
	for (int i = 0; i < NFDS; i++)
		close(fds[i]);
}

static void poll_all(void)
{
	static struct pollfd asks[NFDS];

	for (int i = 0; i < NFDS; i++)
		asks[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	for (int i = 0; i < ROUNDS; i++)
		must(poll(asks, NFDS, 0) == 0, "poll");
}

static void select_all(void)
{
	struct timeval none = { 0 };
	fd_set all, asked;

	FD_ZERO(&all);
	for (int i = 0; i < NFDS; i++)
		FD_SET(fds[i], &all);
	for (int i = 0; i < ROUNDS; i++) {
		asked = all;
		must(select(fds[NFDS - 1] + 1, &asked, NULL, NULL, &none) == 0, "select");
	}
}

static void control_all(int op)
{
	for (int i = 0; i < NFDS; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fds[i] };

		must(epoll_ctl(set, op, fds[i], &event) == 0, "epoll_ctl");
	}
}

static void add_all(void)
{
	control_all(EPOLL_CTL_ADD);
}

static void modify_all(void)
{
	control_all(EPOLL_CTL_MOD);
}

static void remove_all(void)
{
	control_all(EPOLL_CTL_DEL);
}

static void make_set(void)
{
	make_events();
	set = epoll_create1(0);
	must(set >= 0, "epoll_create1");
}

static void make_full_set(void)
{
	make_set();
	add_all();
}

static void make_ready_set(void)
{
	const uint64_t one = 1;

	make_full_set();
	for (int i = 0; i < NREADY; i++)
		must(write(fds[i], &one, sizeof(one)) == sizeof(one), "eventfd");
}

static void close_set(void)
{
	close(set);
	close_events();
}

static void wait_for(int n)
{
	struct epoll_event events[NREADY];

	for (int i = 0; i < ROUNDS; i++)
		must(epoll_wait(set, events, n, 0) == n, "epoll_wait");
}

static void wait_for_one(void)
{
	wait_for(1);
}

static void wait_for_many(void)
{
	wait_for(NREADY);
}

/* ---- segments and pages of files ---- */

static int from, to, sink, ends[2];
static char page[PAGE];

static void make_files(void)
{
	from = memfd_create("from", 0);
	to = memfd_create("to", 0);
	sink = open("/dev/null", O_WRONLY);
	must(from >= 0 && to >= 0 && sink >= 0 && pipe(ends) == 0, "files");
	memset(page, 1, sizeof(page));
	for (unsigned i = 0; i < FILE_PAGES; i++) {
		must(write(from, page, sizeof(page)) == sizeof(page), "write");
		must(write(to, page, sizeof(page)) == sizeof(page), "write");
	}
}

static void close_files(void)
{
	close(from);
	close(to);
	close(sink);
	close(ends[0]);
	close(ends[1]);
}

typedef ssize_t transfer_fn(int fd, const struct iovec *segments, int n, off_t at);

static void transfer_segments(transfer_fn *transfer)
{
	struct iovec segments[SEGMENTS];

	for (int i = 0; i < SEGMENTS; i++)
		segments[i] = (struct iovec){ page + (size_t)i * SEGMENT_BYTES, SEGMENT_BYTES };
	for (int i = 0; i < ROUNDS; i++)
		must(transfer(from, segments, SEGMENTS, 0) == SEGMENTS * SEGMENT_BYTES, "segments");
}

static void read_segments(void)
{
	transfer_segments(preadv);
}

static void write_segments(void)
{
	transfer_segments(pwritev);
}

static void copy_file(void)
{
	off_t in = 0, out = 0;

	must(copy_file_range(from, &in, to, &out, FILE_BYTES, 0) == (ssize_t)FILE_BYTES,
	     "copy_file_range");
}

static void send_file(void)
{
	off_t in = 0;

	must(sendfile(sink, from, &in, FILE_BYTES) == (ssize_t)FILE_BYTES, "sendfile");
}

/* A pipe takes 16 pages; they go on to /dev/null. */
static void splice_file(void)
{
	off_t in = 0;

	while (in < (off_t)FILE_BYTES) {
		must(splice(from, &in, ends[1], NULL, PIPE_BYTES, 0) == (ssize_t)PIPE_BYTES,
		     "splice to a pipe");
		must(splice(ends[0], NULL, sink, NULL, PIPE_BYTES, 0) == (ssize_t)PIPE_BYTES,
		     "splice from a pipe");
	}
}

static void send_file_by_pipe(void)
{
	off_t in = 0;

	while (in < (off_t)FILE_BYTES) {
		must(sendfile(ends[1], from, &in, PIPE_BYTES) == (ssize_t)PIPE_BYTES, "sendfile");
		must(splice(ends[0], NULL, sink, NULL, PIPE_BYTES, 0) == (ssize_t)PIPE_BYTES,
		     "splice from a pipe");
	}
}

static void nothing(void)
{
}

static void draw_random(void)
{
	for (int i = 0; i < ROUNDS; i++)
		must(getrandom(page, sizeof(page), 0) == sizeof(page), "getrandom");
}

/* ---- the vDSO ---- */

struct pair {
	int64_t key;
	uint64_t value;
};

#define KEY_IMA_EXT_0 4
#define KEY_CPUPERF_0 5

static int (*vdso_gettime)(clockid_t clock, struct timespec *now);
static int (*vdso_hwprobe)(struct pair *pairs, size_t n, size_t size, void *harts, unsigned flags);

/* Returns the function of that name of the vDSO, whose segments lie as they do in its file. */
static void *find_function(const char *name)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)image;
	const Elf64_Phdr *segment = (const Elf64_Phdr *)(image + head->e_phoff);
	const Elf64_Sym *symbols = NULL;
	const uint32_t *hash = NULL;
	const char *names = NULL;

	while (segment->p_type != PT_DYNAMIC)
		segment++;
	for (const Elf64_Dyn *dyn = (const Elf64_Dyn *)(image + segment->p_offset);
	     dyn->d_tag != DT_NULL; dyn++) {
		const void *at = image + dyn->d_un.d_ptr;

		if (dyn->d_tag == DT_SYMTAB)
			symbols = at;
		else if (dyn->d_tag == DT_STRTAB)
			names = at;
		else if (dyn->d_tag == DT_HASH)
			hash = at;
	}
	must(symbols && names && hash, "vDSO");
	for (uint32_t i = 0; i < hash[1]; i++)
		if (strcmp(names + symbols[i].st_name, name) == 0)
			return (void *)(image + symbols[i].st_value);
	give_up(name);
}

static void find_functions(void)
{
	must(getauxval(AT_SYSINFO_EHDR) != 0, "AT_SYSINFO_EHDR");
	vdso_gettime = (int (*)(clockid_t, struct timespec *))find_function("__vdso_clock_gettime");
	vdso_hwprobe = (int (*)(struct pair *, size_t, size_t, void *, unsigned))find_function(
		"__vdso_riscv_hwprobe");
}

static void read_clock(void)
{
	struct timespec now;

	for (int i = 0; i < NCALLS; i++)
		must(vdso_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
}

/* What a C library asks for to choose its memcpy(). */
static void probe(void)
{
	for (int i = 0; i < NCALLS; i++) {
		struct pair pairs[] = { { KEY_IMA_EXT_0, 0 }, { KEY_CPUPERF_0, 0 } };

		must(vdso_hwprobe(pairs, 2, 0, NULL, 0) == 0, "riscv_hwprobe");
	}
}

const struct call_row call_rows[] = {
	{ "poll_200", "fd", NPOLLED, make_events, poll_all, close_events },
	{ "select_200", "fd", NPOLLED, make_events, select_all, close_events },
	{ "epoll_ctl_add", "call", NFDS, make_set, add_all, close_set },
	{ "epoll_ctl_mod", "call", NFDS, make_full_set, modify_all, close_set },
	{ "epoll_ctl_del", "call", NFDS, make_full_set, remove_all, close_set },
	{ "epoll_wait_1", "call", ROUNDS, make_ready_set, wait_for_one, close_set },
	{ "epoll_wait_16", "event", NEVENTS, make_ready_set, wait_for_many, close_set },
	{ "preadv_16", "call", ROUNDS, make_files, read_segments, close_files },
	{ "pwritev_16", "call", ROUNDS, make_files, write_segments, close_files },
	{ "copy_file_range", "page", FILE_PAGES, make_files, copy_file, close_files },
	{ "sendfile_null", "page", FILE_PAGES, make_files, send_file, close_files },
	{ "sendfile_pipe_null", "page", FILE_PAGES, make_files, send_file_by_pipe, close_files },
	{ "splice_null", "page", FILE_PAGES, make_files, splice_file, close_files },
	{ "getrandom_4k", "call", ROUNDS, nothing, draw_random, nothing },
	{ "vdso_clock_gettime", "call", NCALLS, find_functions, read_clock, nothing },
	{ "vdso_hwprobe", "call", NCALLS, find_functions, probe, nothing },
};

const size_t ncall_rows = sizeof(call_rows) / sizeof(call_rows[0]);
