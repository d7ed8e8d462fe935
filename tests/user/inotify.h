/* SPDX-License-Identifier: MIT */
/* What the tests of inotify share: they make instances, and say which events have come, by the names of watches. */
#ifndef TESTS_USER_INOTIFY_H
#define TESTS_USER_INOTIFY_H

#include "t.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#define HEADER sizeof(struct inotify_event)

static const char *watch_names[64]; /* by wd */

static const struct {
	uint32_t bit;
	const char *name;
} event_names[] = {
	{ IN_ACCESS, "ACCESS" },
	{ IN_MODIFY, "MODIFY" },
	{ IN_ATTRIB, "ATTRIB" },
	{ IN_CLOSE_WRITE, "CLOSE_WRITE" },
	{ IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" },
	{ IN_OPEN, "OPEN" },
	{ IN_MOVED_FROM, "MOVED_FROM" },
	{ IN_MOVED_TO, "MOVED_TO" },
	{ IN_CREATE, "CREATE" },
	{ IN_DELETE, "DELETE" },
	{ IN_DELETE_SELF, "DELETE_SELF" },
	{ IN_MOVE_SELF, "MOVE_SELF" },
	{ IN_UNMOUNT, "UNMOUNT" },
	{ IN_Q_OVERFLOW, "Q_OVERFLOW" },
	{ IN_IGNORED, "IGNORED" },
	{ IN_ISDIR, "ISDIR" },
};

/* Watches a path, and calls the watch so from then on. */
__attribute__((unused)) static int watch_as(int fd, const char *path, uint32_t mask,
					    const char *name)
{
	int wd = inotify_add_watch(fd, path, mask);

	if (wd < 0)
		say("watch %s: %s\n", path, strerrorname_np(errno));
	else if (wd < 64)
		watch_names[wd] = name;
	return wd;
}

__attribute__((unused)) static int watch(int fd, const char *path, uint32_t mask)
{
	return watch_as(fd, path, mask, path);
}

static void say_event(const struct inotify_event *event)
{
	static uint32_t last_cookie;
	char text[400];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof(text), "  %s:",
			      event->wd < 0    ? "-1"
			      : event->wd < 64 ? watch_names[event->wd]
					       : "?");
	for (size_t i = 0; i < sizeof(event_names) / sizeof(event_names[0]); i++)
		if (event->mask & event_names[i].bit)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %s",
					      event_names[i].name);
	if (event->len)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " \"%s\" in %u", event->name,
				      event->len);
	if (event->cookie)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ", %s cookie",
				      event->cookie == last_cookie ? "the same" : "a new");
	last_cookie = event->cookie;
	say("%s\n", text);
}

/* Reads what there is of a non-blocking instance, and says it. */
__attribute__((unused)) static void events(int fd, const char *what)
{
	__attribute__((aligned(8))) char buffer[8192];
	ssize_t n;

	say("%s\n", what);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		for (char *at = buffer; at < buffer + n;
		     at += HEADER + ((struct inotify_event *)at)->len)
			say_event((void *)at);
	if (n != -1 || errno != EAGAIN)
		result("read", n);
}

/* Reads all events without saying anything. */
__attribute__((unused)) static void drop_events(int fd)
{
	char buffer[8192];

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

__attribute__((unused)) static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		say("no file %s: %s\n", path, strerrorname_np(errno));
	close(fd);
}

/* Makes a call. Says its error, if there is one, and the events that have come to `in`, an instance of the test. */
#define DID(what, call)                                                \
	do {                                                           \
		line_of(__LINE__);                                     \
		if ((call) == -1)                                      \
			say("%s: %s\n", what, strerrorname_np(errno)); \
		events(in, what);                                      \
	} while (0)

#endif
