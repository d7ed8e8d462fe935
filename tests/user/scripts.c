/* SPDX-License-Identifier: MIT */
/* Scripts: what execve makes of the line after "#!", and what the interpreter finds. The interpreter is this program. */
#include "t.h"

#include <sys/auxv.h>

#define HEAD 256 /* bytes of a script that count */

static char text[2 * HEAD];

/* As interpreter: one line with all that it was started with. */
static int tell(int argc, char **argv, char **envp)
{
	char exe[256] = "", comm[32] = "", *slash, *execfn = (char *)getauxval(AT_EXECFN);
	int fd = open("/proc/self/comm", O_RDONLY);
	size_t len = 0;

	if (fd >= 0 && read(fd, comm, sizeof(comm) - 1) > 0)
		comm[strcspn(comm, "\n")] = '\0';
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		exe[0] = '\0';
	slash = strrchr(exe, '/');
	for (int i = 0; i < argc; i++)
		if (strlen(argv[i]) < 40)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " [%s]", argv[i]);
		else
			len += (size_t)snprintf(text + len, sizeof(text) - len, " [%.8s... %zu]",
						argv[i], strlen(argv[i]));
	say("  %d:%s; %s; exe %s, comm %s, execfn %s\n", argc, text,
	    envp[0] ? envp[0] : "no environment", slash ? slash + 1 : "none", comm,
	    strlen(execfn) < 40 ? execfn : "long");
	return 3;
}

static void put(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fchmod(fd, mode) != 0)
		result("put", -1);
	close(fd);
}

/* Runs a file, and tells how that ended, or the error. */
static void run_with(const char *what, char *path, char **argv)
{
	char *env[] = { (char *)(uintptr_t) "E=1", NULL };
	int status = 0, errors[2];
	int error = 0;
	pid_t pid;

	if (pipe2(errors, O_CLOEXEC) != 0)
		exit(95);
	pid = fork();
	if (pid == 0) {
		execve(path, argv, env);
		error = errno;
		if (write(errors[1], &error, sizeof(error)) < 0)
			_exit(94);
		_exit(93);
	}
	close(errors[1]);
	waitpid(pid, &status, 0);
	if (read(errors[0], &error, sizeof(error)) == sizeof(error))
		say("%s: execve: %s\n", what, strerrorname_np(error));
	else
		ended(what, status);
	close(errors[0]);
}

static void run(const char *what, const char *path)
{
	run_with(what, (char *)(uintptr_t)path,
		 (char *[]){ (char *)(uintptr_t) "zero", (char *)(uintptr_t) "one",
			     (char *)(uintptr_t) "two words", NULL });
}

/* A script of these bytes. */
static void bytes(const char *what, const void *data, size_t len)
{
	put("s", data, len, 0755);
	run(what, "./s");
}

#define SCRIPT(what, string) bytes(what, string, sizeof(string) - 1)

static void lines(void)
{
	SCRIPT("plain", "#!./i\n");
	SCRIPT("spaces", "#!  \t ./i\t \n");
	SCRIPT("an argument", "#!./i -x\nsecond line\n");
	SCRIPT("one argument with spaces", "#!./i  -x\ty  z \t\n");
	SCRIPT("carriage return", "#!./i\r\n");
	SCRIPT("argument and carriage return", "#!./i a\r\n");
	SCRIPT("no newline", "#!./i");
	SCRIPT("no newline, an argument", "#!./i -x");
	SCRIPT("no newline, a space", "#!./i ");
	SCRIPT("a NUL behind the name", "#!./i\0-x\n");
	SCRIPT("a NUL in the argument", "#!./i -x\0y\n");
	SCRIPT("a NUL before the name", "#!\0./i\n");
	SCRIPT("a NUL behind a space", "#!./i \0y\n");
	SCRIPT("nothing", "#!");
	SCRIPT("an empty line", "#!\n./i\n");
	SCRIPT("a line of spaces", "#!  \t \n");
	SCRIPT("spaces up to the end", "#!  \t ");
	SCRIPT("one character", "#");
	SCRIPT("a space before", " #!./i\n");
	SCRIPT("a space within", "# !./i\n");
	SCRIPT("no interpreter there", "#!./none\n");
	SCRIPT("a folder", "#!.\n");
	SCRIPT("through a file", "#!./i/x\n");
	SCRIPT("a slash behind", "#!./i/\n");
	SCRIPT("a device", "#!/dev/null\n");
	SCRIPT("not executable", "#!./plain\n");
	SCRIPT("a text without #!", "#!./text\n");
	put("s", "#!./i\n", 6, 0644);
	run("a script that is not executable", "./s");
}

