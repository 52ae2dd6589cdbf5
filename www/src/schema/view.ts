// SPDX-License-Identifier: Apache-2.0
// Where one looks at a drawing: how far it is enlarged, and what of it is seen. Plain numbers.

export interface View {
  /** Where the drawing's corner stands in the frame, in pixels. */
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

const SMALLEST = 0.05;
const LARGEST = 3;
/** A small drawing is not blown up to fill the frame. */
const FIT_LARGEST = 1.15;
const MARGIN = 10;

/** The whole drawing in the middle of the frame. `foot` pixels of it are taken by something else. */
export function fit(drawing: Size, frame: Size, foot = 0): View {
  const wide = (frame.width - 2 * MARGIN) / drawing.width;
  const high = (frame.height - foot - 2 * MARGIN) / drawing.height;
  const scale = limit(Math.min(wide, high, FIT_LARGEST));
  return { scale, x: (frame.width - drawing.width * scale) / 2, y: (frame.height - foot - drawing.height * scale) / 2 };
}

/** Enlarges by a factor; the point of the frame stays over the same point of the drawing. */
export function zoom(view: View, factor: number, { x, y }: Point): View {
  const scale = limit(view.scale * factor);
  const by = scale / view.scale;
  return { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
}

export const pan = (view: View, x: number, y: number): View => ({ ...view, x: view.x + x, y: view.y + y });

/** Some of the drawing always stays within the frame. */
export function kept(view: View, drawing: Size, frame: Size): View {
  const least = 40;
  const between = (value: number, size: number, room: number) => Math.min(Math.max(value, least - size), room - least);
  return {
    scale: view.scale,
    x: between(view.x, drawing.width * view.scale, frame.width),
    y: between(view.y, drawing.height * view.scale, frame.height),
  };
}

/** Moves as little as brings a part of the drawing into the frame, and enlarges where it could not be read. */
export function reveal(view: View, part: Point & Size, frame: Size, readable = 0.55): View {
  let next = view;
  if (view.scale < readable) {
    const centre = {
      x: view.x + (part.x + part.width / 2) * view.scale,
      y: view.y + (part.y + part.height / 2) * view.scale,
    };
    next = zoom(view, readable / view.scale, centre);
  }
  const shift = (from: number, size: number, room: number) => {
    if (from < MARGIN) return MARGIN - from;
    return from + size > room - MARGIN ? Math.max(room - MARGIN - from - size, MARGIN - from) : 0;
  };
  return pan(
    next,
    shift(next.x + part.x * next.scale, part.width * next.scale, frame.width),
    shift(next.y + part.y * next.scale, part.height * next.scale, frame.height),
  );
}

/** The part that lies next in a direction; undefined where none does. What lies straight ahead counts as nearer. */
export function nextTo(parts: (Point & Size)[], from: number, way: Point): number | undefined {
  const centre = (part: Point & Size) => ({ x: part.x + part.width / 2, y: part.y + part.height / 2 });
  const here = parts[from];
  if (here === undefined) return undefined;
  const start = centre(here);
  let best: { at: number; cost: number } | undefined;
  parts.forEach((part, at) => {
    if (at === from) return;
    const { x, y } = centre(part);
    const ahead = (x - start.x) * way.x + (y - start.y) * way.y;
    const aside = Math.abs((x - start.x) * way.y) + Math.abs((y - start.y) * way.x);
    if (ahead <= 1) return;
    const cost = ahead + 2 * aside;
    if (best === undefined || cost < best.cost) best = { at, cost };
  });
  return best?.at;
}

function limit(scale: number): number {
  return Number.isFinite(scale) ? Math.min(Math.max(scale, SMALLEST), LARGEST) : 1;
}
