/* SPDX-License-Identifier: MIT */
/* Another server takes the place of one that has ended. */
#define _GNU_SOURCE
#include "asleep.h"
#include "p9.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * What a child does while the server ends, and is told to tell when. A server that is started while this process has
 * files open would have them, too.
 */
static void survives(int (*does)(enum lie lie, unsigned type), enum lie lie, unsigned type)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(does(lie, type) || nwrong);
	waitpid(server, &status, 0);
	control->lie = TRUTH;
	expect("attach again", 0, attach_again());
	waitpid(child, &status, 0);
	expect("the child's end", 0, status);
}

static bool changes_name(unsigned type)
{
	return type != P9_TWRITE && type != P9_TSETATTR && type != P9_TFSYNC;
}

/* The server may end by the request, or has ended before. Returns 0 or the errno. */
static int makes_change(enum lie lie, unsigned type)
{
	int fd = -1, result;

	if (type != P9_TLCREATE)
		fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	control->keeps = 1;
	if (lie == TRUTH)
		kill(server, SIGKILL);
	tell(lie, type);
	if (type == P9_TLCREATE)
		result = open("/mnt/new", O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 ? errno : 0;
	else
		result = (int)-change_of(type, fd);
	return result;
}

/* The answer of a change of a name that the server had received is lost; no other one is. */
static int change_is_made(enum lie lie, unsigned type)
{
	expect("the change", lie != TRUTH && changes_name(type) ? EIO : 0, makes_change(lie, type));
	return 0;
}

/* The file that is renamed is open: it goes on, whichever of its names the next server has it by. */
static int renames_open_file(enum lie lie, unsigned type)
{
	int fd = open("/mnt/a", O_RDONLY);
	uint8_t byte = 0;
	struct stat st;

	expect("read", 1, pread(fd, &byte, 1, 0));
	(void)change_is_made(lie, type);
	expect("fstat", 0, fstat(fd, &st));
	expect("read what was not", 1, pread(fd, &byte, 1, 39 * PAGE));
	expect("its byte", byte_of(39 * PAGE), byte);
	return 0;
}

/*
 * The server ends before it has received the change, instead of making it, or after that. Another one is attached. A change
 * of a name is made once at most, and one that was received is EIO: nobody knows.
 */
static void change_with_lost_answer(enum lie lie, unsigned type)
{
	start_to_write("timeout=20");
	survives(type == P9_TRENAMEAT ? renames_open_file : change_is_made, lie, type);
	if (changes_name(type))
		expect("how often it was made", lie != DIE, control->done[type]);
	if (type == P9_TWRITE)
		expect("what was written", 0, wrong_stored_bytes(0, 100));
	stop();
}

static void answers_are_lost(void)
{
	static const unsigned types[] = { P9_TWRITE,	P9_TSETATTR, P9_TUNLINKAT,
					  P9_TMKDIR,	P9_TSYMLINK, P9_TLINK,
					  P9_TRENAMEAT, P9_TFSYNC,   P9_TLCREATE };

	fill_new(new_bytes, 0, 100);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		change_with_lost_answer(TRUTH, types[i]);
		change_with_lost_answer(DIE, types[i]);
		change_with_lost_answer(DIE_AFTER, types[i]);
	}
}

/* Two files are open, and one of them is closed when the next server has opened it, or does so just then. */
static void closes_meanwhile(void)
{
	int reader = open("/mnt/a", O_RDONLY), fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);

	if (reader < 0 || fd < 0)
		_exit(1);
	control->progress = 1;
	while (control->pauses < 1)
		nap(1);
	control->goes_on = 1;
	while (control->pauses < 2)
		nap(1);
	close(fd);
	control->goes_on = 2;
	_exit(0);
}

/* What is closed while another server is attached is closed there, too. */
static void closed_while_attached(void)
{
	int status = -1;
	pid_t child;

	start_to_write("timeout=20");
	child = fork();
	if (child == 0)
		closes_meanwhile();
	while (!control->progress)
		nap(1);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	control->writers = 0;
	tell(PAUSES, P9_TLOPEN);
	expect("attach again", 0, attach_again());
	waitpid(child, &status, 0);
	expect("the child's status", 0, status);
	expect("files that were opened again", 2, control->pauses);
	wait_until_0("closed", &control->writers);
	stop();
}