/* The end of the line, or of the name, at each place near the last byte that counts. */
static void long_lines(void)
{
	static char data[2 * HEAD];
	char what[64];

	for (int end = HEAD - 3; end <= HEAD + 2; end++) {
		memset(data, 'a', sizeof(data));
		memcpy(data, "#!./i ", 6);
		data[end] = '\n';
		snprintf(what, sizeof(what), "an argument up to %d", end);
		bytes(what, data, sizeof(data));
		memset(data, ' ', sizeof(data));
		memcpy(data, "#!", 2);
		memcpy(data + end - 3, "./i\n", 4);
		snprintf(what, sizeof(what), "a name up to %d", end);
		bytes(what, data, sizeof(data));
		memset(data, 'a', sizeof(data));
		memcpy(data, "#!./i", 5);
		data[end] = '\n';
		snprintf(what, sizeof(what), "a long name up to %d", end);
		bytes(what, data, sizeof(data));
		memset(data, 'a', sizeof(data));
		memcpy(data, "#!./i ", 6);
		data[end] = '\0';
		snprintf(what, sizeof(what), "a NUL at %d", end);
		bytes(what, data, sizeof(data));
		memset(data, ' ', sizeof(data));
		memcpy(data, "#!", 2);
		memcpy(data + end - 3, "./i", 3);
		data[end] = '\0';
		snprintf(what, sizeof(what), "a file up to %d", end);
		bytes(what, data, (size_t)end);
	}
	memset(data, ' ', sizeof(data));
	memcpy(data, "#!", 2);
	bytes("spaces all over", data, sizeof(data));
	memcpy(data + HEAD, "./i\n", 4);
	bytes("a name that begins too late", data, sizeof(data));
	memset(data, 'a', sizeof(data));
	memcpy(data, "#!", 2);
	bytes("a name that does not end", data, sizeof(data));
}

static void nested(void)
{
	char name[16], line[64], what[32];

	put("n0", "#!./i deepest\n", 14, 0755);
	for (int i = 1; i <= 6; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(line, sizeof(line), "#!./n%d level %d\n", i - 1, i);
		put(name, line, strlen(line), 0755);
		snprintf(what, sizeof(what), "%d scripts", i + 1);
		run(what, name);
	}
	put("loop", "#!./loop\n", 9, 0755);
	run("itself", "./loop");
	put("last", "#!./none\n", 9, 0755);
	put("first", "#!./last\n", 9, 0755);
	run("a script whose interpreter has none", "./first");
}

static int limit_of(const char *path)
{
	static char big[200000];
	int lo = 1000, hi = sizeof(big) - 1;

	while (hi - lo > 1) {
		int len = (lo + hi) / 2, status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			char *argv[] = { (char *)(uintptr_t) "x", big, big + len / 2, NULL };
			char *env[] = { (char *)(uintptr_t) "E=2", NULL };

			memset(big, 'a', (size_t)len);
			big[len / 2 - 1] = '\0';
			execve(path, argv, env);
			_exit(errno == E2BIG ? 1 : 2);
		}
		waitpid(pid, &status, 0);
		if (status != 0 && status != 1 << 8)
			ended("limit", status);
		*(status == 0 ? &lo : &hi) = len;
	}
	return lo;
}

/* How many bytes of strings there may be: fewer by what the script adds. */
static void limits(void)
{
	struct rlimit limit = { 256 << 10, 256 << 10 };

	put("one", "#!./i\n", 6, 0755);
	put("two", "#!./i argument\n", 15, 0755);
	put("six", "#!./two more\n", 13, 0755);
	setrlimit(RLIMIT_STACK, &limit);
	say("bytes of strings: program %d, script %d, with an argument %d, of a script %d\n",
	    limit_of("./i"), limit_of("./one"), limit_of("./two"), limit_of("./six"));
}

/* A path that no page of the kernel's holds with all else. */
static void long_path(size_t len)
{
	static char path[4096];
	char what[64];

	for (size_t i = 0; i + 1 < len; i++)
		path[i] = i % 2 ? '/' : '.';
	path[len - 1] = 's';
	path[len] = '\0';
	snprintf(what, sizeof(what), "a path of %zu bytes", len);
	run(what, path);
}

static void strings(void)
{
	static char big[131072];
	char path[256], *one[] = { NULL }, *two[] = { (char *)(uintptr_t) "", NULL },
			*long_name[] = { big, (char *)(uintptr_t) "one", NULL };
	int fd;

	put("s", "#!./i arg\n", 10, 0755);
	run_with("no arguments", (char *)(uintptr_t) "./s", one);
	run_with("an empty argv[0]", (char *)(uintptr_t) "./s", two);
	memset(big, 'b', sizeof(big) - 1);
	run_with("a long argv[0]", (char *)(uintptr_t) "./s", long_name);
	big[sizeof(big) - 1] = 'b';
	if (getcwd(path, sizeof(path) - 2)) {
		mkdir("d", 0755);
		put("d/t", "#!./i\n", 6, 0755);
		run("the name as it was given", "d/../d/t");
	}
	for (size_t len = 4063; len < 4096; len += 4)
		long_path(len);
	fd = open("s", O_WRONLY);
	run("open for writing", "./s");
	close(fd);
	fd = open("i", O_WRONLY);
	run("an interpreter that is open for writing", "./s");
	close(fd);
	put("s", "#!./i arg\n", 10, 0755);
	run("and a good one", "./s");
}

static void copy_self(const char *self)
{
	static char block[1 << 16];
	int from = open(self, O_RDONLY), to = open("i", O_CREAT | O_WRONLY, 0755);
	ssize_t n;

	while ((n = read(from, block, sizeof(block))) > 0)
		if (write(to, block, (size_t)n) != n)
			exit(92);
	if (from < 0 || to < 0 || n < 0)
		result("copy", -1);
	close(from);
	close(to);
}

int main(int argc, char **argv, char **envp)
{
	if (envp[0] && strcmp(envp[0], "E=1") == 0)
		return tell(argc, argv, envp);
	if (envp[0] && strcmp(envp[0], "E=2") == 0)
		return 0;
	copy_self(argv[0]);
	put("plain", "x", 1, 0644);
	put("text", "text\n", 5, 0755);
	lines();
	long_lines();
	nested();
	strings();
	limits();
	return 0;
}
