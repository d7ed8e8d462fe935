/* SPDX-License-Identifier: MIT */
/* Files of a server that tells the truth, lies, is silent, or dies (R142, R144): what the files of this test share. */
#pragma once

#include "lib/ipc.h"
#include "lib/p9/p9.h"
#include "expect.h"
#include "until.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096ul

enum lie {
	TRUTH,
	SILENT,	    /* receives, and does not answer */
	MUTE,	    /* does what it is asked for, and does not answer */
	DIE,	    /* ends instead of an answer */
	DIE_AFTER,  /* does what it is asked for, and ends instead of an answer */
	NOTHING,    /* answers without a message */
	GARBAGE,    /* a message of noise */
	WRONG_TYPE, /* of another request */
	WRONG_TAG,
	CLAIMS_MORE, /* the size in the message is too large */
	CLAIMS_LESS,
	GAP,	     /* the first byte is missing */
	NO_DATA,     /* what is behind the words is not written */
	TRAILING,    /* a byte follows */
	REFUSES,     /* Rlerror with EACCES */
	ODD_ERROR,   /* Rlerror with an error that there is not */
	TOO_MUCH,    /* more bytes than were asked for */
	LATE,	     /* answers when the time is over */
	STEADY,	     /* answers after PACE_MS */
	OTHER_TYPE,  /* the file is a directory now */
	HUGE,	     /* its size is beyond all files */
	SHRUNK,	     /* it has a page less */
	TOUCHED,     /* it has other bytes and another time */
	SAME_COOKIE, /* all names of a directory have one cookie */
	BAD_ENTRY,   /* a name with a slash */
	OTHER_VERSION,
	NO_TARGET,  /* an empty link */
	FEW_FIDS,   /* no more than 200 */
	REPLACED,   /* another file has the number of the old one, for which no fid is of use */
	TAKES_HALF, /* of what is written */
	TAKES_NONE,
	TAKES_A_PAGE,
	IS_FULL, /* Rlerror with ENOSPC */
	RENAMING, /* a rename is answered when the server is notified; until then it finds nothing in "sub" */
	PAUSES,	   /* answers when it is told to go on */
	OVERTAKEN, /* a read is answered when the server is notified, with the bytes from before */
	LIES
};

/* The files of the server, and how many names its directory "sub" shows, and has. */
enum {
	ROOT = 1,
	FILE_A,
	LINK,
	SUB,
	DEVICE,
	PROGRAM,
	NEW,
	NAME_0 = 1000,
	NAMES = 300,
	NAMES_MOST = 2000
};

#define FILE_SIZE (40 * PAGE + 100) /* of FILE_A */

/* Four of these are more than a second. */
#define PACE_MS 300

/* What the server does with Tflush of a request that it has not answered. */
enum flush {
	FLUSH_NOW,
	FLUSH_AFTER_ANSWER, /* answers the old request first, which is too late */
	FLUSH_ERROR,	    /* Rlerror */
	FLUSH_GARBAGE,
	FLUSH_LATER, /* when it is notified */
};

/* What the test and its server share. */
struct control {
	enum lie lie;
	unsigned of; /* the type of request that is lied to; 0: all */
	enum flush flush;
	unsigned seen[256]; /* requests by type */
	long late;	    /* what the late answer got */
	unsigned clunks, walks;
	unsigned flushed[256];	  /* requests that were not answered, by type */
	unsigned unknown_flushes; /* of requests that were answered, or never came */
	unsigned created;	  /* the file NEW is there */
	uint64_t new_size;
	unsigned changes;	    /* of its contents: its times */
	unsigned loops;		    /* the root is another one below itself */
	unsigned holds;		    /* an answer is held */
	unsigned not_found;	    /* walks that the held rename of "sub" made fail */
	unsigned pauses, goes_on;   /* answers that have waited, and that may go */
	unsigned long wrong;	    /* bytes that were written and are not those of new_byte() */
	unsigned discards;	    /* the server keeps nothing of what is written */
	unsigned long progress;	    /* of a child */
	uint8_t stored[100 * 4096]; /* the file NEW */
	unsigned keeps;		    /* changes of names are kept, one of each kind: */
	unsigned gone;		    /* "a" has no name any more, but "second" */
	uint64_t other;		    /* the file "other"; 0: none */
	unsigned hidden;	    /* "a" has a hidden name, too, or instead: this */
	uint8_t hidden_name[64];
	unsigned hidden_len;
	unsigned stays;	   /* the file NEW: it is not renamed, while "a" is, and may get hidden */
	unsigned vanishes; /* the name "a", when that is refused */
	unsigned no_links;
	/* requests of Tgetattr, by the first letter of the name by which the fid was walked to */
	unsigned asked_by[256];
	unsigned done[256];  /* changes that were made, by type of the request */
	unsigned other_root; /* the root is another one */
	/* so many answers of type `of` are about another file, which has the name now */
	unsigned others;
	unsigned reused;  /* requests with the tag, or Tclunk with a fid, of one not flushed yet */
	unsigned writers; /* fids that are open for writing */
	unsigned unreadable; /* files are not opened to be read */
	unsigned bits; /* the mode of all files but links, without the type; 0: what each has */
	unsigned set_valid, set_mode; /* of the last Tsetattr */
	/* so many Treaddir of "sub" from that entry on are ENOENT, and no reply has names from before and after it */
	unsigned no_names, no_names_from;
	unsigned most_names;  /* Treaddir for more bytes than this is ENOENT; 0: no limit */
	unsigned listed;      /* the bytes that the last Treaddir asked for */
	unsigned sub_is_gone; /* Tgetattr of "sub" is ENOENT */
	unsigned in_words;    /* replies are in the words of the answers, as far as they can be */
};

