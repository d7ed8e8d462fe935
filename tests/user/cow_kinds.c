/* SPDX-License-Identifier: MIT */
/* R60 R61 R63: copy-on-write of each kind of private page: data, BSS, heap, stack, file, zero
 * page, hole, text. */
#include "t.h"

static char data[2 * PAGE] = "data";
static char bss[2 * PAGE];
static const char rodata[2 * PAGE] = "rodata";
static char *heap, *map, *zero, *hole, *file, *ro;

static void show(const char *who, const char *stack)
{
	say("%s: %s %s %s %s %s %d %d %s %s\n", who, data, bss, heap, map, stack, zero[0], hole[0],
	    file[0] == file_byte(0) ? "file" : "changed", ro);
}

static int writes_text(void *unused)
{
	(void)unused;
	*(volatile char *)(uintptr_t)&show = 1;
	return 0;
}

static int writes_rodata(void *unused)
{
	(void)unused;
	*(volatile char *)(uintptr_t)rodata = 1;
	return 0;
}

static int writes_ro(void *unused)
{
	(void)unused;
	*(volatile char *)ro = 1;
	return 0;
}

static int child(void *stack)
{
	show("child before", stack);
	strcpy(data, "DATA");
	strcpy(bss, "BSS");
	strcpy(heap, "HEAP");
	strcpy(map, "MAP");
	strcpy(stack, "STACK");
	zero[0] = 1;
	hole[0] = 2;
	file[0] = (char)~file_byte(0);
	show("child after", stack);
	in_child("  grandchild writes text", writes_text, NULL);
	in_child("  grandchild writes rodata", writes_rodata, NULL);
	in_child("  grandchild writes a read-only map", writes_ro, NULL);
	return 0;
}

int main(void)
{
	char stack[64] = "stack";
	volatile char *z;
	int fd;

	strcpy(bss, "bss");
	heap = strcpy(sbrk(PAGE), "heap");
	map = strcpy(anon(PAGE), "map");
	zero = anon(PAGE);
	hole = anon(PAGE);
	ro = strcpy(anon(PAGE), "read-only");
	mprotect(ro, PAGE, PROT_READ);
	z = zero;
	(void)*z;
	make_file("cow_kinds.tmp", 100);
	fd = open("cow_kinds.tmp", O_RDONLY);
	file = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
	z = file;
	(void)*z;
	in_child("first child", child, stack);
	show("parent", stack);
	in_child("second child", child, stack);
	strcpy(data, "mine");
	show("parent", stack);
	fd = open("cow_kinds.tmp", O_RDONLY);
	TRY(read(fd, bss, 1));
	say("the file is %s\n", bss[0] == file_byte(0) ? "as it was" : "changed");
	return 0;
}
