/* SPDX-License-Identifier: MIT */
/* What is stopped, and what happens meanwhile: the tables of the systematic test. */
#include "scenes.h"

#include <stddef.h>
#include <string.h>

#include "lib/bits.h"

/* Cells 0 to 159 are the window, whose tables part at 80; 160 to 191 the heap; 192 to 231 the stack. */
/* clang-format off */
#define FULL	   "map space=0 page=0 n=160 prot=3 kind=0 how=4\n"
#define HEAP	   "brk space=0 bytes=122879\nadvise space=0 page=160 n=30 which=3\n"
#define STACK	   "stack space=0 n=4\nstore space=0 page=228 off=0 value=3\n"
#define CHILD	   "fork space=0 child=1\n"
#define STRIPES(p) "protect space=0 page=" #p " n=1 prot=1\n"
/* Many VMAs: every second page has other permissions. */
#define STRIPED                                                                             \
	STRIPES(60)                                                                         \
	STRIPES(62)                                                                         \
	STRIPES(64) STRIPES(66) STRIPES(68) STRIPES(70) STRIPES(72) STRIPES(74) STRIPES(76) \
		STRIPES(78) STRIPES(80) STRIPES(82)
#define HEAP_STRIPED                                                                               \
	STRIPES(162)                                                                               \
	STRIPES(164)                                                                               \
	STRIPES(166) STRIPES(168) STRIPES(170) STRIPES(172) STRIPES(174) STRIPES(176) STRIPES(178) \
		STRIPES(180)
/* A quick file, with copies of one's own; a slow one; memory that is shared. */
#define QUICK	"map space=0 page=70 n=40 prot=3 kind=2 index=20 how=4\n"
#define SLOW	"map space=0 page=70 n=40 prot=7 kind=3 index=8 how=0\n"
#define SEGMENT "map space=0 page=70 n=40 prot=3 kind=6 index=8 how=0\n"
#define SHARED	"map space=0 page=70 n=20 prot=3 kind=1 how=4\n"

/* Shared mappings of files: a quick one's that was written to, a slow one's. */
#define SHARED_QUICK                                            \
	"map space=0 page=70 n=40 prot=3 kind=8 index=20 how=0\n" \
	"advise space=0 page=70 n=40 which=3\n"
#define SHARED_SLOW "map space=0 page=70 n=40 prot=7 kind=9 index=8 how=0\n"

/* Pages that are in swap, that are being written to it, or of which a child has some; files' pages. */
#define AREA	   "swapon pages=300\n"
#define PRIVATE	   "map space=0 page=70 n=20 prot=3 kind=0 how=4\nstore space=0 page=81 off=9 value=1\n"
#define SEND	   "advise space=0 page=70 n=20 which=10\n"
#define GOING	   AREA PRIVATE SEND
#define OUT	   GOING "disk\n"
#define CAME_BACK  OUT "load space=0 page=81 off=9\nload space=0 page=80 off=9\n"
#define FILE_OUT   AREA "map space=0 page=70 n=20 prot=3 kind=10 index=20 how=4\n" \
			"advise space=0 page=70 n=20 which=3\nstore space=0 page=81 off=9 value=1\n" SEND "disk\n"
#define SHARED_OUT AREA SHARED "store space=0 page=81 off=9 value=1\n" SEND "disk\n"

