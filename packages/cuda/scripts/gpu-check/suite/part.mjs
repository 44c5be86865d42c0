// A part of the conformance suite, in a process of its own: each case on the device as it is; then recorded, on the device and on
// the emulated one.

import { DEFAULT_SEED, listCases, openSession } from '@rmsnorm/conformance';
import { native, providerOn } from '../built.mjs';
import { difference, hashOf } from './bits.mjs';
import { Recording } from './recording.mjs';

const { device, twin, filter, part, parts } = JSON.parse(process.argv[2]);

const open = (provider) => openSession(provider, { seed: DEFAULT_SEED });

/** A session whose calls are recorded. */
async function recorded(which) {
  const recording = new Recording();
  const session = await open(providerOn(which, recording.watch(native)));
  return {
    close: () => session.close(),
    async run(entry) {
      const result = await session.run(entry);
      return { result, outputs: await recording.take() };
    },
  };
}

/** What the recorded runs say beyond the plain one. */
function bitsOf(plain, onDevice, onTwin) {
  const broken = [
    [onDevice, 'recorded, on the device'],
    [onTwin, 'on the emulated device'],
  ].find(([{ result }]) => result.status !== plain.status);
  const message = broken
    ? `${plain.status}, but ${broken[1]} ${broken[0].result.status}: ${broken[0].result.message ?? ''}`
    : difference(onDevice.outputs, onTwin.outputs);
  return { outputs: onDevice.outputs.length, hash: hashOf(onDevice.outputs), difference: message };
}

const cases = listCases(filter || undefined).filter((_, i) => i % parts === part);
const session = await open(providerOn(device));
const onDevice = await recorded(device);
const onTwin = await recorded(twin);
for (const entry of cases) {
  const result = await session.run(entry);
  const bits = bitsOf(result, await onDevice.run(entry), await onTwin.run(entry));
  process.send({ result, bits });
}
for (const each of [session, onDevice, onTwin]) await each.close();
process.disconnect();
