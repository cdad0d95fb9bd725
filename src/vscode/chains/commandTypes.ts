import type { RunSummary } from '../../shared/chains.js';

/** How a chain is run where its file is not to decide alone. */
export interface RunChainOptions {
  /** `auto`, `local`, `dgx` or an address. */
  readonly endpoint?: string;
  /** Only the first so many inputs. */
  readonly first?: number;
  /** Only this step, and what it needs. */
  readonly step?: string;
  /** Begin again, also when the last run did not come to its end. */
  readonly restart?: boolean;
}

/** What the commands about chains take and resolve with. */
export interface ChainCommandTypes {
  'dgxSpark.runChain': (chain: string, options?: RunChainOptions) => Promise<RunSummary>;
  'dgxSpark.runChainOnDgx': () => Promise<void>;
  'dgxSpark.runChainLocally': () => Promise<void>;
  'dgxSpark.runChainFirstInputs': () => Promise<void>;
  'dgxSpark.showChainResults': (chain: string) => Promise<void>;
  /** Writes a starter where no file is yet; resolves with its path. */
  'dgxSpark.newChain': (chain: string) => Promise<string>;
  /** Writes a run, the newest where none is given, as CSV; resolves with the number of rows. */
  'dgxSpark.exportChainResults': (chain: string, file: string, runId?: string) => Promise<number>;
}
