/* SPDX-License-Identifier: MIT */
/* Bad values that many calls share, by the kind of the argument. */
#include "errnos.h"

/* ---- pointers ---- */

const struct bad out[] = { { "null", 0 },
			   { "unmapped", HOLE },
			   { "half", HALF },
			   { "readonly", READONLY },
			   { "noaccess", NOACCESS },
			   { "kernel", KERNEL },
			   NO_MORE };
const struct bad out_or_null[] = { { "unmapped", HOLE },     { "half", HALF },
				   { "readonly", READONLY }, { "noaccess", NOACCESS },
				   { "kernel", KERNEL },     NO_MORE };
const struct bad in[] = { { "null", 0 },	{ "unmapped", HOLE },
			  { "half", HALF },	{ "noaccess", NOACCESS },
			  { "kernel", KERNEL }, NO_MORE };
const struct bad in_or_null[] = { { "unmapped", HOLE },
				  { "half", HALF },
				  { "noaccess", NOACCESS },
				  { "kernel", KERNEL },
				  NO_MORE };

/* Of more than a page: of the one at `page` a part can be transferred. */
const struct bad out_bytes[] = { { "null", 0 },
				 { "unmapped", HOLE },
				 { "page", LAST },
				 { "readonly", READONLY },
				 { "noaccess", NOACCESS },
				 { "kernel", KERNEL },
				 { "wraps", MINUS(100) },
				 NO_MORE };
const struct bad in_bytes[] = {
	{ "null", 0 },	      { "unmapped", HOLE },    { "page", LAST }, { "noaccess", NOACCESS },
	{ "kernel", KERNEL }, { "wraps", MINUS(100) }, NO_MORE
};

/* ---- descriptors ---- */

#define NO_FD                                              \
	{ "closed", FD_CLOSED }, { "negative", MINUS(1) }, \
	{                                                  \
		"above", FD_ABOVE                          \
	}

const struct bad fd_any[] = { NO_FD, { "path", FD_PATH }, NO_MORE };
const struct bad fd_read[] = { NO_FD,
			       { "path", FD_PATH },
			       { "wronly", FD_WRONLY },
			       { "dir", FD_DIR },
			       { "empty", FD_IN },
			       { "other end", FD_OUT },
			       NO_MORE };
const struct bad fd_write[] = { NO_FD,
				{ "path", FD_PATH },
				{ "rdonly", FD_RDONLY },
				{ "dir", FD_DIR },
				{ "broken", FD_BROKEN },
				{ "other end", FD_IN },
				NO_MORE };
const struct bad fd_place[] = { NO_FD, { "path", FD_PATH }, { "pipe", FD_IN }, NO_MORE };
const struct bad fd_dir[] = {
	NO_FD, { "path", FD_PATH }, { "file", FD_RW }, { "pipe", FD_IN }, NO_MORE
};
const struct bad at[] = {
	NO_FD, { "path", FD_PATH }, { "file", FD_RW }, { "pipe", FD_IN }, NO_MORE
};

/* ---- paths ---- */

#define NO_PATH                                                                              \
	{ "null", 0 }, { "unmapped", HOLE }, { "noaccess", NOACCESS }, { "kernel", KERNEL }, \
		{ "endless", ENDLESS + PAGE - 8 }, { "empty", (word) "" },                   \
		{ "long", (word)long_path }, { "long name", (word)long_name },               \
		{ "below file", (word) "file/x" }, { "loop", (word) "loop/x" },              \
	{                                                                                    \
		"lost", (word) "missing/x"                                                   \
	}

const struct bad path[] = {
	NO_PATH, { "missing", (word) "missing" }, { "slash", (word) "file/" }, NO_MORE
};
const struct bad path_of_file[] = {
	NO_PATH, { "missing", (word) "missing" }, { "dir", (word) "full" }, NO_MORE
};
const struct bad path_of_dir[] = {
	NO_PATH, { "missing", (word) "missing" }, { "file", (word) "file" }, NO_MORE
};
const struct bad path_to_make[] = { NO_PATH,
				    { "there", (word) "file" },
				    { "dir", (word) "full" },
				    { "slash", (word) "new/" },
				    NO_MORE };

/* ---- numbers ---- */

const struct bad set_size[] = { { "4", 4 }, { "16", 16 }, NO_MORE };
const struct bad pid_any[] = {
	{ "nobody", NO_PID }, { "no group", MINUS(NO_PID) }, { "minimum", 1ul << 31 }, NO_MORE
};
const struct bad signal_any[] = { { "65", 65 }, { "negative", MINUS(1) }, NO_MORE };
const struct bad clock_any[] = { { "99", 99 }, { "no cpu", MINUS(8 * NO_PID + 6) }, NO_MORE };
const struct bad huge[] = { { "huge", MINUS(1) }, NO_MORE };
const struct bad negative[] = { { "negative", MINUS(1) }, { "minimum", 1ul << 63 }, NO_MORE };

static const struct timespec no_time = { -1, 0 }, no_part = { 0, 1000000000 };
#define NO_TIME                                                                                 \
	{ "unmapped", HOLE }, { "noaccess", NOACCESS }, { "kernel", KERNEL }, { "half", HALF }, \
		{ "negative", (word)&no_time },                                                 \
	{                                                                                       \
		"second", (word)&no_part                                                        \
	}

const struct bad timespec[] = { { "null", 0 }, NO_TIME, NO_MORE };
const struct bad timespec_or_null[] = { NO_TIME, NO_MORE };
