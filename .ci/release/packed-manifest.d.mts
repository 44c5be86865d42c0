interface Manifest extends Record<string, unknown> {
  name: string;
  version: string;
}

export declare function packedManifest(manifest: Manifest, commit: string | undefined): Record<string, unknown>;
