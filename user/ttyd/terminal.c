/* SPDX-License-Identifier: MIT */
/* What goes in at one end of a pseudo-terminal and comes out at the other, and the requests that change how. */
#include "ttyd/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "abi/served.h"

#define CAN_READ  (POLLIN | POLLRDNORM)
#define CAN_WRITE (POLLOUT | POLLWRNORM)

/* The modes of a new terminal, but for those of ldisc_init(). */
#define CFLAGS (B38400 | CS8 | CREAD)

/* ---- changes ---- */

void term_init(struct term *term)
{
	memset(&term->head, 0, sizeof(term->head));
	ldisc_init(&term->ldisc, false);
	term->ldisc.termios.c_cflag = CFLAGS;
	atomic_store(&term->changing, 0);
}

static void term_change_begin(struct term *term)
{
	term->saved.head = term->head;
	memcpy(term->saved.ldisc, &term->ldisc, sizeof(term->saved.ldisc));
	atomic_store(&term->changing, 1);
}

static void term_change_end(struct term *term)
{
	atomic_store(&term->changing, 0);
}

/* Was this request done already? */
static bool term_is_done(struct term *term, enum term_end end, enum term_op op, uint32_t number,
			 struct term_done *done)
{
	const struct term_note *note = &term->head.note[end][op];

	*done = (struct term_done){ 0 };
	if (note->number != number)
		return false;
	*done = (struct term_done){ .events = note->events, .master = true, .slave = true };
	return true;
}

static void term_note_result(struct term *term, enum term_end end, enum term_op op, uint32_t number,
			     ssize_t result, const struct term_done *done)
{
	struct term_note *note = &term->head.note[end][op];

	note->number = number;
	note->result = (int32_t)result;
	note->events = (uint8_t)done->events;
}

/* ---- output ---- */

static uint32_t term_output_unread(const struct term *term)
{
	return term->head.put - term->head.got;
}

static void term_output_add(struct term *term, const uint8_t *from, size_t n)
{
	uint32_t at = term->head.put % TERM_RING;
	size_t span = TERM_RING - at;

	span = n < span ? n : span;
	memcpy(term->output + at, from, span);
	memcpy(term->output, from + span, n - span);
	term->head.put += (uint32_t)n;
}

static void term_echo_add(struct term *term, const uint8_t *from, size_t n)
{
	if (term_output_unread(term) + n <= TERM_OUTPUT_MOST + TERM_ECHO_MOST)
		term_output_add(term, from, n);
}

static bool term_is_stopped(const struct term *term)
{
	return term->ldisc.stopped || term->head.held_off;
}

static size_t term_output_room(const struct term *term)
{
	uint32_t unread = term_output_unread(term);

	return term_is_stopped(term) || unread >= TERM_OUTPUT_MOST ? 0 : TERM_OUTPUT_MOST - unread;
}

/* The master is told of it, if it wants to be. */
static void term_tell_packet(struct term *term, unsigned set, unsigned clear,
			     struct term_done *done)
{
	if (!term->head.packet)
		return;
	term->head.status = (uint8_t)((term->head.status & ~clear) | set);
	done->master = true;
}

/* Output has been stopped, or goes on: `was` is how it was. */
static void term_tell_flow(struct term *term, bool was, struct term_done *done)
{
	bool is = term_is_stopped(term);

	if (is == was)
		return;
	done->slave = true;
	if (is)
		term_tell_packet(term, TIOCPKT_STOP, TIOCPKT_START, done);
	else
		term_tell_packet(term, TIOCPKT_START, TIOCPKT_STOP, done);
	done->events |= is ? 0 : SERVED_TTY_RESUMED;
}

/* ---- input ---- */

static unsigned term_events_of(unsigned did)
{
	return (did & LDISC_INTERRUPT ? SERVED_TTY_INTERRUPT : 0) |
	       (did & LDISC_QUIT ? SERVED_TTY_QUIT : 0) |
	       (did & LDISC_SUSPEND ? SERVED_TTY_SUSPEND : 0);
}

