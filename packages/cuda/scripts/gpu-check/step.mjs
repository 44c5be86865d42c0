// A step that works on the device, in a process of its own: a crash ends no more than that step.

import { performance } from 'node:perf_hooks';
import { checkGraphs, measureHost } from './host.mjs';
import { machineNow } from './machine.mjs';
import { Peers } from './speed/peers.mjs';
import { runSpeed } from './speed/speed.mjs';

const { name, options } = JSON.parse(process.argv[2]);
const log = (line) => process.send({ log: line });

async function speed({ device, isEmulated, seconds, peers: wanted }) {
  const until = performance.now() + seconds * 1000;
  const peers = wanted ? await Peers.start(wanted.python, wanted.env, wanted.args) : { missing: 'not asked for' };
  const before = machineNow();
  const usable = peers.missing === undefined ? peers : null;
  const result = await runSpeed({ device, isEmulated, peers: usable, until, log });
  const ended = usable?.ended ?? null;
  usable?.stop();
  const versions = usable?.versions ?? null;
  return {
    ...result,
    peers: { versions, missing: peers.missing ?? null, ended },
    machine: { before, after: machineNow() },
  };
}

const STEPS = {
  host: async (given) => ({ cost: await measureHost(given), graphs: await checkGraphs(given) }),
  speed,
};

process.send({ result: await STEPS[name](options) });
process.disconnect();