const struct scene scenes[] = {
	{ "munmap", FULL CHILD "unmap space=0 page=0 n=160\n", 2 },
	{ "munmap of many parts", FULL STRIPED CHILD "unmap space=0 page=50 n=40\n", 1 },
	{ "mmap over another", FULL CHILD "map space=0 page=0 n=160 prot=3 kind=0 how=4\n", 4 },
	{ "mmap of a file over another",
	  FULL CHILD "map space=0 page=60 n=70 prot=3 kind=2 how=4\n", 4 },
	{ "mprotect", FULL STRIPED CHILD "protect space=0 page=0 n=160 prot=1\n", 8 },
	{ "mprotect to nothing", FULL CHILD "protect space=0 page=20 n=100 prot=0\n", 1 },
	{ "madvise that drops", FULL CHILD "drop space=0 page=0 n=160\n", 2 },
	{ "madvise that drops copies", QUICK CHILD STRIPED "drop space=0 page=60 n=60\n", 4 },
	{ "madvise that fills",
	  "map space=0 page=0 n=160 prot=3 kind=0 how=0\n" CHILD
	  "advise space=0 page=0 n=160 which=3\n",
	  8 },
	{ "brk down", HEAP HEAP_STRIPED CHILD "brk space=0 bytes=5000\n", 1 },
	{ "brk up", HEAP CHILD "brk space=0 bytes=5000\nbrk space=0 bytes=9000\n", 1 },
	{ "fork", FULL HEAP STACK QUICK CHILD "fork space=0 child=2\n", 8 },
	{ "fork of parts", FULL STRIPED SHARED CHILD "fork space=0 child=2\n", 8 },
	{ "exit", FULL HEAP STACK STRIPED CHILD "exit space=1\n", 2 },
	{ "strip", FULL HEAP STACK CHILD "strip space=1\n", 2 },
	{ "truncation", QUICK CHILD "size file=0 bytes=90000\n", 2 },
	{ "truncation of segments",
	  SEGMENT CHILD "advise space=0 page=70 n=40 which=3\n"
			"size file=1 bytes=1\n",
	  1 },
	{ "drop of clean pages",
	  "map space=0 page=0 n=70 prot=1 kind=2 index=0 how=4\n"
	  "unmap space=0 page=0 n=70\n" CHILD "trim\n",
	  1 },
	{ "read", FULL CHILD "read file=1 space=0 page=79 off=100 n=9000 pos=50000\n", 4 },
	{ "write", FULL CHILD "write file=1 space=0 page=79 off=100 n=9000 pos=50000\n", 4 },
	{ "write that grows",
	  FULL CHILD "write file=2 space=0 page=79 off=100 n=12000 pos=287000\n", 2 },
	{ "load that waits", SLOW CHILD "load space=0 page=81 off=5\n", 2 },
	{ "store that waits", SLOW CHILD "store space=0 page=81 off=5 value=9\n", 2 },
	{ "run that waits", SLOW CHILD "exec space=0 page=80 off=5\n", 2 },
	{ "load of a segment's end", SEGMENT CHILD "load space=0 page=96 off=5\n", 2 },
	{ "store to zeros behind it", SEGMENT CHILD "store space=0 page=100 off=5 value=9\n", 1 },
	{ "load of a bad page", SLOW CHILD "load space=0 page=82 off=5\n", 2 },
	{ "copy in that waits", SLOW CHILD "in space=0 page=79 off=4000 n=5000\n", 4 },
	{ "copy out that waits", SLOW CHILD "out space=0 page=79 off=4000 n=5000 value=4\n", 4 },
	{ "clear that waits", SLOW CHILD "clear space=0 page=79 off=4000 n=5000\n", 4 },
	{ "string that waits", SLOW CHILD "string space=0 page=79 off=4000 n=5000\n", 2 },
	{ "copy from afar", SLOW CHILD "peer_in space=0 page=79 off=4000 n=5000\n", 4 },
	{ "copy to afar", SLOW CHILD "peer_out space=0 page=79 off=4000 n=5000 value=4\n", 4 },
	{ "filling that waits", SLOW CHILD "advise space=0 page=78 n=4 which=2\n", 8 },
	{ "filling of copies that waits", SLOW CHILD "advise space=0 page=78 n=4 which=3\n", 8 },
	{ "copy on write", FULL CHILD "store space=0 page=81 off=5 value=9\n", 1 },
	{ "zeros on write",
	  "map space=0 page=70 n=40 prot=3 kind=0 how=0\n" CHILD
	  "store space=0 page=81 off=5 value=9\n",
	  1 },
	{ "shared page on write",
	  "map space=0 page=70 n=20 prot=3 kind=1 how=0\n" CHILD
	  "store space=0 page=81 off=5 value=9\n",
	  1 },
	{ "mremap over another", FULL CHILD "remap space=0 page=0 n=60 pages=60 to=75 flags=3\n", 4 },
	{ "mremap to where nothing is",
	  CHILD "map space=0 page=20 n=40 prot=3 kind=0 how=4\n"
		"remap space=0 page=20 n=40 pages=40 to=80 flags=3\n",
	  5 },
	{ "mremap that grows and moves",
	  "map space=0 page=0 n=60 prot=3 kind=0 how=4\nmap space=0 page=60 n=1 prot=0 kind=0 how=0\n"
	  CHILD "remap space=0 page=0 n=60 pages=90 to=0 flags=1\n",
	  3 },
	{ "mremap that shrinks and moves",
	  FULL CHILD "remap space=0 page=0 n=70 pages=50 to=75 flags=3\n", 4 },
	{ "mremap that shrinks", FULL CHILD "remap space=0 page=0 n=160 pages=10 to=0 flags=0\n", 1 },
	{ "mremap that keeps the old",
	  FULL QUICK CHILD "remap space=0 page=70 n=40 pages=40 to=5 flags=7\n", 4 },
	{ "mremap of a shared file",
	  SHARED_QUICK CHILD "remap space=0 page=70 n=40 pages=40 to=115 flags=3\n", 3 },
	{ "mremap of a shared file that stays",
	  CHILD "map space=0 page=20 n=40 prot=3 kind=8 index=20 how=0\n"
		"advise space=0 page=20 n=40 which=3\n"
		"remap space=0 page=20 n=40 pages=40 to=80 flags=7\n",
	  5 },
	{ "mremap of a stack",
	  STACK FULL CHILD "remap space=0 page=228 n=4 pages=4 to=78 flags=3\n", 3 },
	{ "mremap of locked memory that grows",
	  SLOW CHILD "unmap space=0 page=84 n=40\nlock space=0 page=70 n=14 which=0\n"
		     "remap space=0 page=70 n=14 pages=20 to=0 flags=0\n",
	  2 },
	{ "mlock that waits", SLOW CHILD "lock space=0 page=78 n=4 which=0\n", 4 },
	{ "mlock of parts", FULL STRIPED CHILD "lock space=0 page=50 n=60 which=0\n", 8 },
	{ "mlockall", FULL STRIPED SLOW CHILD "lock_all space=0 which=3\n", 8 },
	{ "advice for a child", FULL STRIPED CHILD "advise space=0 page=50 n=60 which=5\n", 8 },
	{ "fork without some",
	  FULL STRIPED CHILD "advise space=0 page=0 n=70 which=5\n"
			     "advise space=0 page=70 n=10 which=7\n"
			     "fork space=0 child=2\n",
	  4 },
	{ "truncation of a shared mapping", SHARED_QUICK CHILD "size file=0 bytes=90000\n", 1 },
	{ "store to a shared file that waits", SHARED_SLOW CHILD "store space=0 page=81 off=5 value=9\n", 2 },
	{ "load of a shared bad page", SHARED_SLOW CHILD "load space=0 page=82 off=5\n", 2 },
	{ "hole", SHARED_QUICK CHILD "punch file=0 pos=131072 n=150001\n", 8 },
	{ "hole that waits", SHARED_SLOW CHILD "punch file=1 pos=65600 n=9000\n", 2 },
	{ "room for bytes", SHARED_QUICK CHILD "allocate file=2 pos=250000 n=60000 grow=1\n", 8 },
	{ "load of a page in swap", OUT CHILD "load space=0 page=81 off=9\n", 2 },
	{ "store to a page in swap", OUT "store space=0 page=81 off=9 value=9\n", 2 },
	{ "store to a page in swap that a child has", OUT CHILD "store space=0 page=81 off=9 value=9\n", 3 },
	{ "run of a page in swap", OUT "protect space=0 page=70 n=20 prot=5\n" CHILD "exec space=0 page=81 off=9\n", 2 },
	{ "store to a page that came back", CAME_BACK CHILD "store space=0 page=81 off=9 value=9\n", 1 },
	{ "store to a page that is being written", GOING CHILD "store space=0 page=81 off=9 value=9\n", 1 },
	{ "load of shared memory in swap", SHARED_OUT CHILD "load space=0 page=81 off=9\n", 2 },
	{ "store to a file's page in swap", FILE_OUT CHILD "store space=0 page=81 off=9 value=9\n", 2 },
	{ "copies of pages in swap", OUT CHILD "in space=0 page=79 off=4000 n=5000\n", 4 },
	{ "copy to pages in swap", OUT CHILD "peer_out space=0 page=79 off=4000 n=5000 value=4\n", 4 },
	{ "fork with pages in swap", OUT CHILD "fork space=0 child=2\n", 1 },
	{ "munmap of pages in swap", OUT CHILD "unmap space=0 page=70 n=20\n", 0 },
	{ "mremap of pages in swap", OUT CHILD "remap space=0 page=70 n=20 pages=20 to=100 flags=3\n", 2 },
	{ "mprotect of pages in swap", OUT CHILD STRIPED "protect space=0 page=70 n=20 prot=1\n", 1 },
	{ "madvise that drops pages in swap", OUT CHILD STRIPED "drop space=0 page=70 n=20\n", 1 },
	{ "mlock of pages in swap", OUT CHILD "lock space=0 page=78 n=4 which=0\n", 4 },
	{ "filling of pages in swap", OUT CHILD "advise space=0 page=78 n=4 which=3\n", 4 },
	{ "exit with pages in swap", OUT STRIPED CHILD "exit space=1\n", 0 },
	{ "strip with pages in swap", OUT CHILD "strip space=1\n", 0 },
	{ "madvise that sends pages out", AREA PRIVATE STRIPED "advise space=0 page=70 n=20 which=10\n", 2 },
	{ "the hand of the clock", AREA PRIVATE CHILD "reclaim pages=30\n", 8 },
	{ "swapoff", OUT CHILD "swapoff\n", 4 },
	{ "swapoff with a file's pages", FILE_OUT CHILD "swapoff\n", 4 },
	{ "truncation within a page in swap", FILE_OUT CHILD "size file=2 bytes=127000\n", 1 },
	{ "hole in a page in swap", FILE_OUT CHILD "punch file=2 pos=122900 n=9000\n", 1 },
	{ "room for bytes in swap", FILE_OUT CHILD "allocate file=2 pos=122880 n=9000 grow=0\n", 2 },
	{ "read of a page in swap", FILE_OUT CHILD "read file=2 space=0 page=2 off=0 n=9000 pos=122880\n", 1 },
	{ "write to a page in swap", FILE_OUT FULL "write file=2 space=0 page=2 off=0 n=9000 pos=122880\n", 1 },
	{ "brk in a page of swap",
	  AREA HEAP "brk space=0 bytes=5000\nadvise space=0 page=160 n=4 which=10\ndisk\n" CHILD
		    "brk space=0 bytes=9000\n",
	  1 },
	{ "growing stack", STACK CHILD "store space=0 page=215 off=5 value=9\n", 1 },
	{ NULL, NULL, 0 },
};
/* clang-format on */

