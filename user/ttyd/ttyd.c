/* SPDX-License-Identifier: MIT */
/* What the library calls: the two files of each terminal, and their requests. */
#include "ttyd/ttyd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "abi/served.h"
#include "lib/serve.h"
#include "ttyd/terminal.h"

#define PTYS_MOST 1024 /* as the kernel numbers them */
#define USER_SHARE \
	2 /* of the terminals that there can be, so much is for one user who is not root */

/* file->data */
struct end {
	uint32_t place; /* 1 + enum term_end; 0: the pair is not open yet */
	/* Of the master; of the slave it is never touched. */
	_Alignas(8) struct term term;
};

/* By number. */
static struct serve_file *ends[PTYS_MOST][TERM_ENDS];

static struct end *ttyd_to_end(struct serve_file *file)
{
	return file->data;
}

static struct serve_file **ttyd_place_of(struct serve_file *file, enum term_end end)
{
	return &ends[SERVED_TTY_INDEX(file->badge)][end];
}

static enum term_end ttyd_end_of(struct serve_file *file)
{
	return ttyd_to_end(file)->place == 1 + TERM_SLAVE ? TERM_SLAVE : TERM_MASTER;
}

/* Returns the terminal that the file is an end of, or NULL: it has no other end yet. */
static struct term *ttyd_term_of(struct serve_file *file)
{
	struct serve_file *master = *ttyd_place_of(file, TERM_MASTER);

	return ttyd_to_end(file)->place && master ? &ttyd_to_end(master)->term : NULL;
}

/* ---- beginnings and ends ---- */

static int ttyd_open(struct serve_file *file)
{
	return SERVED_IS_TTY(file->badge) && SERVED_TTY_INDEX(file->badge) < PTYS_MOST ? 0 : -ENXIO;
}

static size_t ttyd_count_of(uid_t uid)
{
	size_t n = 0;

	for (unsigned i = 0; i < PTYS_MOST; i++)
		n += ends[i][TERM_MASTER] && ends[i][TERM_MASTER]->uid == uid;
	return n;
}

static void ttyd_set_place(struct serve_file *file, enum term_end end)
{
	*ttyd_place_of(file, end) = file;
	ttyd_to_end(file)->place = 1 + end;
}

/* The last server may have done so, too. Nobody has used it yet. */
static int ttyd_pair(struct serve_file *file, struct serve_file *other,
		     struct serve_request *request)
{
	(void)request;
	if (file->uid != 0 && ttyd_to_end(file)->place == 0 &&
	    ttyd_count_of(file->uid) >= serve_files_most() / TERM_ENDS / USER_SHARE)
		return -ENOSPC;
	term_init(&ttyd_to_end(file)->term);
	ttyd_set_place(file, TERM_MASTER);
	ttyd_set_place(other, TERM_SLAVE);
	serve_changed(other);
	return 0;
}

static void ttyd_attached(struct serve_file *file)
{
	if (ttyd_to_end(file)->place == 0)
		return;
	*ttyd_place_of(file, ttyd_end_of(file)) = file;
	if (ttyd_end_of(file) == TERM_MASTER)
		term_recover(&ttyd_to_end(file)->term);
}

static void ttyd_close(struct serve_file *file)
{
	struct serve_file **place = ttyd_place_of(file, ttyd_end_of(file));

	if (SERVED_TTY_INDEX(file->badge) < PTYS_MOST && *place == file)
		*place = NULL;
}

static unsigned ttyd_events(struct serve_file *file)
{
	struct term *term = ttyd_term_of(file);

	/* Whoever waits at a terminal that is lost is to ask, and gets EIO. */
	return term ? term_events(term, ttyd_end_of(file)) : POLLIN | POLLOUT | POLLERR | POLLHUP;
}

/* ---- requests ---- */

/* Those who wait at either end look again, if something has changed for them; at the one that was asked, the answer says so. */
static void ttyd_tell_of(struct serve_file *file, struct serve_request *request,
			 const struct term_done *done)
{
	bool changed[TERM_ENDS] = { [TERM_MASTER] = done->master, [TERM_SLAVE] = done->slave };

	for (unsigned i = 0; i < TERM_ENDS; i++) {
		struct serve_file *at = *ttyd_place_of(file, i);

		if (changed[i] && at && at != file)
			serve_changed(at);
	}
	request->quiet = !changed[ttyd_end_of(file)];
}

static ssize_t ttyd_read(struct serve_file *file, struct serve_request *request)
{
	static uint8_t bytes[TERM_READ_MOST];
	struct term *term = ttyd_term_of(file);
	struct term_done done;
	ssize_t n;

	if (!term)
		return -EIO;
	n = term_read(term, ttyd_end_of(file), request->number, bytes, request->size, &done);
	if (n > 0)
		serve_give(request, bytes, (size_t)n);
	ttyd_tell_of(file, request, &done);
	return n;
}

