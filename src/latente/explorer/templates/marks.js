/**
 * What is drawn over the points of a map; places are in pixels.
 *
 * @typedef {{text: string, strong: string, accent: string, halo: string}} Inks colours; the halo is that of the ground
 * @typedef {[number, number]} Spot
 */

/** Stroke the path laid out so far, with a halo around it. @param {CanvasRenderingContext2D} context @param {Inks} inks @param {string} colour */
function stroke(context, inks, colour) {
  for (const [width, style] of /** @type {[number, string][]} */ ([[4.5, inks.halo], [2, colour]])) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke();
  }
}

/** Write a text with a halo around it. @param {CanvasRenderingContext2D} context @param {Inks} inks @param {string} text @param {number} x @param {number} y */
function write(context, inks, text, x, y) {
  context.strokeStyle = inks.halo;
  context.lineJoin = "round";
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} context @param {Spot} at @param {number} radius @param {Inks} inks @param {string} colour */
export function ring(context, at, radius, inks, colour) {
  context.beginPath();
  context.arc(at[0], at[1], radius, 0, 2 * Math.PI);
  stroke(context, inks, colour);
}

/** Mark a place by four strokes around it. @param {CanvasRenderingContext2D} context @param {Spot} at @param {Inks} inks */
export function cross(context, [x, y], inks) {
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 5 * dx, y + 5 * dy);
    context.lineTo(x + 13 * dx, y + 13 * dy);
  }
  stroke(context, inks, inks.accent);
}

/** Cross a point out. @param {CanvasRenderingContext2D} context @param {Spot} at @param {Inks} inks */
export function strike(context, [x, y], inks) {
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(x - 5, y - 5 * side);
    context.lineTo(x + 5, y + 5 * side);
  }
  stroke(context, inks, inks.strong);
}

/**
 * Write a text beside a point, on the side that has more room.
 * @param {CanvasRenderingContext2D} context @param {string} text @param {Spot} at @param {number} gap
 * @param {import("./view.js").View} view @param {Inks} inks
 */
export function tell(context, text, [x, y], gap, view, inks) {
  const isLeft = x > view.width / 2;
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = isLeft ? "right" : "left";
  context.lineWidth = 4;
  context.fillStyle = inks.strong;
  write(context, inks, text, x + (isLeft ? -gap : gap), Math.max(14, y + 4));
}

/** Draw the line of a lasso. @param {CanvasRenderingContext2D} context @param {Spot[]} line @param {Inks} inks */
export function loop(context, line, inks) {
  context.beginPath();
  for (const place of line) context.lineTo(...place);
  context.lineWidth = 2;
  context.strokeStyle = inks.accent;
  context.setLineDash([6, 4]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 0.12;
  context.fillStyle = inks.accent;
  context.fill();
  context.globalAlpha = 1;
}

/**
 * Write the numbers along both axes.
 * @param {CanvasRenderingContext2D} context @param {import("./view.js").View} view
 * @param {{at: number, text: string}[]} columns @param {{at: number, text: string}[]} rows @param {Inks} inks
 */
export function label(context, { width, height }, columns, rows, inks) {
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = inks.text;
  context.lineWidth = 3;
  context.textAlign = "center";
  for (const { at, text } of columns) if (at > 40 && at < width - 14) write(context, inks, text, at, height - 6);
  context.textAlign = "left";
  for (const { at, text } of rows) if (at > 14 && at < height - 22) write(context, inks, text, 6, at - 4);
}
