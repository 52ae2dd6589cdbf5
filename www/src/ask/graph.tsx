// SPDX-License-Identifier: Apache-2.0
// The way from who asks to what is asked about: boxes over lines. Boxes with a row are buttons that lead there. The
// same in sentences stands beside it for those who do not see it.
import { useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { showRow, showText } from '../app/places.ts';
import type { Graph } from '../engine/shapes.ts';
import { edgeLabel, essential, layout, textWidth, type Box, type Line } from './layout.ts';
import { model } from './state.ts';
import { graphSays, nodeKind, shortLabel } from './words.ts';

let pen: CanvasRenderingContext2D | null | undefined;

/** How wide a label is in the type that is used. */
function measure(text: string): number {
  if (pen === undefined) {
    pen = document.createElement('canvas').getContext('2d');
    if (pen !== null) pen.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
  }
  return pen?.measureText(text).width ?? textWidth(text);
}

/** Of a larger graph only what matters is drawn at first. */
const MOST = 16;

export function GraphView({ of }: { of: Graph }) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(380);
  const [all, setAll] = useState(false);
  const marker = useId();
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(
      ([entry]) => entry !== undefined && setWidth(Math.floor(entry.contentRect.width)),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const short = useMemo(() => ({ ...of, nodes: of.nodes.map((node) => ({ ...node, label: shortLabel(node) })) }), [of]);
  const { graph, hidden } = useMemo(() => (all ? { graph: short, hidden: 0 } : essential(short, MOST)), [short, all]);
  const placed = useMemo(() => layout(graph, { width, measure }), [graph, width]);
  const sentences = useMemo(() => graphSays(of), [of]);
  if (of.nodes.length === 0) return null;
  return (
    <section class="ask-part" aria-labelledby="ask-graph">
      <h3 id="ask-graph">The way there</h3>
      <div class="ask-graph" ref={frame}>
        <div
          role="group"
          aria-label="Graph: who asks, what they hold, what it grants, and on what"
          class="ask-graph-area"
          style={{ width: `${placed.width}px`, height: `${placed.height}px` }}
        >
          <svg width={placed.width} height={placed.height} aria-hidden="true" focusable="false">
            <defs>
              {(['strong', 'pale', 'missing'] as const).map((tone) => (
                <marker
                  key={tone}
                  id={`${marker}-${tone}`}
                  viewBox="0 0 8 8"
                  refX="7"
                  refY="4"
                  markerWidth="7"
                  markerHeight="7"
                  orient="auto-start-reverse"
                >
                  <path d="M0 0.5 7.5 4 0 7.5z" class={`ask-arrow-${tone}`} />
                </marker>
              ))}
            </defs>
            {placed.lines.map((line, at) => {
              const tone = toneOf(line, placed.boxes);
              return <path key={at} d={line.path} class={`ask-line-${tone}`} marker-end={`url(#${marker}-${tone})`} />;
            })}
            {placed.lines.map((line, at) => (
              <text key={at} x={line.label.x} y={line.label.y + 3.5} class={`ask-label-${toneOf(line, placed.boxes)}`}>
                {edgeLabel(line.edge)}
              </text>
            ))}
          </svg>
          {placed.boxes.map((box) => (
            <Node key={box.node.id} box={box} />
          ))}
        </div>
      </div>
      <ul class="hidden" aria-label="The graph in words">
        {sentences.map((sentence, at) => (
          <li key={at}>{sentence}</li>
        ))}
      </ul>
      {(hidden > 0 || all) && (
        <button type="button" class="link ask-graph-all" onClick={() => setAll(!all)}>
          {all ? 'Show only what matters' : `Show all (${hidden} more)`}
        </button>
      )}
    </section>
  );
}

/** A line is strong where both its ends decided. */
function toneOf({ edge }: Line, boxes: Box[]): 'strong' | 'pale' | 'missing' {
  if (edge.missing) return 'missing';
  const decided = (id: string) => boxes.find(({ node }) => node.id === id)?.node.decided === true;
  return decided(edge.from) && decided(edge.to) ? 'strong' : 'pale';
}

function Node({ box }: { box: Box }) {
  const { node, x, y, width, height } = box;
  const { word, colour } = nodeKind(node.kind);
  const style = { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
  const inside = (
    <>
      <small>{word}</small>
      <span>{node.label}</span>
    </>
  );
  const isRule = node.kind === 'policy' || node.kind === 'forbid';
  const policy = isRule ? model.value?.policies.find(({ id }) => id === node.title) : undefined;
  const { row } = node;
  if (row === null && policy === undefined) {
    return (
      <div class="ask-node" data-colour={colour} data-decided={node.decided} style={style} title={node.title}>
        {inside}
      </div>
    );
  }
  const go = () => {
    if (row !== null) showRow(row);
    else if (policy !== undefined)
      showText({ file: policy.source === 'generated' ? 'generated' : 'policies.cedar', line: policy.line });
  };
  return (
    <button
      type="button"
      class="ask-node"
      data-colour={colour}
      data-decided={node.decided}
      style={style}
      title={`${node.title}\nShow ${row !== null ? `its row in ${row.table}` : 'the rule'}`}
      onClick={go}
    >
      {inside}
    </button>
  );
}
