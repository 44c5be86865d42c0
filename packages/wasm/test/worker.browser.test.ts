import type { Report } from '@rmsnorm/conformance';
import { expect, test } from 'vitest';

// Hundreds of cases, beside pages that keep every core busy.
const MOST_MS = 300_000;

test('passes the suite in a web worker, on some cases of each family', { timeout: MOST_MS }, async () => {
  const worker = new Worker(new URL('./fixtures/conformance-worker.ts', import.meta.url), { type: 'module' });
  const report = await new Promise<Report>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  expect(report.results.filter(({ status }) => status === 'fail')).toEqual([]);
  expect(report.passed).toBeGreaterThan(500);
});
