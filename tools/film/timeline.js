// SPDX-License-Identifier: MIT
// Draws the faults of a film along an axis of faults or of time, and lets one of them be chosen.
import * as T from "./records.js";
import {lowerBound} from "./layout.js";
import {CanvasPen, colour} from "./pen.js";

const HEADER = 12, HEIGHT = 104, BARS = 50, EVENTS = 20, CURVES = 30;
/** The kinds, grouped as the bars show them, and the colour of each group. */
const GROUPS = [
    [[T.FILL], "own"], [[T.COW], "cow"], [[T.REUSE], "sole"], [[T.REMAP], "shared"], [[T.SWAPPED], "swapped"],
    [[T.ACCESSED, T.SPURIOUS], "file"], [[T.DENY_MAPERR, T.DENY_ACCERR], "refused"],
];
const GROUP_OF = T.KINDS.map((_, kind) => GROUPS.findIndex(([kinds]) => kinds.includes(kind)));
const LEAST_DRAG = 5, LABEL = 120;

export class Timeline {
    constructor(view) {
        this.view = view;
        this.byTime = false;
        this.range = null;  // of positions on the axis, or all
        this.drag = null;
        this.element = document.createElement("div");
        this.element.className = "timeline";
        this.canvas = document.createElement("canvas");
        this.canvas.tabIndex = 0;
        this.canvas.setAttribute("role", "slider");
        this.element.append(this.canvas);
        this.canvas.addEventListener("pointerdown", event => this.#down(event));
        this.canvas.addEventListener("pointermove", event => this.#move(event));
        this.canvas.addEventListener("pointerup", event => this.#up(event));
        this.canvas.addEventListener("pointercancel", () => { this.drag = null; this.show(); });
        this.canvas.addEventListener("dblclick", () => { this.range = null; this.#redraw(); });
    }

    /** The faults are others, or the axis is. */
    reset() {
        this.range = null;
        this.back = null;
    }

    /** Shows a part of the film, and nothing else. */
    showPart(part) {
        const {faults} = this.view, first = lowerBound(faults, part.from), last = Math.max(lowerBound(faults, part.to) - 1, first + 1);
        this.range = [first, last].map(index => this.#value(Math.min(index, faults.length - 1)));
        this.back = null;
    }

    /** The indices of the first and the last fault that are to be seen. */
    shown() {
        if (!this.range)
            return [0, this.view.faults.length - 1];
        const first = this.#index(this.range[0]);
        return [first, Math.max(this.#index(this.range[1]), first)];
    }

    #all() {
        const {film, faults} = this.view;
        return this.byTime ? [film.seconds(0), film.seconds(film.records.count - 1)] : [0, Math.max(faults.length - 1, 1)];
    }

    #value(index) {
        return this.byTime ? this.view.film.seconds(this.view.film.records_of[this.view.faults[index]]) : index;
    }

    /** The index of the fault at a value of the axis. */
    #index(value) {
        const faults = this.view.faults;
        if (!this.byTime)
            return Math.min(Math.max(Math.round(value), 0), faults.length - 1);
        let low = 0, high = faults.length - 1;
        while (low < high) {
            const middle = low + high >> 1;
            if (this.#value(middle) < value)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    show() {
        const width = Math.max(this.element.clientWidth, 200), {words, faults} = this.view;
        if (this.width !== width || !this.back) {
            this.width = width;
            this.back = this.#bins();
        }
        this.draw(new CanvasPen(this.canvas, width, HEIGHT));
        this.canvas.setAttribute("aria-label", words.timeline);
        this.canvas.setAttribute("aria-valuemin", "1");
        this.canvas.setAttribute("aria-valuemax", String(faults.length));
        this.canvas.setAttribute("aria-valuenow", String(this.view.index + 1));
        this.canvas.setAttribute("aria-valuetext", this.view.positionText());
        this.canvas.title = words.timelineHint;
    }

    /** Sorts the faults into the pixels of the axis. */
    #bins() {
        const {film, faults} = this.view, [from, to] = this.range ?? this.#all(), width = this.width;
        const counts = GROUPS.map(() => new Uint32Array(width)), cost = new Float64Array(width), resident = new Float64Array(width),
            frames = new Float64Array(width);
        const first = this.byTime ? this.#index(from) : Math.max(Math.ceil(from), 0);
        let most = 1, dearest = 1, highest = 1;
        for (let index = first; index < faults.length; index++) {
            const value = this.#value(index);
            if (value > to)
                break;
            const fault = faults[index], x = Math.min(Math.floor((value - from) / (to - from || 1) * (width - 1)), width - 1);
            counts[GROUP_OF[film.kinds[fault]] ?? 0][x]++;
            cost[x] = Math.max(cost[x], film.costs[fault]);
            resident[x] = Math.max(resident[x], film.resident[fault]);
            frames[x] = Math.max(frames[x], film.frames[fault]);
            dearest = Math.max(dearest, cost[x]);
            highest = Math.max(highest, resident[x]);
        }
        for (let x = 0; x < width; x++)
            most = Math.max(most, counts.reduce((sum, group) => sum + group[x], 0));
        return {counts, cost, resident, frames, most, dearest, highest, from, to};
    }

    draw(pen) {
        const {counts, cost, resident, frames, most, dearest, highest, from, to} = this.back, {words, film} = this.view, width = this.width;
        const base = EVENTS + CURVES + BARS;
        const bar = this.byTime ? 1 : Math.max(1, Math.floor((width - 1) / (to - from || 1)));
        for (let x = 0; x < width; x++) {
            let y = base;
            counts.forEach((group, number) => {
                if (!group[x])
                    return;
                const height = Math.max(group[x] / most * (BARS - 8), 2);
                y -= height;
                pen.fill(x, y, Math.max(bar - (bar > 2 ? 1 : 0), 1), height, colour(GROUPS[number][1]));
            });
        }
        const log = Math.log2(dearest);
        for (const [values, ink, share] of [[resident, "ink", value => value / highest], [frames, "own", value => value / highest],
                                            [cost, "focus", value => Math.log2(value) / log]]) {
            const points = [];
            for (let x = 0; x < width; x++)
                if (values[x])
                    points.push([x, EVENTS + CURVES - share(values[x]) * (CURVES - 4)]);
            if (points.length > 1)
                pen.curve(points, colour(ink), 1);
        }
        for (const event of film.events) {
            const value = this.byTime ? film.seconds(event.record) : lowerBound(this.view.faults, event.fault);
            const x = (value - from) / (to - from || 1) * (width - 1);
            if (x >= 0 && x < width)
                pen.line(x, HEADER, x, EVENTS, colour(event.type === T.BEGIN ? "cow" : event.type === T.EXEC ? "file" : "refused"), 2);
        }
        let free = 0;  // where there is room for a part's name
        for (const part of film.parts) {
            const value = this.byTime ? film.seconds(film.records_of[Math.min(part.from, film.nfaults - 1)]) : lowerBound(this.view.faults, part.from);
            const x = (value - from) / (to - from || 1) * (width - 1);
            if (x >= 0 && x < width - 20) {
                pen.line(x, HEADER, x, HEIGHT, colour("quiet"), 1);
                if (x >= free) {
                    pen.text(x + 3, EVENTS + 8, part.name, colour("quiet"), 10, LABEL - 8);
                    free = x + LABEL;
                }
            }
        }
        const x = (this.#value(this.view.index) - from) / (to - from || 1) * (width - 1);
        pen.line(x, 0, x, HEIGHT, colour("focus"), 2);
        pen.text(4, 7, `— ${words.mapped}  `, colour("ink"), 10);
        pen.text(110, 7, `— ${words.used}`, colour("own"), 10);
        pen.text(210, 7, `— ${words.cost}: ${words.number(dearest)}`, colour("focus"), 10);
        if (this.drag && this.drag.to !== undefined)
            pen.frame(Math.min(this.drag.from, this.drag.to), 0, Math.abs(this.drag.to - this.drag.from), HEIGHT, colour("ink"), 1);
    }

    #redraw() {
        this.back = null;
        this.show();
    }

    #at(x) {
        const {from, to} = this.back;
        return from + x / (this.width - 1) * (to - from);
    }

    #x(event) {
        return event.clientX - this.canvas.getBoundingClientRect().left;
    }

    #down(event) {
        this.drag = {from: this.#x(event)};
        this.canvas.setPointerCapture(event.pointerId);
    }

    #move(event) {
        if (!this.drag)
            return;
        this.drag.to = this.#x(event);
        this.show();
    }

    #up(event) {
        const drag = this.drag, x = this.#x(event);
        this.drag = null;
        if (!drag)
            return;
        if (Math.abs(x - drag.from) < LEAST_DRAG) {
            this.view.choose(this.#index(this.#at(x)));
            return;
        }
        this.range = [drag.from, x].map(one => this.#at(one)).sort((one, other) => one - other);
        this.#redraw();
    }
}
