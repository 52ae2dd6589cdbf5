// SPDX-License-Identifier: Apache-2.0
// As `palisade compile` writes it.
export type Action = 'use' | 'manage' | 'document:read';
export type PrincipalType = 'User';
export type ResourceType = 'Scenario' | 'Model';
export interface Contexts {
  'use': { 'model'?: { __entity: { type: 'Model'; id: string } } };
  'manage': {};
  'document:read': { 'address': { __extn: { fn: 'ip'; arg: string } }; 'at'?: number };
}
export interface Pack {
  action: Action;
  principal: PrincipalType;
  resource: ResourceType;
  contexts: Contexts;
}
