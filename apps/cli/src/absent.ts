import type { BackendProvider, ProbeResult } from '@rmsnorm/core';

/** A provider of what cannot be had here, with the reason. */
export function absent(name: string, probe: ProbeResult & { ok: false }): BackendProvider {
  return {
    name,
    apiVersion: 1,
    probe: async () => probe,
    create: async () => {
      throw new Error(probe.hint ? `${probe.reason}: ${probe.hint}` : probe.reason);
    },
  };
}
