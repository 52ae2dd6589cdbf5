// SPDX-License-Identifier: Apache-2.0
// The page begins: the case that was worked on, or the one in the link, or the example; then the engine; then the
// screen.
import './style/tokens.css';
import './style/base.css';
import './style/layout.css';
import './app/app.css';
import { render } from 'preact';
import { App } from './app/app.tsx';
import { start } from './carry/start.ts';
import { connect, wake } from './engine/engine.ts';

wake();
// The case is shown before all of it is there; the engine is told of it when it is.
const all = start();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
await all;
connect();
