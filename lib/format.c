/* SPDX-License-Identifier: MIT */
/* Formats text, one conversion at a time, into a bounded buffer. */
#include "lib/format.h"

#include "lib/bits.h"
#include "lib/string.h"

/* The destination. len may pass size: characters beyond are only counted. */
struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool left, zero, plus, space, alt, upper;
	int width;
	int precision; /* -1: none given */
	int longs;     /* -2 hh, -1 h, 0, 1 l, 2 ll */
	char conv;
};

static void out_char(struct out *out, char c)
{
	if (out->len < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void out_pad(struct out *out, char c, int n)
{
	while (n-- > 0)
		out_char(out, c);
}

static void out_bytes(struct out *out, const char *s, int n)
{
	while (n-- > 0)
		out_char(out, *s++);
}

/* Prints n characters in a field. */
static void out_field(struct out *out, const struct spec *spec, const char *s, int n)
{
	if (!spec->left)
		out_pad(out, ' ', spec->width - n);
	out_bytes(out, s, n);
	if (spec->left)
		out_pad(out, ' ', spec->width - n);
}

/* Writes the digits of value, the last at end[-1]. Returns how many there are. */
static int digits_back(char *end, uint64_t value, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; value != 0; value /= base)
		end[-++n] = digits[value % base];
	return n;
}

/* Prints sign or prefix, zeros and digits in a field. */
static void out_number(struct out *out, const struct spec *spec, const char *prefix, uint64_t value,
		       unsigned base)
{
	char digits[24];
	int n = digits_back(digits + sizeof(digits), value, base, spec->upper);
	int head = (int)strlen(prefix);
	int zeros = spec->precision >= 0 ? spec->precision - n : 1 - n;
	int blanks;

	if (spec->zero && !spec->left && spec->precision < 0)
		zeros = MAX(zeros, spec->width - head - n);
	zeros = MAX(zeros, 0);
	blanks = spec->width - head - zeros - n;
	if (!spec->left)
		out_pad(out, ' ', blanks);
	out_bytes(out, prefix, head);
	out_pad(out, '0', zeros);
	out_bytes(out, digits + sizeof(digits) - n, n);
	if (spec->left)
		out_pad(out, ' ', blanks);
}

static void out_signed(struct out *out, const struct spec *spec, int64_t value)
{
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	out_number(out, spec, sign, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

static void out_unsigned(struct out *out, struct spec *spec, uint64_t value)
{
	unsigned base = spec->conv == 'u' ? 10 : spec->conv == 'o' ? 8 : 16;
	const char *prefix = "";

	spec->upper = spec->conv == 'X';
	if (spec->alt && base == 16 && value != 0)
		prefix = spec->upper ? "0X" : "0x";
	out_number(out, spec, prefix, value, base);
}

static void out_string(struct out *out, const struct spec *spec, const char *s)
{
	if (s == NULL)
		s = "(null)";
	out_field(out, spec, s,
		  (int)strnlen(s, spec->precision >= 0 ? (size_t)spec->precision : INT32_MAX));
}

/* Reads a number from the format, or from an argument. */
static const char *parse_count(const char *fmt, va_list *args, int *ret)
{
	int n = 0;

	if (*fmt == '*') {
		*ret = va_arg(*args, int);
		return fmt + 1;
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		n = n < 100000 ? n * 10 + (*fmt - '0') : n;
	*ret = n;
	return fmt;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alt = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == 'l')
			spec->longs++;
		else if (*fmt == 'h')
			spec->longs--;
		else if (*fmt == 'z' || *fmt == 'j' || *fmt == 't')
			spec->longs = 1;
		else
			return fmt;
	}
}

/* fmt points just behind the '%'. Returns the position just behind the conversion. */
static const char *parse_spec(const char *fmt, va_list *args, struct spec *spec)
{
	*spec = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, spec);
	fmt = parse_count(fmt, args, &spec->width);
	if (spec->width < 0) {
		spec->left = true;
		spec->width = -spec->width;
	}
	if (*fmt == '.')
		fmt = parse_count(fmt + 1, args, &spec->precision);
	fmt = parse_length(fmt, spec);
	spec->conv = *fmt;
	return *fmt != '\0' ? fmt + 1 : fmt;
}

static int64_t arg_signed(va_list *args, int longs)
{
	if (longs > 0)
		return va_arg(*args, long);
	switch (longs) {
	case 0:
		return va_arg(*args, int);
	case -1:
		return (short)va_arg(*args, int);
	default:
		return (signed char)va_arg(*args, int);
	}
}

static uint64_t arg_unsigned(va_list *args, int longs)
{
	if (longs > 0)
		return va_arg(*args, unsigned long);
	switch (longs) {
	case 0:
		return va_arg(*args, unsigned int);
	case -1:
		return (unsigned short)va_arg(*args, unsigned int);
	default:
		return (unsigned char)va_arg(*args, unsigned int);
	}
}

static void out_conversion(struct out *out, struct spec *spec, va_list *args)
{
	char c;

	switch (spec->conv) {
	case 'd':
	case 'i':
		out_signed(out, spec, arg_signed(args, spec->longs));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		out_unsigned(out, spec, arg_unsigned(args, spec->longs));
		break;
	case 'p':
		out_number(out, spec, "0x", (uintptr_t)va_arg(*args, void *), 16);
		break;
	case 's':
		out_string(out, spec, va_arg(*args, const char *));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		out_field(out, spec, &c, 1);
		break;
	case '\0':
		break;
	default: /* '%', and unknown conversions, are printed as they are */
		out_char(out, spec->conv);
		break;
	}
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out out = { .buf = buf, .size = size };
	struct spec spec;
	va_list rest;

	va_copy(rest, args);
	while (*fmt != '\0') {
		if (*fmt != '%') {
			out_char(&out, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &rest, &spec);
		out_conversion(&out, &spec, &rest);
	}
	va_end(rest);
	if (size > 0)
		buf[MIN(out.len, size - 1)] = '\0';
	return (int)out.len;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = kvsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

bool kappendf(char *buf, size_t size, size_t *pos, const char *fmt, ...)
{
	size_t room = size - *pos;
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = (size_t)kvsnprintf(buf + *pos, room, fmt, args);
	va_end(args);
	if (n < room) {
		*pos += n;
		return true;
	}
	*pos = size > 0 ? MAX(*pos, size - 1) : 0;
	return false;
}