/* The line discipline gets a byte, and the master what that shows. */
static void term_take_byte(struct term *term, uint8_t byte, struct term_done *done)
{
	static struct ldisc_echo echo;
	bool was = term_is_stopped(term);
	unsigned did = ldisc_input(&term->ldisc, byte, &echo);

	term_echo_add(term, echo.bytes, echo.n);
	done->master |= echo.n != 0;
	/* The key of a signal may have taken away what could be read: that is to be seen, too. */
	done->slave |= (did & LDISC_READABLE) != 0 || term_events_of(did) != 0;
	done->events |= term_events_of(did) | (did & LDISC_READABLE ? SERVED_TTY_TYPED : 0) |
			(echo.n ? SERVED_TTY_SHOWN : 0);
	if (term_events_of(did) && ldisc_signal_flushes(&term->ldisc))
		term_tell_packet(term, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE, 0, done);
	term_tell_flow(term, was, done);
}

/*
 * An erase may have made the line shorter than it was when that was saved: then what is done so far is made to last, before other bytes come in
 * that place. `so_far` is what the note says then.
 */
static void term_make_last(struct term *term, struct term_note *note,
			   const struct term_note *so_far, const struct term_done *done)
{
	unsigned write;

	memcpy(&write, term->saved.ldisc + offsetof(struct ldisc, write), sizeof(write));
	if ((int32_t)(term->ldisc.write - write) >= 0)
		return;
	if (so_far) {
		*note = *so_far;
		note->events = (uint8_t)done->events;
	}
	term_change_end(term);
	term_change_begin(term);
}

/* What is held back goes on as far as there is room. */
static void term_take_held(struct term *term, struct term_note *note,
			   const struct term_note *so_far, struct term_done *done)
{
	uint8_t byte;

	while (ldisc_held_take(&term->head.held, &term->ldisc, &byte)) {
		term_take_byte(term, byte, done);
		term_make_last(term, note, so_far, done);
	}
}

void term_recover(struct term *term)
{
	struct term_done done = { 0 };

	if (atomic_load(&term->changing)) {
		term->head = term->saved.head;
		memcpy(&term->ldisc, term->saved.ldisc, sizeof(term->saved.ldisc));
		atomic_store(&term->changing, 0);
	}
	/* A read may have made room, and have made that last before all came that was held. No key of a signal is among that. */
	term_change_begin(term);
	term_take_held(term, NULL, NULL, &done);
	term_change_end(term);
}

static void term_hold(struct term *term, const uint8_t *from, size_t n)
{
	memcpy(term->head.held.bytes + term->head.held.n, from, n);
	term->head.held.n += (uint16_t)n;
}

/* What is typed. */
static size_t term_master_write(struct term *term, uint32_t number, const uint8_t *from, size_t n,
				struct term_done *done)
{
	struct term_note *note = &term->head.note[TERM_MASTER][TERM_WRITE];
	struct term_note so_far = { .number = number };
	size_t taken = 0, room;

	while (taken < n && term->head.held.n == 0 && ldisc_has_room(&term->ldisc)) {
		term_take_byte(term, from[taken++], done);
		so_far.result = (int32_t)taken;
		term_make_last(term, note, &so_far, done);
	}
	while ((room = LDISC_HELD_MAX - term->head.held.n) != 0 && taken < n) {
		size_t piece = n - taken < room ? n - taken : room;

		term_hold(term, from + taken, piece);
		taken += piece;
		so_far.result = (int32_t)taken;
		term_take_held(term, note, &so_far, done);
	}
	return taken;
}

/* What is shown. */
static size_t term_slave_write(struct term *term, const uint8_t *from, size_t n,
			       struct term_done *done)
{
	size_t taken = 0, room = term_output_room(term);

