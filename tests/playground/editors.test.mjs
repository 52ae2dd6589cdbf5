// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the editors work out without a screen: tokens, folds, places, completion, hints, the smallest change.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cedarPolicies, cedarTokens, unquote } from '../../www/src/editors/cedar.ts';
import { complete } from '../../www/src/editors/complete.ts';
import { difference, sameInk } from '../../www/src/editors/difference.ts';
import { KEYS, TABLE_KEYS } from '../../www/src/editors/explain.ts';
import { foldsOf } from '../../www/src/editors/folds.ts';
import { hintAt } from '../../www/src/editors/hover.ts';
import { headers, tomlPlace } from '../../www/src/editors/toml.ts';
import { NO_WORDS } from '../../www/src/editors/vocabulary.ts';
import { marksOf, rulesOf } from '../../www/src/rules/marks.ts';
import { words } from './editors-words.mjs';

/**
 * A text and the place of its `|`; `||` is Cedar's own.
 * @param {string} text
 */
function cursor(text) {
  const at = text.search(/(?<!\|)\|(?!\|)/);
  assert.ok(at >= 0, `no cursor in ${text}`);
  return { text: text.slice(0, at) + text.slice(at + 1), at };
}

/**
 * @param {string} file
 * @param {string} marked
 */
function offered(file, marked, asked = true) {
  const { text, at } = cursor(marked);
  return complete(file, text, at, words, asked)?.options ?? [];
}
/**
 * @param {string} file
 * @param {string} marked
 */
const labels = (file, marked, asked = true) => offered(file, marked, asked).map(({ label }) => label);

const cedar = (/** @type {string} */ marked, asked = true) => labels('policies.cedar', marked, asked);
const inCondition = (/** @type {string} */ marked, scope = 'principal is User, action, resource is Document') =>
  cedar(`permit (${scope})\nwhen { ${marked} };`);

describe('Cedar in tokens', () => {
  test('every character that is no white space belongs to exactly one token', () => {
    const text =
      '@id("a")\npermit (principal is A::B, action, resource) // x\nwhen { resource["é"] like "a\\"*" && 1 <= 2 };';
    const tokens = cedarTokens(text);
    let end = 0;
    for (const { from, to } of tokens) {
      assert.match(text.slice(end, from), /^\s*$/);
      end = to;
    }
    assert.equal(end, text.length);
  });

  const kinds = /** @type {const} */ ([
    ['permit', 'effect'],
    ['when', 'keyword'],
    ['principal', 'variable'],
    ['@id', 'annotation'],
    ['A::B::', 'type'],
    ['true', 'constant'],
    ['12', 'number'],
    ['// no', 'comment'],
    ['"x"', 'string'],
    ['&&', 'operator'],
    ['{', 'bracket'],
  ]);
  for (const [text, kind] of kinds)
    test(`\`${text}\` is a ${kind}`, () => assert.equal(cedarTokens(text)[0]?.kind, kind));

  test('what stands behind a dot is an attribute, or a call where a bracket follows', () => {
    assert.deepEqual(
      cedarTokens('a.in.contains(1)')
        .map(({ kind }) => kind)
        .filter((kind) => kind !== 'operator' && kind !== 'bracket'),
      ['word', 'attribute', 'call', 'number'],
    );
  });

  test('a string without an end goes to the end of its line', () => {
    const [first, second] = cedarTokens('"abc\\"\npermit');
    assert.deepEqual([first?.text, first?.closed, second?.text], ['"abc\\"', false, 'permit']);
    for (const text of ['"', '"\\', '"\\\n', '"a\\\\"']) assert.equal(cedarTokens(text)[0]?.kind, 'string', text);
    assert.equal(cedarTokens('"a\\\\"')[0]?.closed, true);
  });

  test('a semicolon within a string or a comment ends no policy', () => {
    const found = cedarPolicies(
      cedarTokens('// a;\n@id("x;y")\npermit(principal,action,resource);\nforbid(principal,action,resource);'),
    );
    assert.deepEqual(found.map(({ id }) => id), ['x;y', undefined]);
  });

  test('escapes of strings are read', () => assert.equal(unquote('"a\\"b\\u{e9}\\n\\\\"'), 'a"bé\n\\'));

  test('a thousand policies take a moment', () => {
    const text =
      '@id("x")\npermit (principal, action, resource)\nwhen { resource has a && resource.a == principal };\n'.repeat(
        1000,
      );
    const begin = performance.now();
    cedarPolicies(cedarTokens(text));
    foldsOf('cedar', text);
    assert.ok(performance.now() - begin < 500);
  });

  test('a text that is hostile to patterns takes no longer', () => {
    const begin = performance.now();
    for (const text of [
      '"'.repeat(50_000),
      '\\'.repeat(50_000),
      '::'.repeat(50_000),
      '{'.repeat(50_000),
      `"${'\\'.repeat(50_001)}`,
    ]) {
      cedarTokens(text);
      foldsOf('cedar', text);
      complete('policies.cedar', text, text.length, words, true);
    }
    assert.ok(performance.now() - begin < 3000);
  });
});

