import { packedManifest } from './.ci/release/packed-manifest.mjs';

/** TypeDoc takes TypeScript from its user, who has 7 here; it needs the API of 5, which 7 does not have yet. */
function readPackage(manifest) {
  if (manifest.name !== 'typedoc') return manifest;
  const { typescript: _, ...peerDependencies } = manifest.peerDependencies;
  return { ...manifest, peerDependencies, dependencies: { ...manifest.dependencies, typescript: '~5.9.3' } };
}

export const hooks = {
  readPackage,
  beforePacking: (manifest) => packedManifest(manifest, process.env.RMSNORM_RELEASE_COMMIT),
};