	/* Each byte may become several, of which the last ones may be in the room of echoes. */
	for (size_t len; taken < n && room != 0; room -= len < room ? len : room) {
		uint8_t bytes[LDISC_EXPAND_MAX];

		len = n - taken < room ? n - taken : room;
		len = ldisc_output_plain(&term->ldisc, from + taken, len);
		if (len != 0) {
			term_output_add(term, from + taken, len);
			taken += len;
			continue;
		}
		len = ldisc_output(&term->ldisc, from[taken++], bytes);
		term_output_add(term, bytes, len);
	}
	done->master |= taken != 0;
	done->events |= taken != 0 ? SERVED_TTY_SHOWN : 0;
	return taken;
}

ssize_t term_write(struct term *term, enum term_end end, uint32_t number, const uint8_t *from,
		   size_t n, struct term_done *done)
{
	size_t taken;

	if (term_is_done(term, end, TERM_WRITE, number, done))
		return term->head.note[end][TERM_WRITE].result;
	if (!(term_events(term, end) & POLLOUT))
		return -EAGAIN;
	n = n < TERM_WRITE_MOST ? n : TERM_WRITE_MOST;
	term_change_begin(term);
	taken = end == TERM_MASTER ? term_master_write(term, number, from, n, done)
				   : term_slave_write(term, from, n, done);
	term_note_result(term, end, TERM_WRITE, number, (ssize_t)taken, done);
	term_change_end(term);
	return (ssize_t)taken;
}

/* ---- reading ---- */

static void term_output_copy(const struct term *term, uint32_t from, uint8_t *to, size_t n)
{
	uint32_t at = from % TERM_RING;
	size_t span = TERM_RING - at;

	span = n < span ? n : span;
	memcpy(to, term->output + at, span);
	memcpy(to + span, term->output, n - span);
}

/* Sets *note to what the master reads. Returns how many bytes. */
static ssize_t term_master_read(struct term *term, size_t n, struct term_note *note)
{
	struct term_head *head = &term->head;
	size_t unread = term_output_unread(term);

	note->from = head->got;
	note->is_packet = head->packet;
	note->first = head->packet ? head->status : 0;
	if (note->first) {
		head->status = 0;
		return 1;
	}
	n -= note->is_packet;
	n = n < unread ? n : unread;
	head->got += (uint32_t)n;
	return (ssize_t)n + note->is_packet;
}

static ssize_t term_slave_read(struct term *term, uint8_t *to, size_t n, struct term_note *note)
{
	bool end;

	note->from = term->ldisc.read;
	note->is_packet = false;
	note->is_canonical = ldisc_canonical(&term->ldisc);
	return (ssize_t)ldisc_read(&term->ldisc, to, n, &end);
}

static bool term_can_read(const struct term *term, enum term_end end)
{
	return term_unread(term, end) != 0 ||
	       (end == TERM_MASTER && term->head.packet && term->head.status);
}

/* The bytes of the read that was noted. */
static void term_give_noted(const struct term *term, enum term_end end, uint8_t *to)
{
	const struct term_note *note = &term->head.note[end][TERM_READ];
	size_t n = (size_t)note->result;

	if (end == TERM_SLAVE) {
		ldisc_read_again(&term->ldisc, note->from, note->is_canonical, to, n);
		return;
	}
	if (note->is_packet) {
		*to++ = note->first;
		n--;
	}
	term_output_copy(term, note->from, to, n);
}

ssize_t term_read(struct term *term, enum term_end end, uint32_t number, uint8_t *to, size_t n,
		  struct term_done *done)
{
	struct term_note *note = &term->head.note[end][TERM_READ];
	enum term_end other = end == TERM_MASTER ? TERM_SLAVE : TERM_MASTER;
	unsigned before = term_events(term, other);
	ssize_t result;

	*done = (struct term_done){ 0 };
	n = n < TERM_READ_MOST ? n : TERM_READ_MOST;
	if (n == 0)
		return 0;
	if (term_is_done(term, end, TERM_READ, number, done)) {
		term_give_noted(term, end, to);
		return note->result;
	}
	if (!term_can_read(term, end))
		return -EAGAIN;
	term_change_begin(term);
	result = end == TERM_MASTER ? term_master_read(term, n, note)
				    : term_slave_read(term, to, n, note);
	term_note_result(term, end, TERM_READ, number, result, done);
	if (end == TERM_SLAVE)
		term_take_held(term, NULL, NULL, done);
	else
		term_give_noted(term, end, to);
	term_change_end(term);
	if (term_events(term, other) != before)
		*(other == TERM_SLAVE ? &done->slave : &done->master) = true;
	return result;
}