describe('folds', () => {
  /**
   * @param {Parameters<typeof foldsOf>[0]} language
   * @param {string} text
   */
  const folded = (language, text) => foldsOf(language, text).map(({ from, to }) => text.slice(from, to));
  test('a policy folds behind its first line', () => {
    assert.deepEqual(
      folded(
        'cedar',
        '// c\n@id("a")\npermit (principal, action, resource)\nwhen { true };\nforbid (principal, action, resource);\n',
      ),
      ['\npermit (principal, action, resource)\nwhen { true };'],
    );
  });
  test('a section of TOML folds without what belongs to the next one', () => {
    assert.deepEqual(folded('toml', '[a]\nx = 1\ny = [\n  "[b]"\n]\n\n# of c\n[c]\nz = 1\n[d]\n'), [
      '\nx = 1\ny = [\n  "[b]"\n]',
      '\nz = 1',
    ]);
  });
  test('a table of a diagram folds, and the brackets of a relation do not', () => {
    assert.deepEqual(folded('mermaid', 'erDiagram\n  A ||--o{ B : has\n  A {\n    string id PK\n  }\n'), [
      '\n    string id PK\n  ',
    ]);
  });
});

describe('the smallest change', () => {
  const changes = /** @type {const} */ ([
    ['abc', 'abc', undefined],
    ['abc', 'abxc', { from: 2, to: 2, insert: 'x' }],
    ['aaa', 'aa', { from: 2, to: 3, insert: '' }],
    ['', 'x', { from: 0, to: 0, insert: 'x' }],
    // The second halves are the same, and stay together with their first ones.
    ['a\u{1f600}b', 'a\u{1f604}b', { from: 1, to: 3, insert: '\u{1f604}' }],
  ]);
  for (const [before, after, expected] of changes) {
    test(`${JSON.stringify(before)} → ${JSON.stringify(after)}`, () => {
      const found = difference(before, after);
      assert.deepEqual(found, expected);
      if (found !== undefined) assert.equal(before.slice(0, found.from) + found.insert + before.slice(found.to), after);
    });
  }
  test('a cursor stays behind its ink where only white space changed', () => {
    assert.equal(sameInk('a(b,c)', 'a (\n  b,\n  c\n)', 4), 'a (\n  b,'.length);
    assert.equal(sameInk('ab', 'ba', 1), undefined);
  });
});

