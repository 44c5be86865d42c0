/**
 * What of a manifest is published: nothing that serves this workspace alone. A package says the commit that it was released from
 * (`gitHead`), by which a later run of the release knows its own packages in the registry.
 * @param {Record<string, any>} manifest
 * @param {string | undefined} commit
 * @returns {Record<string, any>}
 */
export function packedManifest(manifest, commit) {
  const { devDependencies: _dev, scripts: _scripts, ...packed } = manifest;
  if (packed.version.includes('-')) pinOurs(packed);
  return commit ? { ...packed, gitHead: commit } : packed;
}

/** A canary fits those of its own commit, and a range would take others. */
function pinOurs(manifest) {
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    for (const name of Object.keys(manifest[kind] ?? {})) {
      if (name.startsWith('@rmsnorm/')) manifest[kind] = { ...manifest[kind], [name]: manifest.version };
    }
  }
}
