/* SPDX-License-Identifier: MIT */
/* prctl: the name of a process. */
#include "t.h"

#include <sys/prctl.h>

#define BAD ((void *)8)

static void name(void)
{
	char text[17] = "0123456789abcdef";
	char comm[32] = "";

	TRY(prctl(PR_GET_NAME, text));
	say("name '%s'\n", text);
	read(open("/proc/self/comm", O_RDONLY), comm, sizeof(comm) - 1);
	say("comm '%s'\n", comm);
}

int main(void)
{
	int status;

	name();
	TRY(prctl(PR_SET_NAME, "short"));
	name();
	TRY(prctl(PR_SET_NAME, "0123456789abcdefghij"));
	name();
	TRY(prctl(PR_SET_NAME, ""));
	name();
	TRY(prctl(PR_SET_NAME, BAD));
	TRY(prctl(PR_GET_NAME, BAD));
	TRY(prctl(999));
	TRY(prctl(PR_SET_NAME, "inherited"));
	if (fork() == 0) {
		name();
		_exit(0);
	}
	wait(&status);
	return 0;
}
