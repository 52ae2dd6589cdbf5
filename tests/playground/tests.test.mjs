// SPDX-License-Identifier: Apache-2.0
// @ts-check
// tests.toml as text: tests found, changed and deleted without touching what stands around them; and the search for a
// question that a rule decides.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'smol-toml';
import { decisionSays } from '../../www/src/ask/words.ts';
import { byTable } from '../../www/src/tests/lists.ts';
import { becauseOf, newTest, testName } from '../../www/src/tests/new.ts';
import { search } from '../../www/src/tests/search.ts';
import { accept, contextOfTest, jsonOf, namesReasons, testsIn, withoutTest } from '../../www/src/tests/toml.ts';

const TEXT = `# What must hold.
at = "2026-01-15T09:00:00Z"

# Roles.

# Ann is an editor.
[[test]]
name = "ann reads [[test]]"   # a comment
principal = 'User::"ann"'
action = "read"
resource = 'Document::"plan"'
expect = "allow" # for now
because = [
  "USER_ROLE/ann,editor", # [[test]]
  "x",
]

[[test]]
name = """
[[test]]
expect = "deny"
"""
context = { reason = "typo", "a b" = [1, 2.5], mfa = true }
expect = 'deny'
rows = '''
INSERT INTO "USER" VALUES ('a');
'''
[test.more]
because = []

# About the last one, directly above.
[[ test ]]
name = "last"
`;
const [first, second, last] = testsIn(TEXT).map(({ line }) => line);

test('tests are found by their lines, not within strings and lists', () => {
  assert.deepEqual([first, second], [7, 18]);
  assert.equal(last, TEXT.split('\n').indexOf('[[ test ]]') + 1);
});

