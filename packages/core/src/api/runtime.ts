interface Runtime {
  readonly process?: {
    readonly platform?: string;
    readonly arch?: string;
    readonly versions?: Readonly<Record<string, string | undefined>>;
  };
  readonly navigator?: { readonly userAgent?: string };
}

/** Where this runs, in words for a message: `node 20.20.2, linux-x64`, or a browser's user agent. */
export function runtimeName(): string {
  const { process, navigator } = globalThis as Runtime;
  const versions = process?.versions;
  for (const name of ['bun', 'deno', 'node']) {
    if (versions?.[name]) return `${name} ${versions[name]}, ${process?.platform}-${process?.arch}`;
  }
  return navigator?.userAgent ?? 'unknown engine';
}
