// SPDX-License-Identifier: Apache-2.0
// The Worker's entry: the gate that `make worker` builds, and beside it the module that judges a share of its decisions
// again. What the gate finds under this name it calls; src/edge/host.rs has the other end.
import verifier from '../../build/verifier.wasm';
import { verifierOf } from './verifier.mjs';

globalThis.palisadeVerifier = verifierOf(verifier);

export * from '../../build/index.js';
export { default } from '../../build/index.js';
