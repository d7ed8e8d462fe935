/* The program that the system tests run: one small behaviour for each word that may be its argument, or its name. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The environment, as main got it. */
static char **environment;

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, data, len);

		if (done <= 0)
			_exit(99);
		data += done;
		len -= (size_t)done;
	}
}

/* cat: standard input to standard output, to its end. */
static int do_cat(int argc, char **argv)
{
	static char buf[65536];
	ssize_t n;

	(void)argc;
	(void)argv;
	while ((n = read(0, buf, sizeof(buf))) > 0)
		write_all(1, buf, (size_t)n);
	return n < 0 ? 98 : 0;
}

/* head1: the first line of standard input, however much more there is. */
static int do_head1(int argc, char **argv)
{
	char c = 0;

	(void)argc;
	(void)argv;
	while (c != '\n' && read(0, &c, 1) == 1)
		write_all(1, &c, 1);
	return 0;
}

static int do_exit(int argc, char **argv)
{
	return argc > 2 ? atoi(argv[2]) : 0;
}

/* kill N: ends by that signal. */
static int do_kill(int argc, char **argv)
{
	kill(getpid(), argc > 2 ? atoi(argv[2]) : SIGKILL);
	return 97;
}

/* bytes N: a pattern that holds every byte value. */
static int do_bytes(int argc, char **argv)
{
	size_t len = argc > 2 ? strtoul(argv[2], NULL, 0) : 256;
	char *data = malloc(len);

	if (!data)
		return 96;
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i + i / 256 * 7);
	write_all(1, data, len);
	return 0;
}

/* both: a line to each of standard output and standard error, without newlines at the end. */
static int do_both(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	write_all(1, "out\0\r\n\377", 7);
	write_all(2, "err\0\r\n\376", 7);
	return 0;
}

static int do_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return 0;
}

static int do_env(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (char **e = environment; *e; e++)
		puts(*e);
	return 0;
}

/* self: argv[0] opens the program, and the working directory can be written. */
static int do_self(int argc, char **argv)
{
	char magic[4] = "", back[5] = "";
	int fd = open(argv[0], O_RDONLY);

	(void)argc;
	if (fd < 0 || read(fd, magic, 4) != 4 || memcmp(magic, "\177ELF", 4))
		return 95;
	fd = open("written here", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, "data", 4) != 4 || lseek(fd, 0, SEEK_SET) != 0 ||
	    read(fd, back, 4) != 4)
		return 94;
	printf("self %s\n", back);
	return 0;
}

/* tty: which of the descriptors are terminals, and how large that is. */
static int do_tty(int argc, char **argv)
{
	struct winsize w = { 0 };

	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 3; fd++) {
		if (isatty(fd))
			ioctl(fd, TIOCGWINSZ, &w);
	}
	printf("tty %d%d%d %dx%d\n", isatty(0), isatty(1), isatty(2), w.ws_col, w.ws_row);
	return 0;
}

/* stat PATH: what a file is. */
static int do_stat(int argc, char **argv)
{
	struct stat st;

	if (argc < 3 || stat(argv[2], &st) != 0) {
		printf("stat: %s\n", strerror(errno));
		return 1;
	}
	printf("%s %o %lld\n", S_ISDIR(st.st_mode) ? "folder" : "file", st.st_mode & 07777,
	       S_ISDIR(st.st_mode) ? 0LL : (long long)st.st_size);
	return 0;
}

/* link PATH: where a link points. */
static int do_link(int argc, char **argv)
{
	char target[256] = "";

	if (argc < 3 || readlink(argv[2], target, sizeof(target) - 1) < 0)
		return 1;
	puts(target);
	return 0;
}

/* show PATH: the contents of a file. */
static int do_show(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[2], O_RDONLY) : -1;

	if (fd < 0 || dup2(fd, 0) != 0)
		return 93;
	return do_cat(argc, argv);
}

/* sleep S: says that it has begun. */
static int do_sleep(int argc, char **argv)
{
	puts("asleep");
	fflush(stdout);
	sleep(argc > 2 ? (unsigned)atoi(argv[2]) : 1000);
	return 0;
}

/* modes: switches the terminal's echo off, stops, and tells what is left of that when it goes on. */
static int do_modes(int argc, char **argv)
{
	struct termios modes;

	(void)argv;
	tcgetattr(0, &modes);
	modes.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(0, TCSANOW, &modes);
	raise(SIGSTOP);
	tcgetattr(0, &modes);
	puts(modes.c_lflag & ECHO ? "echoes" : "echoes not");
	return argc > 2;
}

