/* SPDX-License-Identifier: MIT */
/* R26: strings that end with their mapping: paths, argv and envp, with and without the closing
 * NUL, over pages. */
#include "t.h"

static char *end; /* the first byte of a hole; 4 pages of memory lie below it */
static char *self;

/* Puts s so that its last byte (the NUL, if len counts it) is the last one of the mapping. */
static char *at_end(const char *s, size_t len)
{
	return memcpy(end - len, s, len);
}

static void paths(void)
{
	char *p;

	TRY(close(open(at_end("/dev/null", 10), O_RDONLY)));
	TRY(open(at_end("/dev/null", 9), O_RDONLY));
	TRY(open(at_end("", 1), O_RDONLY));
	TRY(open(end, O_RDONLY));
	TRY(open(end - 4 * PAGE - PAGE * 100000, O_RDONLY));
	TRY(open((char *)8, O_RDONLY));
	TRY(open((char *)0xffffffd000000000, O_RDONLY));
	p = end - 3 * PAGE;
	memset(p, '/', 3 * PAGE);
	TRY(open(p, O_RDONLY));
	TRY(open(end - 4095, O_RDONLY));
	TRY(open(end - 4096, O_RDONLY));
	end[-1] = '\0';
	TRY(close(open(end - 4095, O_RDONLY)));
	TRY(close(open(end - 4096, O_RDONLY)));
	TRY(open(end - 4097, O_RDONLY));
	TRY(chdir(at_end("/", 2)));
	TRY(mkdir(at_end("/dev", 5), 0700));
	TRY(unlink(at_end("no such file", 13)));
	TRY(unlink(at_end("no such file", 12)));
	TRY(link(at_end("nothing", 8), "/x"));
	TRY(link("/", end));
}

static int exec_args(void *mode)
{
	char *argv[4] = { self, "args", at_end("the end", 8), NULL }, *envp[] = { "A=1", NULL };
	char **table = (char **)(end - sizeof(argv));

	switch ((long)mode) {
	case 0:
		execve(self, argv, envp);
		break;
	case 1: /* no closing NUL */
		argv[2] = at_end("the end", 7);
		execve(self, argv, envp);
		break;
	case 2: /* the array itself ends with the mapping, its strings elsewhere */
		argv[2] = "table";
		execve(self, memcpy(table, argv, sizeof(argv)), envp);
		break;
	case 3: /* no closing NULL */
		argv[2] = argv[3] = "x";
		execve(self, memcpy(table, argv, sizeof(argv)), envp);
		break;
	case 4:
		execve(self, argv, (char **)end);
		break;
	case 5:
		syscall(SYS_execve, self, 8, envp);
		break;
	case 6:
		envp[0] = (char *)0xffffffd000000000;
		execve(self, argv, envp);
		break;
	case 7:
		execve(end, argv, envp);
		break;
	case 8:
		syscall(SYS_execve, self, NULL, NULL);
		break;
	}
	say("%ld: %s\n", (long)mode, strerrorname_np(errno));
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 2 && argv[0][0] != '\0') {
		self = argv[0];
		end = before_hole(4) + 4 * PAGE;
		for (long mode = 0; mode < 9; mode++)
			in_child("exec", exec_args, (void *)mode);
		paths();
		return 0;
	}
	say("argc %d, last %s\n", argc, argc > 1 ? argv[argc - 1] : "none");
	return argc;
}
