import { listCases, runConformance } from '@rmsnorm/conformance';
import { createBackend, type Problem } from '@rmsnorm/core';
import { ReferenceDriver } from '../../../core/src/reference/driver.ts';
import { plan as planners } from '../../src/kernels/index.ts';
import type { Capabilities, Operands, Planner } from '../../src/plan.ts';
import { isRandom } from './covering.ts';

/** As SwiftShader, on which the tests run. */
const SWIFTSHADER: Capabilities = {
  subgroups: { least: 4, most: 4 },
  toFloat16: 'bits',
  limits: {
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16384,
    maxStorageBufferBindingSize: 2 ** 30,
    maxStorageBuffersPerShaderStage: 8,
    minStorageBufferOffsetAlignment: 256,
  },
};

const OUTPUTS = ['y', 'sum', 'dx'];

/** Computes as the reference does, and notes the shaders that this package would have used. */
class RecordingDriver extends ReferenceDriver {
  constructor(used: Set<string>) {
    super();
    for (const op of Object.keys(planners) as (keyof typeof planners)[]) {
      const compute = this[op].bind(this) as (problem: Problem, io: object) => void;
      const record = (problem: Problem, io: Readonly<Record<string, Uint8Array | null>>): void => {
        const plan = (planners[op] as Planner<never>)(problem as never, operandsOf(io), SWIFTSHADER);
        for (const { shader } of plan.dispatches) used.add(shader.key);
        compute(problem, io);
      };
      Object.defineProperty(this, op, { value: record });
    }
  }
}

function operandsOf(io: Readonly<Record<string, Uint8Array | null>>): Operands {
  const names = Object.keys(io).filter((name) => io[name]);
  const inPlace: Record<string, string> = {};
  for (const output of OUTPUTS.filter((name) => names.includes(name))) {
    const input = names.find((name) => !OUTPUTS.includes(name) && io[name] === io[output]);
    if (input) inPlace[output] = input;
  }
  return { present: new Set(names), inPlace, writable: new Set() };
}

/** The shaders that each case of the conformance suite uses, by the cases' ids; but for those that are {@link isRandom}. */
export async function shadersOfCases(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  let used = new Set<string>();
  const provider = {
    name: 'recording',
    apiVersion: 1 as const,
    probe: async () => ({ ok: true as const, device: 'none' }),
    create: async () => createBackend(new RecordingDriver(used) as never),
  };
  for (const { id } of listCases((id) => !isRandom(id))) {
    used = new Set();
    await runConformance(provider, { filter: (other) => other === id });
    found.set(id, used);
  }
  return found;
}
