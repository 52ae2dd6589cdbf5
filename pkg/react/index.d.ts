// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react';
import type { Context, DefaultPack, Gate, Resource, State } from '../index.js';

export function PalisadeProvider(props: { gate: Gate<any>; children?: ReactNode }): ReactNode;

/** The gate of the closest provider. */
export function useGate(): Gate<DefaultPack>;

/** Whether it is known, and allowed; rendered again when that changes. */
export function useCan<A extends DefaultPack['action']>(
  action: A,
  resource: Resource<DefaultPack> | null | undefined,
  context?: Context<DefaultPack, A>,
): boolean;

/** On a server, and until the page has taken over: pending. */
export function useCheck<A extends DefaultPack['action']>(
  action: A,
  resource: Resource<DefaultPack> | null | undefined,
  context?: Context<DefaultPack, A>,
): State;

export interface CanProps<A extends DefaultPack['action']> {
  action: A;
  resource: Resource<DefaultPack> | null | undefined;
  context?: Context<DefaultPack, A>;
  /** `hide` by default. `disable` gives the children `disabled` and a `title` that says why. */
  mode?: 'hide' | 'disable';
  /** In place of the children where it is denied. */
  fallback?: ReactNode;
  /** In place of the children until it is known. */
  pending?: ReactNode;
  children?: ReactNode | ((state: State) => ReactNode);
}

export function Can<A extends DefaultPack['action']>(props: CanProps<A>): ReactNode;
