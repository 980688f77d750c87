/**
 * A picture brought to the size of a model's images, as Latente's door for pictures does it: the part of it around its
 * centre, by Lanczos' filter.
 */

/** @typedef {{left: number, top: number, width: number, height: number}} Box in pixels */

/**
 * Return the largest box around the centre that has the aspect ratio of `size` and lies in the crop, on whole pixels
 * where it is as large as `size`.
 * @param {[number, number]} sides height and width of the picture
 * @param {[number, number] | null} crop at most this much is used of the centre
 * @param {[number, number]} size height and width
 * @returns {Box}
 */
export function centreBox([high, wide], crop, [height, width]) {
  const [cutHigh, cutWide] = [Math.min(high, crop?.[0] ?? high), Math.min(wide, crop?.[1] ?? wide)];
  const isTall = cutWide * height <= cutHigh * width;
  const down = isTall ? (cutWide * height) / width : cutHigh;
  const across = isTall ? cutWide : (cutHigh * width) / height;
  const [left, top] = [(wide - across) / 2, (high - down) / 2];
  if (down !== height || across !== width) return { left, top, width: across, height: down };
  return { left: Math.floor(left), top: Math.floor(top), width, height };
}

/** @param {number} x */
function lanczos(x) {
  if (x === 0) return 1;
  const at = Math.PI * x;
  return Math.abs(x) < 3 ? (3 * Math.sin(at) * Math.sin(at / 3)) / (at * at) : 0;
}

/**
 * Return what each of `count` values takes of which of `length` between `start` and `start + span`.
 * @param {number} length @param {number} start @param {number} span @param {number} count
 */
function shares(length, start, span, count) {
  const scale = span / count;
  const filter = Math.max(1, scale);
  return Array.from({ length: count }, (_, k) => {
    const centre = start + (k + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 3 * filter + 0.5));
    const last = Math.min(length, Math.trunc(centre + 3 * filter + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_, j) => lanczos((first + j - centre + 0.5) / filter));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Return one plane of a picture scaled by Lanczos' filter, rounded to 8 bits after either direction. What is at least six
 * times as large as what is wanted is averaged over whole pixels first. Pillow does the same, but chooses which direction
 * comes first, and has JPEG decoded at a part of its size: a few levels of 255 may lie between the results.
 * @param {Uint8ClampedArray} plane @param {[number, number]} sides its height and width
 * @param {Box} box what of it is used @param {[number, number]} size height and width of what is wanted
 */
export function scaled(plane, sides, box, [height, width]) {
  const smaller = averaged(plane, sides, box, [height, width]);
  const [high, wide] = smaller.sides;
  const columns = shares(wide, smaller.box.left, smaller.box.width, width);
  const rows = shares(high, smaller.box.top, smaller.box.height, height);
  const narrow = new Uint8ClampedArray(high * width); // which rounds, and keeps within 0 and 255
  for (let y = 0; y < high; y++) {
    columns.forEach(({ first, weights }, x) => {
      let sum = 0;
      for (let j = 0; j < weights.length; j++) sum += weights[j] * smaller.plane[y * wide + first + j];
      narrow[y * width + x] = sum;
    });
  }
  const result = new Uint8ClampedArray(height * width);
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let j = 0; j < weights.length; j++) sum += weights[j] * narrow[(first + j) * width + x];
      result[y * width + x] = sum;
    }
  });
  return result;
}

/**
 * Return what the filter looks at, averaged over blocks that leave at least three pixels for each that is wanted.
 * @param {Uint8ClampedArray} plane @param {[number, number]} sides @param {Box} box @param {[number, number]} size
 * @returns {{plane: Uint8ClampedArray, sides: [number, number], box: Box}}
 */
function averaged(plane, [high, wide], box, [height, width]) {
  const [ratioY, ratioX] = [box.height / height, box.width / width];
  const [down, across] = [Math.max(1, Math.trunc(ratioY / 3)), Math.max(1, Math.trunc(ratioX / 3))];
  if (down === 1 && across === 1) return { plane, sides: [high, wide], box };
  const left = Math.max(0, Math.trunc(box.left - 2.5 * ratioX));
  const top = Math.max(0, Math.trunc(box.top - 2.5 * ratioY));
  const right = Math.min(wide, Math.ceil(box.left + box.width + 2.5 * ratioX));
  const bottom = Math.min(high, Math.ceil(box.top + box.height + 2.5 * ratioY));
  /** @type {[number, number]} */
  const sides = [Math.ceil((bottom - top) / down), Math.ceil((right - left) / across)];
  const sums = new Float64Array(sides[0] * sides[1]);
  const counts = new Float64Array(sums.length);
  for (let y = top; y < bottom; y++) {
    const row = Math.floor((y - top) / down) * sides[1];
    for (let x = left; x < right; x++) {
      const at = row + Math.floor((x - left) / across);
      sums[at] += plane[y * wide + x];
      counts[at]++;
    }
  }
  return {
    plane: Uint8ClampedArray.from(sums, (sum, at) => sum / counts[at]),
    sides,
    box: { left: (box.left - left) / across, top: (box.top - top) / down, width: box.width / across, height: box.height / down },
  };
}
