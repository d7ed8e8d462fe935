/* SPDX-License-Identifier: MIT */
/* The errno of each call that takes an address and a length, at the ends of the address space.
 * Lengths wrap around, or do so when they are rounded up to pages. A line has an address, and a letter for each length. */
#include "t.h"

#include <stdbool.h>
#include <sys/shm.h>
#include <sys/uio.h>

#define TOP 0x4000000000ul
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static char *page; /* of a shared mapping, with nothing behind it */
static int segment;

static const unsigned long lengths[] = { 0,	    1,	       PAGE - 1,  PAGE,	     PAGE + 1,
					 TOP - MIB, TOP,       TOP + 1,	  1ul << 62, INT64_MAX,
					 1ul << 63, -2 * PAGE, -PAGE - 1, -PAGE,     -PAGE + 1,
					 -2ul,	    -1ul };
#define N_LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* '.' for success. 'x' is an address that looks like an errno. */
static char letter(long value)
{
	static const struct {
		int error;
		char letter;
	} letters[] = { { EINVAL, 'i' }, { ENOMEM, 'm' },    { EPERM, 'p' }, { EFAULT, 'f' },
			{ EEXIST, 'e' }, { EOVERFLOW, 'v' }, { 4095, 'x' } };

	if (value >= 0)
		return '.';
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].error == errno)
			return letters[i].letter;
	return '?';
}

