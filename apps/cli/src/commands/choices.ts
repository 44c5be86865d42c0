import type { Casting, EpsMode } from '@rmsnorm/core';

/** The values of `--eps-mode`. A value that core gains does not compile until it is here. */
export const EPS_MODES: readonly EpsMode[] = namesOf<EpsMode>({ add: true, clamp: true });

/** The values of `--casting`, likewise. */
export const CASTINGS: readonly Casting[] = namesOf<Casting>({ gemma: true, llama: true });

function namesOf<Name extends string>(all: Readonly<Record<Name, true>>): Name[] {
  return Object.keys(all) as Name[];
}
