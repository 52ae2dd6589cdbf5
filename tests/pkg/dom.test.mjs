// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Attributes on a real page: what is seen, what can be used, and where the keyboard is.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Edge, browser, refuse, serve } from './edge.mjs';

/** @type {import('playwright-core').Browser} */
let chromium;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('playwright-core').Page} */
let page;
/** @type {string[]} */
let violations;
const edge = new Edge();
/** @type {Record<string, string>} */
const pages = {};

before(async () => {
  chromium = await browser();
  server = await serve(edge, { '/pkg/': 'pkg', '/pages/': 'tests/pkg/pages' }, pages);
});
after(async () => {
  await chromium?.close();
  server?.close();
});
beforeEach(async () => {
  Object.assign(edge, new Edge(), { fetch: edge.fetch, answer: edge.answer });
  page = await chromium.newPage();
  page.setDefaultTimeout(5_000);
  violations = [];
  page.on('console', (message) => message.type() === 'error' && violations.push(message.text()));
  page.on('pageerror', (error) => violations.push(error.message));
});
afterEach(async () => {
  await page.close();
});

/** Opens a page with this in its body. @param {string} body @param {{ css?: boolean, wait?: boolean }} [options] */
async function show(body, { css = true, wait = true } = {}) {
  const style = css ? '<link rel="stylesheet" href="/pkg/palisade.css">' : '';
  pages['/'] = `<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>${style}
    <script type="module" src="/pages/watch.js"></script><body>${body}`;
  await page.goto(server.origin);
  if (!wait) return;
  await page.evaluate(() => /** @type {any} */ (globalThis).gate.ready);
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
}

const visible = (/** @type {string} */ selector) => page.locator(selector).isVisible();
const state = (/** @type {string} */ selector) => page.getAttribute(selector, 'data-can-state');
/** What a page says of an element, our marks aside. @param {string} selector */
const html = (selector) => page.$eval(selector, (element) => element.outerHTML);
const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.tagName);
/** Everything that is known again leads to this. */
const refreshed = () =>
  page.evaluate(async () => {
    await /** @type {any} */ (globalThis).gate.refresh();
    await new Promise((done) => setTimeout(done));
  });
const signOut = async () => {
  edge.instead = [() => refuse(401, 'no-token', 'nobody')];
  await refreshed();
};

const MAY = 'data-can="read" data-can-resource="Message:fire"';
const MAY_NOT = 'data-can="read" data-can-resource="Message:none"';

