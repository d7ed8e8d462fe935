/* SPDX-License-Identifier: MIT */
/* Operations as a readable text, one a line: what is generated, kept, shrunk and replayed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define OP_ARGS	   7
#define SCRIPT_MAX 8192

enum verb {
	OP_LOAD,
	OP_STORE,
	OP_EXEC,
	OP_IN,
	OP_OUT,
	OP_CLEAR,
	OP_STRING,
	OP_PEER_IN,
	OP_PEER_OUT,
	OP_MAP,
	OP_UNMAP,
	OP_PROTECT,
	OP_DROP,
	OP_ADVISE,
	OP_BRK,
	OP_STACK,
	OP_GROWSDOWN,
	OP_LIMIT,
	OP_FORK,
	OP_EXIT,
	OP_STRIP,
	OP_KILL,
	OP_TRIM,
	OP_RECLAIM,
	OP_DISK,
	OP_READ,
	OP_WRITE,
	OP_SIZE,
	OP_RENEW,
	OP_REMAP,
	OP_LOCK,
	OP_LOCK_ALL,
	OP_MINCORE,
	OP_SYNC,
	OP_PUNCH,
	OP_ALLOCATE,
	OP_SWAPON,
	OP_SWAPOFF,
	OP_ANSWER,
	OP_FAULTY,
	OP_VERBS
};

struct op {
	unsigned char verb;
	unsigned char at;   /* 0: by itself; n: at the nth pause of the last one that is */
	unsigned char fail; /* the allocation that fails, counted from 1; 0: none */
	int arg[OP_ARGS];
};

struct script {
	bool soft;  /* A and D are kept in software, and memory is accounted for (commit=strict) */
	bool woven; /* an operation also pauses where it takes or has released its only lock */
	size_t count;
	struct op op[SCRIPT_MAX];
};

/* The name of a verb, and of its arguments up to the first NULL. */
struct verb_words {
	const char *name;
	const char *arg[OP_ARGS];
};
extern const struct verb_words verb_words[OP_VERBS];

/* As comments of a TAP stream: without "# " they are a script again. */
void script_print(const struct script *script);

/* Reads a script: 0, or the number of the first line that is none. */
unsigned script_parse(FILE *from, struct script *script);
