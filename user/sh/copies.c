/* SPDX-License-Identifier: MIT */
/* The table is in memory that the prompt and its copies share, so that ps in a copy sees all. */
#define _GNU_SOURCE
#include "sh/copies.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define COPIES_MAX 128 /* the oldest is overwritten; its pid may be in use again */
#define NAME_BYTES 16

static struct copies {
	unsigned count; /* of all copies noted so far */
	struct {
		pid_t pid;
		char name[NAME_BYTES];
	} last[COPIES_MAX];
} * copies;
static pid_t prompt;

void copies_begin(void)
{
	copies = mmap(NULL, sizeof(*copies), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (copies == MAP_FAILED)
		copies = NULL;
	prompt = getpid();
}

void copies_note(pid_t pid, const char *name)
{
	unsigned at;

	if (!copies)
		return;
	at = __atomic_fetch_add(&copies->count, 1, __ATOMIC_RELAXED) % COPIES_MAX;
	snprintf(copies->last[at].name, NAME_BYTES, "%s", name);
	__atomic_store_n(&copies->last[at].pid, pid, __ATOMIC_RELEASE);
}

const char *copies_find(pid_t pid, pid_t parent)
{
	unsigned count = copies ? __atomic_load_n(&copies->count, __ATOMIC_RELAXED) : 0;

	if (parent != prompt)
		return NULL;
	for (unsigned back = 1; back <= COPIES_MAX && back <= count; back++) {
		unsigned at = (count - back) % COPIES_MAX;

		if (__atomic_load_n(&copies->last[at].pid, __ATOMIC_ACQUIRE) == pid)
			return copies->last[at].name;
	}
	return NULL;
}