/* ---- requests ---- */

static void term_flush_input(struct term *term, struct term_done *done)
{
	ldisc_flush_input(&term->ldisc);
	term->head.held.n = 0;
	done->master = true; /* there is room */
	term_tell_packet(term, TIOCPKT_FLUSHREAD, 0, done);
}

/* Does the master have to stop and start the output itself? */
static bool term_has_usual_flow(const struct abi_termios *modes)
{
	return (modes->c_iflag & IXON) && modes->c_cc[VSTOP] == 023 && modes->c_cc[VSTART] == 021;
}

int term_set_modes(struct term *term, enum term_end end, uint32_t number,
		   const struct abi_termios *modes, bool flushes, struct term_done *done)
{
	bool was = term_is_stopped(term), usual = term_has_usual_flow(&term->ldisc.termios);
	const struct term_note so_far = { .number = number };

	if (term_is_done(term, end, TERM_CTL, number, done))
		return term->head.note[end][TERM_CTL].result;
	term_change_begin(term);
	if (flushes)
		term_flush_input(term, done);
	ldisc_set_termios(&term->ldisc, modes);
	if (term_has_usual_flow(&term->ldisc.termios) != usual)
		term_tell_packet(term, usual ? TIOCPKT_NOSTOP : TIOCPKT_DOSTOP,
				 TIOCPKT_NOSTOP | TIOCPKT_DOSTOP, done);
	term_tell_flow(term, was, done);
	term_take_held(term, &term->head.note[end][TERM_CTL], &so_far, done);
	done->master = done->slave = true;
	term_note_result(term, end, TERM_CTL, number, 0, done);
	term_change_end(term);
	return 0;
}

int term_set_winsize(struct term *term, enum term_end end, uint32_t number,
		     const struct abi_winsize *winsize, struct term_done *done)
{
	if (term_is_done(term, end, TERM_CTL, number, done))
		return term->head.note[end][TERM_CTL].result;
	term_change_begin(term);
	if (memcmp(&term->head.winsize, winsize, sizeof(*winsize)) != 0)
		done->events = SERVED_TTY_RESIZED;
	term->head.winsize = *winsize;
	term_note_result(term, end, TERM_CTL, number, 0, done);
	term_change_end(term);
	return 0;
}

/* What programs have written has arrived at the master, which alone can discard it. */
int term_flush(struct term *term, enum term_end end, uint32_t number, unsigned long which,
	       struct term_done *done)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (term_is_done(term, end, TERM_CTL, number, done))
		return term->head.note[end][TERM_CTL].result;
	term_change_begin(term);
	if (end == TERM_SLAVE && which != TCOFLUSH)
		term_flush_input(term, done);
	if (end == TERM_SLAVE && which != TCIFLUSH)
		term_tell_packet(term, TIOCPKT_FLUSHWRITE, 0, done);
	if (end == TERM_MASTER && which != TCOFLUSH)
		term->head.got = term->head.put;
	if (end == TERM_MASTER && which != TCIFLUSH)
		term->head.held.n = 0;
	done->master = done->slave = true;
	term_note_result(term, end, TERM_CTL, number, 0, done);
	term_change_end(term);
	return 0;
}

static int term_do_flow(struct term *term, unsigned long what, struct term_done *done)
{
	bool was = term_is_stopped(term);
	uint8_t byte;

	switch (what) {
	case TCOOFF:
		term->head.held_off = true;
		term_tell_flow(term, was, done);
		return 0;
	case TCOON:
		/* As on Linux, it resumes what ^S has stopped, too, but only if this has been stopped. */
		if (term->head.held_off)
			term->ldisc.stopped = false;
		term->head.held_off = false;
		term_tell_flow(term, was, done);
		return 0;
	default:
		byte = term->ldisc.termios.c_cc[what == TCIOFF ? VSTOP : VSTART];
		if (byte != 0) /* 0: the character is disabled */
			term_echo_add(term, &byte, 1);
		done->master = true;
		return 0;
	}
}

