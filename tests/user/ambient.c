/* SPDX-License-Identifier: MIT */
/* Ambient capabilities: what exec keeps for a program of a user; and how processes are timed. */
#include "t.h"

#include <grp.h>
#include <sys/prctl.h>

#define KILL	 5
#define NET_BIND 10
#define SYS_NICE 23
#define NO_RAISE 0x40
#define BIT(n)	 (1u << (n))

static const char *program;

static void set_caps(uint32_t permitted, uint32_t inheritable)
{
	uint32_t header[2] = { 0x20080522, 0 };
	uint32_t data[6] = { permitted, permitted, inheritable };

	TRY(syscall(SYS_capset, header, data));
}

static void tell(const char *when)
{
	char text[4096], *line;
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	say("%s:\n", when);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "CapI", 4) == 0 || strncmp(line, "CapP", 4) == 0 ||
		    strncmp(line, "CapE", 4) == 0 || strncmp(line, "CapA", 4) == 0)
			say("  %s\n", line);
}

static int exec_again(void *unused)
{
	char *const words[] = { "ambient", "again", NULL };

	(void)unused;
	execv(program, words);
	return 1;
}

static void arguments(void)
{
	for (int what = 0; what < 6; what++) {
		TRY(prctl(PR_CAP_AMBIENT, what, KILL, 0, 0));
		TRY(prctl(PR_CAP_AMBIENT, what, 41, 0, 0));
		TRY(prctl(PR_CAP_AMBIENT, what, -1, 0, 0));
		TRY(prctl(PR_CAP_AMBIENT, what, KILL, 1, 0));
		TRY(prctl(PR_CAP_AMBIENT, what, KILL, 0, 1));
	}
	TRY(prctl(PR_GET_TIMING));
	TRY(prctl(PR_SET_TIMING, 0));
	TRY(prctl(PR_SET_TIMING, 1));
	TRY(prctl(PR_SET_TIMING, 2));
}

static int of_a_user(void *keeps)
{
	set_caps(~0u, BIT(KILL) | BIT(SYS_NICE));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_BIND, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, KILL, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, KILL, 0, 0));
	tell("root");
	in_child("exec by root", exec_again, NULL);
	if (keeps)
		TRY(prctl(PR_SET_KEEPCAPS, 1));
	if (setgroups(0, NULL) != 0)
		return 96;
	if (setresuid(1000, 1000, 1000) != 0)
		return 96;
	tell("a user");
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, KILL, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, SYS_NICE, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_BIND, 0, 0));
	tell("raised");
	in_child("exec", exec_again, NULL);
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, KILL, 0, 0));
	in_child("exec", exec_again, NULL);
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, KILL, 0, 0));
	set_caps(BIT(KILL) | BIT(SYS_NICE), BIT(KILL));
	tell("less is inheritable");
	set_caps(BIT(SYS_NICE), BIT(KILL));
	tell("less is permitted");
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, KILL, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	tell("cleared");
	return 0;
}

static int forbidden(void *unused)
{
	(void)unused;
	set_caps(~0u, BIT(KILL) | BIT(SYS_NICE));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, KILL, 0, 0));
	TRY(prctl(PR_SET_SECUREBITS, NO_RAISE));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, SYS_NICE, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, KILL, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, KILL, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, KILL, 0, 0));
	TRY(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, KILL, 0, 0));
	return 0;
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1) {
		tell("after exec");
		return 0;
	}
	arguments();
	in_child("who drops all", of_a_user, NULL);
	in_child("who keeps some", of_a_user, "");
	in_child("forbidden", forbidden, NULL);
	return 0;
}