const char *const scene_meanwhile[] = {
	"load space=0 page=2 off=1",
	"load space=0 page=81 off=4095",
	"store space=0 page=2 off=7 value=91",
	"store space=0 page=81 off=7 value=92",
	"store space=0 page=149 off=7 value=93",
	"store space=0 page=176 off=7 value=93",
	"store space=0 page=229 off=7 value=94",
	"store space=0 page=210 off=7 value=94",
	"exec space=0 page=81 off=1",
	"store space=0 page=81 off=7 value=92 fail=1",
	"in space=0 page=79 off=4000 n=5000",
	"out space=0 page=79 off=4000 n=5000 value=40",
	"peer_out space=0 page=79 off=4000 n=5000 value=50",
	"string space=0 page=81 off=9 n=40",
	"store space=1 page=81 off=7 value=95",
	"unmap space=1 page=70 n=30",
	"protect space=1 page=60 n=40 prot=1",
	"drop space=1 page=60 n=40",
	"map space=1 page=75 n=10 prot=3 kind=1 how=4",
	"map space=1 page=75 n=10 prot=3 kind=2 index=20 how=4",
	"brk space=1 bytes=50000",
	"fork space=1 child=2",
	"fork space=1 child=3 fail=3",
	"fork space=0 child=3",
	"exit space=1",
	"strip space=0",
	"strip space=1",
	"kill",
	"trim",
	"disk",
	"unmap space=0 page=70 n=30",
	"map space=0 page=78 n=6 prot=3 kind=0 how=4",
	"map space=0 page=78 n=6 prot=3 kind=3 index=9 how=0",
	"protect space=0 page=78 n=20 prot=0",
	"protect space=0 page=78 n=20 prot=1",
	"drop space=0 page=78 n=20",
	"advise space=0 page=78 n=4 which=3",
	"brk space=0 bytes=60000",
	"stack space=0 n=2",
	"limit space=0 as=1 data=1",
	"store space=0 page=20 off=7 value=90",
	"store space=0 page=119 off=7 value=90",
	"out space=0 page=78 off=4000 n=5000 value=60",
	"map space=0 page=78 n=6 prot=3 kind=9 index=9 how=0",
	"map space=1 page=75 n=10 prot=3 kind=8 index=20 how=4",
	"remap space=0 page=78 n=6 pages=6 to=20 flags=7",
	"remap space=0 page=80 n=4 pages=4 to=140 flags=3",
	"remap space=1 page=70 n=6 pages=6 to=140 flags=3",
	"lock space=0 page=78 n=4 which=0",
	"punch file=0 pos=140000 n=50000",
	"punch file=1 pos=73728 n=4096",
	"size file=1 bytes=0",
	"size file=1 bytes=40000",
	"size file=1 bytes=320000",
	"size file=0 bytes=30000",
	"read file=0 space=0 page=80 off=0 n=6000 pos=100",
	"write file=1 space=1 page=2 off=0 n=5000 pos=77000",
	"write file=0 space=1 page=2 off=0 n=5000 pos=126976",
	/* from here on, if there is swap */
	"advise space=0 page=70 n=20 which=10",
	"advise space=1 page=70 n=20 which=10",
	"reclaim pages=100",
	"swapoff",
	"answer which=0 error=1",
	"answer which=1 error=0",
	"faulty reads=1 writes=1",
	"size file=2 bytes=124000",
	"load space=1 page=81 off=9",
	"read file=2 space=0 page=81 off=0 n=3000 pos=126000",
};

#define WITH_SWAP 10

unsigned scene_meanwhile_count(const struct scene *scene)
{
	return ARRAY_SIZE(scene_meanwhile) - (scene_has_swap(scene) ? 0 : WITH_SWAP);
}

bool scene_has_swap(const struct scene *scene)
{
	return strncmp(scene->setup, AREA, strlen(AREA)) == 0;
}

const char scene_afterwards[] = "load space=0 page=2 off=7\n"
				"store space=0 page=81 off=8 value=96\n"
				"load space=1 page=81 off=7\n"
				"load space=0 page=119 off=7\n"
				"store space=1 page=149 off=9 value=97\n"
				"load space=2 page=81 off=7\n"
				"store space=2 page=2 off=7 value=98\n"
				"store space=0 page=229 off=1 value=99\n";
