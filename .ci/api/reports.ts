import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, type IConfigFile } from '@microsoft/api-extractor';
import { publishedPackages, root, type WorkspacePackage } from '../workspace.ts';

/** The public types of a package, as built: a file of it, so that a review sees what changes for users. */
export const reportOf = ({ path }: Pick<WorkspacePackage, 'path'>): string => `${path}/api.md`;

/** A binary has no types. */
export const reportedPackages: WorkspacePackage[] = publishedPackages.filter(({ manifest }) => !manifest.os);

interface Entry {
  pkg: WorkspacePackage;
  /** As users import it. */
  name: string;
  types: string;
}

function entriesOf(pkg: WorkspacePackage): Entry[] {
  return Object.entries(pkg.manifest.exports ?? {}).flatMap(([name, target]) => {
    const { types } = Object(target) as { types?: string };
    return types ? [{ pkg, name: name.replace(/^\./, pkg.manifest.name), types: join(pkg.dir, types) }] : [];
  });
}

const entries: Entry[] = reportedPackages.flatMap(entriesOf);

const compilerOptions = {
  target: 'es2022',
  lib: ['es2022', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  strict: true,
  skipLibCheck: true,
  types: [],
};

function configOf({ pkg, types }: Entry, folder: string): ExtractorConfig {
  const configObject: IConfigFile = {
    projectFolder: pkg.dir,
    mainEntryPointFilePath: types,
    newlineKind: 'lf',
    compiler: { overrideTsconfig: { compilerOptions, files: entries.map((entry) => entry.types) } },
    // A type that a public one names can be noticed too, exported or not.
    apiReport: {
      enabled: true,
      reportFolder: folder,
      reportTempFolder: folder,
      reportFileName: 'report',
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
  };
  return ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: join(pkg.dir, 'package.json'),
  });
}

/** The reports of what is built, by package path. */
export function makeReports(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'rmsnorm-api-'));
  try {
    const compilerState = CompilerState.create(configOf(entries[0]!, folder), {
      additionalEntryPoints: entries.slice(1).map(({ types }) => types),
    });
    const parts = entries.map((entry) => {
      Extractor.invoke(configOf(entry, folder), {
        compilerState,
        localBuild: true,
        messageCallback: (message) => {
          if (message.logLevel === 'error') throw new Error(`${entry.name}: ${message.text}`);
          message.handled = true;
        },
      });
      const text = readFileSync(join(folder, 'report.api.md'), 'utf8');
      rmSync(join(folder, 'report.api.md'));
      const [, code] = /^```ts\n([\s\S]*?)^```$/m.exec(text) ?? [];
      if (!code) throw new Error(`API Extractor wrote no report of ${entry.name}`);
      const body = code.replace(/\n\/\/ \(No @packageDocumentation[^\n]*\n/, '').trim();
      return { path: entry.pkg.path, text: `## \`${entry.name}\`\n\n\`\`\`ts\n${body}\n\`\`\`\n` };
    });
    return new Map(
      reportedPackages.map(({ path, manifest }) => [
        path,
        [
          `# Public types of ${manifest.name}\n\nWritten by \`pnpm api\`, with API Extractor. A change in here needs a changeset.\n`,
          ...parts.filter((part) => part.path === path).map(({ text }) => text),
        ].join('\n'),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function writeReports(): void {
  for (const [path, text] of makeReports()) writeFileSync(join(root, reportOf({ path })), text);
}
