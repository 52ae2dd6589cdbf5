// SPDX-License-Identifier: Apache-2.0
// Where the nodes of the small graph stand: in layers from whoever asks to what is asked about, each layer in an order
// that crosses few links. Plain numbers in, plain numbers out; no DOM.
import type { Graph, GraphEdge, GraphNode } from '../engine/shapes.ts';

export interface Box {
  node: GraphNode;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Line {
  edge: GraphEdge;
  /** As the `d` of a path, from the edge of one box to that of the other. */
  path: string;
  /** Where its label stands: the middle of the text. */
  label: { x: number; y: number };
}

export interface Layout {
  /** Whether layers are columns, from left to right; rows otherwise, from above. */
  across: boolean;
  width: number;
  height: number;
  boxes: Box[];
  lines: Line[];
}

export interface Sizes {
  /** The room there is; a layout may be wider, and is scrolled then. */
  width: number;
  height: number;
  gap: number;
  /** Between layers, where the labels of links stand. */
  between: number;
  /** How wide a text is as the label of a node; an estimate where nothing can measure it. */
  measure: (text: string) => number;
}

const SIZES: Sizes = { width: 640, height: 38, gap: 18, between: 44, measure: textWidth };
const LEAST_WIDTH = 62;
/** The widest boxes: narrower ones where the graph would not fit otherwise. */
const GREATEST_WIDTHS = [180, 140, 116, 96];
/** Left and right of a label within its box, borders included. */
const PADDING = 22;
/** The type of a link's label is smaller than that of a node's. */
const SMALLER = 0.82;

/** About how wide a text is, in pixels; letters of Chinese or Japanese are twice as wide. */
export function textWidth(text: string, letter = 7.6): number {
  let width = 0;
  for (const one of text) width += one.codePointAt(0)! >= 0x2e80 ? letter * 1.75 : letter;
  return width;
}

/** What stands at a link. */
export const edgeLabel = ({ label, missing }: GraphEdge) =>
  missing ? `missing${label === '' ? '' : `: ${label}`}` : label;

/** A place in a layer: a node, or a bend of a link that goes past the layer. */
interface Cell {
  node: GraphNode | undefined;
  layer: number;
  /** Along the layer. */
  size: number;
  at: number;
  before: Cell[];
  after: Cell[];
}

/**
 * Links as they go for layers: a resource lies within its ancestors, and stands behind them, so that what is granted on
 * an ancestor reads on to the resource. Links to nowhere and to itself are left out.
 */
function flow({ nodes, edges }: Graph): { from: number; to: number; edge: GraphEdge; turned: boolean }[] {
  const at = new Map(nodes.map((node, index) => [node.id, index]));
  return edges.flatMap((edge) => {
    const from = at.get(edge.from);
    const to = at.get(edge.to);
    if (from === undefined || to === undefined || from === to) return [];
    const turned = nodes[from]!.kind === 'resource';
    return [turned ? { from: to, to: from, edge, turned } : { from, to, edge, turned }];
  });
}

/** Layers by the longest way from the left. A link that closes a circle is not followed. */
export function layers(graph: Graph): number[] {
  const count = graph.nodes.length;
  const links = flow(graph);
  const out: number[][] = graph.nodes.map(() => []);
  for (const { from, to } of links) out[from]!.push(to);
  // Depth first: a link to a node that is still open closes a circle.
  const state = new Array<0 | 1 | 2>(count).fill(0);
  const order: number[] = [];
  const followed: number[][] = graph.nodes.map(() => []);
  const visit = (begin: number) => {
    const stack: { node: number; next: number }[] = [{ node: begin, next: 0 }];
    state[begin] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const to = out[top.node]![top.next];
      top.next += 1;
      if (to === undefined) {
        state[top.node] = 2;
        order.push(top.node);
        stack.pop();
      } else if (state[to] !== 1) {
        followed[top.node]!.push(to);
        if (state[to] === 0) {
          state[to] = 1;
          stack.push({ node: to, next: 0 });
        }
      }
    }
  };
  graph.nodes.forEach((node, at) => node.kind === 'principal' && state[at] === 0 && visit(at));
  graph.nodes.forEach((_, at) => state[at] === 0 && visit(at));
  const layer = new Array<number>(count).fill(0);
  const reached = new Array<boolean>(count).fill(false);
  for (const from of order.toReversed()) {
    for (const to of followed[from]!) {
      layer[to] = Math.max(layer[to]!, layer[from]! + 1);
      reached[to] = true;
    }
  }
  // What no way from the principal leads to (what the resource lies in, a rule for everybody) stands right before what
  // it leads to, and not beside the principal.
  const before = new Array<boolean>(count).fill(false);
  for (const at of order.toReversed()) {
    if (graph.nodes[at]!.kind === 'principal') before[at] = true;
    if (before[at]) for (const to of followed[at]!) before[to] = true;
  }
  for (const at of order) {
    if (before[at] || followed[at]!.length === 0) continue;
    layer[at] = Math.max(0, Math.min(...followed[at]!.map((to) => layer[to]!)) - 1);
  }
  // And what has no link at all does not stand beside the principal either, where there is another layer.
  const most = Math.max(0, ...layer);
  graph.nodes.forEach((node, at) => {
    if (reached[at] || followed[at]!.length > 0 || node.kind === 'principal') return;
    layer[at] = node.kind === 'resource' ? most : Math.min(1, most);
  });
  return layer;
}