describe('completion in policies.cedar', () => {
  test('at the top, whole policies and annotations', () => {
    assert.deepEqual(cedar('|'), ['permit', 'forbid', '@id', '@reason']);
    assert.deepEqual(cedar('permit(principal, action, resource);\nfo|', false), ['permit', 'forbid', '@id', '@reason']);
  });
  test('nothing while nothing was begun, unless it is asked for', () => assert.deepEqual(cedar('|', false), []));
  test('nothing in comments, and nothing in annotations', () => {
    assert.deepEqual(cedar('// per|'), []);
    assert.deepEqual(cedar('@id("|")'), []);
  });
  test('a permit for words that are not known yet is a whole one, too', () => {
    assert.match(complete('policies.cedar', '', 0, NO_WORDS, true)?.options[0]?.apply ?? '', /principal is \$\{User\}/);
  });

  test('in the scope, each part has its own', () => {
    assert.ok(cedar('permit (pr|').includes('principal is User'));
    assert.ok(!cedar('permit (pr|').includes('principal is Document'));
    assert.ok(cedar('permit (pr|').includes('principal in Role::""'));
    assert.ok(cedar('permit (principal, |').includes('action == Action::"write"'));
    assert.ok(cedar('permit (principal, action, |').includes('resource is Folder'));
  });
  test('the resource’s part has the types that the actions apply to', () => {
    assert.deepEqual(
      cedar('permit (principal, action == Action::"write", r|').filter((label) => label.includes(' is ')),
      ['resource is Document'],
    );
  });
  test('behind `is`, types; of principals in their part', () =>
    assert.deepEqual(cedar('permit (principal is |'), ['User']));
  test('behind `==`, actions that apply to the resource, though it stands behind them', () => {
    assert.deepEqual(cedar('permit (principal, action == |, resource is Team)'), [
      'Action::"invite"',
      'Action::"export"',
    ]);
  });
  test('within a list of actions, actions', () =>
    assert.ok(cedar('permit (principal, action in [Action::"read", |').includes('Action::"write"')));
  test('behind `Type::`, the ids of its rows with their names', () => {
    assert.deepEqual(
      offered('policies.cedar', 'permit (principal == User::"|').map(({ label, detail, apply }) => [
        label,
        detail,
        apply,
      ]),
      [
        ['ann', 'Ann Lee', 'ann"'],
        ['bob', 'Bob', 'bob"'],
      ],
    );
    assert.deepEqual(offered('policies.cedar', 'permit (principal == User::"l|")').map(({ apply }) => apply), ['ann']);
    assert.deepEqual(inCondition('resource == Document::"|"'), ['d"1']);
    assert.equal(
      offered('policies.cedar', 'permit (principal, action, resource) when { resource == Document::|').at(0)?.apply,
      '"d\\"1"',
    );
  });
  test('between the scope and a condition, clauses', () => {
    assert.deepEqual(cedar('permit (principal, action, resource) |'), ['when', 'unless', ';']);
    assert.deepEqual(cedar('permit (principal, action, resource) when { true } un|'), ['when', 'unless', ';']);
  });

  test('behind a dot, the attributes of the type that the scope says, with their types', () => {
    const found = offered(
      'policies.cedar',
      'permit (principal is User, action, resource is Document) when { resource.| };',
    );
    assert.deepEqual(found.map(({ label, detail }) => `${label}: ${detail}`), [
      'title: String?', 'owner_id: User?', 'created_at: datetime', 'price: decimal', '狀態: String?',
    ]);
    assert.match(found[0]?.info ?? '', /resource has title/);
  });
  test('they come without asking', () =>
    assert.ok(cedar('permit (principal, action, resource is Document) when { resource.|', false).includes('title')));
  test('an attribute that was asked for is there', () => {
    const found = offered(
      'policies.cedar',
      'permit (principal, action, resource is Document) when { resource has title && resource.| };',
    );
    assert.equal(found[0]?.detail, 'String');
    assert.equal(found[0]?.info, undefined);
  });
  test('what was asked of another entity says nothing', () => {
    const found = offered(
      'policies.cedar',
      'permit (principal, action, resource is Document) when { principal has title && resource.| };',
    );
    assert.equal(found[0]?.detail, 'String?');
  });
  test('a name that Cedar does not take behind a dot stands in brackets', () => {
    const { text, at } = cursor('permit (principal, action, resource is Document) when { resource.| };');
    const found = complete('policies.cedar', text, at, words, true)?.options.find(({ label }) => label === '狀態');
    assert.equal(found?.apply, '["狀態"]');
    assert.equal(found?.from, at - 1);
  });
  test('a path is followed, through brackets, too', () => {
    assert.deepEqual(inCondition('resource.owner_id.|'), ['palisade_row', 'email', 'roles', 'org_id'].slice(1));
    assert.deepEqual(inCondition('resource["owner_id"].org_id.|'), ['name']);
  });
  test('within brackets, attributes', () => assert.ok(inCondition('resource["|"]').includes('狀態')));
  test('`is` in the condition narrows what the scope leaves open', () => {
    assert.deepEqual(inCondition('resource is Role && resource.|', 'principal, action, resource'), ['name', 'level']);
    assert.ok(inCondition('!(resource is Role) && resource.|', 'principal, action, resource').includes('title'));
  });
  test('`in` in the scope leaves what can lie there', () => {
    assert.deepEqual(inCondition('resource.|', 'principal, action, resource in Folder::"f"').sort(), [
      'created_at',
      'name',
      'owner_id',
      'price',
      'title',
      '狀態',
    ]);
  });
  test('the context is that of the actions', () => {
    assert.deepEqual(inCondition('context.|', 'principal, action == Action::"write", resource'), ['reason']);
    assert.deepEqual(inCondition('context has |', 'principal, action == Action::"invite", resource'), ['ip']);
  });
  test('behind `has`, attributes', () => assert.ok(inCondition('resource has ti|').includes('title')));
  test('methods are those of the type', () => {
    assert.deepEqual(inCondition('principal.roles.|'), ['contains()', 'containsAny()', 'containsAll()', 'isEmpty()']);
    assert.ok(inCondition('resource.price.|').includes('lessThan()'));
    assert.ok(inCondition('context.ip.|', 'principal, action == Action::"invite", resource').includes('isInRange()'));
    assert.ok(inCondition('datetime("2026-01-01").|').includes('durationSince()'));
    assert.ok(inCondition('resource.created_at.durationSince(datetime("2026-01-01")).|').includes('toDays()'));
  });
  test('behind an expression, operators that fit it', () => {
    assert.ok(inCondition('resource.title |').includes('like'));
    assert.ok(!inCondition('resource.created_at |').includes('like'));
    assert.ok(inCondition('resource |').includes('has'));
  });
  test('what is compared with is offered first', () => {
    const best = (/** @type {string} */ text) =>
      offered('policies.cedar', `permit (principal, action, resource is Document) when { ${text} };`)
        .toSorted((a, b) => (b.boost ?? 0) - (a.boost ?? 0))
        .map(({ label }) => label);
    assert.equal(best('action == |')[0], 'Action::"read"');
    assert.equal(best('resource.title == |')[0], '""');
    assert.ok(best('resource.owner_id == |').indexOf('User::""') < best('resource.owner_id == |').indexOf('true'));
  });
});

