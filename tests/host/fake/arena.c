/* SPDX-License-Identifier: MIT */
/* The fake machine's physical memory and vmap area: a memory file, mapped as mm asks. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"

unsigned char *fake_arena;
unsigned long fake_arena_size;
unsigned long fake_vmap;
bool fake_arena_copied;

static int arena_fd = -1;

static void die(const char *what)
{
	perror(what);
	abort();
}

/* The tests of a program, a process each, have the same file one after the other: most of it is junk already. */
__attribute__((constructor)) static void open_file(void)
{
	arena_fd = memfd_create("fake-arena", MFD_CLOEXEC);
	if (arena_fd < 0)
		die("memfd_create");
}

static void make_file_as_large_as(unsigned long size)
{
	struct stat st;

	if (fstat(arena_fd, &st) || (st.st_size < (off_t)size && ftruncate(arena_fd, (off_t)size)))
		die("size of the arena");
}

/* Makes all of the arena junk. To write a page takes ten times as long as to see that it is not needed. */
static void fill_with_junk(void)
{
	unsigned char junk[4096];

	memset(junk, 0x5c, sizeof(junk));
	for (unsigned long at = 0; at < fake_arena_size; at += sizeof(junk))
		if (fake_arena_copied || memcmp(fake_arena + at, junk, sizeof(junk)))
			memcpy(fake_arena + at, junk, sizeof(junk));
}

void fake_arena_make(unsigned long size, unsigned long vmap_size)
{
	int flags = fake_arena_copied ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;

	if (fake_arena && munmap(fake_arena, fake_arena_size))
		die("munmap");
	if (!fake_arena_copied)
		make_file_as_large_as(size);
	fake_arena_size = size;
	fake_arena = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, arena_fd, 0);
	if (fake_arena == MAP_FAILED)
		die("mmap of the arena");
	fill_with_junk();
	if (fake_vmap)
		munmap((void *)fake_vmap, vmap_size);
	void *vmap = mmap(NULL, vmap_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	if (vmap == MAP_FAILED)
		die("mmap of the vmap area");
	fake_vmap = (unsigned long)vmap;
}

void fake_arena_show(unsigned long va, unsigned long offset, unsigned long size, bool writable)
{
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);

	if (fake_arena_copied)
		return;
	if (mmap((void *)va, size, prot, MAP_SHARED | MAP_FIXED, arena_fd, (off_t)offset) ==
	    MAP_FAILED)
		die("mmap in the vmap area");
}

void fake_arena_hide(unsigned long va, unsigned long size)
{
	if (mmap((void *)va, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		die("mmap in the vmap area");
}