/* tostop: who is in the background is to stop where it writes to the terminal. tostop -: no more. */
static int do_tostop(int argc, char **argv)
{
	struct termios modes;

	(void)argv;
	if (tcgetattr(0, &modes) != 0)
		return 95;
	modes.c_lflag = argc > 2 ? modes.c_lflag & ~(tcflag_t)TOSTOP : modes.c_lflag | TOSTOP;
	return tcsetattr(0, TCSANOW, &modes) != 0;
}

/* spin: never ends and never calls the kernel. */
static int do_spin(int argc, char **argv)
{
	(void)argv;
	puts("spinning");
	fflush(stdout);
	while (argc > 0)
		__asm__ volatile("");
	return 0;
}

/* orphan: ends and leaves a child that never does. */
static int do_orphan(int argc, char **argv)
{
	if (fork() == 0)
		do_spin(argc, argv);
	return 7;
}

/* echo: repeats each line that it reads, until the end. */
static int do_echo(int argc, char **argv)
{
	char line[512];

	(void)argc;
	(void)argv;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("got %s", line);
		fflush(stdout);
	}
	puts("end");
	return 0;
}

/* yes: writes without end. */
static int do_yes(int argc, char **argv)
{
	(void)argv;
	while (argc > 0)
		write_all(1, "yes\n", 4);
	return 0;
}

/* hog: touches memory without end. */
static int do_hog(int argc, char **argv)
{
	const size_t piece = 1 << 20;

	(void)argc;
	(void)argv;
	for (;;) {
		char *p = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED)
			return 92;
		for (size_t i = 0; i < piece; i += 4096)
			p[i] = 1;
	}
}

/* survivor: lets a child be the hog and lives on. */
static int do_survivor(int argc, char **argv)
{
	int status = 0;

	if (fork() == 0)
		_exit(do_hog(argc, argv));
	if (wait(&status) < 0)
		return 91;
	printf("child: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

/* bomb: forks until that is refused, then ends with all its children still there. */
static int do_bomb(int argc, char **argv)
{
	int n = 0;

	(void)argc;
	(void)argv;
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0)
			for (;;)
				sleep(1000);
		n++;
	}
	printf("refused: %s\n", strerror(errno));
	return n > 0 ? 0 : 90;
}

/* wild: a store to a null pointer. */
static int do_wild(int argc, char **argv)
{
	volatile uintptr_t address = 0x10;

	(void)argc;
	(void)argv;
	*(volatile int *)address = 1;
	return 89;
}

/* ticks: the counter at two moments; what it prints is the same in each run that counts instructions. */
static int do_ticks(int argc, char **argv)
{
	unsigned long begin, end;

	(void)argc;
	(void)argv;
	__asm__ volatile("rdtime %0" : "=r"(begin));
	for (volatile int i = 0; i < 100000; i++)
		;
	__asm__ volatile("rdtime %0" : "=r"(end));
	printf("%lu %lu\n", begin, end - begin);
	return 0;
}

/*
 * gone, as process 1: goes on as /probe, writes over the file that it was and unlinks it, and ends with children that
 * nobody has waited for.
 */
static int do_gone(int argc, char **argv)
{
	int fd;

	if (argc < 3) {
		execl("/probe", "probe", "gone", argv[0], (char *)NULL);
		return 85;
	}
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			return i == 0 ? 0 : pause();
	fd = open(argv[2], O_WRONLY);
	if (fd < 0 || write(fd, argv[2], 1) != 1)
		return 86;
	return unlink(argv[2]) ? 87 : 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} behaviours[] = {
	{ "cat", do_cat },	 { "head1", do_head1 },	  { "exit", do_exit },
	{ "kill", do_kill },	 { "bytes", do_bytes },	  { "both", do_both },
	{ "args", do_args },	 { "env", do_env },	  { "self", do_self },
	{ "tty", do_tty },	 { "stat", do_stat },	  { "link", do_link },
	{ "show", do_show },	 { "sleep", do_sleep },	  { "spin", do_spin },
	{ "orphan", do_orphan }, { "echo", do_echo },	  { "yes", do_yes },
	{ "hog", do_hog },	 { "bomb", do_bomb },	  { "survivor", do_survivor },
	{ "wild", do_wild },	 { "ticks", do_ticks },	  { "gone", do_gone },
	{ "modes", do_modes },	 { "tostop", do_tostop },
};

int main(int argc, char **argv, char **envp)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = argc > 1 ? argv[1] : slash ? slash + 1 : argv[0];

	environment = envp;
	for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (strcmp(name, behaviours[i].name) == 0)
			return behaviours[i].run(argc, argv);
	fprintf(stderr, "probe: no behaviour '%s'\n", name);
	return 88;
}
