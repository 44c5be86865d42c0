import { FEATURES, FLOAT_DTYPES, GUARANTEES, OPS, type Op } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';

const manifest: Case = manifestCase('names', async ({ backend }) => {
  const { supports } = backend;
  const { limits = {} } = supports;
  check(Object.isFrozen(supports), 'supports must be frozen: what a backend can does not change while it runs');
  named('ops', supports.ops, OPS);
  named('dtypes', supports.dtypes, FLOAT_DTYPES);
  named('features', supports.features, FEATURES);
  named('promises', supports.promises, GUARANTEES);
  named('accuracy', Object.freeze([supports.accuracy]), ['ieee', 'webgpu', 'loose']);
  check(supports.ops.length > 0 && supports.dtypes.length > 0, 'a backend has one operation and one dtype at least');
  for (const [op, limit] of Object.entries(limits)) {
    named('limits', Object.freeze([op]), OPS);
    if (limit.features) named(`limits.${op}.features`, limit.features, supports.features);
    if (limit.dtypes) named(`limits.${op}.dtypes`, limit.dtypes, supports.dtypes);
    check(
      limit.dtypes?.length !== 0 || !supports.ops.includes(op as Op),
      `supports.limits.${op}.dtypes is empty: leave ${op} out of supports.ops`,
    );
  }
});

const identity: Case = manifestCase('identity', async ({ backend, provider }) => {
  check(provider.apiVersion === 1, `provider.apiVersion must be 1, got ${provider.apiVersion}`);
  check(
    /^[a-z0-9-]+$/.test(provider.name),
    `provider.name must be small letters, digits and dashes, got '${provider.name}'`,
  );
  check(backend.name === provider.name, `backend.name is '${backend.name}', provider.name '${provider.name}'`);
  check(
    typeof backend.device === 'string' && backend.device !== '',
    'backend.device must say in words what it runs on',
  );
  for (let i = 0; i < 2; i++) {
    const probe = await provider.probe();
    check(probe.ok, () => `probe() says that it cannot run here, where create() works: ${JSON.stringify(probe)}`);
    check(typeof probe.device === 'string' && probe.device !== '', 'probe() must name the device');
  }
});

/** The manifest itself: names that are known, and a backend that says who it is. */
export const manifestCases: readonly Case[] = [manifest, identity];

function manifestCase(name: string, run: (subject: Subject) => Promise<void>): Case {
  return { id: caseId('supports/manifest', { manifest: name }), requires: {}, run };
}

function named(what: string, values: readonly string[], known: readonly string[]): void {
  check(Array.isArray(values) && Object.isFrozen(values), `supports.${what} must be a frozen array`);
  for (const value of values) {
    check(known.includes(value), `supports.${what} names '${value}'; known are ${known.join(', ')}`);
  }
  check(new Set(values).size === values.length, `supports.${what} names something twice: ${values.join(', ')}`);
}
