import type { CallTime, WebGPUCalls } from '../results.ts';
import type { Table } from './table.ts';

/** What a steady call of each operation costs on the processor, on WebGPU in Node. */
export function callsTable({ device, rounds, callsInRound, calls }: WebGPUCalls): Table {
  const cells = ({ leastNanoseconds, medianNanoseconds }: CallTime): string[] =>
    [leastNanoseconds, medianNanoseconds].map((ns) => (ns / 1000).toFixed(1));
  return {
    title: `One call on WebGPU, microseconds on the processor; ${rounds} rounds of ${callsInRound} calls; ${device}`,
    head: ['call', 'JavaScript, least', 'median', 'with Dawn, least', 'median'],
    rows: calls.map(({ call, javaScript, withDawn }) => [call, ...cells(javaScript), ...cells(withDawn)]),
    notes: [],
  };
}
