import { test } from 'vitest';
import { operationCases } from '../../src/cases/operations.ts';
import { openSession } from '../../src/session.ts';
import { OperationsDriver } from './operations-driver.ts';
import { providerOf } from './provider.ts';

test('ops', { timeout: 600000 }, async () => {
  const s = await openSession(
    providerOf(() => new OperationsDriver()),
    { seed: Number(process.env.SEED ?? 20261123) },
  );
  const t = process.cpuUsage();
  let n = 0;
  const fails: string[] = [];
  const skips: string[] = [];
  for (const c of operationCases.filter((c) => c.id.includes(process.env.F ?? ''))) {
    const r = await s.run(c);
    n++;
    if (r.status === 'fail') fails.push(`${r.id}\n     ${r.message}`);
    if (r.status === 'skip') skips.push(r.id);
  }
  const d = process.cpuUsage(t);
  console.log(n, 'fails', fails.length, 'skips', skips.length, (d.user + d.system) / 1e6);
  console.log(fails.slice(0, 15).join('\n'), skips.slice(0, 5));
});
