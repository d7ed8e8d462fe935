/* SPDX-License-Identifier: MIT */
/* The parser of the prompt. A line becomes pipelines: words, quotes, redirections, pipes and the operators between. */
#include "sh/parse.h"

#include <fcntl.h>
#include <string.h>

struct parser {
	const char *at;
	struct pipeline *pipeline;
	struct command *command;
	const char *wrong;
	bool ended; /* by an operator of joins[] */
};

static const struct {
	const char *text;
	enum join join;
	bool background;
	const char *missing_before, *missing_after; /* messages; NULL: may be missing */
} joins[] = {
	{ "&&", JOIN_IF_TRUE, false, "a program is missing before &&",
	  "a program is missing after &&" },
	{ "||", JOIN_IF_FALSE, false, "a program is missing before ||",
	  "a program is missing after ||" },
	{ ";", JOIN_ALWAYS, false, "a program is missing before ;", NULL },
	{ "&", JOIN_ALWAYS, true, "a program is missing before &", NULL },
};

#define NJOINS (sizeof(joins) / sizeof(joins[0]))

static void parse_keep(struct parser *parser, char byte)
{
	parser->pipeline->bytes[parser->pipeline->used++] = byte;
}

static void take_single(struct parser *parser)
{
	while (*parser->at && *parser->at != '\'')
		parse_keep(parser, *parser->at++);
	if (!*parser->at)
		parser->wrong = "unterminated ' quote";
	else
		parser->at++;
}

static void take_double(struct parser *parser)
{
	while (*parser->at && *parser->at != '"') {
		if (parser->at[0] == '\\' && parser->at[1] && strchr("\"\\$`", parser->at[1]))
			parser->at++;
		parse_keep(parser, *parser->at++);
	}
	if (!*parser->at)
		parser->wrong = "unterminated \" quote";
	else
		parser->at++;
}

/* Takes a word, up to a blank or an operator. Returns it without its quotes. */
static char *take_word(struct parser *parser)
{
	char *word = parser->pipeline->bytes + parser->pipeline->used;

	while (*parser->at && !strchr(" \t|<>&;", *parser->at) && !parser->wrong) {
		char byte = *parser->at++;

		if (byte == '\'')
			take_single(parser);
		else if (byte == '"')
			take_double(parser);
		else if (byte == '\\' && *parser->at)
			parse_keep(parser, *parser->at++);
		else
			parse_keep(parser, byte);
	}
	parse_keep(parser, '\0');
	return word;
}

static void parse_skip_blanks(struct parser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\t')
		parser->at++;
}

/* Takes a redirection. Call it at <, > or 2>. */
static void take_redirect(struct parser *parser)
{
	struct command *command = parser->command;
	struct redirect redirect = { .fd = 1, .flags = O_WRONLY | O_CREAT | O_TRUNC };

	if (*parser->at == '2') {
		redirect.fd = 2;
		parser->at++;
	}
	if (*parser->at++ == '<')
		redirect = (struct redirect){ .fd = 0, .flags = O_RDONLY };
	else if (*parser->at == '>') {
		redirect.flags = O_WRONLY | O_CREAT | O_APPEND;
		parser->at++;
	}
	parse_skip_blanks(parser);
	if (!*parser->at || strchr("|<>&;", *parser->at)) {
		parser->wrong = "a file name is missing after < or >";
		return;
	}
	if (command->nredirects == REDIRECTS_MAX) {
		parser->wrong = "too many redirections";
		return;
	}
	redirect.path = take_word(parser);
	command->redirects[command->nredirects++] = redirect;
}

static void begin_command(struct parser *parser)
{
	struct pipeline *pipeline = parser->pipeline;

	if (pipeline->ncommands == COMMANDS_MAX) {
		parser->wrong = "too many programs in one pipeline";
		return;
	}
	parser->command = &pipeline->commands[pipeline->ncommands++];
	parser->command->nwords = parser->command->nredirects = 0;
}

static void skip_to_part(struct parser *parser)
{
	parse_skip_blanks(parser);
	if (*parser->at == '#')
		parser->at += strlen(parser->at);
}

/* Ends the pipeline if there is an operator of joins[] here. Returns whether there is. */
static bool take_join(struct parser *parser)
{
	struct pipeline *pipeline = parser->pipeline;
	size_t i = 0;

	while (i < NJOINS && strncmp(parser->at, joins[i].text, strlen(joins[i].text)) != 0)
		i++;
	if (i == NJOINS)
		return false;
	parser->at += strlen(joins[i].text);
	skip_to_part(parser);
	if (parser->command->nwords == 0)
		parser->wrong = joins[i].missing_before;
	else if (!*parser->at)
		parser->wrong = joins[i].missing_after;
	pipeline->join = joins[i].join;
	pipeline->background = joins[i].background;
	parser->ended = true;
	return true;
}

static void take_part(struct parser *parser)
{
	struct command *command = parser->command;

	if (*parser->at == '|') {
		parser->at++;
		if (command->nwords == 0)
			parser->wrong = "a program is missing before |";
		else
			begin_command(parser);
	} else if (*parser->at == '<' || *parser->at == '>' ||
		   (parser->at[0] == '2' && parser->at[1] == '>')) {
		take_redirect(parser);
	} else if (command->nwords == WORDS_MAX) {
		parser->wrong = "too many words";
	} else {
		command->words[command->nwords++] = take_word(parser);
	}
}

const char *parse(const char *text, struct pipeline *pipeline)
{
	struct parser parser = { .at = text, .pipeline = pipeline };

	pipeline->ncommands = 0;
	pipeline->background = false;
	pipeline->join = JOIN_ALWAYS;
	pipeline->used = 0;
	pipeline->extent = 0;
	begin_command(&parser);
	for (skip_to_part(&parser); *parser.at && !parser.wrong; skip_to_part(&parser)) {
		if (take_join(&parser))
			break;
		take_part(&parser);
		pipeline->extent = (size_t)(parser.at - text);
	}
	if (parser.wrong)
		return parser.wrong;
	pipeline->rest = parser.at;
	for (unsigned i = 0; i < pipeline->ncommands; i++)
		pipeline->commands[i].words[pipeline->commands[i].nwords] = NULL;
	if (parser.ended)
		return NULL;
	if (parser.command->nwords == 0 && pipeline->ncommands == 1 && !parser.command->nredirects)
		pipeline->ncommands = 0;
	else if (parser.command->nwords == 0)
		return pipeline->ncommands > 1 ? "a program is missing after |"
					       : "a program is missing";
	return NULL;
}

const char *parse_check(const char *line, struct pipeline *room)
{
	enum join before = JOIN_ALWAYS;
	const char *wrong;

	do {
		wrong = parse(line, room);
		if (!wrong && room->background && before != JOIN_ALWAYS)
			wrong = "a pipeline after && or || cannot run in the background";
		line = room->rest;
		before = room->join;
	} while (!wrong && *line);
	return wrong;
}
