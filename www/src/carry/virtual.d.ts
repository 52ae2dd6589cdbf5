// SPDX-License-Identifier: Apache-2.0
// What vite.config.js makes of policies/*: the texts of each pack, fetched when it is opened.
declare module 'virtual:packs' {
  /** By folder; each gives its files by name. */
  export const packs: Record<string, () => Promise<{ default: Record<string, string> }>>;
}
