// SPDX-License-Identifier: MIT
// Says what happened at a fault, and why.
import * as T from "./records.js";
import {cellOf, flagsOf, hasPage, isPresent, isPrivate, isSwapped, isZeroPage, numberOf, protOf, protText} from "./entry.js";
import {bytesText} from "./words.js";

const PAGE = 4096;

/** An address as programmers write it. */
export function hex(address) {
    return address < 0 ? "0x" + BigInt.asUintN(64, BigInt(address)).toString(16) : "0x" + address.toString(16);
}

/** What a fault is called: a key of words.kinds. `area` is the mapping that it was in, or undefined. */
export function labelOf(fault, area) {
    if (fault.kind === T.NO_KIND && !fault.rounds.length)
        return "ended";
    const kinds = fault.rounds.reduce((all, round) => all | round.kinds, 0) || 1 << fault.kind;
    const has = kind => (kinds & 1 << kind) !== 0;
    if (has(T.DENY_MAPERR))
        return "maperr";
    if (has(T.DENY_ACCERR))
        return "accerr";
    if (has(T.SWAPPED))
        return "swapped";
    if (has(T.COW)) {
        const shared = fault.rounds.find(round => round.kinds & 1 << T.COW)?.before ?? 0;
        if (isZeroPage(shared))
            return "cow_zero";
        return isPrivate(shared) ? "cow" : "file_copy";
    }
    if (has(T.REUSE))
        return fault.isLarge ? "superpage_reuse" : "reuse";
    if (has(T.FILL)) {
        if (fault.isLarge)
            return "superpage";
        if (isZeroPage(fault.after))
            return "zero_page";
        if (isPrivate(fault.after))
            return area?.isFile ? "file_copy" : "zero_fill";
        return area?.isShared && !area.isFile ? "shared_new" : "file_page";
    }
    return has(T.REMAP) ? "remap" : has(T.USER_WP) ? "user_wp" : has(T.SPURIOUS) ? "spurious" : "accessed";
}

/** Who has the frame of a fault afterwards: a key of words.quiz. */
export function sharersOf(fault, maps) {
    if (!hasPage(fault.after))
        return "none";
    if (isZeroPage(fault.after))
        return "all";
    if (!isPrivate(fault.after))
        return "cache";
    return maps > 1 ? "fork" : "alone";
}

/** "demo[3]" */
export function processName(film, machine, pid, words) {
    const name = (machine.processes.get(pid) ?? film.processes.get(pid))?.name;
    return pid === 0 ? words.kernel : `${name || "?"}[${pid}]`;
}

/** The names of the processes that have a space. */
export function spaceNames(film, machine, number, words) {
    const names = machine.living().filter(process => process.space === number).map(process => processName(film, machine, process.pid, words));
    return names.join(words.and);
}

function whoOf(film, machine, fault, words) {
    const name = processName(film, machine, fault.pid, words);
    if (film.forks.has(fault.space) && machine.processes.get(machine.processes.get(fault.pid)?.parent)?.threads)
        return words.child(name);
    return machine.living().some(process => film.forks.get(process.space)?.parent === fault.space) ? words.parent(name) : name;
}

/** The fork that made the page of a fault shared: of its space, or the last one from it. */
function forkOf(film, fault) {
    const own = film.forks.get(fault.space);
    if (own)
        return own;
    return [...film.forks.values()].filter(fork => fork.parent === fault.space && fork.record < fault.record).at(-1);
}

/** The sentences about a fault. The machine is as it is after it; `supply` says which server has made its page, or is null. */
export function storyOf(film, machine, fault, label, supply, words) {
    const shared = fault.rounds.find(round => round.kinds & 1 << T.COW)?.before ?? 0;
    const area = machine.spaces.get(fault.space)?.area(fault.page);
    const others = label === "cow" ? [...new Set(film.holders(numberOf(shared)).map(holder => spaceNames(film, machine, holder.space, words)))]
        .filter(Boolean) : [];
    const sentences = [words.story[label]({
        who: whoOf(film, machine, fault, words),
        signal: fault.result > 0 ? fault.result : 0,
        prot: protText(area?.prot ?? 0),
        slot: words.slot(numberOf(fault.before)),
        frame: words.frame(numberOf(fault.after)),
        maps: machine.maps.get(numberOf(fault.after)) ?? 0,
        name: area?.name || words.anonymous,
        around: fault.around.length,
        hasWaited: fault.hasWaited,
        others: others.join(words.and),
    })];
    if (fault.isSplit)
        sentences.unshift(words.split);
    if (fault.ahead)
        sentences.push(words.ahead(fault.ahead, label));
    sentences.push(words.costs(fault.cost, film.about.counted));
    const fork = label === "cow" ? forkOf(film, fault) : null;
    if (fork)
        sentences.push(words.eager(bytesText(fork.pages * PAGE)));
    if (supply)
        sentences.push(words.served(processName(film, machine, supply.pid, words), supply.index));
    for (const [what, wait] of fault.waits)
        sentences.push(words.waited(what, wait.seconds, wait.ofOther));
    return sentences.join(words.language === "English" ? " " : "");
}

/** An entry in words. */
export function entryText(entry, words) {
    if (!entry)
        return words.empty;
    if (isSwapped(entry))
        return words.swappedEntry(numberOf(entry));
    const parts = [isPresent(entry) ? words.present : words.resident, words.may(protText(protOf(entry)))];
    parts.push(...flagsOf(entry).map(flag => `${flag} (${words.flags[flag]})`));
    parts.push(words.frame(numberOf(entry)) + (isZeroPage(entry) ? ` (${words.cells.zero})` : ""));
    return parts.join(", ");
}

/** A page of a space in words: its address, its state, and who shares it. */
export function pageText(film, machine, space, page, words) {
    const entry = space.entries.get(page), area = space.area(page);
    const maps = entry && hasPage(entry) ? machine.maps.get(numberOf(entry)) : 0;
    let extra = entry ? `; ${entryText(entry, words)}` : "";
    if (maps > 1)
        extra += words.heldBy(maps);
    if (space.large.has(Math.floor(page / T.LARGE_PAGES)))
        extra += words.inSuperpage;
    const state = !area && !entry ? words.unmapped : words.cells[cellOf(entry, page, space, machine.maps)];
    return words.cursor(hex(page * PAGE), state, extra);
}

