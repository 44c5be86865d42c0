import { testPrograms } from '../../../.ci/compiled-programs.ts';

const PROGRAM = `
import { formatReport, listCases, type Report, runConformance, runFuzz } from '@rmsnorm/conformance';
import { reference } from '@rmsnorm/core';

const report: Report = await runConformance(reference(), { filter: 'forward', seed: 1, timeout: 1000 });
export const text: string = formatReport(report);
export const ids: string[] = listCases().map(({ id }) => id);
export const { failures } = await runFuzz(reference(), { rows: 100 });
// @ts-expect-error: there is no such option
await runConformance(reference(), { filters: 'forward' });
`;

testPrograms(import.meta.url, { 'without DOM': { code: PROGRAM, lib: ['es2022'] } });
