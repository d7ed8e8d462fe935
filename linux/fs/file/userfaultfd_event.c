/* SPDX-License-Identifier: MIT */
/* The events of a userfaultfd: their messages, and the descriptor for a child's memory. */
#include "linux/fs/file/userfaultfd_event.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "linux/fs/file/descriptors.h"
#include "mm/fault/userfault_event.h"
#include "proc/thread.h"
#include "proc/uspace.h"

unsigned userfaultfd_events_of(uint32_t features)
{
	return (features & UFFD_FEATURE_EVENT_FORK ? USERFAULT_FORKED : 0) |
	       (features & UFFD_FEATURE_EVENT_REMAP ? USERFAULT_MOVED : 0) |
	       (features & UFFD_FEATURE_EVENT_REMOVE ? USERFAULT_DROPPED : 0) |
	       (features & UFFD_FEATURE_EVENT_UNMAP ? USERFAULT_UNMAPPED : 0);
}

/* The child's descriptor is as this one. Its file is made last: to put that would end what is registered. */
static int install_child(const struct userfaultfd *of, const struct userfault_news *news)
{
	struct uspace *uspace = space_to_uspace(news->child_space);
	struct fdtable *table = current_thread()->fdtable;
	int fd = fdtable_reserve(table, 0, (of->flags & O_CLOEXEC) != 0), err = fd;
	struct file *file;

	if (fd >= 0)
		err = userfaultfd_create(news->child, uspace, of->flags, atomic_load(&of->features),
					 &file);
	if (err >= 0) {
		fdtable_fill(table, fd, file);
		return fd;
	}
	if (fd >= 0)
		fdtable_unreserve(table, fd);
	userfault_put(news->child);
	uspace_drop(uspace);
	return err;
}

static int message_of_fork(const struct userfaultfd *of, const struct userfault_news *news,
			   struct abi_uffd_msg *ret)
{
	int fd = install_child(of, news);

	userfault_child_told(of->userfault, news->child, fd >= 0);
	*ret = (struct abi_uffd_msg){ .event = UFFD_EVENT_FORK, .ufd = (uint32_t)fd };
	return MIN(fd, 0);
}

int userfaultfd_next_event(struct userfaultfd *of, struct abi_uffd_msg *ret)
{
	struct userfault_news news;

	if (!userfault_next_event(of->userfault, &news))
		return -EAGAIN;
	switch (news.kind) {
	case USERFAULT_FORKED:
		return message_of_fork(of, &news, ret);
	case USERFAULT_MOVED:
		*ret = (struct abi_uffd_msg){
			.event = UFFD_EVENT_REMAP,
			.remap = { news.start, news.to, news.end - news.start },
		};
		return 0;
	default:
		*ret = (struct abi_uffd_msg){
			.event = news.kind == USERFAULT_DROPPED ? UFFD_EVENT_REMOVE
								: UFFD_EVENT_UNMAP,
			.range = { news.start, news.end },
		};
		return 0;
	}
}
