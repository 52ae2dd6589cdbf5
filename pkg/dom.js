// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Attributes on elements: hides, disables or marks what may not be done, also what comes later.
//
//   <link rel="stylesheet" href="palisade.css">
//   <button data-can="document:write" data-can-resource="Document:42">Edit</button>
//   watch(gate);

/** @typedef {import('./index.js').Gate<any>} Gate */
/** @typedef {'allowed' | 'denied' | 'pending'} State */
/** What the page itself says of an element, by attribute, where something else stands there now. @typedef {Map<string, string | null>} Own */

/** What is written to elements, and is the page's own again afterwards. */
const WRITTEN = ['hidden', 'disabled', 'aria-disabled', 'title'];
const ATTRIBUTES = ['data-can', 'data-can-resource', 'data-can-context', 'data-can-mode', ...WRITTEN];
const STATE = 'data-can-state';
const BLOCKED = `[data-can][data-can-mode=disable]:not([${STATE}=allowed])`;
const EVENTS = ['click', 'auxclick', 'dblclick', 'keydown', 'submit'];
const FOCUSABLE = 'a[href],button,input,select,textarea,summary,[tabindex],[contenteditable]';

/**
 * Keeps the elements below `root` as the gate says, until the function that it returns is called.
 * @param {Gate} gate
 * @param {{ root?: Document | ShadowRoot | Element, apply?: (element: Element, state: State) => void }} [options]
 */
export function watch(gate, { root = document, apply } = {}) {
  /** @type {Map<Element, Own>} */
  const watched = new Map();
  const page = /** @type {Document | ShadowRoot} */ (root.getRootNode());
  let stale = false;

  const observer = new MutationObserver(mutated);

  /** @param {Node} node @returns {Element[]} */
  const gatedIn = (node) => {
    if (!('querySelectorAll' in node)) return [];
    const within = /** @type {Element} */ (node);
    const below = [...within.querySelectorAll('[data-can]')];
    return within.matches?.('[data-can]') ? [within, ...below] : below;
  };

  /** @param {Element} element */
  function context(element) {
    const text = element.getAttribute('data-can-context');
    try {
      return text ? JSON.parse(text) : undefined;
    } catch {
      // Which the gate denies, and tells.
      return null;
    }
  }

  /** @param {Element} element */
  function resource(element) {
    const named = '[data-can-resource]';
    const host = 'host' in page ? page.host : undefined;
    return (element.closest(named) ?? host?.closest(named))?.getAttribute('data-can-resource');
  }

  /** @param {Element} element @param {string} name @param {string | null} value */
  function write(element, name, value) {
    if (element.getAttribute(name) === value) return;
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }

  /** @param {Element} element @param {Own} own @param {Record<string, string>} wanted */
  function put(element, own, wanted) {
    for (const name of WRITTEN) {
      if (name in wanted) {
        if (!own.has(name)) own.set(name, element.getAttribute(name));
        write(element, name, wanted[name]);
      } else if (own.has(name)) {
        write(element, name, own.get(name) ?? null);
        own.delete(name);
      }
    }
  }

  /** @param {Element} element */
  function show(element) {
    const own = watched.get(element) ?? new Map();
    watched.set(element, own);
    const action = /** @type {string} */ (element.getAttribute('data-can'));
    const mode = element.getAttribute('data-can-mode');
    const asked = /** @type {const} */ ([action, resource(element), context(element)]);
    const state = gate.check(...asked);
    if (apply) apply(element, state);
    else if (state === 'allowed' || mode === 'mark') put(element, own, {});
    else if (mode !== 'disable') put(element, own, { hidden: '' });
    else
      put(element, own, {
        ['disabled' in element ? 'disabled' : 'aria-disabled']: 'true',
        title: gate.explain(...asked).text,
      });
    write(element, STATE, state);
  }

  /** @param {Element} element */
  function release(element) {
    const own = watched.get(element);
    if (!own) return;
    put(element, own, {});
    element.removeAttribute(STATE);
    watched.delete(element);
  }

  /** Writes, and does not hear of it. @param {Iterable<Element>} elements */
  function update(elements) {
    const focused = /** @type {HTMLElement | null} */ (page.activeElement);
    for (const element of elements) {
      if (element.hasAttribute('data-can') && root.contains(element)) show(element);
      else release(element);
    }
    if (focused && root.contains(focused)) keepFocus(focused);
    observer.takeRecords();
  }

  /** The keyboard must not fall back to the start of the page. @param {HTMLElement} focused */
  function keepFocus(focused) {
    const usable = (/** @type {Element} */ one) =>
      !one.closest('[hidden]') && !one.matches(':disabled') && one.checkVisibility();
    if (usable(focused)) return;
    const follows = (/** @type {Element} */ one) =>
      focused.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
    const others = [...root.querySelectorAll(FOCUSABLE)].filter((one) => one !== focused && usable(one));
    const around = others.filter((one) => one.contains(focused)).pop();
    const inOrder = others.filter((one) => one.getAttribute('tabindex') !== '-1');
    const next = around ?? inOrder.find(follows) ?? inOrder.pop();
    /** @type {HTMLElement | undefined} */ (next)?.focus({ preventScroll: true });
  }

  /** @param {MutationRecord[]} records */
  function mutated(records) {
    /** @type {Set<Element>} */
    const changed = new Set();
    for (const { target, attributeName, addedNodes, removedNodes } of records) {
      const element = /** @type {Element} */ (target);
      if (attributeName === null) {
        for (const node of [...addedNodes, ...removedNodes]) for (const one of gatedIn(node)) changed.add(one);
      } else if (WRITTEN.includes(attributeName)) {
        const own = watched.get(element);
        if (!own) continue;
        // The page says something else now: that is what it gets back.
        if (own.has(attributeName)) own.set(attributeName, element.getAttribute(attributeName));
        changed.add(element);
      } else {
        changed.add(element);
        if (attributeName === 'data-can-resource') for (const one of gatedIn(element)) changed.add(one);
      }
    }
    update(changed);
  }

  /** @param {Event} event */
  function block(event) {
    const { target } = event;
    if (event.type === 'keydown' && !['Enter', ' '].includes(/** @type {KeyboardEvent} */ (event).key)) return;
    if (!(target instanceof Element) || !target.closest(BLOCKED)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** Once for whatever changes together. */
  function later() {
    if (stale) return;
    stale = true;
    queueMicrotask(() => {
      if (!stale) return;
      stale = false;
      mutated(observer.takeRecords());
      update(gatedIn(root));
    });
  }

  if (!apply) for (const event of EVENTS) root.addEventListener(event, block, true);
  observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ATTRIBUTES });
  const unsubscribe = gate.subscribe(later);
  update(gatedIn(root));

  return () => {
    unsubscribe();
    stale = false;
    mutated(observer.takeRecords());
    observer.disconnect();
    for (const event of EVENTS) root.removeEventListener(event, block, true);
    for (const element of [...watched.keys()]) release(element);
  };
}
