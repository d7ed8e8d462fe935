/* SPDX-License-Identifier: MIT */
/* Each error of execve; after all of them the image lives on. docs/ABI.md has the list. */
#include "elf_make.h"

#define NO_ARGS ((char *[]){ (char *)"x", NULL })

static void interpreter(const char *name, size_t len)
{
	fresh_image();
	img.eh.e_phnum = 2;
	img.ph[1] = (Elf64_Phdr){ PT_INTERP, PF_R, CODE + 64, 0, 0, len, len, 1 };
	memcpy(img.bytes + CODE + 64, name, len);
	img.size += len;
}

static void write_image(const char *path)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	if (fd < 0 || write(fd, &img, img.size) != (ssize_t)img.size)
		result("write", -1);
	close(fd);
}

static void files(void)
{
	int fd;

	fresh_image();
	write_image("good.tmp");
	interpreter("/no/such/interpreter", 21);
	write_image("interp.tmp");
	interpreter("x", 1);
	write_image("short.tmp");
	make_file("plain.tmp", 100);
	TRY(syscall(SYS_execve, "plain.tmp", NO_ARGS, NULL)); /* mode 0644 */
	memset(img.bytes, 'x', 64);
	write_image("text.tmp");
	TRY(syscall(SYS_execve, "text.tmp", NO_ARGS, NULL));
	mkdir("dir.tmp", 0755);
	TRY(syscall(SYS_execve, "dir.tmp", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "dir.tmp/", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "/dev/null", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "interp.tmp", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "short.tmp", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "good.tmp/", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "good.tmp/x", NO_ARGS, NULL));
	fd = open("good.tmp", O_WRONLY);
	TRY(syscall(SYS_execve, "good.tmp", NO_ARGS, NULL));
	close(fd);
}

static void strings(void)
{
	static char longest[200000];
	char *long_arg[] = { longest, NULL }, *bad[] = { (char *)8, NULL };

	memset(longest, 'a', sizeof(longest) - 1);
	TRY(syscall(SYS_execve, "good.tmp", long_arg, NULL));
	TRY(syscall(SYS_execve, "good.tmp", NO_ARGS, long_arg));
	TRY(syscall(SYS_execve, "good.tmp", bad, NULL));
	TRY(syscall(SYS_execve, "good.tmp", NO_ARGS, bad));
	TRY(syscall(SYS_execve, "good.tmp", (char **)8, NULL));
	TRY(syscall(SYS_execve, (char *)8, NO_ARGS, NULL));
	TRY(syscall(SYS_execve, longest, NO_ARGS, NULL));
	longest[256] = '\0';
	TRY(syscall(SYS_execve, longest, NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "none.tmp", NO_ARGS, NULL));
}

static int good(void *unused)
{
	(void)unused;
	return (int)TRY(syscall(SYS_execve, "good.tmp", NO_ARGS, NULL));
}

int main(void)
{
	files();
	strings();
	TRY(syscall(SYS_execve, "/links/loop", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "/links/dangling", NO_ARGS, NULL));
	TRY(syscall(SYS_execve, "/links/to_target", NO_ARGS, NULL));
	in_child("the good one", good, NULL);
	return 0;
}
