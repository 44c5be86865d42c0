import type { TopLevelSpec } from 'vega-lite';
import type { Point } from './points.ts';

/** Which candidates are copies, drawn grey and dashed, and which is ours, drawn black. */
export interface Style {
  readonly copies: ReadonlySet<string>;
  readonly ours: string | undefined;
}

/** The colours of Okabe and Ito, which colour-blind readers can tell apart. */
const PEER_COLOURS: Readonly<Record<string, string>> = {
  'onnxruntime-kernel': '#D55E00',
  'onnxruntime-node': '#0072B2',
  'onnxruntime-wasm': '#009E73',
  'onnxruntime-webgpu': '#009E73',
  'tfjs-wasm': '#E69F00',
  'tfjs-webgpu': '#E69F00',
  'tfjs-cpu': '#56B4E9',
  'jax-wasm': '#CC79A7',
  'jax-webgpu': '#CC79A7',
  'plain-js': '#F0E442',
};

/** Throughput against size, both logarithmic: a line for each candidate, a band between its quartiles. */
export function plotSpec(title: string, points: readonly Point[], { copies, ours }: Style): TopLevelSpec {
  const names = [...new Set(points.map(({ candidate }) => candidate))];
  const colour = (name: string): string => {
    if (name === ours) return '#000000';
    return copies.has(name) ? '#999999' : (PEER_COLOURS[name] ?? '#882255');
  };
  const dash = (name: string): number[] => (copies.has(name) ? [6, 3 + 3 * [...copies].indexOf(name)] : [1, 0]);
  const series = { field: 'candidate', type: 'nominal', scale: { domain: names } } as const;
  const legend = {
    title: null,
    symbolType: 'stroke',
    symbolStrokeWidth: 2.5,
    symbolSize: 300,
    symbolOpacity: 1,
  } as const;
  const color = { ...series, scale: { domain: names, range: names.map(colour) }, legend } as const;
  const x = {
    field: 'megabytes',
    type: 'quantitative',
    scale: { type: 'log', nice: false, padding: 12 },
    axis: { title: 'bytes moved, MB', format: '~r', tickCount: 6, gridOpacity: 0.4 },
  } as const;
  const y = {
    type: 'quantitative',
    scale: { type: 'log' },
    axis: { title: 'GB/s', format: '~r', tickCount: 6, gridOpacity: 0.4 },
  } as const;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title,
    width: 560,
    height: 380,
    background: 'white',
    padding: 12,
    data: { values: [...points] },
    encoding: { x, color },
    layer: [
      { mark: { type: 'rule', opacity: 0.5 }, encoding: { y: { ...y, field: 'q1' }, y2: { field: 'q3' } } },
      {
        mark: { type: 'line', strokeWidth: 2, point: { size: 28, filled: true } },
        encoding: {
          y: { ...y, field: 'gigabytesPerSecond' },
          strokeDash: { ...series, scale: { domain: names, range: names.map(dash) }, legend },
        },
      },
    ],
  };
}