describe('completion in model.toml', () => {
  const model = (/** @type {string} */ marked, asked = true) => labels('model.toml', marked, asked);
  test('headers of tables that have no section yet, written as TOML wants them', () => {
    const found = model('[table.DOCUMENT]\nkind = "resource"\n\n[|');
    assert.ok(!found.includes('[table.DOCUMENT]'));
    assert.ok(found.includes('[table."使用者"]'));
    assert.ok(found.includes('[context]'));
  });
  test('a bracket that closes already is not written twice', () => {
    assert.equal(
      offered('model.toml', '[|]').find(({ label }) => label === '[table.DOCUMENT]')?.apply,
      '[table.DOCUMENT',
    );
  });
  test('a section without a kind takes one first', () => assert.deepEqual(model('[table.DOCUMENT]\nk|'), ['kind']));
  test('where a key can stand, another section can begin', () => {
    assert.ok(model('[table.DOCUMENT]\n|').includes('[table.PERMISSION]'));
    assert.ok(labels('routes.toml', '[[route]]\n|').includes('[[route]]'));
    assert.ok(labels('tests.toml', '[[test]]\n|').includes('[[test]]'));
    assert.ok(!model('[table.DOCUMENT]\nkind = "acl"\nobject = { |').includes('[table.PERMISSION]'));
  });
  test('kinds, each with what it says', () => {
    assert.equal(model('[table.DOCUMENT]\nkind = "|"').length, 14);
    assert.ok(offered('model.toml', '[table.DOCUMENT]\nkind = "|"').every(({ info }) => info !== undefined));
  });
  test('the keys of the kind that are not there yet, those first that must be', () => {
    const found = model('[table.PERMISSION]\nlive = "x"\nkind = "permission"\n|');
    assert.equal(found[0], 'action');
    assert.ok(!found.includes('live') && !found.includes('kind') && found.includes('resource'));
  });
  test('columns of the table, keys to others first where one is wanted', () => {
    const found = offered('model.toml', '[table.DOCUMENT]\nkind = "resource"\nowner = "|"').toSorted(
      (a, b) => (b.boost ?? 0) - (a.boost ?? 0),
    );
    assert.deepEqual(found.slice(0, 2).map(({ label }) => label), ['author_id', 'folder_id']);
  });
  test('a column that must be true, or must not', () => {
    assert.ok(model('[table.DOCUMENT]\nkind = "resource"\nlive = "|"').includes('!is_public'));
  });
  test('in a list, what is not in it yet', () => {
    const found = model('[table.DOCUMENT]\nkind = "resource"\nparents = ["folder_id", "|"]');
    assert.ok(found.includes('author_id') && !found.includes('folder_id'));
  });
  test('lists may go over lines', () =>
    assert.ok(model('[table.DOCUMENT]\nkind = "resource"\nowner_actions = [\n  "read",\n  "|"\n]').includes('write')));
  test('within a pair, its keys and columns', () => {
    assert.deepEqual(model('[table.DOCUMENT]\nkind = "acl"\nobject = { type = "title", |'), ['id', 'types']);
    assert.ok(model('[table.DOCUMENT]\nkind = "acl"\nobject = { type = "|" }').includes('title'));
    assert.ok(
      model('[table.DOCUMENT]\nkind = "acl"\nobject = { type = "title", types = { DOC = "|" } }').includes('Document'),
    );
  });
  test('references lead to tables', () =>
    assert.ok(model('[table.DOCUMENT]\nkind = "resource"\nreferences = { author_id = "|" }').includes('使用者')));
  test('values without quotes get them', () => {
    assert.equal(
      offered('model.toml', '[table.DOCUMENT]\nkind = res|').find(({ label }) => label === 'resource')?.apply,
      '"resource"',
    );
  });
  test('an action’s keys and values', () => {
    assert.deepEqual(model('[action.write]\ni|'), ['implies', 'resources', 'context']);
    assert.ok(model('[action.write]\nimplies = ["|"]').includes('read'));
    assert.ok(model('[action.write]\nresources = ["|"]').includes('Document'));
    assert.ok(model('[action.write]\ncontext = { reason = "|" }').includes('String?'));
  });
  test('every key of every kind is explained', () => {
    for (const { must, may } of Object.values(KEYS))
      for (const key of [...must, ...may]) assert.ok(TABLE_KEYS[key], key);
  });
  test('names that every object of JavaScript has mean nothing', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      model(`[table.${name}]\nkind = "${name}"\n|`);
      inCondition(`${name}::"|"`);
      inCondition(`resource.${name}.|`);
      assert.equal(hintAt('model.toml', `[table.X]\nkind = "${name}"`, 20, words), undefined);
      assert.equal(hintAt('policies.cedar', `permit (${name}`, 9, words), undefined);
    }
  });
});

