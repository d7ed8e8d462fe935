// SPDX-License-Identifier: MIT
// Draws the frames of memory that the film has anything to do with, and the swap slots in use.
import {cellOf, hasPage, isSwapped, numberOf} from "./entry.js";
import {lowerBound} from "./layout.js";
import {CanvasPen, colour} from "./pen.js";
import {drawCell} from "./space_view.js";

const SIZES = [9, 7, 5, 3, 2];
const MOST_HEIGHT = 220;
const MOST_FRAMES = 4096;  // of the film; if there are more, only those in use are drawn
const SLOTS_GAP = 18;

export class FramesView {
    constructor(view) {
        this.view = view;
        this.element = document.createElement("section");
        this.element.className = "frames";
        this.heading = document.createElement("h3");
        this.canvas = document.createElement("canvas");
        this.canvas.setAttribute("role", "img");
        this.element.append(this.heading, this.canvas);
        this.canvas.addEventListener("mousemove", event => this.#hover(event));
        this.canvas.addEventListener("mouseleave", () => view.hover(null));
        this.states = new Map();
    }

    show(machine) {
        const words = this.view.words, film = this.view.film;
        this.machine = machine;
        this.states.clear();
        const slots = new Set();
        for (const space of machine.spaces.values()) {
            for (const [page, entry] of space.entries) {
                if (hasPage(entry)) {
                    const frame = numberOf(entry);
                    if (!this.states.has(frame))
                        this.states.set(frame, cellOf(entry, space.area(page)?.isShared, machine.maps.get(frame)));
                } else if (isSwapped(entry)) {
                    slots.add(numberOf(entry));
                }
            }
        }
        this.list = film.frame_list.length <= MOST_FRAMES ? film.frame_list : [...this.states.keys()].sort((one, other) => one - other);
        this.slots = [...slots].sort((one, other) => one - other);
        const width = Math.max(this.element.clientWidth - 18, 200);
        this.size = SIZES.find(size => Math.ceil(this.list.length / Math.floor(width / size)) * size <= MOST_HEIGHT) ?? SIZES.at(-1);
        this.columns = Math.floor(width / this.size);
        this.framesHeight = Math.ceil(this.list.length / this.columns) * this.size;
        this.height = this.framesHeight + (this.slots.length ? SLOTS_GAP + Math.ceil(this.slots.length / this.columns) * this.size : 0);
        this.width = width;
        this.heading.textContent = words.frames(machine.maps.size, film.frame_list.length);
        this.canvas.setAttribute("aria-label", this.heading.textContent + (this.slots.length ? `. ${words.slots(this.slots.length)}` : ""));
        this.draw(new CanvasPen(this.canvas, width, this.height + 2));
    }

    draw(pen) {
        this.list.forEach((frame, number) => {
            drawCell(pen, this.states.get(frame) ?? "promised", ...this.#place(number), this.size);
        });
        if (!this.slots.length)
            return;
        pen.text(0, this.framesHeight + SLOTS_GAP / 2, this.view.words.slots(this.slots.length), colour("ink"), 11);
        this.slots.forEach((_, number) => {
            const [x, y] = this.#place(number);
            drawCell(pen, "swapped", x, y + this.framesHeight + SLOTS_GAP, this.size);
        });
    }

    #place(number) {
        return [number % this.columns * this.size, Math.floor(number / this.columns) * this.size];
    }

    /** Where a frame, or the slot of an entry that is swapped out, is on the screen. */
    locate(entry) {
        const isSlot = isSwapped(entry), list = isSlot ? this.slots : this.list;
        const number = lowerBound(list, numberOf(entry)), box = this.canvas.getBoundingClientRect();
        if (list[number] !== numberOf(entry))
            return null;
        const [x, y] = this.#place(number);
        return {x: box.left + x + this.size / 2, y: box.top + y + this.size / 2 + (isSlot ? this.framesHeight + SLOTS_GAP : 0)};
    }

    #hover(event) {
        const box = this.canvas.getBoundingClientRect();
        const column = Math.floor((event.clientX - box.left) / this.size), row = Math.floor((event.clientY - box.top) / this.size);
        const frame = column < this.columns ? this.list[row * this.columns + column] : undefined;
        this.view.hover(frame !== undefined && this.states.has(frame) ? {frame} : null);
    }
}
