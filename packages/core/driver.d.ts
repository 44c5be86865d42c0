// For resolvers that do not read `exports` of package.json.
export * from './dist/driver.js';
