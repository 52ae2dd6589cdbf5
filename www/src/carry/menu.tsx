// SPDX-License-Identifier: Apache-2.0
// Opening, saving and sharing a case.
export function CarryMenu() {
  return null;
}
