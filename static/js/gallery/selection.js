// The photos that are selected, by id, and the ways of selecting: one, up to one, a month, all.

export class Selection {
  #grid;
  #source;
  #ids = new Set();
  #anchor = null; // where a range begins

  /** `onChange(count)` is called whenever another number of photos is selected. */
  constructor(grid, source, onChange) {
    this.#grid = grid;
    this.#source = source;
    this.onChange = onChange;
  }

  get count() {
    return this.#ids.size;
  }

  ids() {
    return [...this.#ids];
  }

  /** Select the photo, or not any longer. */
  toggle(place) {
    const id = this.#source.at(place)?.id;
    if (id !== undefined) {
      this.#set([id], !this.#ids.has(id));
      this.#anchor = place;
    }
  }

  /** Select all photos between the one that was selected last and this one. */
  async extendTo(place) {
    if (this.#anchor === null) {
      this.toggle(place);
      return;
    }
    const [first, last] = [Math.min(this.#anchor, place), Math.max(this.#anchor, place)];
    this.#set(await this.#source.ids(first, last + 1), true);
    this.#anchor = place;
  }

  /** Select a whole month, or none of it if all of it was selected. */
  async toggleMonth(month) {
    const { monthFirst } = this.#grid.layout;
    const ids = await this.#source.ids(monthFirst[month], monthFirst[month + 1]);
    this.#set(ids, !ids.every((id) => this.#ids.has(id)));
  }

  async selectAll() {
    this.#set(await this.#source.ids(0, this.#grid.layout.photos), true);
  }

  clear() {
    this.#anchor = null;
    this.#set(this.ids(), false);
  }

  /** Forget photos that are gone. */
  drop(ids) {
    this.#set(ids, false);
  }

  /** Show on a tile whether its photo is selected. */
  mark(tile) {
    const isSelected = this.#ids.has(tile.dataset.photoId);
    if (isSelected === tile.classList.contains("tile--selected")) {
      return;
    }
    tile.classList.toggle("tile--selected", isSelected);
    tile.querySelector(".tile__check").setAttribute("aria-pressed", isSelected);
  }

  #set(ids, isSelected) {
    for (const id of ids) {
      if (isSelected) {
        this.#ids.add(id);
      } else {
        this.#ids.delete(id);
      }
    }
    for (const tile of this.#grid.tiles()) {
      this.mark(tile);
    }
    this.onChange(this.count);
  }
}
