/** Finds imports that run in a circle; which folder may import which is eslint's business. */
export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      // a circle of types alone is gone when the code runs, but it still means that two files are one
      to: { circular: true },
    },
    {
      name: 'areas-of-the-engine',
      comment: 'An area gets what it needs of another by constructor, as an interface.',
      severity: 'error',
      from: { path: '^src/engine/([^/]+)/' },
      to: { path: '^src/engine/[^/]+/', pathNot: '^src/engine/($1|base)/', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mjs', '.js'] },
  },
};
