// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The same documents for two people: what each may do is on the buttons, as attributes, and nowhere else in here.
// A button that has a path asks the server for it, whatever the page thinks: what the edge decides is shown.
import { watch } from '../dom.js';
import { open } from '../index.js';

/**
 * @typedef {object} Setup
 * @property {string} bundle
 * @property {{ name: string, token: string }[]} users
 * @property {{ resource: string, title: string, lang?: string }[]} documents
 * @property {Button[]} buttons
 */
/**
 * `{id}` in a path is the document's.
 * @typedef {{ label: string, action: string, context?: any, method?: string, path?: string }} Button
 */
/** @typedef {import('../index.js').Gate} Gate */

/** What the page says of an answer, by its status. @type {Record<number, string>} */
const ANSWERS = {
  200: 'the edge decided again, and allows it.',
  401: 'the edge does not know who asks.',
  403: 'the edge decided again, and refuses it.',
};

/** What the page says of a gate that has no answer. */
const STATUSES = {
  connecting: 'Looking up what may be done …',
  ready: '',
  expired: 'Looking it up again …',
  'signed-out': 'Not signed in',
  failed: 'It cannot be looked up',
  closed: '',
};

/** @template {Element} T @param {ParentNode} within @param {string} selector @returns {T} */
const one = (within, selector) => /** @type {T} */ (within.querySelector(selector));

/** @param {string} id @returns {HTMLElement} */
function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
}

/** @param {string} text */
function trouble(text) {
  one(document, '#trouble').textContent = text;
}

/** @param {Setup} setup @param {Setup['users'][number]} user */
function panel(setup, { name, token }) {
  const headers = { authorization: `Bearer ${token}` };
  const gate = open({
    url: setup.bundle,
    resources: setup.documents.map(({ resource }) => resource),
    headers,
    onError: (error) => trouble(error.message),
  });
  const section = copyOf('panel');
  const title = one(section, 'h2');
  title.textContent = name;
  title.id = `user-${name.toLowerCase().replace(/\W+/g, '-')}`;
  section.setAttribute('aria-labelledby', title.id);
  const list = one(section, '.documents');

  for (const { resource, title, lang } of setup.documents) {
    const row = copyOf('document');
    row.dataset.canResource = resource;
    Object.assign(one(row, 'h3'), { textContent: title }, lang && { lang });
    /** @type {HTMLElement} */
    const said = one(row, '.said');
    for (const what of setup.buttons) {
      const { label, action, context } = what;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = label;
      button.dataset.can = action;
      if (context) button.dataset.canContext = JSON.stringify(context);
      button.addEventListener('click', () => {
        if (what.path) return press(gate, headers, what, resource, said);
        said.textContent = gate.can(action, resource, context)
          ? `${label} “${title}”: this is where the page asks the server, which decides again.`
          : `${label} “${title}”: the server would refuse this.`;
      });
      one(row, '.buttons').append(button);
    }
    const details = /** @type {HTMLDetailsElement} */ (one(row, 'details'));
    const why = () => details.open && one(details, 'dl').replaceChildren(...reasons(gate, setup, resource));
    details.addEventListener('toggle', why);
    gate.subscribe(why);
    one(details, 'summary').setAttribute('aria-label', `Why? “${title}”, ${name}`);
    list.append(row);
  }

  const status = () => {
    const { type, id } = gate.principal ?? {};
    const known = `Signed in as ${type} ${id}, data of revision ${gate.revision}`;
    one(section, '.status').textContent = STATUSES[gate.status] || known;
    if (gate.status === 'ready') trouble('');
  };
  gate.subscribe(status);
  status();
  watch(gate, { root: section });
  return section;
}

/**
 * Asks the server, which does not believe a page, and says what it answers.
 * @param {Gate} gate @param {Record<string, string>} headers @param {Button} button @param {string} resource
 * @param {HTMLElement} said
 */
async function press(gate, headers, { method = 'GET', path = '' }, resource, said) {
  const id = encodeURIComponent(resource.slice(resource.indexOf(':') + 1));
  const address = path.replace('{id}', id);
  const request = Object.assign(document.createElement('code'), { textContent: `${method} ${address}` });
  const say = (/** @type {string} */ text, status = 0) => {
    said.replaceChildren(request, ` ${text}`);
    said.dataset.status = String(status);
  };
  say('…');
  try {
    // As `fetch`, except that a refusal makes the gate look again at what may be done.
    const { status } = await gate.fetch(address, { method, headers });
    say(`${status}: ${ANSWERS[status] ?? 'not what this page expects.'}`, status);
  } catch {
    say('The server cannot be reached.');
  }
}

/** @param {Gate} gate @param {Setup} setup @param {string} resource */
function* reasons(gate, { buttons }, resource) {
  for (const { label, action, context } of buttons) {
    const { text, state } = gate.explain(action, resource, context);
    yield Object.assign(document.createElement('dt'), { textContent: label, className: state });
    yield Object.assign(document.createElement('dd'), { textContent: text });
  }
}

function chosen() {
  const { value } = /** @type {HTMLInputElement} */ (one(document, '#modes :checked'));
  for (const button of document.querySelectorAll('[data-can]')) button.setAttribute('data-can-mode', value);
}

try {
  const response = await fetch('setup.json');
  if (!response.ok) throw new Error(`setup.json: ${response.status}`);
  /** @type {Setup} */
  const setup = await response.json();
  one(document, '#sample').textContent = `data-can="${setup.buttons[0].action}"`;
  one(document, '#panels').append(...setup.users.map((user) => panel(setup, user)));
  one(document, '#modes').addEventListener('change', chosen);
  chosen();
} catch (error) {
  trouble(`The example cannot start. ${/** @type {Error} */ (error).message}`);
}
