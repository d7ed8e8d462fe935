/* SPDX-License-Identifier: MIT */
/* inotify: renames and what they replace, flags of watches: IN_ONESHOT, MASK_ADD, MASK_CREATE, EXCL_UNLINK and others. */
#include "inotify.h"

static int in;

static int rename2(const char *from, const char *to, unsigned flags)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void moves(void)
{
	int fd;

	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	mkdir("a", 0700);
	mkdir("b", 0700);
	write_file("a/f", "f");
	write_file("a/g", "g");
	mkdir("a/sub", 0700);
	watch(in, "a", IN_ALL_EVENTS);
	watch(in, "b", IN_ALL_EVENTS);
	watch(in, "a/f", IN_ALL_EVENTS);
	watch(in, "a/g", IN_ALL_EVENTS);
	watch(in, "a/sub", IN_ALL_EVENTS);
	DID("rename in one directory", rename("a/f", "a/f2"));
	DID("rename to another directory", rename("a/f2", "b/f"));
	DID("and back", rename("b/f", "a/f"));
	DID("rename a directory", rename("a/sub", "b/sub"));
	DID("rename it to itself", rename("b/sub", "b/sub"));
	DID("rename over an empty directory", mkdir("a/sub2", 0700) ?: rename("b/sub", "a/sub2"));
	DID("rename over a file", rename("a/f", "a/g"));
	DID("rename of what is not there", rename("a/none", "a/new"));
	DID("RENAME_NOREPLACE that fails", rename2("a/g", "a/sub2", RENAME_NOREPLACE));
	write_file("b/x", "x");
	drop_events(in);
	DID("RENAME_EXCHANGE", rename2("a/g", "b/x", RENAME_EXCHANGE));
	DID("of a directory and a file", rename2("a/sub2", "b/x", RENAME_EXCHANGE));
	link("a/g", "a/h");
	drop_events(in);
	DID("two names of one file", rename("a/g", "a/h"));
	fd = open("b/sub", O_RDONLY);
	drop_events(in);
	write_file("a/open", "");
	fd = open("a/open", O_WRONLY);
	drop_events(in);
	rename("a/open", "b/open");
	events(in, "an open file moves");
	DID("write to it", write(fd, "x", 1));
	write_file("b/over", "");
	drop_events(in);
	DID("another takes its name", rename("b/over", "b/open"));
	DID("write to what has lost its name", write(fd, "x", 1));
	DID("close it", close(fd));
	DID("rename what is watched", rename("b", "b2"));
	DID("make a file there", mknod("b2/late", S_IFREG | 0600, 0));
	close(in);
}

static void long_names(void)
{
	char path[300] = "n/";
	static const unsigned lens[] = { 1, 15, 16, 17, 31, 32, 255 };

	in = inotify_init1(IN_NONBLOCK);
	mkdir("n", 0700);
	watch(in, "n", IN_CREATE);
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		memset(path + 2, 'n', lens[i]);
		path[2 + lens[i]] = '\0';
		mknod(path, S_IFREG | 0600, 0);
		events(in, "a name");
		unlink(path);
	}
	rmdir("n");
	close(in);
}

