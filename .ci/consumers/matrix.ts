import type { Consumer } from './consumer.ts';
import { audioWorklet } from './matrix/audio-worklet.ts';
import { bun } from './matrix/bun.ts';
import { contentSecurityPolicy } from './matrix/content-security-policy.ts';
import { deno } from './matrix/deno.ts';
import { esbuild } from './matrix/esbuild.ts';
import { importMap } from './matrix/import-map.ts';
import { jest } from './matrix/jest.ts';
import { next } from './matrix/next.ts';
import { node } from './matrix/node.ts';
import { parcel } from './matrix/parcel.ts';
import { rollup } from './matrix/rollup.ts';
import { serviceWorker } from './matrix/service-worker.ts';
import { suite } from './matrix/suite.ts';
import { trustedTypes } from './matrix/trusted-types.ts';
import { typescript } from './matrix/typescript.ts';
import { vite } from './matrix/vite.ts';
import { vitest } from './matrix/vitest.ts';
import { webpack } from './matrix/webpack.ts';
import { worker } from './matrix/worker.ts';
import { workerd } from './matrix/workerd.ts';

/** Every way in which users take our packages. */
export const CONSUMERS: readonly Consumer[] = [
  ...[20, 22, 24, 26].map(node),
  bun,
  deno,
  workerd,
  ...['5.7', '5.9', '7'].map(typescript),
  ...[7, 8].map(vite),
  webpack,
  rollup,
  esbuild,
  parcel,
  next,
  importMap,
  contentSecurityPolicy,
  trustedTypes,
  worker,
  serviceWorker,
  audioWorklet,
  vitest,
  jest,
  ...suite,
];
