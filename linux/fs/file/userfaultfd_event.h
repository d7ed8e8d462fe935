/* SPDX-License-Identifier: MIT */
/* The events of a userfaultfd. */
#pragma once

#include "abi/userfaultfd.h"
#include "desc/file.h"

struct uspace;
struct userfault;

#define USERFAULTFD_EVENTS                                                                \
	(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE | \
	 UFFD_FEATURE_EVENT_UNMAP)

struct userfaultfd {
	struct uspace *uspace;	     /* const; grabbed */
	struct userfault *userfault; /* const; referenced */
	unsigned flags;		     /* const: those it was opened with */
	uint32_t features;	     /* atomic; set once */
};

/* What is told of with these features, for userfault->tells. */
unsigned userfaultfd_events_of(uint32_t features);

/*
 * Takes the oldest event as a message. Of a fork it has a new descriptor, for the child's memory. Returns 0; -EAGAIN: there is none; -EMFILE,
 * -ENFILE or -ENOMEM: there is no such descriptor, and the event stays.
 */
int userfaultfd_next_event(struct userfaultfd *of, struct abi_uffd_msg *ret);

/*
 * Makes a file for the memory of a space. It gets the references to the userfault and of the grabbed space. Returns 0, or -ENFILE or -ENOMEM,
 * and then takes none.
 */
int userfaultfd_create(struct userfault *userfault, struct uspace *uspace, unsigned flags,
		       uint32_t features, struct file **file_ret);
