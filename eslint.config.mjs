import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Forbids imports by folder: the arrows of the architecture, checked by a machine. */
const arrows = (files, groups) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns: groups.map(([group, message]) => ({ group, message })) }],
  },
});
const NO_EDITOR = [['vscode'], 'Only src/vscode and src/extension.ts may know the editor.'];
const NO_WORK = [['ssh2', 'sql.js', 'fast-xml-parser'], 'These belong to the engine; activation must stay instant.'];
const NO_ENGINE = [['**/engine/**'], 'The engine is reached through the contract only.'];
const NO_VSCODE_LAYER = [['**/vscode/**'], 'The thin layer depends on this, not the other way round.'];
const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name: a thing is then called the same everywhere.',
};
const NO_NODE = [['node:*'], 'This also runs in a browser.'];

export default tseslint.config(
  { ignores: ['dist', 'out', 'node_modules', '.vscode-test'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          './tsconfig.json',
          './webview/tsconfig.json',
          './test/workbench/tsconfig.json',
          './test/webview/tsconfig.json',
        ],
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      eqeqeq: ['error', 'always'],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        AbortSignal: 'readonly',
        URLSearchParams: 'readonly',
      },
    },
  },
  arrows(
    ['src/shared/**'],
    [NO_EDITOR, NO_WORK, NO_ENGINE, NO_VSCODE_LAYER, NO_NODE, [['**/link/**'], 'The contract knows no transport.']],
  ),
  arrows(['src/link/**'], [NO_EDITOR, NO_WORK, NO_ENGINE, NO_VSCODE_LAYER]),
  arrows(['src/engine/**'], [NO_EDITOR, NO_VSCODE_LAYER]),
  arrows(['src/vscode/**', 'src/extension.ts', 'src/api.ts'], [NO_WORK, NO_ENGINE]),
  arrows(
    ['webview/**'],
    [
      NO_EDITOR,
      NO_WORK,
      NO_ENGINE,
      NO_VSCODE_LAYER,
      NO_NODE,
      [['**/link/**'], 'The page speaks over postMessage only.'],
    ],
  ),
  {
    // only webview/ui may know the component kit, so that it can be replaced in one folder
    files: ['webview/**'],
    ignores: ['webview/ui/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        NO_DEFAULT_EXPORT,
        { selector: "ImportDeclaration[source.value='@vscode/webview-ui-toolkit']", message: 'Use webview/ui.' },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    // the way of declaring what a file type exports
    files: ['types/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