static ssize_t ttyd_write(struct serve_file *file, struct serve_request *request)
{
	static uint8_t bytes[TERM_WRITE_MOST];
	struct term *term = ttyd_term_of(file);
	struct term_done done;
	ssize_t n;
	size_t size;

	if (!term)
		return -EIO;
	size = serve_take(request, bytes, sizeof(bytes));
	n = term_write(term, ttyd_end_of(file), request->number, bytes, size, &done);
	request->length = done.events;
	ttyd_tell_of(file, request, &done);
	return n;
}

static int ttyd_give(struct serve_request *request, const void *value, size_t n)
{
	request->quiet = true;
	return serve_give(request, value, n) == n ? 0 : -EFAULT;
}

static int ttyd_get_modes(const struct term *term, struct serve_request *request)
{
	/* As the console's: the one speed of c_cflag means nothing. */
	struct abi_termios2 modes = { term->ldisc.termios, 38400, 38400 };

	return ttyd_give(request, &modes,
			 request->command == TCGETS2 ? sizeof(modes) : sizeof(modes.termios));
}

static int ttyd_set_modes(struct term *term, enum term_end end, struct serve_request *request,
			  struct term_done *done)
{
	bool flushes = request->command == TCSETSF || request->command == TCSETSF2;
	struct abi_termios modes;

	if (serve_take(request, &modes, sizeof(modes)) != sizeof(modes))
		return -EFAULT;
	return term_set_modes(term, end, request->number, &modes, flushes, done);
}

static int ttyd_set_winsize(struct term *term, enum term_end end, struct serve_request *request,
			    struct term_done *done)
{
	struct abi_winsize winsize;

	if (serve_take(request, &winsize, sizeof(winsize)) != sizeof(winsize))
		return -EFAULT;
	return term_set_winsize(term, end, request->number, &winsize, done);
}

static int ttyd_set_packet(struct term *term, struct serve_request *request, struct term_done *done)
{
	int32_t on;

	if (serve_take(request, &on, sizeof(on)) != sizeof(on))
		return -EFAULT;
	return term_set_packet(term, request->number, on != 0, done);
}

static int ttyd_get_packet(const struct term *term, struct serve_request *request)
{
	int32_t on = term->head.packet;

	return ttyd_give(request, &on, sizeof(on));
}

/* Those that change nothing. -ENOTTY: it is another one. */
static int ttyd_get_request(struct term *term, enum term_end end, struct serve_request *request)
{
	switch (request->command) {
	case TCGETS:
	case TCGETS2:
		return ttyd_get_modes(term, request);
	case TIOCGWINSZ:
		return ttyd_give(request, &term->head.winsize, sizeof(term->head.winsize));
	case TIOCGPKT:
		return ttyd_get_packet(term, request);
	case FIONREAD:
		request->quiet = true;
		return (int)term_unread(term, end);
	case SERVED_TTY_WAITS:
		request->quiet = true;
		request->length = term_waits(term);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int ttyd_set_request(struct term *term, enum term_end end, struct serve_request *request,
			    struct term_done *done)
{
	switch (request->command) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return ttyd_set_modes(term, end, request, done);
	case TIOCSWINSZ:
		return ttyd_set_winsize(term, end, request, done);
	case TIOCPKT:
		return ttyd_set_packet(term, request, done);
	case TCFLSH:
		return term_flush(term, end, request->number, request->argument, done);
	case TCXONC:
		return term_flow(term, end, request->number, request->argument, done);
	case TIOCSTI:
		return term_type(term, end, request->number, (uint8_t)request->argument, done);
	default:
		return -ENOTTY;
	}
}

static int ttyd_ctl(struct serve_file *file, struct serve_request *request)
{
	struct term *term = ttyd_term_of(file);
	struct term_done done = { 0 };
	int result;

	if (!term)
		return -EIO;
	result = ttyd_get_request(term, ttyd_end_of(file), request);
	if (result != -ENOTTY)
		return result;
	result = ttyd_set_request(term, ttyd_end_of(file), request, &done);
	request->length = done.events;
	ttyd_tell_of(file, request, &done);
	return result;
}

int ttyd_main(int argc, char **argv, void (*traced)(bool made))
{
	struct serve_ops ops = {
		.data_size = sizeof(struct end),
		.cleared_size = offsetof(struct end, term),
		.open = ttyd_open,
		.pair = ttyd_pair,
		.close = ttyd_close,
		.attached = ttyd_attached,
		.read = ttyd_read,
		.write = ttyd_write,
		.ctl = ttyd_ctl,
		.events = ttyd_events,
		.traced = traced,
	};

	return serve_main(argc, argv, &ops);
}