test('the tests of every pack are found, each where it begins', () => {
  for (const pack of readdirSync('policies', { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const text = readFileSync(`policies/${pack.name}/tests.toml`, 'utf8');
    const lines = text.split('\n').flatMap((line, at) => (line === '[[test]]' ? [at + 1] : []));
    assert.deepEqual(testsIn(text).map(({ line }) => line), lines, pack.name);
    assert.ok(lines.length > 5, pack.name);
  }
});

describe('accepting what is so now', () => {
  test('changes what is expected, takes out the reasons, and nothing else', () => {
    const now = accept(TEXT, first ?? 0, 'deny');
    const reasons = TEXT.slice(TEXT.indexOf('because'), TEXT.indexOf(']\n\n[[') + 2);
    assert.equal(now, TEXT.replace('"allow"', '"deny"').replace(reasons, ''));
  });
  test('knows other quotes', () =>
    assert.equal(accept(TEXT, second ?? 0, 'allow'), TEXT.replace("expect = 'deny'", 'expect = "allow"')));
  test('adds what is missing', () =>
    assert.equal(accept(TEXT, last ?? 0, 'deny'), TEXT.replace('[[ test ]]\n', '[[ test ]]\nexpect = "deny"\n')));
  test('does nothing where no test begins', () => assert.equal(accept(TEXT, 2, 'deny'), undefined));
  test('leaves a text that can be read', () => {
    for (const { line } of testsIn(TEXT)) assert.doesNotThrow(() => parse(accept(TEXT, line, 'allow') ?? '='));
  });
  test('names of reasons are noticed', () =>
    assert.deepEqual(
      [first, second].map((line) => namesReasons(TEXT, line ?? 0)),
      [true, false],
    ));
});

describe('deleting a test', () => {
  test('takes the comment directly above with it, and leaves the others', () => {
    const now = withoutTest(TEXT, first ?? 0);
    assert.equal(now, TEXT.slice(0, TEXT.indexOf('# Ann')) + TEXT.slice(TEXT.indexOf('[[test]]\nname = """')));
  });
  test('takes its tables with it, and leaves the comment of the next', () => {
    const now = withoutTest(TEXT, second ?? 0) ?? '';
    assert.ok(!now.includes('test.more') && now.includes('# About the last one'));
    const { test: left } = parse(now);
    assert.ok(Array.isArray(left) && left.length === 2);
  });
  test('ends the text where it was the last one', () =>
    assert.ok(withoutTest(TEXT, last ?? 0)?.endsWith('because = []\n')));
  test('one by one until none is left, in every pack', () => {
    for (const pack of ['workspace', 'rag', 'chat', 'members']) {
      let text = readFileSync(`policies/${pack}/tests.toml`, 'utf8');
      const { test: all, ...rest } = parse(text);
      assert.ok(Array.isArray(all));
      for (let left = all.length; left > 0; left -= Math.ceil(left / 4)) {
        assert.equal(testsIn(text).length, left);
        for (let by = Math.ceil(left / 4); by > 0; by -= 1)
          text = withoutTest(text, testsIn(text)[0]?.line ?? 0) ?? '=';
        const now = parse(text);
        assert.deepEqual(now.test ?? [], all.slice(all.length - (left - Math.ceil(left / 4))));
        assert.equal(now.at, rest.at);
      }
    }
  });
  test('a comment at the top is about the file', () =>
    assert.equal(withoutTest('# All of it.\n[[test]]\nname = "a"\n', 2), '# All of it.\n'));
  test('line ends of Windows stay', () =>
    assert.equal(
      withoutTest('a = 1\r\n\r\n[[test]]\r\nb = 2\r\n\r\n[[test]]\r\nc = 3\r\n', 3),
      'a = 1\r\n\r\n[[test]]\r\nc = 3\r\n',
    ));
});

test('no text is too broken to be looked at', () => {
  for (const text of [
    '',
    '[[test',
    '[[test]]',
    '[[test]]\nexpect',
    '[[test]]\nexpect = ',
    '[[test]]\nname = "',
    '[[test]]\na = """',
    '[[test]]\na = [',
    ']]\n}}=\n[[test]]\n{',
    '\n\n=\n"',
  ]) {
    for (const { line } of testsIn(text)) {
      accept(text, line, 'allow');
      withoutTest(text, line);
      contextOfTest(text, line);
    }
  }
});

test('the context of a test goes into the question with all its digits', () => {
  assert.equal(contextOfTest(TEXT, second ?? 0), '{"reason":"typo","a b":[1,2.5],"mfa":true}');
  assert.equal(contextOfTest(TEXT, first ?? 0), '');
  assert.equal(jsonOf('{ big = 9007199254740993, tenth = 1_000, }'), '{"big":9007199254740993,"tenth":1000}');
  assert.equal(jsonOf("{ path = 'C:\\x' }"), '{"path":"C:\\\\x"}');
  assert.equal(jsonOf('{ when = 2026-01-01 }'), undefined);
  assert.equal(jsonOf('{ a = '), undefined);
});

const uid = (/** @type {string} */ type, /** @type {string} */ id) => ({ type, id });
const reason = (/** @type {Partial<import('../../www/src/engine/shapes.ts').Reason>} */ part) => ({
  policy: 'p',
  source: '',
  effect: /** @type {const} */ ('permit'),
  row: null,
  says: '',
  rests_on: [],
  ...part,
});

describe('a decision that is kept', () => {
  const asked = { principal: uid('User', 'bob'), action: 'open', resource: uid('Document', 'salaries'), context: '' };
  const nameOf = (/** @type {{ id: string }} */ { id }) => id;

  test('is named by what it says, and unlike every other', () => {
    assert.equal(decisionSays(asked, true, nameOf), 'bob may open salaries.');
    assert.equal(testName(asked, false, nameOf, []), 'bob may not open salaries');
    assert.equal(
      testName(asked, false, nameOf, ['bob may not open salaries', 'bob may not open salaries (2)']),
      'bob may not open salaries (3)',
    );
  });

  test('names rows by their source and rules by their id, each once', () => {
    const row = { table: 'SHARE', row: 0, column: null };
    const reasons = [
      reason({ policy: 'SHARE/1#Document', source: 'SHARE/1', row }),
      reason({ policy: 'SHARE/1#Folder', source: 'SHARE/1', row }),
      reason({ policy: 'handbook/everybody', source: 'policies.cedar' }),
      reason({ policy: 'owner/Document' }),
    ];
    assert.deepEqual(becauseOf(reasons), ['SHARE/1', 'handbook/everybody', 'owner/Document']);
    const text = newTest(
      { ...asked, context: '{ "n": 9223372036854775807 }' },
      'a name',
      { allow: true, undecided: false, reasons, errors: [] },
      '2026-01-01T00:00:00Z',
    );
    assert.match(text, /9223372036854775807/);
    assert.deepEqual(JSON.parse(text).because, ['SHARE/1', 'handbook/everybody', 'owner/Document']);
    assert.equal(JSON.parse(text).expect, 'allow');
  });
});

test('rows without a test stand by their table', () => {
  const rows = [
    { source: 'A/1', row: { table: 'A' } },
    { source: 'B/1', row: null },
    { source: 'A/2', row: { table: 'A' } },
  ];
  assert.deepEqual(byTable(rows).map(({ table, of }) => `${table}: ${of.length}`), ['A: 2', 'B: 1']);
});

describe('looking for a question that a row decides', () => {
  const resources = Array.from({ length: 200 }, (_, at) => uid('Document', `d${at}`));
  /** @type {string[]} */
  let asked = [];
  const world = {
    resources,
    matrix: async () => ({
      entities: [uid('User', 'ann'), uid('User', 'bob')],
      actions: ['read', 'write'],
      cells: 'adaa',
    }),
    decide: async (
      /** @type {import('../../www/src/engine/shapes.ts').Question} */ { principal, action, resource },
    ) => {
      asked.push(`${principal.id} ${action} ${resource.id}`);
      return {
        allow: true,
        undecided: false,
        errors: [],
        reasons: [reason({ source: `ACL/${principal.id},${action},${resource.id}` })],
      };
    },
  };
  test('begins with what stands in the row', async () => {
    asked = [];
    const found = await search({ source: 'ACL/bob,write,d150', hints: ['bob', 'write', 'd150'] }, world, () => true);
    assert.deepEqual(found?.question, {
      principal: uid('User', 'bob'),
      action: 'write',
      resource: uid('Document', 'd150'),
    });
    assert.ok(asked.length <= 40, 'among the first that are asked');
  });
  test('asks about nothing that is simply not allowed', async () => {
    asked = [];
    assert.equal(await search({ source: 'ACL/none', hints: [] }, world, () => true), undefined);
    assert.ok(asked.length > 0 && !asked.some((text) => text.startsWith('ann write')));
  });
  test('asks a bounded number of questions, and tells how far it is', async () => {
    asked = [];
    /** @type {number[]} */
    const steps = [];
    await search(
      { policy: 'none', hints: ['permit(principal is User, action == Action::"read", resource is Document);'] },
      world,
      (done) => steps.push(done) > 0,
    );
    assert.ok(asked.length <= 4_000);
    assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
    assert.ok(steps[0] === 0 && (steps.at(-1) ?? 0) < 1);
  });
  test('stops where it is told to', async () => {
    asked = [];
    assert.equal(await search({ source: 'ACL/bob,write,d150', hints: [] }, world, (done) => done < 0.1), undefined);
    assert.deepEqual(asked, []);
  });
});