describe('completion in tests.toml and routes.toml', () => {
  test('a test’s keys that are not there yet', () => {
    const found = labels('tests.toml', '[[test]]\nname = "x"\n|');
    assert.ok(found.includes('expect') && !found.includes('name'));
  });
  test('entities in single quotes, actions, decisions', () => {
    assert.deepEqual(labels('tests.toml', "[[test]]\nprincipal = '|'"), ['User::"ann"', 'User::"bob"']);
    assert.equal(offered('tests.toml', '[[test]]\nprincipal = Us|')[0]?.apply, '\'User::"ann"\'');
    assert.deepEqual(labels('tests.toml', '[[test]]\nexpect = "|"'), ['allow', 'deny']);
    assert.ok(labels('tests.toml', '[[test]]\naction = "|"').includes('invite'));
  });
  test('the actions that apply to the resource', () => {
    assert.ok(!labels('tests.toml', '[[test]]\nresource = \'Document::"d"\'\naction = "|"').includes('invite'));
  });
  test('the action’s context', () =>
    assert.deepEqual(labels('tests.toml', '[[test]]\naction = "write"\ncontext = { | }'), ['reason']));
  test('routes: methods, types, keys', () => {
    assert.ok(labels('routes.toml', '[[route]]\nmethod = "|"').includes('DELETE'));
    assert.ok(labels('routes.toml', '[[route]]\nresource = { type = "|" }').includes('Document'));
    assert.ok(labels('routes.toml', '[[route]]\n|').includes('public'));
    assert.ok(labels('routes.toml', '[cors]\n|').includes('origins'));
  });
});

describe('places in TOML', () => {
  test('headers, also quoted ones, and no lists', () => {
    assert.deepEqual(
      headers('[table."使用者"]\nx = [\n["a", "b"],\n]\n[[test]] # x\n').map(({ path }) => path),
      [['table', '使用者'], ['test']],
    );
  });
  test('any place of any text has one', () => {
    const text = '[a]\nx = { y = [ "z", \'w\' ], """\n]}\n== [[ "\\\n[b.c]\nq = """\nabc\n"""\n';
    for (let at = 0; at <= text.length; at += 1)
      assert.ok(['header', 'key', 'value', 'comment'].includes(tomlPlace(text, at).at));
  });
});

