import { type Op, RMSNormError } from '@rmsnorm/core';
import type { Capabilities, Plan } from '../plan.ts';

/** Limits of the device that planning does not need. */
export interface HostLimits {
  readonly maxBufferSize: number;
  readonly minUniformBufferOffsetAlignment: number;
}

/** Read once, as plain numbers: they are getters of a prototype. */
export function hostLimitsOf({ limits }: Pick<GPUDevice, 'limits'>): HostLimits {
  const { maxBufferSize, minUniformBufferOffsetAlignment } = limits;
  return { maxBufferSize, minUniformBufferOffsetAlignment };
}

/**
 * Planners split what belongs to rows into bindings that fit. The rest is bound whole: gamma, beta, their gradients,
 * and what lies between two dispatches.
 *
 * @param bytes of an operand
 * @throws RMSNormError UNSUPPORTED where a binding, OUT_OF_MEMORY where a buffer would be larger than the device allows
 */
export function checkLimits(
  op: Op,
  { dispatches, scratch }: Plan,
  bytes: (operand: string) => number,
  limits: HostLimits & Pick<Capabilities['limits'], 'maxStorageBufferBindingSize'>,
): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  for (const { name, bytes: needed } of scratch) {
    if (needed <= maxBufferSize) continue;
    throw new RMSNormError(
      'OUT_OF_MEMORY',
      `${op} needs a buffer of ${needed} bytes between its dispatches (${name}), the device's maxBufferSize is ${maxBufferSize}: normalize fewer rows at once`,
    );
  }
  for (const { buffer, offset = 0, size } of dispatches.flatMap(({ bindings }) => bindings)) {
    const between = scratch.find(({ name }) => name === buffer);
    const needed = size ?? (between?.bytes ?? bytes(buffer)) - offset;
    if (needed <= maxStorageBufferBindingSize) continue;
    throw new RMSNormError(
      'UNSUPPORTED',
      `${op} needs ${buffer} in one binding of ${needed} bytes, the device's maxStorageBufferBindingSize is ` +
        `${maxStorageBufferBindingSize}: use a device made with a larger limit, or fewer features`,
    );
  }
}