describe('hide', () => {
  test('shows what is allowed and nothing else', async () => {
    await show(
      `<p id="yes" ${MAY}>a</p><p id="no" ${MAY_NOT}>b</p><p id="plain">c</p><p id="odd" data-can="read">d</p>`,
    );
    assert.deepEqual(
      [await visible('#yes'), await visible('#no'), await visible('#plain'), await visible('#odd')],
      [true, false, true, false],
    );
    assert.deepEqual([await state('#yes'), await state('#no')], ['allowed', 'denied']);
    assert.deepEqual(violations, [], 'the policy of the page allows all of it');
  });

  test('without the stylesheet too', async () => {
    await show(`<p id="yes" ${MAY}>a</p><p id="no" ${MAY_NOT}>b</p>`, { css: false });
    assert.deepEqual([await visible('#yes'), await visible('#no')], [true, false]);
  });

  test("beats the page's own `display`", async () => {
    await show(`<p id="no" ${MAY_NOT}>b</p>`);
    await page.$eval('#no', (element) => {
      /** @type {HTMLElement} */ (element).style.display = 'flex';
    });
    assert.equal(await visible('#no'), false);
  });

  test('a resource is that of the closest ancestor that has one', async () => {
    await show(`<ul data-can-resource="Message:fire"><li id="a" data-can="read">a</li>
      <li data-can-resource="Message:none"><b id="b" data-can="read">b</b></li></ul>`);
    assert.deepEqual([await visible('#a'), await visible('#b')], [true, false]);
    await page.$eval('ul', (list) => list.setAttribute('data-can-resource', 'Message:other'));
    assert.equal(await visible('#a'), false);
  });

  test('a context is read as JSON, and one that is none is denied', async () => {
    await show(`<p id="good" ${MAY} data-can-context='{"a":1}'>a</p><p id="bad" ${MAY} data-can-context='{a'>b</p>
      <p id="later" ${MAY} data-can-context='{"model":{"__entity":{"type":"Model","id":"deep"}}}'>c</p>`);
    assert.deepEqual([await visible('#good'), await visible('#bad')], [true, false]);
    await page.waitForSelector('#later', { state: 'visible' });
    assert.deepEqual(edge.requests.at(-1)?.context, ['Model:deep']);
    assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).errors), [
      'palisade: a context is an object',
    ]);
  });

  test('what comes later, changes or moves is as if it had been there', async () => {
    await show('<main></main>');
    const seen = await page.evaluate(
      async ([may, mayNot]) => {
        const main = /** @type {HTMLElement} */ (document.querySelector('main'));
        const shown = (/** @type {string} */ id) =>
          /** @type {HTMLElement} */ (document.getElementById(id)).checkVisibility();
        main.innerHTML = `<div><p id="a" ${may}>a</p><p id="b" ${mayNot}>b</p></div>`;
        const out = [];
        await null;
        out.push(shown('a'), shown('b'));
        const [a, b] = main.querySelectorAll('p');
        a.setAttribute('data-can-resource', 'Message:none');
        b.setAttribute('data-can-resource', 'Message:fire');
        await null;
        out.push(shown('a'), shown('b'));
        a.removeAttribute('data-can');
        b.setAttribute('data-can', 'nothing');
        await null;
        out.push(shown('a'), shown('b'), a.hasAttribute('data-can-state'), b.outerHTML);
        b.remove();
        await null;
        // On its own it is what the page made it.
        out.push(b.outerHTML);
        return out;
      },
      [MAY, MAY_NOT],
    );
    assert.deepEqual(seen.slice(0, 7), [true, false, false, true, true, false, false]);
    assert.match(String(seen[7]), /hidden="" data-can-state="denied"|data-can-state="denied" hidden=""/);
    assert.equal(seen[8], '<p id="b" data-can="nothing" data-can-resource="Message:fire">b</p>');
  });

  test('what is forbidden is on no frame, while the answer is away and when it comes', async () => {
    const release = edge.hold();
    await page.addInitScript(() => {
      /** @type {any} */ (globalThis).seen = [];
      /** @type {any} */ (globalThis).frames = 0;
      const look = () => {
        /** @type {any} */ (globalThis).frames += 1;
        for (const element of document.querySelectorAll('.secret, .pending:not([data-can-state="allowed"])')) {
          if (element.checkVisibility()) /** @type {any} */ (globalThis).seen.push(element.outerHTML);
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const secrets = Array.from(
      { length: 50 },
      () => `<p class="secret" ${MAY_NOT}>secret</p><p class="pending" ${MAY}>open</p>`,
    );
    await show(secrets.join(''), { wait: false });
    const frames = () =>
      page.evaluate(
        () =>
          new Promise((done) => {
            let left = 20;
            const count = () => (left-- ? requestAnimationFrame(count) : done(undefined));
            count();
          }),
      );
    await frames();
    assert.equal(await page.locator('p:visible').count(), 0, 'unknown is hidden');
    release();
    await page.waitForSelector('.pending', { state: 'visible' });
    await page.evaluate(
      ([may, mayNot]) => {
        for (let at = 0; at < 20; at += 1) {
          setTimeout(
            () =>
              document.body.insertAdjacentHTML(
                'beforeend',
                `<p class="secret" ${mayNot}>s</p><p class="pending" ${may}>o</p>`,
              ),
            at * 10,
          );
        }
      },
      [MAY, MAY_NOT],
    );
    await frames();
    await signOut();
    await frames();
    const { seen, frames: counted } = await page.evaluate(() => ({
      seen: /** @type {any} */ (globalThis).seen,
      frames: /** @type {any} */ (globalThis).frames,
    }));
    assert.deepEqual(seen, []);
    assert.ok(counted > 40, `${counted} frames`);
    assert.equal(await page.locator('p:visible').count(), 0);
  });
});

describe('disable', () => {
  const FORM = `
    <button id="button" ${MAY_NOT} data-can-mode="disable">a</button>
    <input id="input" ${MAY_NOT} data-can-mode="disable">
    <a id="link" href="#went" title="own" ${MAY_NOT} data-can-mode="disable">b</a>
    <div id="box" role="button" tabindex="0" ${MAY_NOT} data-can-mode="disable"><b id="inside">c</b></div>
    <form id="form" ${MAY_NOT} data-can-mode="disable"><input id="field"></form>
    <a id="may" href="#may" ${MAY} data-can-mode="disable">d</a>
    <button id="mine" disabled ${MAY} data-can-mode="disable">e</button>`;

  test('a control by its own means, everything else by name and by stopping what it would do', async () => {
    await show(FORM);
    for (const id of ['#button', '#input']) assert.equal(await page.isDisabled(id), true, id);
    for (const id of ['#link', '#box', '#form']) assert.equal(await page.getAttribute(id, 'aria-disabled'), 'true', id);
    assert.equal(await page.getAttribute('#may', 'aria-disabled'), null);
    assert.equal(await page.isDisabled('#mine'), true, 'the page says so');
    for (const id of ['#button', '#link', '#box']) {
      assert.equal(await page.getAttribute(id, 'title'), 'There is no such thing, or none that you may use.');
    }
    await page.evaluate(() => {
      /** @type {any} */ (globalThis).did = [];
      const note = (/** @type {Event} */ event) =>
        /** @type {any} */ (globalThis).did.push(`${event.type} ${/** @type {Element} */ (event.target).id}`);
      for (const element of document.querySelectorAll('[data-can]')) {
        for (const type of ['click', 'keydown', 'submit']) element.addEventListener(type, note);
      }
    });
    for (const id of ['#link', '#inside']) await page.click(id, { force: true });
    for (const id of ['#link', '#box', '#field']) {
      await page.focus(id);
      await page.keyboard.press('Enter');
    }
    await page.focus('#box');
    await page.keyboard.press('Space');
    assert.deepEqual(await page.evaluate(() => [/** @type {any} */ (globalThis).did, location.hash]), [[], '']);
    await page.keyboard.press('Tab');
    await page.click('#may');
    assert.equal(await page.evaluate(() => location.hash), '#may');
  });

  test('gives back what the page had', async () => {
    await show(FORM, { css: false });
    await page.evaluate(() => /** @type {any} */ (globalThis).stop());
    assert.match(await html('#link'), /title="own"/);
    assert.doesNotMatch(await html('#link'), /aria-disabled|state/);
    assert.doesNotMatch(await html('#button'), /disabled=|title/);
    assert.match(await html('#mine'), /disabled=""/);
    await page.click('#link');
    assert.equal(await page.evaluate(() => location.hash), '#went');
  });
});

test('with the stylesheet, what nobody watches any more is not shown', async () => {
  await show(`<p id="yes" ${MAY}>a</p>`);
  await page.evaluate(() => /** @type {any} */ (globalThis).stop());
  assert.equal(await visible('#yes'), false);
});

test('mark says it, and does nothing', async () => {
  await show(`<p id="no" ${MAY_NOT} data-can-mode="mark">a</p>`);
  assert.equal(await visible('#no'), true);
  assert.equal(await html('#no'), `<p id="no" ${MAY_NOT} data-can-mode="mark" data-can-state="denied">a</p>`);
});

test('a mode that changes takes its own back', async () => {
  await show(`<button id="no" ${MAY_NOT}>a</button>`);
  const modes = await page.evaluate(async () => {
    const button = /** @type {HTMLButtonElement} */ (document.getElementById('no'));
    const out = [[button.hidden, button.disabled]];
    for (const mode of ['disable', 'mark', 'hide']) {
      button.setAttribute('data-can-mode', mode);
      await null;
      out.push([button.hidden, button.disabled]);
    }
    return out;
  });
  assert.deepEqual(modes, [
    [true, false],
    [false, true],
    [false, false],
    [true, false],
  ]);
});

test('what the page itself hides and disables stays so, before, during and after', async () => {
  await show(`<p id="hidden" hidden ${MAY}>a</p><p id="both" hidden ${MAY_NOT}>b</p>
    <p id="late" ${MAY_NOT}>c</p><button id="button" ${MAY_NOT} data-can-mode="disable">d</button>`);
  assert.deepEqual([await visible('#hidden'), await visible('#both')], [false, false]);
  await page.evaluate(async () => {
    const [late, both, button] = ['late', 'both', 'button'].map(
      (id) => /** @type {any} */ (document.getElementById(id)),
    );
    late.hidden = true;
    both.hidden = false;
    button.disabled = true;
    await null;
  });
  assert.equal(await visible('#both'), false, 'the page may not show it');
  await page.evaluate(() => /** @type {any} */ (globalThis).stop());
  assert.deepEqual(
    await page.$$eval('[id]', (all) =>
      all.map((one) => [one.id, one.hasAttribute('hidden'), one.hasAttribute('disabled')]),
    ),
    [
      ['hidden', true, false],
      ['both', false, false],
      ['late', true, false],
      ['button', false, true],
    ],
  );
});

describe('the keyboard', () => {
  test('goes on to what comes next when its element is hidden', async () => {
    await show(`<button id="before">a</button><button id="at" ${MAY}>b</button><button id="also" ${MAY}>c</button>
      <button id="gone" hidden>d</button><button id="off" disabled>e</button><a id="next" href="#x">f</a><button id="last">g</button>`);
    await page.focus('#at');
    await signOut();
    assert.equal(await visible('#at'), false);
    assert.equal(await focused(), 'next');
  });

  test('goes back where nothing comes next, and up where an ancestor takes it', async () => {
    await show(`<button id="before">a</button><div ${MAY}><button id="at">b</button></div>`);
    await page.focus('#at');
    await signOut();
    assert.equal(await focused(), 'before');
    await page.reload();
    await show(
      `<button id="before">a</button><section id="panel" tabindex="-1"><button id="at" ${MAY} data-can-mode="disable">b</button></section>`,
    );
    await page.focus('#at');
    await signOut();
    assert.equal(await focused(), 'panel');
  });

  test('stays where its element stays', async () => {
    await show(`<button id="a" ${MAY}>a</button><button id="b" ${MAY}>b</button>`);
    await page.focus('#b');
    edge.revision = 2;
    await refreshed();
    assert.equal(await focused(), 'b');
  });
});

describe('watch', () => {
  test('works below a shadow root, with what its host is about', async () => {
    await show('<div id="host" data-can-resource="Message:fire"></div>');
    const seen = await page.evaluate(async () => {
      const page = /** @type {any} */ (globalThis);
      const host = /** @type {HTMLElement} */ (document.getElementById('host'));
      const root = host.attachShadow({ mode: 'open' });
      root.innerHTML = '<p id="a" data-can="read">a</p><p id="b" data-can="nothing">b</p>';
      const stop = page.watch(page.gate, { root });
      const shown = () => [...root.querySelectorAll('p')].map((one) => one.checkVisibility());
      const out = [shown()];
      root.append(Object.assign(document.createElement('p'), { innerHTML: '<i data-can="nothing">c</i>' }));
      await null;
      out.push([...root.querySelectorAll('i')].map((one) => one.checkVisibility()));
      stop();
      out.push(shown());
      return out;
    });
    assert.deepEqual(seen, [[true, false], [false], [true, true, true]]);
  });

  test('leaves it to the page what to do, if asked to', async () => {
    await show('');
    const seen = await page.evaluate(
      async ([may, mayNot]) => {
        const page = /** @type {any} */ (globalThis);
        page.stop();
        document.body.innerHTML = `<p ${may}>a</p><p ${mayNot}>b</p>`;
        /** @type {any[]} */
        const told = [];
        page.watch(page.gate, {
          apply: (/** @type {Element} */ element, /** @type {string} */ state) =>
            told.push([element.textContent, state]),
        });
        return [told, [...document.querySelectorAll('p')].map((one) => one.hidden)];
      },
      [MAY, MAY_NOT],
    );
    assert.deepEqual(seen, [
      [
        ['a', 'allowed'],
        ['b', 'denied'],
      ],
      [false, false],
    ]);
  });

  test('keeps five thousand elements, and asks for each thing once', async () => {
    await show('<main></main>');
    const counts = await page.evaluate(async () => {
      const page = /** @type {any} */ (globalThis);
      const main = /** @type {HTMLElement} */ (document.querySelector('main'));
      const rows = Array.from(
        { length: 5_000 },
        (_, at) =>
          `<button data-can="read" data-can-mode="${at % 2 ? 'disable' : 'hide'}" data-can-resource="Message:${at % 5 ? 'fire' : at}">x</button>`,
      );
      main.innerHTML = rows.join('');
      await null;
      const count = () => [
        document.querySelectorAll('[data-can-state=allowed]').length,
        document.querySelectorAll('[data-can-state=denied]').length,
      ];
      const out = [count()];
      await page.gate.refresh();
      await new Promise((done) => setTimeout(done));
      out.push(count());
      page.stop();
      out.push(count(), [document.querySelectorAll('[hidden],[disabled],[title]').length, 0]);
      return out;
    });
    assert.deepEqual(counts, [
      [4_000, 1_000],
      [4_000, 1_000],
      [0, 0],
      [0, 0],
    ]);
    assert.equal(edge.requests.length, 2);
  });

  test('hears of nothing that it does itself', async () => {
    await show(`<p ${MAY}>a</p><p ${MAY_NOT}>b</p><button ${MAY_NOT} data-can-mode="disable">c</button>`);
    const writes = await page.evaluate(async () => {
      let writes = 0;
      new MutationObserver((records) => (writes += records.length)).observe(document, {
        subtree: true,
        attributes: true,
      });
      for (let at = 0; at < 3; at += 1) await /** @type {any} */ (globalThis).gate.refresh();
      await new Promise((done) => setTimeout(done, 50));
      return writes;
    });
    assert.equal(writes, 0, 'nothing changed, nothing is written');
  });
});

describe('a gate in a page', () => {
  const asked = () => edge.requests.length;
  const happens = (/** @type {string} */ what, skew = 10_000) =>
    page.evaluate(
      async ([event, ms]) => {
        const page = /** @type {any} */ (globalThis);
        page.skew += ms;
        (event === 'visibilitychange' ? document : window).dispatchEvent(new Event(String(event), { bubbles: true }));
        await new Promise((done) => setTimeout(done, 100));
      },
      [what, skew],
    );

  test('renews when it is seen again, has the focus or the network, but not each time', async () => {
    await show(`<p ${MAY}>a</p>`);
    let expected = 1;
    for (const event of ['focus', 'online', 'visibilitychange']) {
      await happens(event);
      assert.equal(asked(), (expected += 1), event);
      await happens(event, 100);
      assert.equal(asked(), expected, `${event} again`);
    }
    await page.evaluate(() => /** @type {any} */ (globalThis).gate.close());
    await happens('focus');
    assert.equal(asked(), expected, 'closed');
  });

  test('lets an edge alone that asks for it, also when it is seen again', async () => {
    await show(`<p ${MAY}>a</p>`);
    edge.instead = [() => refuse(503, 'busy', 'busy', { 'retry-after': '3600' })];
    await refreshed();
    await happens('focus');
    assert.equal(asked(), 2);
  });

  test('is not renewed while nobody sees it', async () => {
    await show(`<p id="p" ${MAY}>a</p>`);
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
    await happens('visibilitychange', 60_000);
    await page.evaluate(() => /** @type {any} */ (globalThis).gate.can('read', 'Message:fire'));
    assert.equal(asked(), 1);
    await page.evaluate(() => Reflect.deleteProperty(document, 'hidden'));
    await happens('visibilitychange', 0);
    assert.equal(asked(), 2);
    assert.equal(await visible('#p'), true);
  });

  test("revalidates by the browser's own cache: a 304 costs no bundle", async () => {
    await show(`<p id="p" ${MAY}>a</p>`);
    await refreshed();
    assert.equal(edge.requests[1].headers.get('if-none-match') !== null, true);
    assert.equal(await visible('#p'), true);
    edge.principals = { dan: { type: 'User', id: 'dan' } };
    await refreshed();
    assert.equal(await visible('#p'), false);
  });

  test('starts the engine once for all gates', async () => {
    const wasm = [];
    page.on('request', (request) => request.url().endsWith('.wasm') && wasm.push(request.url()));
    await show('');
    await page.evaluate(async () => {
      const address = '/pkg/index.js';
      const { connect } = await import(address);
      await Promise.all([connect(), connect(), connect()]);
    });
    assert.equal(wasm.length, 1);
  });

  test('says what is wrong where the page does not let the engine start', async () => {
    pages['/strict'] = '<!doctype html><title>t</title>';
    await page.goto(`${server.origin}/strict`);
    const said = await page.evaluate(async () => {
      const address = '/pkg/index.js';
      const { connect } = await import(address);
      return connect({ onError: () => {} }).catch((/** @type {Error} */ error) => error.message);
    });
    assert.match(said, /^palisade: the engine does not start: .*unsafe-eval/s);
  });

  test('asks again when the network comes back, and may be waited for', async () => {
    edge.instead = [() => refuse(500, '', '')];
    await show(`<p id="p" ${MAY}>a</p>`);
    assert.equal(await visible('#p'), true);
  });
});
