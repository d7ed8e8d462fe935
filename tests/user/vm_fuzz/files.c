/* SPDX-License-Identifier: MIT */
/* The files whose pages are mapped, and what is done to them by their descriptors. */
#include "vm_fuzz.h"

#define NAME "vm_fuzz.tmp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

enum {
	FILE_RW,
	FILE_RO,
	MEMFD_A,
	MEMFD_B,
	GOOD_FILES,
	FILE_WO = GOOD_FILES,
	PIPE_IN,
	PIPE_OUT,
	CLOSED,
	FILES
};

static int fds[FILES];

static int fill(int fd, unsigned npages)
{
	char buf[PAGE];

	for (unsigned i = 0; i < npages; i++) {
		memset(buf, (int)('a' + i), sizeof(buf));
		if (pwrite(fd, buf, sizeof(buf), (off_t)(i * PAGE)) != (ssize_t)sizeof(buf))
			_exit(97);
	}
	return fd;
}

void files_begin(void)
{
	(void)unlink(NAME);
	fds[FILE_RW] = fill(open(NAME, O_RDWR | O_CREAT, 0644), 9);
	fds[FILE_RO] = open(NAME, O_RDONLY);
	fds[FILE_WO] = open(NAME, O_WRONLY);
	fds[MEMFD_A] = fill(memfd_create("a", MFD_ALLOW_SEALING), 6);
	fds[MEMFD_B] = fill(memfd_create("b", MFD_ALLOW_SEALING), 3);
	fds[CLOSED] = 250;
	if (pipe(&fds[PIPE_IN]) != 0)
		_exit(97);
}

static bool has_seal(unsigned which, int any)
{
	int seals = fcntl(fds[which], F_GET_SEALS);

	return seals > 0 && (seals & any);
}

