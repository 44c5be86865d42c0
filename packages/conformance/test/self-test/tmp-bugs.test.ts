import { test } from 'vitest';
import { operationCases } from '../../src/cases/operations.ts';
import { openSession } from '../../src/session.ts';
import { OPERATION_BUGS } from './bugs/operations.ts';
import { providerOf } from './provider.ts';
test('bugs', { timeout: 600000 }, async () => {
  const lines: string[] = [];
  for (const bug of OPERATION_BUGS.filter((b) => b.name.includes(process.env.F ?? ''))) {
    const t = Date.now();
    const s = await openSession(providerOf(() => new (bug.planted as any)()) as any, { seed: 20261123 });
    let first = '-';
    for (const c of operationCases.filter((c) => bug.caughtBy.test(c.id))) {
      const r = await s.run(c);
      if (r.status === 'fail') { first = c.id + '  ' + r.message!.slice(0, 110); break; }
    }
    lines.push(`${bug.name.padEnd(38)} ${String(Date.now() - t).padStart(6)} ${first}`);
  }
  console.log(OPERATION_BUGS.length + '\n' + lines.join('\n'));
});
