// Writes dist/rmsnorm-shared.wasm: rmsnorm.wasm for threads, as src/threads/shared-module.ts makes it. Runs after tsc.

import { readFile, writeFile } from 'node:fs/promises';
import { withSharedMemory } from '../dist/threads/shared-module.js';

const dist = new URL('../dist/', import.meta.url);
await writeFile(new URL('rmsnorm-shared.wasm', dist), withSharedMemory(await readFile(new URL('rmsnorm.wasm', dist))));
