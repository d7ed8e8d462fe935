// SPDX-License-Identifier: MIT
// Two pens with one set of verbs, so that what is drawn on the screen can be drawn as SVG.

const colours = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => colours.clear());

/** A colour of the page, which its style sheet names. */
export function colour(name) {
    if (!colours.has(name))
        colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    return colours.get(name);
}

/** Draws on a canvas of the given size, in CSS pixels. */
export class CanvasPen {
    constructor(canvas, width, height) {
        const scale = window.devicePixelRatio || 1;
        if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
            canvas.width = Math.round(width * scale);
            canvas.height = Math.round(height * scale);
            canvas.style.width = `${width}px`;
            canvas.style.height = `${height}px`;
        }
        this.context = canvas.getContext("2d");
        this.context.setTransform(scale, 0, 0, scale, 0, 0);
        this.context.clearRect(0, 0, width, height);
    }

    fill(x, y, width, height, paint) {
        this.context.fillStyle = paint;
        this.context.fillRect(x, y, width, height);
    }

    frame(x, y, width, height, paint, thick = 1) {
        this.context.strokeStyle = paint;
        this.context.lineWidth = thick;
        this.context.strokeRect(x + thick / 2, y + thick / 2, width - thick, height - thick);
    }

    line(x1, y1, x2, y2, paint, thick = 1) {
        this.context.strokeStyle = paint;
        this.context.lineWidth = thick;
        this.context.beginPath();
        this.context.moveTo(x1, y1);
        this.context.lineTo(x2, y2);
        this.context.stroke();
    }

    curve(points, paint, thick = 1.5) {
        this.context.strokeStyle = paint;
        this.context.lineWidth = thick;
        this.context.beginPath();
        points.forEach(([x, y], number) => number ? this.context.lineTo(x, y) : this.context.moveTo(x, y));
        this.context.stroke();
    }

    text(x, y, text, paint, size = 12, width = undefined) {
        this.context.fillStyle = paint;
        this.context.font = `${size}px ${FONT}`;
        this.context.textBaseline = "middle";
        this.context.fillText(width === undefined ? text : fit(this.context, text, width), x, y);
    }
}

const FONT = "system-ui, sans-serif";

/** Cuts a text to a width. */
function fit(context, text, width) {
    if (context.measureText(text).width <= width)
        return text;
    let length = text.length;
    while (length > 0 && context.measureText(text.slice(0, length) + "…").width > width)
        length--;
    return length ? text.slice(0, length) + "…" : "";
}

/** XML has no control characters, not even as references; names of programs may. */
const escape = text => String(text).replace(/[\x00-\x1f\ufffe\uffff]/g, "\ufffd").replace(/[&<>"]/g, letter => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})[letter]);

/** Writes SVG. */
export class SvgPen {
    constructor() {
        this.parts = [];
        this.x = this.y = 0;
    }

    /** Moves the origin. */
    moveTo(x, y) {
        this.x = x;
        this.y = y;
    }

    fill(x, y, width, height, paint) {
        this.parts.push(`<rect x="${this.x + x}" y="${this.y + y}" width="${width}" height="${height}" fill="${escape(paint)}"/>`);
    }

    frame(x, y, width, height, paint, thick = 1) {
        this.parts.push(`<rect x="${this.x + x + thick / 2}" y="${this.y + y + thick / 2}" width="${width - thick}" ` +
            `height="${height - thick}" fill="none" stroke="${escape(paint)}" stroke-width="${thick}"/>`);
    }

    line(x1, y1, x2, y2, paint, thick = 1) {
        this.parts.push(`<line x1="${this.x + x1}" y1="${this.y + y1}" x2="${this.x + x2}" y2="${this.y + y2}" ` +
            `stroke="${escape(paint)}" stroke-width="${thick}"/>`);
    }

    curve(points, paint, thick = 1.5) {
        const text = points.map(([x, y]) => `${this.x + x},${this.y + y}`).join(" ");
        this.parts.push(`<polyline points="${text}" fill="none" stroke="${escape(paint)}" stroke-width="${thick}"/>`);
    }

    text(x, y, text, paint, size = 12) {
        this.parts.push(`<text x="${this.x + x}" y="${this.y + y}" fill="${escape(paint)}" font-size="${size}" ` +
            `font-family="${escape(FONT)}" dominant-baseline="central">${escape(text)}</text>`);
    }

    finish(width, height, background) {
        return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
            `<rect width="100%" height="100%" fill="${escape(background)}"/>${this.parts.join("\n")}</svg>\n`;
    }
}
