import type { Loss } from '../losses.ts';
import { ratio, WRONG } from './format.ts';
import type { Table } from './table.ts';

/**
 * Every workload in which a peer is faster.
 * @param unjudged how many workloads ours did not run
 */
export function lossTable(losses: readonly Loss[], unjudged: number): Table {
  return {
    title: 'Losses: where a peer is faster than ours',
    head: ['workload', 'to', 'ours over it'],
    rows: losses.map(({ id, to, ratio: value, wrong }) => [id, to, `${ratio(value)}${wrong ? WRONG : ''}`]),
    notes: [
      ...(losses.length === 0 ? ['none'] : []),
      ...(unjudged > 0 ? [`not judged, since ours did not run: ${unjudged} workloads`] : []),
    ],
  };
}
