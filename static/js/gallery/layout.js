// Justified rows for any number of photos: where each stands, from the photos' shapes alone. Touches no page.

const HIGHEST_SHARE = 1.35; // a row may be this much higher than asked for, to reach from edge to edge

/**
 * The geometry of a whole timeline, all in px from its top. Photos, rows and months are numbered from the top.
 * A month begins with its head, then come its rows.
 */
export class Layout {
  #ratios;
  #gap;
  #rowFirst = []; // row -> its first photo
  #rowTop = [];
  #rowHeight = [];
  #monthRow = []; // month -> its first row

  /** `counts`: photos of each month. `ratios`: width by height of each photo. `sizes`: {width, row, gap, head}. */
  constructor(counts, ratios, sizes) {
    this.#ratios = ratios;
    this.#gap = sizes.gap;
    this.width = sizes.width;
    this.monthFirst = [];
    this.monthTop = [];
    this.height = 0;
    let first = 0;
    for (const count of counts) {
      this.#addMonth(first, first + count, sizes);
      first += count;
    }
    this.monthFirst.push(first);
    this.monthTop.push(this.height);
    this.#rowFirst.push(first);
    this.photos = first;
  }

  #addMonth(first, end, sizes) {
    this.monthFirst.push(first);
    this.monthTop.push(this.height);
    this.#monthRow.push(this.#rowTop.length);
    this.height += sizes.head;
    let start = first;
    while (start < end) {
      const { next, height } = this.#rowFrom(start, end, sizes);
      this.#rowFirst.push(start);
      this.#rowTop.push(this.height);
      this.#rowHeight.push(height);
      this.height += height + sizes.gap;
      start = next;
    }
  }

  /** Take photos until the row is full; leave the last one out where that comes closer to the height asked for. */
  #rowFrom(start, end, { width, row, gap }) {
    let sum = 0;
    let fuller = Infinity;
    for (let next = start; next < end; next += 1) {
      sum += this.#ratios[next];
      const height = (width - gap * (next - start)) / sum;
      if (height <= row) {
        const leaveOut = fuller <= row * HIGHEST_SHARE && fuller - row < row - height;
        return leaveOut ? { next, height: fuller } : { next: next + 1, height };
      }
      fuller = height;
    }
    return { next: end, height: fuller <= row * HIGHEST_SHARE ? fuller : row }; // a month's last row may stay short
  }

  rowTop(row) {
    return this.#rowTop[row];
  }

  rowHeight(row) {
    return this.#rowHeight[row];
  }

  rowOf(photo) {
    return lastNotAbove(this.#rowFirst, photo);
  }

  monthOf(photo) {
    return lastNotAbove(this.monthFirst, photo);
  }

  monthAt(y) {
    return Math.min(lastNotAbove(this.monthTop, y), this.#monthRow.length - 1);
  }

  /** Return the first and the last row that the stretch touches. */
  rowsBetween(top, bottom) {
    return [lastNotAbove(this.#rowTop, top), lastNotAbove(this.#rowTop, bottom)];
  }

  /** Return a row's first photo and the one after its last. */
  photosOf(row) {
    return [this.#rowFirst[row], this.#rowFirst[row + 1]];
  }

  /** Return {left, top, width, height} of a photo. */
  place(photo) {
    const row = this.rowOf(photo);
    const height = this.#rowHeight[row];
    let left = 0;
    for (let before = this.#rowFirst[row]; before < photo; before += 1) {
      left += this.#ratios[before] * height + this.#gap;
    }
    return { left, top: this.#rowTop[row], width: this.#ratios[photo] * height, height };
  }

  /** Return the photo of the next row, or the one before, that stands nearest below or above. */
  neighbour(photo, direction) {
    const row = this.rowOf(photo) + direction;
    if (row < 0 || row >= this.#rowTop.length) {
      return photo;
    }
    const { left, width } = this.place(photo);
    const [first, end] = this.photosOf(row);
    let nearest = first;
    let leastPx = Infinity;
    for (let other = first; other < end; other += 1) {
      const place = this.place(other);
      const awayPx = Math.abs(place.left + place.width / 2 - left - width / 2);
      if (awayPx < leastPx) {
        [nearest, leastPx] = [other, awayPx];
      }
    }
    return nearest;
  }
}

/** Return the last place in an ascending list whose value isn't above `value`, 0 if there is none. */
function lastNotAbove(list, value) {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (list[middle] <= value) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
