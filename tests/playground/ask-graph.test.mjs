// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Where the boxes of the small graph stand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeLabel, essential, layers, layout } from '../../www/src/ask/layout.ts';

/** @import { Graph, GraphNode } from '../../www/src/engine/shapes.ts' */

/**
 * A graph in short: `p:principal r:role`, `p>r r!g` (a missing link).
 * @param {string} nodes @param {string} edges @param {string[]} [decided] @returns {Graph}
 */
function graph(nodes, edges, decided = []) {
  const words = (/** @type {string} */ text) => text.split(' ').filter((word) => word !== '');
  return {
    nodes: words(nodes).map((word) => {
      const [id, kind] = /** @type {[string, GraphNode['kind']]} */ (word.split(':'));
      return { id, kind, label: id, title: id, row: null, decided: decided.includes(id) };
    }),
    edges: words(edges).map((word) => {
      const [from, to] = /** @type {[string, string]} */ (word.split(/[>!]/));
      return { from, to, label: 'to', row: null, missing: word.includes('!') };
    }),
  };
}

/** @param {Graph} of */
const layered = (of) => Object.fromEntries(of.nodes.map(({ id }, at) => [id, layers(of)[at]]));

const SHARE = graph(
  'bob:principal finance:group share:grant money:resource salaries:resource rule:forbid',
  'bob!finance finance>share share>money salaries>money rule>salaries',
);

test('from who asks, through what they hold and what it grants, down to what is asked about', () => {
  assert.deepEqual(layered(SHARE), { bob: 0, finance: 1, share: 2, money: 3, rule: 3, salaries: 4 });
});

for (const [name, of, expected] of /** @type {[string, Graph, Record<string, number>][]} */ ([
  [
    'the longest way counts',
    graph('p:principal r:role g:grant d:resource', 'p>g p>r r>g g>d'),
    { p: 0, r: 1, g: 2, d: 3 },
  ],
  [
    'a tenant that both lie in stands between',
    graph('p:principal t:tenant d:resource', 'p>t d>t'),
    { p: 0, t: 1, d: 2 },
  ],
  [
    'what the resource lies in stands above it, and not beside who asks',
    graph('p:principal r:role g:grant org:resource project:resource d:resource', 'p>r r>g g>d d>project project>org'),
    { p: 0, r: 1, g: 2, org: 1, project: 2, d: 3 },
  ],
  [
    'groups in a circle',
    graph('p:principal a:group b:group d:resource', 'p>a a>b b>a b>d'),
    { p: 0, a: 1, b: 2, d: 3 },
  ],
  ['a resource that lies in itself', graph('p:principal d:resource', 'p>d d>d'), { p: 0, d: 1 }],
  ['links to nowhere', graph('p:principal', 'p>x x>p'), { p: 0 }],
  ['nothing in between', graph('p:principal d:resource', ''), { p: 0, d: 0 }],
])) {
  test(`layers: ${name}`, () => assert.deepEqual(layered(of), expected));
}

/** @param {import('../../www/src/ask/layout.ts').Layout} of */
function overlaps({ boxes }) {
  return boxes.flatMap((a, at) =>
    boxes
      .slice(at + 1)
      .filter((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
      .map((b) => `${a.node.id} ${b.node.id}`),
  );
}

/** A graph of chance, always the same for a seed. @param {number} seed */
function chance(seed) {
  let state = seed;
  const next = (/** @type {number} */ below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  const kinds = ['role', 'group', 'tenant', 'grant', 'forbid', 'policy', 'resource'];
  const count = 2 + next(24);
  const nodes = Array.from(
    { length: count },
    (_, at) => `n${at}:${at === 0 ? 'principal' : kinds[next(kinds.length)]}`,
  );
  const edges = Array.from({ length: next(40) }, () => `n${next(count)}${next(5) === 0 ? '!' : '>'}n${next(count)}`);
  return graph(nodes.join(' '), edges.join(' '));
}

test('whatever the graph, no box lies on another, all lie within, and each link has a path', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const of = chance(seed);
    for (const width of [320, 400, 1400]) {
      const placed = layout(of, { width });
      assert.deepEqual(overlaps(placed), [], `seed ${seed}, ${width}`);
      assert.equal(placed.boxes.length, of.nodes.length);
      for (const { node, x, y, width: w, height: h } of placed.boxes) {
        const within = x >= -0.01 && y >= -0.01 && x + w <= placed.width + 0.01 && y + h <= placed.height + 0.01;
        assert.ok(within, `seed ${seed}: ${node.id} at ${x},${y}`);
      }
      for (const { path, label } of placed.lines) {
        assert.match(path, /^M-?[\d.]+ -?[\d.]+([LC] ?-?[\d.]+( -?[\d.]+)+)+$/, `seed ${seed}`);
        assert.ok(Number.isFinite(label.x) && Number.isFinite(label.y));
      }
    }
  }
});

test('side by side where there is room, from above where there is not', () => {
  assert.equal(layout(SHARE, { width: 1200 }).across, true);
  const narrow = layout(SHARE, { width: 360 });
  assert.equal(narrow.across, false);
  assert.ok(narrow.width <= 360, `${narrow.width}`);
});

test('a layer is ordered so that links do not cross', () => {
  const { boxes } = layout(graph('p:principal a:role b:role y:grant x:grant d:resource', 'p>a p>b a>x b>y x>d y>d'), {
    width: 1200,
  });
  const y = (/** @type {string} */ id) => boxes.find(({ node }) => node.id === id)?.y ?? 0;
  assert.equal(y('a') < y('b'), y('x') < y('y'));
});

test('labels of links that begin together stand apart', () => {
  const of = graph('p:principal a:role b:role', 'p!a p!b');
  const { lines, width } = layout(of, { width: 100 });
  const [one, other] =
    /** @type {[import('../../www/src/ask/layout.ts').Line, import('../../www/src/ask/layout.ts').Line]} */ (lines);
  assert.equal(edgeLabel(one.edge), 'missing: to');
  assert.ok(Math.abs(one.label.x - other.label.x) > 30);
  for (const { label } of lines) assert.ok(label.x > 20 && label.x < width - 20);
});

test('an empty graph is no error', () => {
  const { boxes, lines, width, height } = layout({ nodes: [], edges: [] });
  assert.deepEqual([boxes, lines], [[], []]);
  assert.ok(Number.isFinite(width) && Number.isFinite(height));
});

test('of a large graph what decided and what is missing is kept', () => {
  const grants = Array.from({ length: 30 }, (_, at) => `g${at}:grant`).join(' ');
  const of = graph(`p:principal ${grants} d:resource`, 'p>g29 g29>d p!g7', ['p', 'g29', 'd']);
  const { graph: kept, hidden } = essential(of, 10);
  const ids = kept.nodes.map(({ id }) => id);
  for (const id of ['p', 'g29', 'd', 'g7']) assert.ok(ids.includes(id), id);
  assert.deepEqual([ids.length, hidden], [10, 22]);
  assert.equal(essential(of, 100).graph, of);
});
