// SPDX-License-Identifier: MIT
// Shows the fault at hand: what happened, the three facts, the source, the cost by station, and the entry.
import {make} from "./elements.js";
import {COPY, FETCH, POPULATE} from "./records.js";
import {entryText, hex} from "./story.js";

const PARTS = ["between", "rounds", "trap"];

function accessText(access, words) {
    const name = words.accesses[access & 7] ?? words.accesses[1];
    return access & (COPY | POPULATE) ? `${name} ${words.byKernel}` : name;
}

/** The lines of source around the one that faulted. */
function sourceOf(film, place, words) {
    const [name, path, line] = place, lines = film.about.sources[path];
    if (!line)
        return [make("p", {className: "quiet"}, name)];
    const heading = make("p", {className: "quiet"}, `${name}: ${words.line(path.split("/").at(-1), line)}`);
    if (!lines)
        return [heading];
    const text = make("pre", {className: "source"});
    for (const [number, content] of Object.entries(lines))
        if (Math.abs(number - line) <= 3)
            text.append(make("span", {className: Number(number) === line ? "line here" : "line"}, `${number.padStart(4)}  ${content}\n`));
    return [heading, text];
}

/** A bar for each station, as long as its share of the cost. */
function stationsOf(fault, words) {
    const bars = make("div", {className: "stations"});
    for (const part of PARTS) {
        const instructions = fault.stations[part];
        const bar = make("span", {className: `bar ${part}`});
        bar.style.width = `${fault.cost ? Math.min(instructions / fault.cost, 1) * 100 : 0}%`;
        bars.append(make("div", {className: "station"}, make("span", {className: "name"}, words.stations[part]),
            make("span", {className: "track"}, bar), make("span", {className: "number"}, words.number(instructions))));
    }
    return bars;
}

/** Makes what is to be seen of a fault. */
export function detailsOf(film, fault, title, story, words) {
    const rows = [
        [words.facts.access, accessText(fault.access, words) + (fault.result > 0 ? `: ${words.refusedWith(fault.result)}` :
            fault.result < 0 ? `: ${words.failed(-fault.result)}` : "")],
        [words.facts.address, (film.about.tall[fault.number] ?? hex(fault.address)) + (fault.symbol ? `  ${fault.symbol}` : "")],
        [words.facts.pc, (fault.access & FETCH && film.about.tall[fault.number] || hex(fault.pc)) + (fault.place ? `  ${fault.place[0]}` : "")],
        [words.entryBefore, entryText(fault.before, words) + (fault.isLarge && fault.before ? words.inSuperpage : "")],
        [words.entryAfter, entryText(fault.after, words) + (fault.isLarge ? words.inSuperpage : "")],
    ];
    const table = make("dl", {className: "facts"});
    for (const [name, value] of rows)
        table.append(make("dt", {}, name), make("dd", {}, value));
    const parts = [make("h2", {}, title), make("p", {className: "story"}, story)];
    if (fault.place)
        parts.push(...sourceOf(film, fault.place, words));
    if (fault.stations)
        parts.push(stationsOf(fault, words));
    parts.push(table);
    return parts;
}