static void masks(void)
{
	int fd, wd;

	in = inotify_init1(IN_NONBLOCK);
	write_file("m", "abc");
	wd = watch(in, "m", IN_OPEN);
	say("wd %d\n", wd);
	DID("open", fd = open("m", O_RDWR));
	say("another mask: wd %d\n", watch(in, "m", IN_MODIFY));
	DID("write", write(fd, "x", 1));
	DID("open", close(open("m", O_RDWR)));
	say("IN_MASK_ADD: wd %d\n", watch(in, "m", IN_OPEN | IN_MASK_ADD));
	DID("open", close(open("m", O_RDWR)));
	DID("write", write(fd, "x", 1));
	TRY(inotify_add_watch(in, "m", IN_OPEN | IN_MASK_CREATE));
	TRY(inotify_add_watch(in, "m", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD));
	TRY(inotify_add_watch(in, "m", 0));
	TRY(inotify_add_watch(in, "m", 0x1000));
	TRY(inotify_add_watch(in, "m", IN_OPEN | 0x10000));
	TRY(inotify_add_watch(in, "m", IN_ISDIR));
	DID("open", close(open("m", O_RDWR)));
	TRY(inotify_add_watch(in, "m", IN_ONLYDIR | IN_OPEN));
	TRY(inotify_add_watch(in, "none", IN_OPEN));
	TRY(inotify_add_watch(in, "", IN_OPEN));
	TRY(inotify_add_watch(in, ".", IN_ONLYDIR | IN_DELETE_SELF));
	TRY(inotify_rm_watch(in, wd));
	events(in, "rm_watch");
	TRY(inotify_rm_watch(in, wd));
	TRY(inotify_rm_watch(in, -1));
	TRY(inotify_rm_watch(in, 0));
	TRY(inotify_rm_watch(0, 1));
	TRY(inotify_rm_watch(-1, 1));
	say("a wd is not used again: %d\n",
	    watch(in, "m", IN_OPEN | IN_ONESHOT | IN_MASK_CREATE) - wd);
	DID("IN_ONESHOT", close(open("m", O_RDWR)));
	DID("and no more", close(open("m", O_RDWR)));
	symlink("m", "link");
	symlink("nothing", "dangling");
	watch_as(in, "link", IN_ALL_EVENTS, "to m");
	watch_as(in, "link", IN_ALL_EVENTS | IN_DONT_FOLLOW, "link");
	watch_as(in, "dangling", IN_ALL_EVENTS, "?");
	watch_as(in, "dangling", IN_ALL_EVENTS | IN_DONT_FOLLOW, "dangling");
	watch_as(in, "link", IN_ALL_EVENTS | IN_DONT_FOLLOW | IN_ONLYDIR, "?");
	DID("open by a link", close(open("link", O_RDONLY)));
	DID("lchown", lchown("link", 0, 0));
	DID("remove the links", unlink("link") ?: unlink("dangling"));
	close(fd);
	close(in);
}

static void unlinked(uint32_t flag, const char *name)
{
	int fd, dir;

	say("%s\n", name);
	in = inotify_init1(IN_NONBLOCK);
	mkdir("e", 0700);
	mkdir("e/sub", 0700);
	watch(in, "e", IN_ALL_EVENTS | flag);
	write_file("e/f", "abc");
	fd = open("e/f", O_RDWR);
	dir = open("e/sub", O_RDONLY);
	drop_events(in);
	DID("unlink", unlink("e/f") ?: rmdir("e/sub"));
	DID("write", write(fd, "x", 1));
	DID("fchmod", fchmod(fd, 0600));
	DID("close", close(fd));
	DID("close the directory", close(dir));
	close(in);
	rmdir("e");
}

/* A file without a name that gets one. */
static void nameless(void)
{
	char path[40];
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	in = inotify_init1(IN_NONBLOCK);
	mkdir("t", 0700);
	watch(in, "t", IN_ALL_EVENTS);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	watch_as(in, path, IN_ALL_EVENTS, "file");
	DID("write", write(fd, "x", 1));
	DID("link", linkat(AT_FDCWD, path, AT_FDCWD, "t/f", AT_SYMLINK_FOLLOW));
	close(fd);
	events(in, "close");
	DID("unlink", unlink("t/f"));
	rmdir("t");
	close(in);
}

/* Two instances, and two watches of one file by two paths. */
static void several(void)
{
	int other = inotify_init1(IN_NONBLOCK);

	in = inotify_init1(IN_NONBLOCK);
	mkdir("s", 0700);
	write_file("s/f", "abc");
	link("s/f", "s/g");
	watch(in, "s/f", IN_ATTRIB);
	say("by the other name: %d\n", watch(in, "s/g", IN_OPEN | IN_MASK_ADD));
	watch(other, "s", IN_ATTRIB | IN_ONLYDIR);
	watch_as(other, "s/f", IN_DELETE_SELF, "f");
	DID("chmod", chmod("s/f", 0600));
	events(other, "the other");
	DID("remove one name", unlink("s/f"));
	events(other, "the other");
	DID("remove both names", unlink("s/g"));
	events(other, "the other");
	DID("remove the directory", rmdir("s"));
	events(other, "the other");
	close(other);
	close(in);
}

int main(void)
{
	moves();
	long_names();
	masks();
	unlinked(0, "without IN_EXCL_UNLINK");
	unlinked(IN_EXCL_UNLINK, "with IN_EXCL_UNLINK");
	nameless();
	several();
	return 0;
}