int file_to_map(unsigned *which, bool *sealed)
{
	static const unsigned char weights[GOOD_FILES] = { 5, 2, 4, 3 };

	*which = pick(weights, GOOD_FILES);
	*sealed = has_seal(*which, F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
	return fds[*which];
}

int file_bad(unsigned *which)
{
	*which = one_in(2) ? (unsigned)FILE_WO : one_in(2) ? (unsigned)PIPE_IN : (unsigned)CLOSED;
	return fds[*which];
}

static unsigned some_file(void)
{
	static const unsigned char weights[] = { 20, 2, 16, 12, 1 };

	return pick(weights, sizeof(weights));
}

static void file_look(unsigned which)
{
	static char buf[PAGE];
	struct stat st;
	ssize_t n = 0;

	if (fstat(fds[which], &st) != 0)
		_exit(97);
	mix((uint64_t)st.st_size);
	for (off_t pos = 0; pos < st.st_size; pos += n) {
		memset(buf, 0, sizeof(buf));
		n = pread(fds[which], buf, sizeof(buf), pos);
		if (n <= 0)
			_exit(97);
		mix(page_hash(buf));
		note("file %u, page %u: %#lx", which, (unsigned)((size_t)pos / PAGE),
		     (long)(page_hash(buf) >> 32));
	}
}

void files_look(void)
{
	file_look(FILE_RW);
	file_look(MEMFD_A);
	file_look(MEMFD_B);
}

struct copy {
	struct range r;
	char *buf;
	size_t len;
	off_t pos;
};

/*
 * Byte k of a page of the buffer is byte k of a page of the file, or else the copy is within one page: Linux for
 * riscv64 stops up to 64 bytes before a page that it can't touch, and where that is in the middle of a file's page
 * its write() tries again for ever. And a page is not copied to another place of itself.
 */
static struct copy some_copy(void)
{
	struct copy c = { .r = one_in(8) ? range_any() : range_mapped() };
	unsigned off = one_in(2) ? 0 : rnd(PAGE);

	if (c.r.n > 3)
		c.r.n = 3;
	c.buf = at(c.r.first) + off;
	c.len = one_in(3) ? 1 + rnd(64) : c.r.n * PAGE - off - (one_in(2) ? rnd(PAGE - off) : 0);
	c.pos = (off_t)(rnd(16) * PAGE + off);
	if (off + c.len <= PAGE && cells[c.r.first].kind < KIND_FILE && one_in(2))
		c.pos += (off_t)rnd(PAGE) - (off_t)off;
	return c;
}

void do_copy(void)
{
	static const enum op ops[] = { OP_PREAD, OP_PWRITE, OP_READ, OP_WRITE };
	static const long calls[] = { SYS_pread64, SYS_pwrite64, SYS_read, SYS_write };
	struct copy c = some_copy();
	unsigned which = some_file(), what = rnd(4);
	long value;

	if (one_in(30))
		c.buf = one_in(2) ? NULL : (char *)0xffffffc000000000;
	/* Of what a seal refuses Linux touches each page (docs/ABI.md): mincore would tell. */
	if ((what & 1) && has_seal(which, F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) &&
	    c.len > PAGE - (uintptr_t)c.buf % PAGE)
		c.len = PAGE - (uintptr_t)c.buf % PAGE;
	if (what >= 2)
		(void)lseek(fds[which], c.pos, SEEK_SET);
	value = CALL(calls[what], fds[which], c.buf, c.len, c.pos);
	tell(ops[what], value, "file %u at %#lx, %#lx bytes at %#lx", which, (long)c.pos, c.len,
	     place((long)c.buf));
	arena_sync(c.r);
}

/* Through a pipe from one place to another. */
void do_pipe(void)
{
	struct copy from = some_copy(), to = some_copy();
	static char rest[PAGE];
	long value;

	from.len = from.len < PAGE ? from.len : PAGE;
	value = CALL(SYS_write, fds[PIPE_OUT], from.buf, from.len);
	tell(OP_PIPE_WRITE, value, "%#lx bytes at %#lx", from.len, place((long)from.buf));
	arena_sync(from.r);
	if (value <= 0)
		return;
	from.len = (size_t)value;
	if (from.len > PAGE - (uintptr_t)to.buf % PAGE)
		to.buf -= (uintptr_t)to.buf % PAGE;
	value = CALL(SYS_read, fds[PIPE_IN], to.buf, from.len);
	tell(OP_PIPE_READ, value, "%#lx bytes at %#lx", from.len, place((long)to.buf));
	arena_sync(to.r);
	if (value < (long)from.len &&
	    read(fds[PIPE_IN], rest, from.len - (size_t)(value > 0 ? value : 0)) < 0)
		_exit(97);
}

static off_t some_size(void)
{
	off_t size = (off_t)(rnd(one_in(4) ? FILE_PAGES : 12) * PAGE);

	return one_in(2) ? size : size + (off_t)rnd(PAGE);
}

static void do_fallocate(unsigned which)
{
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE };
	int mode = modes[rnd(4)];
	off_t off = some_size(), len = some_size();
	struct stat st;

	/* Pages beyond the end are not kept (docs/ABI.md): mincore would tell after the file has grown. */
	if (mode == FALLOC_FL_KEEP_SIZE && fstat(fds[which], &st) == 0 && off + len > st.st_size)
		mode = 0;
	if (one_in(16))
		mode = one_in(2) ? FALLOC_FL_PUNCH_HOLE : 0x200;
	else if (one_in(16))
		off = -off;
	if (off + len > (off_t)(FILE_PAGES * PAGE))
		len = PAGE;
	tell(OP_FALLOCATE, CALL(SYS_fallocate, fds[which], mode, off, len),
	     "file %u, mode %d, %#lx at %#lx", which, mode, (long)len, (long)off);
}

void do_size(void)
{
	unsigned which = some_file();
	off_t size = some_size();

	if (one_in(2)) {
		do_fallocate(which);
		return;
	}
	if (one_in(30))
		size = -size;
	tell(OP_FTRUNCATE, CALL(SYS_ftruncate, fds[which], size), "file %u, %#lx", which,
	     (long)size);
}

void do_seal(void)
{
	static const int all[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_WRITE,
				   F_SEAL_FUTURE_WRITE };
	unsigned which = one_in(20)  ? (unsigned)FILE_RW
			 : one_in(2) ? (unsigned)MEMFD_A
				     : (unsigned)MEMFD_B;
	int seals = all[rnd(5)] | (one_in(8) ? F_SEAL_SEAL : 0);
	long value = CALL(SYS_fcntl, fds[which], F_ADD_SEALS, seals);

	tell(OP_SEAL, value, "file %u, %#x", which, (unsigned)seals);
}

/* A new one in the place of an old one, which lives on where it is mapped. */
void do_memfd(void)
{
	unsigned which = one_in(2) ? MEMFD_A : MEMFD_B;
	unsigned flags = one_in(8) ? 0 : MFD_ALLOW_SEALING;
	long fd = CALL(SYS_memfd_create, "new", one_in(20) ? 0x1000u : flags);

	tell(OP_MEMFD, fd < 0 ? fd : 0, "file %u, %#x", which, flags);
	if (fd < 0)
		return;
	close(fds[which]);
	fds[which] = fill((int)fd, rnd(8));
}
