/* SPDX-License-Identifier: MIT */
/* R75: running text can't be opened for writing, cut or replaced in place, but unlinked; and a
 * file being written can't run. */
#include "elf_make.h"

#include <sys/syscall.h>

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "waits", NULL };
	int fd, status, begun[2], go[2];
	pid_t pid;
	char byte;

	if (argc > 1) /* until the name is gone */
		return read(0, &byte, 1) == 0 ? 8 : 9;
	TRY(open(argv[0], O_RDWR));
	TRY(open(argv[0], O_WRONLY | O_TRUNC));
	TRY(open(argv[0], O_RDONLY | O_TRUNC));
	fd = open(argv[0], O_RDONLY);
	say("for reading: %s\n", fd >= 0 ? "yes" : "no");
	TRY(ftruncate(fd, 0));
	TRY(truncate(argv[0], 0));

	fresh_image();
	save_image("busy.tmp");
	fd = open("busy.tmp", O_WRONLY);
	say("while it is written: %s\n", strerrorname_np(-run_image("./busy.tmp")));
	TRY(close(fd));
	ended("afterwards", run_image("./busy.tmp"));
	fd = open("busy.tmp", O_RDONLY);
	ended("while it is read", run_image("./busy.tmp"));
	TRY(close(open("busy.tmp", O_WRONLY)));

	if (pipe2(begun, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return 1;
	pid = fork();
	if (pid == 0) {
		dup2(go[0], 0);
		execv(argv[0], args);
		_exit(1);
	}
	close(begun[1]);
	if (read(begun[0], &byte, 1) != 0) /* exec closes the other end */
		return 1;
	TRY(unlink(argv[0]));
	TRY(open(argv[0], O_RDONLY));
	close(go[1]);
	waitpid(pid, &status, 0);
	say("child: %s\n", status == 8 << 8 ? "as expected" : "not");
	say("we live on without our name\n");
	return 0;
}