extern volatile struct control *control; /* in shared memory */

/* ---- the server: p9_server.c ---- */

#define OWED 2048 /* requests that it can leave without an answer */

/* The file PROGRAM. */
extern const uint8_t *program;
extern size_t program_size;

/* What the file FILE_A has there. */
uint8_t byte_of(uint64_t at);

/* What is written to the file NEW. */
static inline uint8_t new_byte(uint64_t at)
{
	return (uint8_t)(at * 31 + at / 256 + 3);
}

void nap(unsigned ms);

/* Serves calls of a receive end, and does not return. */
void serve(int fd);

/* ---- the client: p9_client.c ---- */

extern pid_t server;
extern int poke; /* another send end, to notify the server */
/* What the next server does with the first requests of this type, or all if it is 0, and with Tflush. */
extern enum lie first_lie;
extern unsigned first_lie_of;
extern enum flush first_flush;
extern const char *mounted_at;

/* Starts a server, and mounts it, or with MS_REMOUNT attaches the mount to it. Returns 0 or a negative errno. */
int mount_server(unsigned long flags, const char *options);
int try_mount(unsigned long flags, const char *options);
int attach_again(void);

/* Starts a server that has nothing of the last one's, and mounts it read-only, or to be written to. */
void start(const char *options);
void start_to_write(const char *options);

/* Unmounts it. The server ends by that, and the kernel keeps nothing of it. */
void stop(void);

/* Waits for the end of a child, and returns its status. */
int status_of(pid_t child);

/* Starts it to write, and creates the file NEW, which is empty. */
int new_file(void);
void end_of_new_file(int fd); /* -1: it is closed */

/* From now on the server answers so to requests of this type, or to all if it is 0. */
void tell(enum lie lie, unsigned of);

/* Wait as long as it may take. */
void wait_for(const char *what, const volatile unsigned *count, unsigned least);
void wait_until_0(const char *what, const volatile unsigned *count);

/* How many bytes are not what they should be: of FILE_A, of NEW, and of NEW as the server has it. */
long wrong_bytes(const uint8_t *bytes, uint64_t from, size_t n);
long wrong_new_bytes(const uint8_t *bytes, uint64_t at, size_t n);
long wrong_stored_bytes(uint64_t at, size_t n);

/* Writes what NEW should have there. */
void fill_new(uint8_t *bytes, uint64_t at, size_t n);

#define NEW_SIZE (70 * PAGE + 11)
extern uint8_t new_bytes[NEW_SIZE];

/* Returns how many names a directory has, or a negative errno. */
long count_names(const char *path);

/* Opens a file that was never opened before: others need not be opened at the server. */
int open_another(void);

/* Returns how a child ends that reads a byte of a mapping. */
int touch(const uint8_t *at);

/* Does a change of each kind. Returns what it should: 0, or a negative errno. */
long change_of(unsigned type, int fd);

/* ---- the tests ---- */

void test_reads(void);
void test_writes(void);
void test_stores(void);
void test_silence(void);
void test_steady(void);
void test_slow_clunks(void);
void test_attach(void);