/* MAP_FIXED out of the address space is ENOMEM, at an odd address EINVAL; a length of 0 is EINVAL. */
static long call_mmap(unsigned long at, unsigned long n)
{
	return syscall(SYS_mmap, at, n, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

/* MAP_FIXED_NOREPLACE over a mapping is EEXIST. */
static long call_noreplace(unsigned long at, unsigned long n)
{
	return syscall(SYS_mmap, at, n, RW, ANON | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
}

/* A hint that cannot be right is no error: the mapping goes elsewhere. */
static long call_hint(unsigned long at, unsigned long n)
{
	return syscall(SYS_mmap, at, n, RW, ANON | MAP_NORESERVE, -1, 0);
}

/* munmap of no bytes, or of what is not all within the address space, is EINVAL. */
static long call_munmap(unsigned long at, unsigned long n)
{
	return syscall(SYS_munmap, at, n);
}

/* A length of 0 succeeds at every address of a page; what is not mapped is ENOMEM. */
static long call_mprotect(unsigned long at, unsigned long n)
{
	return syscall(SYS_mprotect, at, n, RW);
}

static long call_growsdown(unsigned long at, unsigned long n)
{
	return syscall(SYS_mprotect, at, n, RW | PROT_GROWSDOWN);
}

/* An old length that rounds up to 0 makes a second mapping of shared memory. */
static long call_mremap_old(unsigned long at, unsigned long n)
{
	return syscall(SYS_mremap, at, n, PAGE, MREMAP_MAYMOVE, 0);
}

/* A new length that rounds up to 0 is EINVAL, and one that does not fit ENOMEM. */
static long call_mremap_new(unsigned long at, unsigned long n)
{
	return syscall(SYS_mremap, at, PAGE, n, MREMAP_MAYMOVE, 0);
}

/* With MREMAP_FIXED each target that is odd, out of range or over the old mapping is EINVAL. */
static long call_mremap_to(unsigned long at, unsigned long n)
{
	return syscall(SYS_mremap, page, PAGE, n, MREMAP_MAYMOVE | MREMAP_FIXED, at);
}

/* madvise: a range that wraps around is EINVAL, one with a hole ENOMEM. */
static long call_normal(unsigned long at, unsigned long n)
{
	return syscall(SYS_madvise, at, n, MADV_NORMAL);
}

static long call_populate(unsigned long at, unsigned long n)
{
	return syscall(SYS_madvise, at, n, MADV_POPULATE_READ);
}

/* msync: a length that rounds up to 0 succeeds, and one that wraps around is ENOMEM. */
static long call_msync(unsigned long at, unsigned long n)
{
	return syscall(SYS_msync, at, n, MS_SYNC);
}

/* mlock rounds its address down, and its length up: one that gets 0 by that succeeds. */
static long call_mlock(unsigned long at, unsigned long n)
{
	return syscall(SYS_mlock, at, n);
}

static long call_mlock2(unsigned long at, unsigned long n)
{
	return syscall(SYS_mlock2, at, n, MLOCK_ONFAULT);
}

static long call_munlock(unsigned long at, unsigned long n)
{
	return syscall(SYS_munlock, at, n);
}

/* mincore: a range that is not all in the address space is ENOMEM, not EFAULT. */
static long call_mincore(unsigned long at, unsigned long n)
{
	static unsigned char vec[PAGE];

	return syscall(SYS_mincore, at, n, vec);
}

static long call_mseal(unsigned long at, unsigned long n)
{
	return syscall(SYS_mseal, at, n, 0);
}

/* remap_file_pages rounds its address and its length down, and gives EINVAL for all that it does not like. */
static long call_remap(unsigned long at, unsigned long n)
{
	return syscall(SYS_remap_file_pages, at, n, 0, 0, 0);
}

/* An offset that overflows is EOVERFLOW or EINVAL. */
static long call_remap_offset(unsigned long at, unsigned long n)
{
	return syscall(SYS_remap_file_pages, at, PAGE, 0, n, 0);
}

/* The lengths of an iovec are checked first (EINVAL above the largest ssize_t), and its addresses when bytes are copied. */
static long call_peer(unsigned long at, unsigned long n)
{
	static char bytes[PAGE];
	const struct iovec own = { bytes, PAGE }, other = { (void *)at, n };

	return syscall(SYS_process_vm_readv, getpid(), &own, 1, &other, 1, 0);
}

/* write checks that its buffer is within the address space, even if it copies nothing: EFAULT. */
static long call_write(unsigned long at, unsigned long n)
{
	static int null;

	if (!null)
		null = open("/dev/null", O_WRONLY);
	return syscall(SYS_write, null, at, n);
}

/* shmat to an address that is no multiple of SHMLBA is EINVAL; over a mapping too. */
static long call_shmat(unsigned long at, unsigned long n)
{
	(void)n;
	return syscall(SYS_shmat, segment, at, 0);
}

static long call_shmat_round(unsigned long at, unsigned long n)
{
	(void)n;
	return syscall(SYS_shmat, segment, at, SHM_RND);
}

/* shmdt of what is not the start of an attached segment is EINVAL. */
static long call_shmdt(unsigned long at, unsigned long n)
{
	(void)n;
	return syscall(SYS_shmdt, at);
}

/* The break stays where it is, or it is moved. */
static long call_brk(unsigned long at, unsigned long n)
{
	(void)n;
	errno = EINVAL;
	return syscall(SYS_brk, at) == (long)at ? 0 : -1;
}

static const struct call {
	const char *name;
	long (*make)(unsigned long at, unsigned long n);
	bool has_no_length;
} calls[] = {
	{ "mmap", call_mmap, false },
	{ "mmap noreplace", call_noreplace, false },
	{ "mmap hint", call_hint, false },
	{ "munmap", call_munmap, false },
	{ "mprotect", call_mprotect, false },
	{ "mprotect growsdown", call_growsdown, false },
	{ "mremap old", call_mremap_old, false },
	{ "mremap new", call_mremap_new, false },
	{ "mremap to", call_mremap_to, false },
	{ "madvise normal", call_normal, false },
	{ "madvise populate", call_populate, false },
	{ "msync", call_msync, false },
	{ "mlock", call_mlock, false },
	{ "mlock2", call_mlock2, false },
	{ "munlock", call_munlock, false },
	{ "mincore", call_mincore, false },
	{ "mseal", call_mseal, false },
	{ "remap_file_pages", call_remap, false },
	{ "remap_file_pages offset", call_remap_offset, false },
	{ "process_vm_readv", call_peer, false },
	{ "write", call_write, false },
	{ "shmat", call_shmat, true },
	{ "shmat, rounded", call_shmat_round, true },
	{ "shmdt", call_shmdt, true },
	{ "brk", call_brk, true },
};

/* One that is sealed stays as it is. */
static void fresh_page(void)
{
	page = (char *)0x1800000000;
	mmap(page, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	munmap(page + PAGE, PAGE);
}

/* With one address all lengths, each in a mapping that is as it was. */
static void at_address(const struct call *call, const char *name, unsigned long at)
{
	char line[N_LENGTHS + 1] = "";

	for (size_t i = 0; i < (call->has_no_length ? 1 : N_LENGTHS); i++) {
		fresh_page();
		line[i] = letter(call->make(at, lengths[i]));
	}
	say("%s at %s: %s\n", call->name, name, line);
}

/* A child, because some lengths are right. */
static void try_call(const struct call *call)
{
	static const struct {
		const char *name;
		unsigned long at;
	} high[] = { { "the top", TOP },
		     { "the top + 1", TOP + 1 },
		     { "2^63 - PAGE", (1ul << 63) - PAGE },
		     { "2^63", 1ul << 63 },
		     { "-2 PAGE", -2 * PAGE },
		     { "-PAGE", -PAGE },
		     { "-PAGE + 1", -PAGE + 1 },
		     { "-1", -1ul } };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		at_address(call, "a page", (unsigned long)page);
		at_address(call, "a page + 1", (unsigned long)page + 1);
		for (size_t i = 0; i < sizeof(high) / sizeof(high[0]); i++)
			at_address(call, high[i].name, high[i].at);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status != 0)
		ended(call->name, status);
}

int main(void)
{
	segment = shmget(IPC_PRIVATE, PAGE, 0600);
	fresh_page();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		try_call(&calls[i]);
	shmctl(segment, IPC_RMID, NULL);
	return 0;
}
