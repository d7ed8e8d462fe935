/* SPDX-License-Identifier: MIT */
/* The start-up contract: argc, argv, envp, auxv and the stack as a new program finds them. */
#include "t.h"

#include <elf.h>
#include <sys/auxv.h>

extern char __executable_start[], etext[];

static void entries(const Elf64_auxv_t *av)
{
	const unsigned long known[] = { AT_HWCAP, AT_PAGESZ, AT_CLKTCK, AT_PHENT,
					AT_BASE,  AT_FLAGS,  AT_UID,	AT_EUID,
					AT_GID,	  AT_EGID,   AT_SECURE };
	const Elf64_Phdr *ph = NULL;
	unsigned long n = 0, entry = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		for (const Elf64_auxv_t *a = av; a->a_type != AT_NULL; a++)
			if (a->a_type == known[i])
				say("auxv %lu: %#lx\n", known[i], a->a_un.a_val);
	}
	for (; av->a_type != AT_NULL; av++) {
		if (av->a_type == AT_PHDR)
			ph = (const Elf64_Phdr *)av->a_un.a_val;
		if (av->a_type == AT_PHNUM)
			n = av->a_un.a_val;
		if (av->a_type == AT_ENTRY)
			entry = av->a_un.a_val;
	}
	say("entry in the text: %s\n",
	    entry >= (uintptr_t)__executable_start && entry < (uintptr_t)etext ? "yes" : "no");
	say("program headers: %s\n", ph && n > 1 && n < 20 && (char *)ph > __executable_start &&
						     (char *)ph < __executable_start + PAGE
					     ? "in the first page"
					     : "elsewhere");
	for (unsigned long i = 0, loads = 0; i < n; i++) {
		loads += ph[i].p_type == PT_LOAD;
		if (i == n - 1)
			say("segments to load: %s\n", loads >= 2 ? "two or more" : "fewer");
	}
}

int main(int argc, char **argv, char **envp)
{
	const char *random = (const char *)getauxval(AT_RANDOM),
		   *fn = (const char *)getauxval(AT_EXECFN);
	char **p = envp;

	say("argc %d\n", argc);
	for (int i = 1; i < argc; i++)
		say("argv[%d] \"%s\"\n", i, argv[i]);
	say("argv[argc] %s\n", argv[argc] ? "set" : "NULL");
	say("envp follows argv: %s\n", envp == argv + argc + 1 ? "yes" : "no");
	while (*p)
		p++;
	say("argc lies before argv: %s\n", ((long *)argv)[-1] == argc ? "yes" : "no");
	say("stack aligned to 16: %s\n", ((uintptr_t)argv - 8) % 16 == 0 ? "yes" : "no");
	say("strings in order, above: %s\n",
	    argv[0] > (char *)p && argv[1] == argv[0] + strlen(argv[0]) + 1 ? "yes" : "no");
	say("AT_EXECFN is the path: %s\n",
	    fn && strcmp(fn + strlen(fn) - 4, "auxv") == 0 ? "yes" : "no");
	say("AT_RANDOM: %s\n",
	    random && not_all(random, 8, random[0]) && not_all(random + 8, 8, random[8])
		    ? "16 odd bytes"
		    : "none");
	say("no vDSO is needed: %s\n",
	    clock_gettime(CLOCK_MONOTONIC, &(struct timespec){ 0 }) == 0 ? "yes" : "no");
	entries((const Elf64_auxv_t *)(p + 1));
	return 0;
}