int term_flow(struct term *term, enum term_end end, uint32_t number, unsigned long what,
	      struct term_done *done)
{
	if (what > TCION)
		return -EINVAL;
	if (term_is_done(term, end, TERM_CTL, number, done))
		return term->head.note[end][TERM_CTL].result;
	term_change_begin(term);
	term_do_flow(term, what, done);
	term_note_result(term, end, TERM_CTL, number, 0, done);
	term_change_end(term);
	return 0;
}

/* The byte is lost where there is no room. */
int term_type(struct term *term, enum term_end end, uint32_t number, uint8_t byte,
	      struct term_done *done)
{
	const struct term_note so_far = { .number = number };

	if (term_is_done(term, end, TERM_CTL, number, done))
		return term->head.note[end][TERM_CTL].result;
	term_change_begin(term);
	if (term->head.held.n < LDISC_HELD_MAX) {
		term_hold(term, &byte, 1);
		term_take_held(term, &term->head.note[end][TERM_CTL], &so_far, done);
	}
	term_note_result(term, end, TERM_CTL, number, 0, done);
	term_change_end(term);
	return 0;
}

int term_set_packet(struct term *term, uint32_t number, bool on, struct term_done *done)
{
	if (term_is_done(term, TERM_MASTER, TERM_CTL, number, done))
		return term->head.note[TERM_MASTER][TERM_CTL].result;
	term_change_begin(term);
	if (on != term->head.packet)
		term->head.status = 0;
	term->head.packet = on;
	term_note_result(term, TERM_MASTER, TERM_CTL, number, 0, done);
	term_change_end(term);
	return 0;
}

/* ---- what can be done ---- */

/* How much input poll needs: VMIN bytes in raw mode without a timeout, else a byte or a line. */
static size_t term_least_input(const struct ldisc *ldisc)
{
	const uint8_t *cc = ldisc->termios.c_cc;

	return ldisc_canonical(ldisc) || cc[VTIME] != 0 || cc[VMIN] == 0 ? 1 : cc[VMIN];
}

static unsigned term_master_events(const struct term *term)
{
	const struct term_head *head = &term->head;
	unsigned can = 0;

	if (term_output_unread(term) != 0)
		can |= CAN_READ;
	if (head->packet && head->status != 0)
		can |= CAN_READ | POLLPRI;
	if (head->held.n < LDISC_HELD_MAX)
		can |= CAN_WRITE;
	return can;
}

static unsigned term_slave_events(const struct term *term)
{
	const struct ldisc *ldisc = &term->ldisc;
	const uint8_t *cc = ldisc->termios.c_cc;
	unsigned can = 0;

	if (ldisc_available(ldisc) >= term_least_input(ldisc))
		can |= CAN_READ;
	if (term_output_room(term) != 0)
		can |= CAN_WRITE;
	if (!ldisc_canonical(ldisc) && (cc[VMIN] != 1 || cc[VTIME] != 0))
		can |= SERVED_TIMED;
	if (ldisc_stops_background(ldisc))
		can |= SERVED_TOSTOP;
	return can;
}

unsigned term_events(const struct term *term, enum term_end end)
{
	return end == TERM_MASTER ? term_master_events(term) : term_slave_events(term);
}

size_t term_unread(const struct term *term, enum term_end end)
{
	return end == TERM_MASTER ? term_output_unread(term) : ldisc_available(&term->ldisc);
}

unsigned term_waits(const struct term *term)
{
	const uint8_t *cc = term->ldisc.termios.c_cc;

	return ldisc_canonical(&term->ldisc) ? 1u : (unsigned)cc[VMIN] | (unsigned)cc[VTIME] << 8;
}
