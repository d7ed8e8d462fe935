/* SPDX-License-Identifier: MIT */
/* Lines for the prompt: user/sh/parse against a tokenizer and a grammar that are kept apart. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sh/parse.h"

#define TOKENS_MAX (LINE_MAX_BYTES + 2)

enum kind { WORD, PIPE, IN, OUT, ADD, ERR, ERR_ADD, BACKGROUND, SEMICOLON, AND, OR, END };

struct token {
	enum kind kind;
	char *text; /* of a word, to be freed */
};

static struct token tokens[TOKENS_MAX];
static unsigned ntokens;
static struct pipeline pipeline;

/* Appends quoted text; *s is after the first quote. Returns false if the second one is missing. */
static bool quoted(const char **s, char quote, char *to, size_t *n)
{
	for (; **s && **s != quote; ++*s) {
		if (quote == '"' && **s == '\\' && (*s)[1] && strchr("\"\\$`", (*s)[1]))
			++*s;
		to[(*n)++] = **s;
	}
	return *(*s)++ == quote;
}

/* Copies the next word without its quotes. Returns NULL if a quote is missing; else free it. */
static char *word(const char **s)
{
	char *text = calloc(1, strlen(*s) + 1);
	size_t n = 0;

	while (**s && !strchr(" \t|<>&;", **s)) {
		char c = *(*s)++;

		if ((c == '\'' || c == '"')) {
			if (quoted(s, c, text, &n))
				continue;
			free(text);
			return NULL;
		}
		text[n++] = c == '\\' && **s ? *(*s)++ : c;
	}
	return text;
}

static enum kind operator(const char **s) {
	static const struct { const char * text; enum kind kind; }
operators[] = { { "2>>", ERR_ADD },  { "2>", ERR },	{ ">>", ADD }, { ">", OUT },
		{ "<", IN },	     { "&&", AND },	{ "||", OR },  { "|", PIPE },
		{ "&", BACKGROUND }, { ";", SEMICOLON } };

for (unsigned i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
	if (strncmp(*s, operators[i].text, strlen(operators[i].text)) == 0) {
		*s += strlen(operators[i].text);
		return operators[i].kind;
	}
return WORD;
}

/* Makes the tokens of a line, up to a quote that has no end. Returns false if there is one. */
static bool tokenize(const char *s)
{
	bool after_redirect = false;

	ntokens = 0;
	for (;;) {
		struct token *token = &tokens[ntokens];

		s += strspn(s, " \t");
		*token = (struct token){ .kind = END };
		if (!*s || (*s == '#' && !after_redirect))
			return true;
		/* A file may be called 2. */
		token->kind = after_redirect && *s == '2' ? WORD : operator(&s);
		after_redirect = token->kind >= IN && token->kind <= ERR_ADD;
		if (token->kind == WORD && !(token->text = word(&s))) {
			token->kind = END;
			return false;
		}
		ntokens++;
	}
}

static bool same(const char *ours, const struct token *theirs)
{
	return ours && strcmp(ours, theirs->text) == 0;
}

static const int flags_of[] = {
	[IN] = O_RDONLY,
	[OUT] = O_WRONLY | O_CREAT | O_TRUNC,
	[ADD] = O_WRONLY | O_CREAT | O_APPEND,
	[ERR] = O_WRONLY | O_CREAT | O_TRUNC,
	[ERR_ADD] = O_WRONLY | O_CREAT | O_APPEND,
};

static void compare_redirect(const struct redirect *ours, const struct token *theirs)
{
	fuzz_equal(ours->fd, theirs->kind == IN ? 0 : theirs->kind <= ADD ? 1 : 2);
	fuzz_equal(ours->flags, flags_of[theirs->kind]);
	fuzz_check(same(ours->path, theirs + 1));
}

/*
 * Reads one program from token *at on. Returns whether its syntax is right. With `compare` it is
 * known to be right, and is compared with ours.
 */
static bool take_command(unsigned *at, bool compare, const struct command *ours)
{
	unsigned nwords = 0, nredirects = 0;

	for (; tokens[*at].kind != PIPE && tokens[*at].kind < BACKGROUND; ++*at) {
		const struct token *token = &tokens[*at];

		if (token->kind == WORD) {
			if (++nwords > WORDS_MAX)
				return false;
			fuzz_check(!compare || same(ours->words[nwords - 1], token));
			continue;
		}
		if (token[1].kind != WORD || ++nredirects > REDIRECTS_MAX)
			return false;
		if (compare)
			compare_redirect(&ours->redirects[nredirects - 1], token);
		++*at;
	}
	if (compare) {
		fuzz_equal(ours->nwords, nwords);
		fuzz_equal(ours->nredirects, nredirects);
		fuzz_check(!ours->words[nwords]);
	}
	return nwords > 0;
}

/* One pipeline from token *at on, as take_command(). */
static bool take_pipeline(unsigned *at, bool compare)
{
	unsigned ncommands = 0;

	for (;; ++*at) {
		if (ncommands == COMMANDS_MAX ||
		    !take_command(at, compare, &pipeline.commands[ncommands]))
			return false;
		ncommands++;
		if (tokens[*at].kind != PIPE)
			break;
	}
	if (compare) {
		enum kind kind = tokens[*at].kind;

		fuzz_equal(pipeline.ncommands, ncommands);
		fuzz_equal(pipeline.background, kind == BACKGROUND);
		fuzz_equal(pipeline.join, kind == AND  ? JOIN_IF_TRUE
					  : kind == OR ? JOIN_IF_FALSE
						       : JOIN_ALWAYS);
	}
	return true;
}

/* Is the syntax of the line right? */
static bool take_line(void)
{
	enum kind kind = SEMICOLON, before;
	unsigned at = 0;

	while (tokens[at].kind != END) {
		if (!take_pipeline(&at, false))
			return false;
		before = kind;
		kind = tokens[at].kind;
		if (kind == BACKGROUND && (before == AND || before == OR))
			return false;
		at += kind != END;
	}
	return kind != AND && kind != OR;
}

/* What is in front of what joins, or of a comment, is the same pipeline, and ends with its last part. */
static void check_extent(char *text)
{
	static struct pipeline again;
	size_t n = pipeline.extent;
	char cut;

	fuzz_check(n <= strlen(text) && strspn(text + n, " \t") == strcspn(text + n, "#&;|"));
	cut = text[n];
	text[n] = '\0';
	fuzz_check(!parse(text, &again) && !again.background && again.extent == n);
	fuzz_check(again.join == JOIN_ALWAYS && !*again.rest);
	fuzz_equal(again.ncommands, pipeline.ncommands);
	fuzz_equal(again.used, pipeline.used);
	text[n] = cut;
}

/* Compares all pipelines of a line whose syntax is right with ours. */
static void compare_line(char *line)
{
	unsigned at = 0;

	do {
		fuzz_check(!parse(line, &pipeline));
		fuzz_check(pipeline.used <= sizeof(pipeline.bytes));
		if (ntokens == 0)
			fuzz_equal(pipeline.ncommands, 0);
		else
			take_pipeline(&at, true);
		check_extent(line);
		at += tokens[at].kind != END;
		line += pipeline.rest - line;
		fuzz_equal(!*line, tokens[at].kind == END);
	} while (*line);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES);
	const char *wrong = parse_check(line, &pipeline);
	bool good = tokenize(line) && take_line();

	if (!!good != !wrong)
		fuzz_fail(__FILE__, __LINE__, "we say: %s", wrong ? wrong : "it is right");
	if (good)
		compare_line(line);
	for (unsigned i = 0; i < ntokens; i++)
		free(tokens[i].text);
	free(line);
	return good;
}