/*
 * A name of a file changes that was found by another one: that is its name after this, too. By the new name its fids
 * would be of no use once that goes.
 */
static int renames_a_link(enum lie lie, unsigned type)
{
	int fd = open("/mnt/second", O_RDONLY);
	struct stat st;

	control->keeps = 1;
	tell(lie, type);
	expect_error("rename of a link", EIO, rename("/mnt/a", "/mnt/other"));
	control->asked_by['o'] = 0;
	expect("fstat", 0, fstat(fd, &st));
	return (int)control->asked_by['o'];
}

/*
 * A file is replaced while it is open: it has a hidden name from then on. If the server ends before it has renamed, the
 * next one has the file by both names for a moment. The open file is asked for by the hidden one after that.
 */
static int renames_over_an_open_file(enum lie lie, unsigned type)
{
	int fd = open("/mnt/a", O_RDONLY);
	struct stat st;

	close(open("/mnt/new", O_CREAT | O_WRONLY, 0644));
	tell(lie, type);
	expect_error("rename over an open file", EIO, rename("/mnt/new", "/mnt/a"));
	control->asked_by['a'] = 0;
	expect("fstat", 0, fstat(fd, &st));
	expect("the open file is asked for by its old name", 0, control->asked_by['a']);
	return 0;
}

static void links_keep_their_names(void)
{
	start_to_write("timeout=20");
	survives(renames_a_link, DIE_AFTER, P9_TRENAMEAT);
	stop();
	start_to_write("timeout=20");
	survives(renames_over_an_open_file, DIE, P9_TRENAMEAT);
	stop();
}

static int asks(enum lie lie, unsigned type)
{
	int fd = open("/mnt/a", O_RDONLY);
	const uint8_t *mem = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	uint8_t byte = 0;
	char target[8];
	struct statfs fs;

	expect("read", 1, pread(fd, &byte, 1, 0));
	tell(lie, type);
	expect("names", NAMES, count_names("/mnt/sub"));
	expect("readlink", 1, readlink("/mnt/link", target, sizeof(target)));
	expect("statfs", 0, statfs("/mnt", &fs));
	expect("blocks", 77, (long)fs.f_blocks);
	expect("a program", 0, access("/mnt/prog", X_OK));
	expect("mapped", byte_of(35 * PAGE), mem[35 * PAGE]);
	close(open("/mnt/prog", O_RDONLY));
	expect("read what was not", 1, pread(fd, &byte, 1, 39 * PAGE));
	expect("its byte", byte_of(39 * PAGE), byte);
	return 0;
}

/* Requests of all other kinds go on with the new server, wherever the old one has ended. */
static void questions_are_asked_again(void)
{
	static const unsigned types[] = { P9_TWALK,    P9_TGETATTR,  P9_TLOPEN, P9_TREAD,
					  P9_TREADDIR, P9_TREADLINK, P9_TSTATFS };

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		start("timeout=20");
		survives(asks, DIE, types[i]);
		stop();
		start("timeout=20");
		survives(asks, DIE_AFTER, types[i]);
		stop();
	}
}

static void end_server(void)
{
	int status;

	kill(server, SIGKILL);
	waitpid(server, &status, 0);
}

