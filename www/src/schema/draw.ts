// SPDX-License-Identifier: Apache-2.0
// Draws with mermaid, which is loaded when the first diagram is drawn. What comes back is a picture whose tables can be
// found, named and coloured; mermaid has seen no word of the user's (print.ts).
import type { KnownTable } from './tables.ts';
import { counted, toneOf } from './tables.ts';
import { spaced } from './kinds.ts';
import type { Printed } from './print.ts';
import type { Point, Size } from './view.ts';

export interface Drawing extends Size {
  svg: SVGSVGElement;
  /** The tables, by their number in the list that was drawn. */
  entities: { element: SVGGElement; box: Point & Size }[];
}

type Mermaid = (typeof import('mermaid'))['default'];
let loading: Promise<Mermaid> | undefined;
let drawn = 0;

function load(): Promise<Mermaid> {
  loading ??= import('mermaid').then(({ default: mermaid }) => {
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: 'strict',
      suppressErrorRendering: true,
      theme: 'base',
      look: 'classic',
      layout: 'dagre',
      // SVG's own text: no HTML is made of anything.
      htmlLabels: false,
      // No name is broken into lines.
      flowchart: { htmlLabels: false, wrappingWidth: 2000 },
      fontFamily: "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif",
      // Colours come from the page's own style sheet, so that light and dark need no other drawing.
      themeVariables: { fontSize: '14px' },
      maxEdges: 20_000,
      maxTextSize: 10_000_000,
      er: {
        diagramPadding: 14,
        entityPadding: 8,
        minEntityWidth: 60,
        useMaxWidth: false,
        nodeSpacing: 46,
        rankSpacing: 58,
      },
    });
    return mermaid;
  });
  // What did not load may load another time.
  loading.catch(() => (loading = undefined));
  return loading;
}

/** The drawing under way: another one begins when it is done, since both measure in the same room. */
let under: Promise<unknown> = Promise.resolve();

/** Draws. `room` is an element of the page that is not seen but has a size: mermaid measures text in it. */
export function draw(printed: Printed, known: KnownTable[], room: HTMLElement): Promise<Drawing> {
  const drawing = under.then(() => drawAlone(printed, known, room));
  under = drawing.catch(() => undefined);
  return drawing;
}

async function drawAlone(printed: Printed, known: KnownTable[], room: HTMLElement): Promise<Drawing> {
  const mermaid = await load();
  drawn += 1;
  const id = `schema-drawing-${drawn}`;
  room.dataset['names'] = String(printed.tables.every(({ rows }) => rows.length === 0));
  const text = await mermaid.render(id, printed.text, room).then(({ svg }) => svg);
  room.innerHTML = text;
  const svg = room.querySelector('svg');
  if (svg === null) throw new Error('nothing was drawn');
  const { width, height } = svg.viewBox.baseVal;
  const nodes = [...svg.querySelectorAll<SVGGElement>('g.node')];
  const entities = printed.tables.map((table, at) => {
    const element = nodes.find((node) => node.id.includes(`entity-t${at}-`));
    if (element === undefined) throw new Error(`the table ${table.name} was not drawn`);
    outline(element);
    return { element, box: boxOf(element, svg) };
  });
  const labels = [...svg.querySelectorAll<SVGGElement>('.edgeLabel .label')];
  printed.labels.forEach((label, at) => {
    const group = labels.find((one) => one.dataset['id']?.endsWith(`_${at}`));
    if (label === '') group?.remove();
    else write(group, label);
  });
  svg.setAttribute('width', String(width));
  svg.setAttribute('height', String(height));
  svg.removeAttribute('style');
  svg.setAttribute('role', 'group');
  svg.removeAttribute('aria-roledescription');
  svg.removeAttribute('aria-labelledby');
  svg.remove();
  room.replaceChildren();
  const drawing = { svg, entities, width, height };
  dress(drawing, printed, known);
  return drawing;
}

/** Puts in what the stand-ins stand for, and what colours go by. Also of a drawing whose text is the same as before. */
export function dress({ svg, entities }: Drawing, printed: Printed, known: KnownTable[]): void {
  svg.setAttribute('aria-label', `Diagram of ${counted(known.length, 'table')}`);
  entities.forEach(({ element }, at) => {
    const [table, words] = [known[at], printed.tables[at]];
    if (table === undefined || words === undefined) return;
    name(element, words);
    element.dataset['at'] = String(at);
    element.dataset['tone'] = toneOf(table.kind);
    element.setAttribute('role', 'button');
    element.setAttribute('aria-haspopup', 'dialog');
    element.setAttribute('tabindex', at === 0 ? '0' : '-1');
    const kind = table.kind === undefined ? 'no kind yet' : spaced(table.kind);
    // What it is comes first; what is seen is a part of the name, too, so that one can say it to a machine.
    const says = table.says === undefined ? '' : ` ${table.says}`;
    element.setAttribute('aria-label', `${table.name}: ${kind}.${says} ${element.textContent}`);
  });
}

/** The line around a table, above the lines of its rows. */
function outline(element: SVGGElement): void {
  const line = element.querySelector('.outer-path path:not([stroke="none"])')?.cloneNode();
  if (!(line instanceof SVGElement)) return;
  line.setAttribute('class', 'outline');
  line.setAttribute('fill', 'none');
  element.append(line);
}

/** Puts the names in the places of their stand-ins. */
function name(element: SVGGElement, { heading, rows }: Printed['tables'][number]): void {
  const column = (name: string) => [...element.querySelectorAll<SVGGElement>(`.label.${name}`)];
  const title = element.querySelector<SVGGElement>('.label.name') ?? element.querySelector<SVGGElement>('.label');
  if (title !== null) {
    title.classList.add('name');
    write(title, heading);
    // Of a table without rows it stands where its stand-in began.
    const text = rows.length === 0 ? title.querySelector('text') : null;
    text?.removeAttribute('transform');
    text?.setAttribute('text-anchor', 'middle');
  }
  const parts = ['attribute-type', 'attribute-name', 'attribute-keys', 'attribute-comment'];
  const columns = parts.map(column);
  rows.forEach((row, at) => {
    columns.forEach((labels, column) => write(labels[at], row[column] ?? ''));
  });
}

/** Mermaid writes each line as a tspan within a text. */
function write(label: Element | undefined, text: string): void {
  const element = label?.querySelector('text');
  if (element === null || element === undefined) return;
  const [first, ...rest] = element.querySelectorAll('.text-outer-tspan');
  if (first === undefined) return;
  for (const one of rest) one.remove();
  // The space is not drawn: it parts the words for those who hear them.
  first.textContent = `${text} `;
}

function boxOf(element: SVGGElement, svg: SVGSVGElement): Point & Size {
  const own = element.getBoundingClientRect();
  const whole = svg.getBoundingClientRect();
  const { width, height } = svg.viewBox.baseVal;
  const [across, down] = [width / (whole.width || 1), height / (whole.height || 1)];
  const [x, y] = [(own.x - whole.x) * across, (own.y - whole.y) * down];
  return { x, y, width: own.width * across, height: own.height * down };
}
