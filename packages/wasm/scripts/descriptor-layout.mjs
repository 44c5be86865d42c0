// Reads assembly/descriptor.ts and says where its fields lie, so that the host writes what the kernels read.
//
// Places, and the codes of operations, become modules of constants, `export const size = 16`, which a bundler writes as numbers where they
// are used. What is looked up by name becomes objects: codes of options, and the places of operands.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const BYTES = { f64: 8, u32: 4, usize: 4 };

/** The lines of `export const enum NAME { ... }` or of `export class NAME ... { ... }`, without comments. */
function linesOf(source, kind, name) {
  const found = new RegExp(`export ${kind} ${name}\\b[^{]*\\{([^}]*)\\}`).exec(
    source.replace(/\/\*.*?\*\/|\/\/.*/g, ''),
  );
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found[1]
    .split(/[;,\n]/)
    .map((line) => line.trim())
    .filter(Boolean);
}

/** { name: code } of an enum whose first member is 1, and whose others follow. */
function codesOf(source, name) {
  return Object.fromEntries(
    linesOf(source, 'const enum', name).map((line, i) => {
      const [member, value] = line.split(' = ');
      if (i === 0 ? value !== '1' : value !== undefined) throw new Error(`${name} counts from 1: ${line}`);
      return [member, i + 1];
    }),
  );
}

/** { name: { type, offset } } of a class. AssemblyScript lays fields out in their order, each aligned to its size. */
function fieldsOf(source, name) {
  let end = 0;
  const fields = {};
  for (const line of linesOf(source, 'class', name)) {
    const [, field, type] = /^(\w+): (\w+)$/.exec(line) ?? [];
    const bytes = BYTES[type];
    if (!bytes) throw new Error(`${name} has a field that is neither f64, u32 nor usize: ${line}`);
    if (end % bytes !== 0) throw new Error(`${name}.${field} is not aligned: put 64-bit fields first`);
    fields[field] = { type, offset: end };
    end += bytes;
  }
  return fields;
}

/** The modules of src/generated/descriptor/, by name, and a number that another layout does not have. */
export async function descriptorLayout(folder) {
  const source = await readFile(new URL('descriptor.ts', folder), 'utf8');
  const fields = fieldsOf(source, 'Descriptor');
  const places = (types) =>
    Object.fromEntries(
      Object.entries(fields)
        .filter(([, { type }]) => types.includes(type))
        .map(([name, { type, offset }]) => [name, offset / BYTES[type]]),
    );
  const constants = { number: places(['f64']), word: places(['u32', 'usize']), op: codesOf(source, 'Op') };
  const tables = {
    DTYPE: codesOf(source, 'DType'),
    EPS_MODE: codesOf(source, 'EpsMode'),
    CASTING: codesOf(source, 'Casting'),
    OPERAND: places(['usize']),
  };
  const bytes = Number(/export const DESCRIPTOR_BYTES: u32 = (\d+);/.exec(source)[1]);
  const hash = createHash('sha256')
    .update(JSON.stringify([constants, tables, bytes]))
    .digest();
  const layout = hash.readUInt32LE() >>> 1;
  const index = [
    ...Object.keys(constants).map((name) => `export * as ${name.toUpperCase()} from './${name}.ts';\n`),
    constantsOf({ LAYOUT: layout, DESCRIPTOR_BYTES: bytes }),
    listOf('OPS', Object.keys(constants.op)),
    ...Object.entries(tables).map(([name, values]) => objectOf(name, values)),
  ].join('');
  const modules = Object.entries(constants).map(([name, values]) => [name, constantsOf(values)]);
  return { layout, modules: Object.fromEntries([...modules, ['index', index]]) };
}

function constantsOf(values) {
  return Object.entries(values)
    .map(([name, value]) => `export const ${name} = ${value};\n`)
    .join('');
}

function listOf(name, members) {
  const list = JSON.stringify(members);
  return `export const ${name}: readonly ${list} = ${list};\n`;
}

function objectOf(name, values) {
  const members = Object.keys(values).map((member) => `readonly ${member}: number`);
  return `export const ${name}: { ${members.join('; ')} } = ${JSON.stringify(values)};\n`;
}
