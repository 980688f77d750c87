/** Any number of pictures to look through and choose from: only the rows in sight are there. */

import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "./words.js";

/** @typedef {{id: string, name: string, src: string | null, note?: string, mark?: string, isOut?: boolean}} Item */

const LEAST = 124; // pixels of a cell's width
const CAPTION = 44;
const BEYOND = 2; // rows above and below those in sight

/** A list of pictures. Arrows move, the space bar chooses, with shift all between; Ctrl+A chooses all. Further keys are
 * handed to `act`, which says whether the next picture is to be looked at.
 * @param {{items: Item[], label: string, chosen: Set<string>, choose: (chosen: Set<string>) => void,
 *   act?: (key: string, item: Item) => boolean}} props */
export function Grid({ items, label, chosen, choose, act }) {
  const frame = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  const [sight, setSight] = useState({ top: 0, height: 600 });
  const [at, setAt] = useState(0);
  const [from, setFrom] = useState(0);
  const id = useId();

  useLayoutEffect(() => {
    const box = /** @type {HTMLDivElement} */ (frame.current);
    const measure = () => {
      setWidth(box.clientWidth);
      setSight({ top: box.scrollTop, height: box.clientHeight });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    measure();
    return () => observer.disconnect();
  }, []);

  const columns = Math.max(2, Math.floor(width / LEAST));
  const side = Math.floor(width / columns);
  const step = side + CAPTION;
  const rows = Math.ceil(items.length / columns);
  const first = Math.max(0, Math.floor(sight.top / step) - BEYOND) * columns;
  const last = (Math.ceil((sight.top + sight.height) / step) + BEYOND) * columns;
  const place = Math.min(at, items.length - 1);

  useEffect(() => {
    const box = frame.current;
    if (!box || document.activeElement !== box) return;
    const top = Math.floor(place / columns) * step;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + step > box.scrollTop + box.clientHeight) box.scrollTop = top + step - box.clientHeight;
  }, [place, columns, step]);

  /** @param {number} to @param {boolean} [isRange] */
  const toggle = (to, isRange) => {
    const next = new Set(chosen);
    const [low, high] = isRange ? [Math.min(from, to), Math.max(from, to)] : [to, to];
    const isOn = isRange || !next.has(items[to].id);
    for (const { id } of items.slice(low, high + 1)) isOn ? next.add(id) : next.delete(id);
    choose(next);
    setAt(to);
    if (!isRange) setFrom(to);
  };

  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (!items.length) return;
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -items.length, End: items.length };
    if (event.key in moves) setAt(Math.max(0, Math.min(items.length - 1, place + moves[event.key])));
    else if (event.key === " ") toggle(place, event.shiftKey);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) choose(new Set(items.map((item) => item.id)));
    else if (event.ctrlKey || event.metaKey || event.altKey || !act || event.key.length > 1) return;
    else if (act(event.key.toLowerCase(), items[place])) setAt(Math.min(items.length - 1, place + 1));
    event.preventDefault();
  };

  return (
    <div
      ref={frame}
      class="grid"
      role="listbox"
      aria-multiselectable="true"
      aria-label={label}
      aria-activedescendant={items.length ? `${id}-${place}` : undefined}
      tabIndex={0}
      onKeyDown={press}
      onScroll={(event) => setSight({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
    >
      <div class="grid-all" role="presentation" style={{ height: `${rows * step}px` }}>
        {items.slice(first, last).map((item, number) => {
          const index = first + number;
          return (
            <div
              key={item.id}
              id={`${id}-${index}`}
              role="option"
              class={`cell ${item.isOut ? "out" : ""} ${item.mark ? "odd" : ""} ${index === place ? "here" : ""}`}
              aria-selected={chosen.has(item.id)}
              aria-posinset={index + 1}
              aria-setsize={items.length}
              style={{
                width: `${side}px`,
                height: `${step}px`,
                transform: `translate(${(index % columns) * side}px, ${Math.floor(index / columns) * step}px)`,
              }}
              onClick={(event) => toggle(index, event.shiftKey)}
            >
              {item.src ? <img alt="" loading="lazy" src={item.src} style={{ height: `${side - 10}px` }} /> : <span class="none" style={{ height: `${side - 10}px` }} />}
              <span class="name">{item.name.split("/").pop()}</span>
              <span class="note">{item.isOut ? t("grid.out") : [item.mark, item.note].filter(Boolean).join(" · ")}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
