/* SPDX-License-Identifier: MIT */
/* R6 R12 R25 R27 R30 R61: Pintos's tests pt-*: the stack grows, for the program and for the kernel's copies, and
 * what may not be touched kills or is EFAULT.
 *
 * Pintos kills who touches the stack more than 32 bytes below sp. riscv64 Linux does not look at sp: within
 * RLIMIT_STACK, and with nothing mapped near, the stack grows to wherever it is touched. */
#include "t.h"

#define NAME   "pintos_stack.tmp"
#define SAMPLE 800ul

static int no_code(void)
{
	return 7;
}

static char *code(void)
{
	return (char *)(uintptr_t)no_code;
}

static int load(void *p)
{
	return *(volatile char *)p * 0;
}

static int store(void *p)
{
	*(volatile char *)p = 0;
	return 0;
}

static char *frame(void)
{
	return __builtin_frame_address(0);
}

/* Tells whether the stack has the page at p: unmapped, untouched or there. */
static const char *state(char *p)
{
	unsigned char there = 0;

	if (mincore((void *)((uintptr_t)p & -PAGE), PAGE, &there))
		return strerrorname_np(errno);
	return there & 1 ? "there" : "untouched";
}

static int grow_stack(void *unused)
{
	char object[4096];

	(void)unused;
	memset(object, 0, sizeof(object));
	__asm__ volatile("" ::"r"(object) : "memory");
	say("pt-grow-stack: sum %08x\n", checksum(object, sizeof(object)));
	return 0;
}

static int big_stk_obj(void *unused)
{
	char object[65536];

	(void)unused;
	memset(object, 0, sizeof(object));
	__asm__ volatile("" ::"r"(object) : "memory");
	say("pt-big-stk-obj: sum %08x\n", checksum(object, sizeof(object)));
	return 0;
}

static void pt_grow_stack(void)
{
	in_child("pt-grow-stack", grow_stack, NULL);
}

static void pt_grow_bad(void)
{
	in_child("pt-grow-bad, 4 KiB below sp", load, frame() - PAGE);
	in_child("pt-grow-bad, 4 MiB below sp", load, frame() - 4 * MIB);
	in_child("pt-grow-bad, below the limit", load, frame() - 9 * MIB);
}

static void pt_big_stk_obj(void)
{
	in_child("pt-big-stk-obj", big_stk_obj, NULL);
}

static void pt_bad_addr(void)
{
	in_child("pt-bad-addr, read", load, (void *)0x04000000);
	in_child("pt-bad-addr, write", store, (void *)0x04000000);
}

static void pt_bad_read(void)
{
	int fd = open(NAME, O_RDONLY);

	TRY(read(fd, (void *)0x04000000, 1));
	TRY(read(fd, frame() - 9 * MIB, 1));
	TRY(read(fd, frame() - 2 * MIB, 1)); /* as pt-grow-bad: it grows */
	TRY(lseek(fd, 0, SEEK_CUR));
	close(fd);
}

static void pt_write_code(void)
{
	in_child("pt-write-code", store, code());
	say("pt-write-code: its function answers %d\n", no_code());
}

static void pt_write_code2(void)
{
	int fd = open(NAME, O_RDONLY);

	TRY(read(fd, code(), 1));
	say("pt-write-code2: its function answers %d\n", no_code());
	close(fd);
}

/* Between write and read the part of the object that is used has never been touched. */
static int grow_stk_sc(void *size)
{
	char object[(size_t)size], sample[SAMPLE];
	char *middle = object + sizeof(object) / 2;
	int fd = open(NAME, O_RDONLY);

	say("pt-grow-stk-sc, %zu KiB: %s\n", sizeof(object) / 1024, state(middle));
	TRY(read(fd, middle, SAMPLE));
	say("pt-grow-stk-sc: %s\n", state(middle));
	for (size_t i = 0; i < SAMPLE; i++)
		sample[i] = file_byte(i);
	return memcmp(sample, middle, SAMPLE) != 0;
}

static void pt_grow_stk_sc(void)
{
	in_child("pt-grow-stk-sc", grow_stk_sc, (void *)65536);
	in_child("pt-grow-stk-sc, far", grow_stk_sc, (void *)(6 * MIB));
}

int main(void)
{
	make_file(NAME, SAMPLE);
	pt_grow_stack();
	pt_grow_bad();
	pt_big_stk_obj();
	pt_bad_addr();
	pt_bad_read();
	pt_write_code();
	pt_write_code2();
	pt_grow_stk_sc();
	unlink(NAME);
	return 0;
}
