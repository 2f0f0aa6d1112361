/**
 * Who may import whom: docs/ARCHITECTURE.md's picture of the house, as rules that a tool enforces.
 *
 * A rule says in its comment what would break without it. Pure folders may name impure files in
 * types only: a type is erased, so it cannot bring a socket along. Tests are held to the plane
 * rules but not to purity. Run by `scripts/import-rules.ts`, which also asserts that something was
 * cruised: with the wrong parser this tool finds no module, and no violation either. It does not
 * know `using` declarations, which is why there are none.
 */

const TEST = '\\.test\\.ts$';
const PURE_PROXY = '^proxy/src/(http1|http2|routing|balance|resilience)/';
const PURE_CONTROL = '^control-plane/src/desired/';
/** Files beside desired/ that are values and functions on values, and nothing else. */
const PURE_LEAVES = '^control-plane/src/(world|limits|compare-text|canonical-json)\\.ts$';
const UNDICI_USER = '^control-plane/src/kube/transport\\.ts$';
const RUNTIME = { dependencyTypesNot: ['type-only'] };

export default {
  forbidden: [
    {
      name: 'api-imports-nothing',
      comment: 'The contract is read by both planes: what it imports, both would load.',
      severity: 'error',
      from: { path: '^api/src/', pathNot: TEST },
      to: { pathNot: ['^api/src/', '^node_modules/zod/'] },
    },
    {
      name: 'zod-in-config-only',
      comment: 'Schemas are for admission; messages and errors are plain types and tables.',
      severity: 'error',
      from: { path: '^api/src/', pathNot: ['^api/src/config/', TEST] },
      to: { path: '^node_modules/zod/' },
    },
    {
      name: 'planes-never-meet',
      comment: 'What both planes need is a contract, and belongs in api/.',
      severity: 'error',
      from: { path: '^(proxy|control-plane)/' },
      to: { path: '^(proxy|control-plane)/', pathNot: '^$1/' },
    },
    {
      name: 'proxy-takes-config-as-types',
      comment: 'Defaults are applied by desired/; loading the schemas would cost every pod memory.',
      severity: 'error',
      from: { path: '^proxy/src/', pathNot: TEST },
      to: { path: '^api/src/config/', ...RUNTIME },
    },
    {
      name: 'proxy-packages',
      comment: 'The data plane has one optional package. Another one is a decision record first.',
      severity: 'error',
      from: { path: '^proxy/src/', pathNot: TEST },
      to: { path: '^node_modules/', pathNot: '^node_modules/re2js/', ...RUNTIME },
    },
    {
      name: 'optional-packages-load-lazily',
      comment: 'What a configuration may never use is imported when one first does.',
      severity: 'error',
      from: { path: '^proxy/src/', pathNot: TEST },
      to: { path: '^node_modules/re2js/', dynamic: false, ...RUNTIME },
    },
    {
      name: 'pure-of-node',
      comment: 'No socket, file, timer, clock or chance of its own: else it cannot be tested alone.',
      severity: 'error',
      from: { path: [PURE_PROXY, PURE_CONTROL], pathNot: TEST },
      to: {
        dependencyTypes: ['core'],
        pathNot: '^(node:)?(assert|assert/strict|buffer)$',
        ...RUNTIME,
      },
    },
    {
      name: 'pure-of-impure-proxy',
      comment: 'A pure folder that calls an impure one is not pure.',
      severity: 'error',
      from: { path: PURE_PROXY, pathNot: TEST },
      to: {
        path: '^proxy/src/',
        pathNot: [PURE_PROXY, '^proxy/src/(limits|clock|timer-wheel)\\.ts$'],
        ...RUNTIME,
      },
    },
    {
      name: 'pure-of-impure-control-plane',
      comment: 'A pure folder that calls an impure one is not pure. The World is a value.',
      severity: 'error',
      from: { path: PURE_CONTROL, pathNot: TEST },
      to: {
        path: '^control-plane/src/',
        pathNot: [PURE_CONTROL, PURE_LEAVES],
        ...RUNTIME,
      },
    },
    {
      name: 'undici-in-one-file',
      comment: 'What an API server is asked goes through its deadlines, bounds and credentials.',
      severity: 'error',
      from: { path: '^(api|proxy|control-plane)/src/', pathNot: [UNDICI_USER, TEST] },
      to: { path: '^node_modules/undici/' },
    },
    {
      name: 'undici-loads-lazily',
      comment: 'A control plane that reads a folder never asks an API server: it saves 26 MB.',
      severity: 'error',
      from: { path: UNDICI_USER },
      to: { path: '^node_modules/undici/', dynamic: false, ...RUNTIME },
    },
    {
      name: 'world-knows-no-cluster',
      comment: 'The same objects from a folder must give the same configuration.',
      severity: 'error',
      from: { path: '^control-plane/src/(desired/|world\\.ts$)', pathNot: TEST },
      to: { path: '^control-plane/src/kube/' },
    },
    {
      name: 'main-is-the-top',
      comment: 'main.ts owns process.*: flags, signals, exit codes. Nothing may need it.',
      severity: 'error',
      from: {},
      to: { path: '^(proxy|control-plane)/src/(cli/)?main\\.ts$' },
    },
    {
      name: 'proxy-is-joined-once',
      comment: 'proxy.ts is the table of contents: only main.ts starts it.',
      severity: 'error',
      from: { path: '^proxy/src/', pathNot: ['^proxy/src/main\\.ts$', TEST] },
      to: { path: '^proxy/src/proxy\\.ts$' },
    },
    {
      name: 'roles-belong-to-proxy',
      comment: 'A role assembles stages; a stage that knows its role is in the wrong folder.',
      severity: 'error',
      from: { path: '^proxy/src/', pathNot: ['^proxy/src/(proxy\\.ts|roles/)', TEST] },
      to: { path: '^proxy/src/roles/' },
    },
    {
      name: 'net-is-handed-its-handlers',
      comment: 'Sockets know bytes, not requests.',
      severity: 'error',
      from: { path: '^proxy/src/net/', pathNot: TEST },
      to: { path: '^proxy/src/(exchange|routing|control|admin|telemetry)/', ...RUNTIME },
    },
    {
      name: 'net-never-imports-exchange',
      comment: 'Not even its types: the direction would turn with the first field used.',
      severity: 'error',
      from: { path: '^proxy/src/net/', pathNot: TEST },
      to: { path: '^proxy/src/exchange/' },
    },
    {
      name: 'control-plane-is-joined-once',
      comment: 'Only a main or a verb that runs it in process starts the control plane.',
      severity: 'error',
      from: {
        path: '^control-plane/src/',
        pathNot: ['^control-plane/src/(main\\.ts$|cli/|dev/)', TEST],
      },
      to: { path: '^control-plane/src/control-plane\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle is one file in several pieces.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: RUNTIME },
    },
    {
      name: 'no-barrels',
      comment: 'An index that re-exports hides who needs what and loads everything.',
      severity: 'error',
      from: {},
      to: { path: '(^|/)index\\.[jt]s$', pathNot: '(^|/)node_modules/' },
    },
    {
      name: 'no-test-imports',
      comment: 'Code that a test file shares has a file of its own.',
      severity: 'error',
      from: {},
      to: { path: TEST },
    },
    {
      name: 'products-do-not-know-the-workshop',
      comment: 'bench, test, scripts and examples may import the planes, never the other way.',
      severity: 'error',
      from: { path: '^(api|proxy|control-plane)/src/', pathNot: TEST },
      to: { path: '^(bench|test|scripts|examples)/' },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package comes from its own manifest, and a product runs without dev packages.',
      severity: 'error',
      from: { path: '^(api|proxy|control-plane)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that resolves nowhere fails when it is too late.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // Newer than the tool's own list.
    builtInModules: { add: ['ffi', 'node:ffi'] },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