/** Puts every cell at the middle of its neighbours, as far as the order and the gaps allow. */
function settle(layer: Cell[], neighbours: (cell: Cell) => Cell[], gap: number): void {
  const wish = layer.map((cell) => {
    const near = neighbours(cell);
    return near.length === 0 ? cell.at : near.reduce((sum, one) => sum + one.at, 0) / near.length;
  });
  // Cells that would overlap move together to the mean of what they wish: blocks, merged from the left.
  const blocks: { from: number; to: number; sum: number; at: number }[] = [];
  let offset = 0;
  const offsets = layer.map((cell, at) => {
    if (at > 0) offset += (layer[at - 1]!.size + cell.size) / 2 + gap;
    return offset;
  });
  layer.forEach((_, at) => {
    blocks.push({ from: at, to: at, sum: wish[at]! - offsets[at]!, at: wish[at]! - offsets[at]! });
    while (blocks.length > 1 && blocks.at(-2)!.at > blocks.at(-1)!.at) {
      const last = blocks.pop()!;
      const into = blocks.at(-1)!;
      into.to = last.to;
      into.sum += last.sum;
      into.at = into.sum / (into.to - into.from + 1);
    }
  });
  for (const { from, to, at } of blocks)
    for (let index = from; index <= to; index += 1) layer[index]!.at = at + offsets[index]!;
}

/** Orders each layer by the mean of its neighbours' places, to and fro, so that few links cross. */
function order(all: Cell[][]): void {
  const place = new Map<Cell, number>();
  const number = (layer: Cell[]) => layer.forEach((cell, at) => place.set(cell, at));
  all.forEach(number);
  const sort = (layer: Cell[], neighbours: (cell: Cell) => Cell[]) => {
    const mean = new Map(
      layer.map((cell, at) => {
        const near = neighbours(cell);
        return [cell, near.length === 0 ? at : near.reduce((sum, one) => sum + place.get(one)!, 0) / near.length];
      }),
    );
    layer.sort((a, b) => mean.get(a)! - mean.get(b)!);
    number(layer);
  };
  for (let round = 0; round < 4; round += 1) {
    for (const layer of all.slice(1)) sort(layer, ({ before }) => before);
    for (const layer of all.slice(0, -1).toReversed()) sort(layer, ({ after }) => after);
  }
}

/** Lays a graph out: from left to right where it fits into the width, from above otherwise. */
export function layout(graph: Graph, given: Partial<Sizes> = {}): Layout {
  const sizes = { ...SIZES, ...given };
  const layer = layers(graph);
  let placed: Layout | undefined;
  for (const greatest of GREATEST_WIDTHS) {
    placed = place(graph, layer, sizes, greatest);
    if (placed.width <= sizes.width) break;
  }
  return placed!;
}

