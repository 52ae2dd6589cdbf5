// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Asks Cedar's authorizer in its own WebAssembly module (src/verifier.rs). The Worker's module has none of Cedar's code:
// what is read at every cold start is half as large, and this one is instantiated at the first question, if one comes.

/**
 * A function that answers questions, both JSON texts. It throws where the module breaks off; the next question gets a
 * fresh instance, since one that was left in the middle of something may answer anything.
 * @param {WebAssembly.Module} module
 * @returns {(question: string) => string}
 */
export function verifierOf(module) {
  /** @type {any} */
  let instance;
  return (question) => {
    try {
      instance ??= new WebAssembly.Instance(module, {}).exports;
      const bytes = new TextEncoder().encode(question);
      // Each call may move the memory: it is looked up after the call. Addresses come as signed numbers.
      const room = instance.palisade_room(bytes.length) >>> 0;
      new Uint8Array(instance.memory.buffer, room, bytes.length).set(bytes);
      const length = instance.palisade_judge() >>> 0;
      const answer = instance.palisade_answer() >>> 0;
      return new TextDecoder().decode(new Uint8Array(instance.memory.buffer, answer, length));
    } catch (error) {
      instance = undefined;
      throw error;
    }
  };
}
