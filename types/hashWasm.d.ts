/** The one algorithm that is used, without the other twenty that the package's main file has. */
declare module 'hash-wasm/dist/argon2.umd.min.js' {
  export { argon2d, argon2i, argon2id } from 'hash-wasm';
}