function place(graph: Graph, layer: readonly number[], sizes: Sizes, greatest: number): Layout {
  const count = Math.max(0, ...layer) + 1;
  const widthOf = ({ label, kind }: GraphNode) =>
    Math.round(
      Math.min(
        greatest,
        Math.max(LEAST_WIDTH, sizes.measure(label) + PADDING, sizes.measure(kind) * SMALLER + PADDING),
      ),
    );
  const labelWidth = (edge: GraphEdge) => sizes.measure(edgeLabel(edge)) * SMALLER;
  const widest = Array.from({ length: count }, (_, at) =>
    Math.max(0, ...graph.nodes.filter((_, node) => layer[node] === at).map(widthOf)),
  );
  // Side by side, the room between layers is for the longest label.
  const room = Math.max(sizes.between, ...graph.edges.map((edge) => Math.min(150, labelWidth(edge) + 30)));
  const acrossWidth = widest.reduce((sum, width) => sum + width, 0) + (count - 1) * room;
  const across = acrossWidth <= sizes.width;
  const { height, gap } = sizes;
  const between = across ? room : sizes.between;

  const all: Cell[][] = Array.from({ length: count }, () => []);
  const cells = graph.nodes.map((node, at): Cell => {
    const cell: Cell = { node, layer: layer[at]!, size: across ? height : widthOf(node), at: 0, before: [], after: [] };
    all[cell.layer]!.push(cell);
    return cell;
  });
  // What decided comes first, so that it stands in the middle of the attention where nothing else orders.
  for (const one of all) one.sort((a, b) => Number(b.node?.decided) - Number(a.node?.decided));
  const ways = flow(graph).map(({ from, to, edge, turned }) => {
    const [start, end] = [cells[from]!, cells[to]!];
    const way = [start];
    for (let at = start.layer + 1; at < end.layer; at += 1) {
      const bend: Cell = { node: undefined, layer: at, size: 4, at: 0, before: [], after: [] };
      all[at]!.push(bend);
      way.push(bend);
    }
    way.push(end);
    way.slice(1).forEach((cell, at) => {
      if (way[at]!.layer >= cell.layer) return;
      cell.before.push(way[at]!);
      way[at]!.after.push(cell);
    });
    return { way, edge, turned };
  });
  order(all);
  for (const one of all) {
    let at = 0;
    for (const cell of one) {
      cell.at = at + cell.size / 2;
      at += cell.size + gap;
    }
  }
  for (let round = 0; round < 6; round += 1) {
    for (const one of all.slice(1)) settle(one, ({ before }) => before, gap);
    for (const one of all.slice(0, -1).toReversed()) settle(one, ({ after }) => after, gap);
  }
  const flat = all.flat();
  const low = flat.length === 0 ? 0 : Math.min(...flat.map(({ at, size }) => at - size / 2));
  for (const cell of flat) cell.at -= low;
  const breadth = flat.length === 0 ? 0 : Math.max(...flat.map(({ at, size }) => at + size / 2));

  // Where each layer begins and ends, in the direction of the layers.
  const thick = widest.map((width) => (across ? width : height));
  const begins = thick.map((_, at) => thick.slice(0, at).reduce((sum, one) => sum + one + between, 0));
  const length = begins.at(-1)! + thick.at(-1)!;

  const box = (cell: Cell): Box => {
    const node = cell.node!;
    const width = across ? widest[cell.layer]! : cell.size;
    return across
      ? { node, x: begins[cell.layer]!, y: cell.at - height / 2, width, height }
      : { node, x: cell.at - width / 2, y: begins[cell.layer]!, width, height };
  };
  const boxes = cells.map(box);

  // A link leaves at the end of its layer and arrives at the beginning of the next; bends go straight through.
  const lines = ways.map(({ way, edge, turned }): Line => {
    let points: [number, number][] = way.flatMap((cell, at): [number, number][] => {
      const begin: [number, number] = [begins[cell.layer]!, cell.at];
      const end: [number, number] = [begins[cell.layer]! + thick[cell.layer]!, cell.at];
      return at === 0 ? [end] : at === way.length - 1 ? [begin] : [begin, end];
    });
    // Within one layer, or backwards, where links go in circles.
    if (way.length === 2 && way[0]!.layer >= way[1]!.layer) {
      const [a, b] = [way[0]!, way[1]!];
      points = [
        [begins[a.layer]! + thick[a.layer]!, a.at],
        [begins[b.layer]! + thick[b.layer]!, b.at],
      ];
    }
    const [first, second] = [points[0]!, points[1]!];
    // Nearer to where it goes: links that begin together have come apart there.
    const middle: [number, number] = [
      first[0] + (second[0] - first[0]) * 0.5,
      first[1] + (second[1] - first[1]) * (across ? 0.5 : 0.6),
    ];
    if (turned) points.reverse();
    const placed = points.map(([along, aside]): [number, number] => (across ? [along, aside] : [aside, along]));
    const label = across ? { x: middle[0], y: middle[1] } : { x: middle[1], y: middle[0] };
    return { edge, path: smooth(placed, across), label };
  });
  apart(lines, labelWidth, across ? length : breadth);
  return { across, width: across ? length : breadth, height: across ? breadth : length, boxes, lines };
}