/* Attaching is refused where there is a server, or where what is there is not the same. */
static void wrong_servers(void)
{
	struct stat st;
	uint8_t byte;
	int fd, status;
	pid_t first;

	start("timeout=20");
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, 0));
	first = server;
	expect("there is a server", -EBUSY, attach_again());
	end_server(); /* which has ended by itself, as it was refused */
	expect("another option", -EINVAL, mount_server(MS_REMOUNT, ",msize=8192"));
	waitpid(server, &status, 0);
	expect_error("no send end", EINVAL, mount("", "/mnt", "", MS_REMOUNT | MS_RDONLY, "fd=0"));
	expect_error("no descriptor", EINVAL,
		     mount("", "/mnt", "", MS_REMOUNT | MS_RDONLY, "fd=999"));
	expect("it is as before", 0, stat("/mnt/a", &st));
	server = first;
	end_server();
	control->other_root = 1;
	expect("another root", -ESTALE, attach_again());
	waitpid(server, &status, 0);
	control->other_root = 0;
	for (unsigned type = 0; type < 4; type++) {
		static const unsigned types[] = { P9_TVERSION, P9_TATTACH, P9_TWALK, P9_TLOPEN };

		tell(DIE, types[type]);
		expect("it ends too", -EIO, attach_again());
		waitpid(server, &status, 0);
		tell(GARBAGE, types[type]);
		if (types[type] == P9_TVERSION || types[type] == P9_TATTACH) {
			expect("it says nonsense", -EIO, attach_again());
			waitpid(server, &status, 0);
		}
		tell(TRUTH, 0);
	}
	expect("attach again", 0, attach_again());
	expect("read on", 1, pread(fd, &byte, 1, 39 * PAGE));
	end_server();
	tell(OTHER_VERSION, 0);
	expect("another version", -EPROTONOSUPPORT, attach_again());
	waitpid(server, &status, 0);
	tell(TRUTH, 0);
	control->gone = 1;
	expect("without the file", 0, attach_again());
	expect("what was read", 1, pread(fd, &byte, 1, 0));
	expect_error("what was not, while it is open", EIO, pread(fd, &byte, 1, 35 * PAGE));
	expect_error("fstat", ESTALE, fstat(fd, &st));
	close(fd);
	control->gone = 0;
	expect("stat of the same name again", 0, stat("/mnt/a", &st));
	stop();
}

/*
 * Starts a child that ends the server, and waits for another one. `result` is what its read answers:
 * -1 if there is none to come.
 */
static pid_t waits_for_another(long result)
{
	pid_t child = fork();
	uint8_t byte;
	int fd;

	if (child) {
		waitpid(server, NULL, 0);
		until_asleep(&child, 1);
		return child;
	}
	fd = open("/mnt/a", O_RDONLY);
	expect("read", 1, pread(fd, &byte, 1, 0));
	end_server();
	expect("another server", result, pread(fd, &byte, 1, 39 * PAGE));
	if (result == -1)
		expect("its errno", EIO, errno);
	_exit(nwrong != 0);
}

/* Who waits for the server of a mount gives up once it is taken out of the tree: nobody can give it another one. */
static void taken_out(void)
{
	int status = -1;
	pid_t child;

	start("timeout=0");
	child = waits_for_another(-1);
	expect("umount", 0, umount2("/mnt", MNT_DETACH));
	waitpid(child, &status, 0);
	expect("who has waited", 0, status);
}

/* MNT_FORCE ends the wait for another server, and the mount stays as long as it is in use. */
static void forced(void)
{
	int status = -1, used;
	pid_t child;

	start("timeout=0");
	used = open("/mnt", O_RDONLY | O_DIRECTORY);
	child = waits_for_another(-1);
	expect_error("umount", EBUSY, umount2("/mnt", MNT_FORCE));
	waitpid(child, &status, 0);
	expect("who has waited", 0, status);
	expect("attach again", 0, attach_again());
	close(used);
	stop();
}

/* A call that is refused ends no wait. */
static void not_forced(void)
{
	int status = -1;
	pid_t child;

	start("timeout=0");
	child = waits_for_another(1);
	expect_error("umount", EINVAL, umount2("/mnt", MNT_FORCE | MNT_EXPIRE));
	expect("attach again", 0, attach_again());
	waitpid(child, &status, 0);
	expect("who has waited", 0, status);
	stop();
}

/* No server comes in time: EIO, until one does. */
static void too_late(void)
{
	struct stat st;
	pid_t child;
	int status = -1;

	start("timeout=2");
	expect("stat", 0, stat("/mnt/a", &st));
	end_server();
	child = fork();
	if (child == 0) {
		expect_error("nobody comes", EIO, stat("/mnt/a", &st));
		expect_error("and at once", EIO, stat("/mnt/sub", &st));
		_exit(nwrong != 0);
	}
	waitpid(child, &status, 0);
	expect("who waits in vain", 0, status);
	expect("attach again", 0, attach_again());
	expect("stat", 0, stat("/mnt/a", &st));
	stop();
}

void test_attach(void)
{
	answers_are_lost();
	closed_while_attached();
	links_keep_their_names();
	questions_are_asked_again();
	wrong_servers();
	too_late();
	forced();
	not_forced();
	taken_out();
}