describe('hints', () => {
  /**
   * @param {string} file
   * @param {string} marked
   */
  const hint = (file, marked) => {
    const { text, at } = cursor(marked);
    const found = hintAt(file, text, at, words);
    return found === undefined ? undefined : [found.title, ...found.lines].join(' | ');
  };
  const table = /** @type {const} */ ([
    ['policies.cedar', '|forbid (principal, action, resource);', /whatever permits/],
    [
      'policies.cedar',
      'permit (principal is Us|er, action, resource);',
      /Each row of USER is one\..*Can lie in Role, Team/,
    ],
    ['policies.cedar', 'permit (principal, action == Action::"wri|te", resource);', /Applies to Document.*Brings read/],
    ['policies.cedar', 'permit (principal == User::"an|n", action, resource);', /Ann Lee.*A row of USER/],
    [
      'policies.cedar',
      'permit (principal, action, resource is Document) when { resource.tit|le == "x" };',
      /title: String \| Column title of table DOCUMENT.*may be missing/,
    ],
    ['policies.cedar', 'permit (principal, action, resource is Document) when { resource h|as title };', /is there/],
    [
      'policies.cedar',
      'permit (principal, action, resource is Document) when { resource has tit|le };',
      /title: String/,
    ],
    [
      'policies.cedar',
      'permit (principal, action, resource is Document) when { principal.roles.conta|ins("x") };',
      /has this element/,
    ],
    ['policies.cedar', 'permit (principal, action, resource) when { true &|& false };', /And/],
    [
      'generated',
      '@id("owner/Docu|ment")\n@source("DOCUMENT")\npermit (principal, action, resource);',
      /\[table\.DOCUMENT\] in model\.toml, line 12.*owner_actions/,
    ],
    ['model.toml', '[table.DOCU|MENT]\nkind = "resource"', /owned by its author/],
    ['model.toml', '[table.DOCUMENT]\nki|nd = "resource"', /What the rows/],
    ['model.toml', '[table.DOCUMENT]\nkind = "reso|urce"', /acted on/],
    [
      'model.toml',
      '[table.DOCUMENT]\nkind = "resource"\nowner = "auth|or_id"',
      /Column author_id: string.*foreign key/,
    ],
    ['model.toml', '[table.DOCUMENT]\nkind = "acl"\nobject = { ty|pe = "title" }', /names the type/],
    ['tests.toml', '[[test]]\nexp|ect = "allow"', /must come out/],
    ['routes.toml', '[[route]]\npat|h = "/"', /segment/],
    ['schema.cedarschema', 'ent|ity User;', /type of entities/],
  ]);
  for (const [file, text, expected] of table)
    test(`${file}: ${text.replaceAll('\n', ' ⏎ ')}`, () => assert.match(hint(file, text) ?? '', expected));
  test('comments and spaces have none', () => {
    assert.equal(hint('policies.cedar', '// per|mit'), undefined);
    assert.equal(hint('model.toml', '# ki|nd'), undefined);
  });
  test('any place of any text can be asked', () => {
    const text =
      'permit (principal == User::"ann", action in [Action::"x"], resource) ' +
      'when { resource["a"].b.c(1) has "d" && !(x::y::"z") }; @id(';
    const files = ['policies.cedar', 'generated', 'schema.cedarschema', 'model.toml', 'tests.toml', 'routes.toml'];
    for (const file of files) {
      for (let at = 0; at <= text.length; at += 1) {
        hintAt(file, text, at, words);
        complete(file, text, at, words, true);
      }
    }
  });
});

describe('marks beside rules', () => {
  const policies = ['a', 'b'].map((id, at) => ({
    id,
    effect: /** @type {const} */ ('permit'),
    source: /** @type {const} */ ('policies.cedar'),
    line: at * 3 + 1,
    end: at * 3 + 2,
    text: '',
  }));
  const coverage = { policies: [{ id: 'a', tests: 2 }, { id: 'b', tests: 0 }], rows: [] };
  test('rules are found by their id in a text that is newer than the answer', () => {
    const text =
      '// one more line\n\n@id("a")\npermit (principal, action, resource);\n' +
      '@id("b")\nforbid (principal, action, resource);\n';
    const rules = rulesOf(text, 'policies.cedar', policies, false, coverage, new Set(['b']));
    assert.deepEqual(rules, [
      { id: 'a', line: 3, tests: 2, decided: false },
      { id: 'b', line: 5, tests: 0, decided: true },
    ]);
    assert.deepEqual(
      marksOf(rules, true).map(({ line, kind }) => [line, kind]),
      [
        [3, 'covered'],
        [5, 'decided'],
        [5, 'uncovered'],
      ],
    );
    assert.deepEqual(marksOf(rules, false).map(({ kind }) => kind), ['decided']);
  });
  test('rules of another text are not among them', () => {
    assert.deepEqual(rulesOf('', 'generated', policies, true, coverage, new Set()), []);
  });
});