/** Labels at one height that would overlap are pushed aside, each by half; none is pushed out of the drawing. */
function apart(lines: Line[], widthOf: (edge: GraphEdge) => number, width: number): void {
  const labelled = lines.filter(({ edge }) => edgeLabel(edge) !== '');
  for (let round = 0; round < 4; round += 1) {
    for (const [at, one] of labelled.entries()) {
      for (const other of labelled.slice(at + 1)) {
        if (Math.abs(one.label.y - other.label.y) >= 13) continue;
        const [left, right] = one.label.x <= other.label.x ? [one, other] : [other, one];
        const lacks = (widthOf(left.edge) + widthOf(right.edge)) / 2 + 6 - (right.label.x - left.label.x);
        if (lacks <= 0) continue;
        left.label.x -= lacks / 2;
        right.label.x += lacks / 2;
      }
    }
    for (const { edge, label } of labelled) {
      const half = widthOf(edge) / 2;
      label.x = Math.max(half, Math.min(label.x, Math.max(width - half, half)));
    }
  }
}

/** A path through points: curves between layers, straight within one. */
function smooth(points: [number, number][], across: boolean): string {
  const n = (value: number) => Math.round(value * 10) / 10;
  return points
    .map(([x, y], at) => {
      if (at === 0) return `M${n(x)} ${n(y)}`;
      const [px, py] = points[at - 1]!;
      if ((across ? py : px) === (across ? y : x)) return `L${n(x)} ${n(y)}`;
      const middle = across ? (px + x) / 2 : (py + y) / 2;
      return across
        ? `C${n(middle)} ${n(py)} ${n(middle)} ${n(y)} ${n(x)} ${n(y)}`
        : `C${n(px)} ${n(middle)} ${n(x)} ${n(middle)} ${n(x)} ${n(y)}`;
    })
    .join('');
}

/** Of a large graph, what decided and what is missing; the rest is counted. */
export function essential(graph: Graph, most: number): { graph: Graph; hidden: number } {
  if (graph.nodes.length <= most) return { graph, hidden: 0 };
  const kept = new Set(graph.nodes.filter(({ decided, kind }) => decided || kind === 'principal').map(({ id }) => id));
  for (const { from, to, missing } of graph.edges) {
    if (!missing || kept.size >= most) continue;
    kept.add(from);
    kept.add(to);
  }
  // Then whatever comes first, with what it is linked to.
  for (const { id } of graph.nodes) if (kept.size < most) kept.add(id);
  const nodes = graph.nodes.filter(({ id }) => kept.has(id));
  const edges = graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to));
  return { graph: { nodes, edges }, hidden: graph.nodes.length - nodes.length };
}
