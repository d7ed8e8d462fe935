/* SPDX-License-Identifier: MIT */
/* Operations as a readable text, one a line: what is generated, kept, shrunk and replayed. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#define TOUCH	 "space", "page", "off"
#define RANGE	 "space", "page", "n"
#define TRANSFER "file", "space", "page", "off", "n", "pos"

const struct verb_words verb_words[OP_VERBS] = {
	[OP_LOAD] = { "load", { TOUCH } },
	[OP_STORE] = { "store", { TOUCH, "value" } },
	[OP_EXEC] = { "exec", { TOUCH } },
	[OP_IN] = { "in", { TOUCH, "n" } },
	[OP_OUT] = { "out", { TOUCH, "n", "value" } },
	[OP_CLEAR] = { "clear", { TOUCH, "n" } },
	[OP_STRING] = { "string", { TOUCH, "n" } },
	[OP_PEER_IN] = { "peer_in", { TOUCH, "n" } },
	[OP_PEER_OUT] = { "peer_out", { TOUCH, "n", "value" } },
	[OP_MAP] = { "map", { RANGE, "prot", "kind", "index", "how" } },
	[OP_UNMAP] = { "unmap", { RANGE } },
	[OP_PROTECT] = { "protect", { RANGE, "prot" } },
	[OP_DROP] = { "drop", { RANGE, "locked" } },
	[OP_ADVISE] = { "advise", { RANGE, "which" } },
	[OP_BRK] = { "brk", { "space", "bytes" } },
	[OP_STACK] = { "stack", { "space", "n" } },
	[OP_GROWSDOWN] = { "growsdown", { RANGE, "prot" } },
	[OP_LIMIT] = { "limit", { "space", "as", "data" } },
	[OP_FORK] = { "fork", { "space", "child" } },
	[OP_EXIT] = { "exit", { "space" } },
	[OP_STRIP] = { "strip", { "space" } },
	[OP_KILL] = { "kill", { NULL } },
	[OP_TRIM] = { "trim", { NULL } },
	[OP_RECLAIM] = { "reclaim", { "pages" } },
	[OP_DISK] = { "disk", { NULL } },
	[OP_READ] = { "read", { TRANSFER } },
	[OP_WRITE] = { "write", { TRANSFER } },
	[OP_SIZE] = { "size", { "file", "bytes" } },
	[OP_RENEW] = { "renew", { "file" } },
	[OP_REMAP] = { "remap", { RANGE, "pages", "to", "flags" } },
	[OP_LOCK] = { "lock", { RANGE, "which" } },
	[OP_LOCK_ALL] = { "lock_all", { "space", "which" } },
	[OP_MINCORE] = { "mincore", { RANGE } },
	[OP_SYNC] = { "sync", { RANGE, "flags" } },
	[OP_PUNCH] = { "punch", { "file", "pos", "n" } },
	[OP_ALLOCATE] = { "allocate", { "file", "pos", "n", "grow" } },
	[OP_SWAPON] = { "swapon", { "pages", "bad" } },
	[OP_SWAPOFF] = { "swapoff", { NULL } },
	[OP_ANSWER] = { "answer", { "which", "error" } },
	[OP_FAULTY] = { "faulty", { "reads", "writes" } },
};

static void op_print(const struct op *op)
{
	const struct verb_words *words = &verb_words[op->verb];

	printf("# ");
	if (op->at)
		printf("  @%u ", op->at);
	printf("%s", words->name);
	for (unsigned i = 0; i < OP_ARGS && words->arg[i]; i++)
		printf(" %s=%d", words->arg[i], op->arg[i]);
	if (op->fail)
		printf(" fail=%u", op->fail);
	printf("\n");
}

void script_print(const struct script *script)
{
	if (script->soft)
		printf("# soft\n");
	if (script->woven)
		printf("# woven\n");
	for (size_t i = 0; i < script->count; i++)
		op_print(&script->op[i]);
}

static bool verb_parse(const char *word, struct op *op)
{
	for (unsigned verb = 0; verb < OP_VERBS; verb++) {
		if (strcmp(word, verb_words[verb].name) != 0)
			continue;
		op->verb = (unsigned char)verb;
		return true;
	}
	return false;
}

/* One "name=value". */
static bool arg_parse(char *word, struct op *op)
{
	const struct verb_words *words = &verb_words[op->verb];
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = 0;
	if (strcmp(word, "fail") == 0) {
		op->fail = (unsigned char)atoi(value);
		return true;
	}
	for (unsigned i = 0; i < OP_ARGS && words->arg[i]; i++) {
		if (strcmp(word, words->arg[i]) != 0)
			continue;
		op->arg[i] = atoi(value);
		return true;
	}
	return false;
}

static bool line_parse(char *line, struct op *op)
{
	char *word = strtok(line, " \t\n");

	*op = (struct op){ 0 };
	if (word && *word == '@') {
		op->at = (unsigned char)atoi(word + 1);
		word = strtok(NULL, " \t\n");
	}
	if (!word || !verb_parse(word, op))
		return false;
	while ((word = strtok(NULL, " \t\n"))) {
		if (!arg_parse(word, op))
			return false;
	}
	return true;
}

static bool is_blank(const char *line)
{
	line += strspn(line, " \t\n");
	return !*line || *line == '#';
}

unsigned script_parse(FILE *from, struct script *script)
{
	char line[256];
	unsigned number = 0;

	script->soft = script->woven = false;
	script->count = 0;
	while (fgets(line, sizeof(line), from)) {
		number++;
		if (is_blank(line))
			continue;
		if (strcmp(line, "soft\n") == 0)
			script->soft = true;
		else if (strcmp(line, "woven\n") == 0)
			script->woven = true;
		else if (script->count == SCRIPT_MAX ||
			 !line_parse(line, &script->op[script->count++]))
			return number;
	}
	return 0;
}
