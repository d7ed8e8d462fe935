# SPDX-License-Identifier: MIT
"""Chooses generated bugs that compile, and that make other code than the original and than one another.

Each is compiled alone as the hardened kernel is, but without the sanitizer, whose tables tell columns. A bug that the
project's own build would refuse by a warning is none. (Warnings about parentheses and bodies are not for such changes.)
"""

import json
import os
import re
import shlex
import subprocess

from mutation import calls, weave

PARTS = ("libkernel-core-hardened.a.p/", "libkernel-linux-hardened.a.p/")
DROPPED = re.compile(r"^(?:-fsanitize|-fno-sanitize|-fdiagnostics|-g|-MD$|-fno-var-tracking|-Wframe-larger-than)")
WITH_VALUE = ("-MQ", "-MF", "-o", "-c")
ADDED = ["-g0", "-Werror", "-Wno-parentheses", "-Wno-logical-not-parentheses", "-Wno-empty-body", "-Wno-type-limits",
         "-Wno-int-in-bool-context", "-Wno-bool-compare", "-Wno-bool-operation", "-Wno-logical-op", "-Wno-sign-compare",
         "-Wno-unused-function", "-Wno-tautological-compare"]


class Compiler:
    """Compiles variants of the kernel's files, by the commands of a build."""

    def __init__(self, root, slot, folder):
        self.root, self.slot, self.folder = root, slot, os.path.join(os.path.abspath(folder), "alone")
        self.commands, self.plain, self.users = {}, {}, {}
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(slot.build, "compile_commands.json"), encoding="utf-8") as file:
            for entry in json.load(file):
                if entry["output"].startswith(PARTS):
                    path = os.path.relpath(os.path.join(slot.build, entry["file"]), slot.tree)
                    self.commands[path] = self.words(entry["command"])

    @staticmethod
    def words(command):
        """Returns the compiler's words for one file, without names of files."""
        found, words = [], iter(shlex.split(command))
        for word in words:
            if word in WITH_VALUE:
                next(words)
            elif not DROPPED.match(word):
                found.append(word)
        return found + ADDED

    def knows(self, path):
        """Returns whether a file is compiled into the kernel: a .c file itself, or a header that one of them has."""
        return path in self.commands or path.endswith(".h") and self.user_of(path, "") is not None

    def user_of(self, header, function):
        """Returns a .c file that includes a header and has a function's name, or None."""
        for path in self.commands:
            if path not in self.users:
                with open(os.path.join(self.root, path), encoding="utf-8") as file:
                    self.users[path] = file.read()
            if f'#include "{header.removeprefix("include/")}"' in self.users[path] and function in self.users[path]:
                return path
        return None

    def code(self, path, function, text, warnings=True):
        """Compiles a file with another text; returns the object file's bytes, or None if gcc refuses it, or warns."""
        if path.endswith(".c"):
            main, put = path, {os.path.basename(path): f'#line 1 "{path}"\n{text}'}
        else:
            main = self.user_of(path, function)
            if main is None:
                return None
            with open(os.path.join(self.root, main), encoding="utf-8") as file:
                put = {os.path.basename(main): f'#line 1 "{main}"\n{file.read()}', path.removeprefix("include/"): text}
        for name, content in put.items():
            os.makedirs(os.path.dirname(os.path.join(self.folder, name)), exist_ok=True)
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(content)
        out = os.path.join(self.folder, "out.o")
        words = [word for word in self.commands[main] if warnings or word != "-Werror"]
        try:
            done = subprocess.run([words[0], "-I" + self.folder, *words[1:], "-o", out, "-c",
                                   os.path.join(self.folder, os.path.basename(main))], cwd=self.slot.build,
                                  capture_output=True, check=False)
        finally:
            for name in put:
                os.unlink(os.path.join(self.folder, name))
        if done.returncode:
            return None
        with open(out, "rb") as file:
            return file.read()

    def original(self, path, function, text):
        """Returns the object file's bytes of a file as it is."""
        key = path if path.endswith(".c") else (path, function)
        if key not in self.plain:
            self.plain[key] = self.code(path, function, text)
        return self.plain[key]


class Chosen:
    """The bugs of a sample, and what was dropped on the way."""

    def __init__(self):
        self.bugs, self.refused, self.same, self.twice = [], 0, 0, 0

    def report(self):
        """Returns a sentence about what was dropped."""
        return (f"{len(self.bugs)} chosen; left out: {self.refused} that do not compile, {self.same} with the original's code, "
                f"{self.twice} with another's")


def choose(mutants, texts, compiler, wanted, least=None):
    """Takes the first `wanted` mutants that can be tried, and more of the folders of `least`, to as many as it says."""
    chosen, codes, least = Chosen(), {}, dict(least or {})
    for mutant in mutants:
        if len(chosen.bugs) >= wanted and not any(number > 0 for number in least.values()):
            break
        if len(chosen.bugs) >= wanted and least.get(mutant.folder, 0) <= 0:
            continue
        text = texts[mutant.path]
        if compiler.original(mutant.path, mutant.function, text) is None or not weave.changes(text, mutant):
            chosen.refused += 1
            continue
        code = compiler.code(mutant.path, mutant.function, mutant.apply(text))
        if code is None:
            chosen.refused += 1
        elif code == compiler.original(mutant.path, mutant.function, text):
            chosen.same += 1
        elif code in codes.setdefault(mutant.path, set()):
            chosen.twice += 1
        else:
            codes[mutant.path].add(code)
            mutant.number = len(chosen.bugs)
            chosen.bugs.append(mutant)
            least[mutant.folder] = least.get(mutant.folder, 0) - 1
    return chosen


def woven(mutants, texts, compiler):
    """Returns ({path: text} with all the mutants, those that cannot be woven)."""
    found, left = {}, []
    for path in sorted({mutant.path for mutant in mutants}):
        mine = [mutant for mutant in mutants if mutant.path == path]
        found[path] = weave_all(texts[path], mine)
        if compiler.code(path, mine[0].function, found[path], warnings=False) is not None:
            continue
        good = [mutant for mutant in mine
                if compiler.code(path, mutant.function, weave_all(texts[path], [mutant]), warnings=False) is not None]
        left += [mutant for mutant in mine if mutant not in good]
        found[path] = weave_all(texts[path], good)
        if not good:
            del found[path]
    return found, left


def weave_all(text, mutants):
    """Returns a file's text with the variants of its functions."""
    functions = {}
    for mutant in mutants:
        for index, what in weave.changes(text, mutant).items():
            functions.setdefault(index, {})[mutant.number] = what
    return weave.Weaver.weave(text, functions) if functions else calls.HEAD + text
